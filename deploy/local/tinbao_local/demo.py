"""Made-up officers who can log in on one machine, and the deployments they work at. Nobody here exists."""

from dataclasses import dataclass

from tinbao_contracts.places import PROVINCE

BINH_TUYEN = "08944"
HOI_THINH = "08905"
DEMO_PASSWORD = "thu-nghiem"  # noqa: S105  - shown on the screen: it opens made-up accounts on the loopback
"""Vietnamese for "a trial"."""


@dataclass(frozen=True)
class Deployment:
    """One triage deployment on this machine: whose it is and the port of its API before any offset."""

    station: str
    name: str
    port: int

    @property
    def client_id(self) -> str:
        return f"triage-{self.station}"


@dataclass(frozen=True)
class DemoOfficer:
    login: str
    name: str
    role: str
    station: str


DEPLOYMENTS = (
    Deployment(BINH_TUYEN, "Công an xã Bình Tuyền", 8102),
    Deployment(HOI_THINH, "Công an xã Hội Thịnh", 8106),
    Deployment(PROVINCE, "Công an tỉnh Phú Thọ", 8103),
)

OFFICERS = (
    DemoOfficer("binhtuyen.truc", "Nguyễn Văn Hùng", "duty_officer", BINH_TUYEN),
    DemoOfficer("binhtuyen.dieutra", "Trần Thị Thu Hà", "investigator", BINH_TUYEN),
    DemoOfficer("binhtuyen.truong", "Lê Quang Vinh", "chief", BINH_TUYEN),
    DemoOfficer("hoithinh.truc", "Phạm Minh Đức", "duty_officer", HOI_THINH),
    DemoOfficer("hoithinh.truong", "Đỗ Thị Kim Oanh", "chief", HOI_THINH),
    DemoOfficer("phutho.truc", "Hoàng Anh Tuấn", "province_officer", PROVINCE),
    DemoOfficer("binhtuyen.loa", "Nguyễn Thị Mai", "broadcaster", BINH_TUYEN),
    DemoOfficer("phutho.truyenthong", "Bùi Đức Long", "broadcaster", PROVINCE),
    DemoOfficer("phutho.kiemtoan", "Vũ Ngọc Lan", "auditor", PROVINCE),
)
