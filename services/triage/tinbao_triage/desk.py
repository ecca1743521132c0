"""From whom and when an act comes, and which stations' cases the officer sees here."""

from dataclasses import dataclass
from datetime import datetime

from tinbao_triage.officer import Officer


@dataclass(frozen=True, slots=True)
class Desk:
    """The officer at this deployment at this moment. `stations` None means all stations of the deployment."""

    officer: Officer
    stations: list[str] | None
    now: datetime

    @classmethod
    def of(cls, officer: Officer, home: str, now: datetime) -> "Desk":
        return cls(officer, officer.visible_stations(home), now)
