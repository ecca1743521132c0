"""What the services hand their pages, as samples: one for each state that a page can be in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import resources
from types import SimpleNamespace as Thing
from typing import Any

import pytest
import segno
from starlette.requests import Request
from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.numbers import numbers_for
from tinbao_contracts.places import load_communes
from tinbao_web.pages import Pages

NOW = datetime(2026, 11, 24, 0, 12, tzinfo=UTC)
RECEIVED = NOW - timedelta(hours=9, minutes=32)
CATEGORIES = list(load_catalogue().values())
CODE = "K7M2-9QXD-4RTV-E8HN-3WYP-C"
KEY = "kJr3Yp0tQm6W1c9Vb2Nn8A"


@dataclass(frozen=True)
class Sample:
    name: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    path: str = "/"
    method: str = "GET"
    status: int = 200


def a_request(path: str = "/", language: str = "vi", method: str = "GET", query: str = "") -> Request:
    headers = [(b"accept-language", language.encode())]
    address = {"path": path, "query_string": query.encode(), "server": ("tinbao.test", 80), "scheme": "http"}
    return Request({"type": "http", "method": method, "headers": headers, **address})


def pages_of(service: str) -> Pages:
    return Pages(f"tinbao_{service}", now=lambda: NOW)


NUMBERS = numbers_for()
FORM = {
    "numbers": NUMBERS,
    "categories": CATEGORIES,
    "communes": list(load_communes().values()),
    "values": {},
    "errors": {},
    "idempotency_key": KEY,
}
TYPED = {
    "category": "human_trafficking",
    "commune": "Bá Hiến",
    "text": "Nhóm khoảng 6 người đánh bạc ăn tiền ở dãy trọ sau khu công nghiệp, thường từ 22 giờ.",
    "place": "",
    "neighbourhood": "Tổ dân phố 4",
    "happened_at": "từ 22 giờ hằng ngày",
    "happening_now": "true",
    "reporter_role": "landlord",
    "contact_name": "",
    "contact_phone": "0912 34",
}
MISTAKES = {
    "commune": "Không có xã, phường nào tên như vậy. Ông/bà muốn nói Xã Bình Tuyền?",
    "place": "Đề nghị ghi địa điểm xảy ra",
    "contact_phone": "Số điện thoại chưa đúng",
}
RECEIPT = {
    "receipt_code": CODE,
    "qr_svg": segno.make_qr(CODE).svg_inline(border=0, omitsize=True),
    "station_name": "Công an xã Bình Tuyền",
    "received_at": RECEIVED,
    "deadline_at": datetime(2026, 11, 30, 17, 0, tzinfo=UTC),
    "is_immediate": False,
    "numbers": NUMBERS,
}
MAILBOX = {
    "receipt_code": CODE,
    "status": "answered",
    "status_text": "Đã có trả lời",
    "is_withdrawn": False,
    "station_name": "Công an xã Bình Tuyền",
    "received_at": RECEIVED,
    "deadline_at": datetime(2026, 11, 24, 14, 40, tzinfo=UTC),
    "messages": [
        Thing(
            author="station",
            text="Công an xã đã tiếp nhận và đang kiểm tra. Ông/bà có nhớ các ngày cụ thể trong tuần không?",
            sent_at=NOW - timedelta(hours=2),
        ),
        Thing(author="reporter", text="Thường là tối thứ Sáu và thứ Bảy.", sent_at=NOW - timedelta(hours=1)),
    ],
    "outcome_text": None,
    "notice": "Đã gửi bổ sung.",
    "idempotency_key": KEY,
}
NO_CODE = {"receipt_code": "", "error": None}
UNKNOWN_CODE = {"receipt_code": CODE, "error": "Không tìm thấy tin báo ứng với mã này"}
MESSAGE = {"receipt_code": CODE, "idempotency_key": KEY, "text": "Hôm nay có thêm một ô tô màu trắng."}


def a_row(number: int, category: str, hours_left: int, **differences: Any) -> Thing:
    known = load_catalogue()[category]
    row = {
        "tip_id": f"0193-{number}",
        "number": number,
        "category_name": known.short_vi,
        "category_code": category,
        "urgency": known.urgency,
        "status": "open",
        "status_text": "Chờ nhận xử lý",
        "neighbourhood": "Tổ dân phố 4",
        "place": "Dãy trọ sau khu công nghiệp",
        "reporter_role_text": "chủ nhà trọ",
        "is_happening_now": False,
        "received_at": RECEIVED,
        "deadline_at": NOW + timedelta(hours=hours_left, minutes=20),
        "hours_left": hours_left,
        "assignee_name": None,
        "standing": "owning",
        "has_news": False,
        "basis": known.basis,
        "source": "Biểu mẫu trên mạng",
        "outcome_text": None,
        "secrecy": True,
    }
    return Thing(**(row | differences))


ROWS = [
    a_row(413, "domestic_violence", 14, is_happening_now=True, neighbourhood="Tổ 4", reporter_role_text=None),
    a_row(412, "gambling", 3, has_news=True),
    a_row(409, "online_fraud", -2, neighbourhood="Thôn Thích Chung", assignee_name="Trần Văn Hùng"),
    a_row(407, "theft_damage", 52, neighbourhood=None, received_at=NOW - timedelta(days=2), standing="watching"),
    a_row(401, "fire_risk", 150, neighbourhood="Khu phố 1", received_at=NOW - timedelta(days=3)),
]
CONSOLE = {
    "officer": Thing(name="Trần Văn Hùng", roles=frozenset({"officer"})),
    "station_name": "Công an xã Bình Tuyền",
    "counts": {"all": 12, "mine": 3, "due_soon": 4, "unclaimed": 7},
    "is_province": False,
}
NO_FILTERS = {"status": None, "category": None, "assignee": None, "overdue": None}
LIST = CONSOLE | {
    "filters": NO_FILTERS,
    "statuses": [("open", "Chờ nhận xử lý"), ("assigned", "Đã nhận"), ("classified", "Đã phân loại")],
    "categories": CATEGORIES,
    "cases": ROWS,
    "selected": None,
    "next_cursor": "0193-401",
}
SEALED = LIST | {
    "case": ROWS[1],
    "actions": {"claim", "open", "note"},
    "reasons": [("duty_assignment", "Phân công trực ban"), ("verification", "Kiểm tra, xác minh"), ("other", "Khác")],
    "outcomes": [("transferred", "Chuyển Cơ quan điều tra"), ("no_sign", "Không có dấu hiệu tội phạm")],
    "content": None,
    "opened_until": None,
    "messages": [],
    "timeline": [Thing(text="Tiếp nhận, số 412", at=RECEIVED, officer_name=None)],
    "notes": [],
    "notice": None,
    "error": None,
    "idempotency_key": KEY,
}
OPENED = SEALED | {
    "actions": {"open", "classify", "answer", "close", "note"},
    "content": Thing(
        text=TYPED["text"] + " Có một xe máy dựng ngoài cổng, biển số không nhìn rõ.\nTôi cho thuê trọ ở gần.",
        contact_name="Nguyễn Thị Bình",
        contact_phone="+84912345678",
        contact_email=None,
        happened_at="từ 22 giờ hằng ngày",
        supplements=[Thing(text="Hôm nay có thêm một ô tô màu trắng.", sent_at=NOW - timedelta(minutes=50))],
    ),
    "opened_until": NOW + timedelta(minutes=53),
    "messages": [
        Thing(
            author="station",
            text="Công an xã đã tiếp nhận và đang kiểm tra.",
            sent_at=NOW - timedelta(hours=1),
            officer_name="Trần Văn Hùng",
        )
    ],
    "timeline": [
        Thing(text="Tiếp nhận, số 412", at=RECEIVED, officer_name=None),
        Thing(text="Xem nội dung: phân công trực ban", at=NOW - timedelta(hours=1), officer_name="Trần Văn Hùng"),
    ],
    "notes": [Thing(text="Đã trao đổi với cán bộ địa bàn.", at=NOW - timedelta(hours=1), officer_name="Lê Thị Hoa")],
    "notice": "Đã mở nội dung. Việc mở được ghi vào nhật ký.",
}
CLOSED = OPENED | {
    "case": a_row(
        398, "noise", -30, status="closed", status_text="Đã kết thúc", outcome_text="Chuyển xử lý vi phạm hành chính"
    ),
    "actions": {"answer"},
    "error": "Có người vừa cập nhật tin này. Đề nghị xem lại trước khi thực hiện.",
}
PROVINCE = CONSOLE | {"station_name": "Công an tỉnh Phú Thọ", "is_province": True}
NOT_OPENED = {"number": None, "category_name": None, "urgency": None, "received_at": None, "hours_left": None}
OVERVIEW = PROVINCE | {
    "rows": [
        *(Thing(**(vars(row) | {"station_name": "Công an xã Bình Tuyền"})) for row in ROWS),
        Thing(**NOT_OPENED, station_name="Công an xã Hội Thịnh", status_text="Chưa mở"),
    ],
    "station_counts": [
        Thing(station_name="Công an xã Bình Tuyền", open=12, due_soon=4, overdue=1),
        Thing(station_name="Công an xã Hội Thịnh", open=3, due_soon=0, overdue=0),
    ],
}

LOG_ENTRIES = [
    Thing(
        index=72841,
        what="Cán bộ mở xem nội dung",
        day=NOW.date(),
        station_name="Công an xã Bình Tuyền",
        role="Trực ban",
    ),
    Thing(index=72840, what="Tiếp nhận tin báo", day=NOW.date(), station_name="Công an xã Hội Thịnh", role=None),
    Thing(index=72839, what="AlertArchivedV2", day=NOW.date(), station_name=None, role="broadcaster"),
]
LOG = {
    "log": Thing(
        size=72842,
        note=(
            "log.phutho.example\n72842\nFmPFwxI2sJeG3Vdk7Zl5vyN2lmC0Vkaz2lMAjMTgnMk=\n\n"
            "— log.phutho.example UIAi5ZYb4aFVLAJqwEVxDT0aIW9GIrpADfVwg8VSoEUmcWjcOVBjqLAb8Yd2oNSUAwTGDJ1Qx4w3"
            "ZVgdzTHS2uQ3kwM=\n"
        ),
        signed_at=RECEIVED,
    ),
    "vkey": "log.phutho.example+508022e5+AXGg5Vkt5VBgz7pWCNHzSv2m9yNVe4hvOwCgH2cQxvRg",
    "entries": LOG_ENTRIES,
}

SAMPLES: Mapping[str, list[Sample]] = {
    "intake": [
        Sample("form", "form.html", FORM),
        Sample("form-mistakes", "form.html", FORM | {"values": TYPED, "errors": MISTAKES}, method="POST", status=422),
        Sample("receipt", "receipt.html", RECEIPT, method="POST", status=201),
        Sample(
            "receipt-immediate", "receipt.html", RECEIPT | {"is_immediate": True, "deadline_at": None}, method="POST"
        ),
        Sample("mailbox-open", "mailbox_open.html", NO_CODE, "/mailbox"),
        Sample("mailbox-unknown", "mailbox_open.html", UNKNOWN_CODE, "/mailbox", "POST", status=404),
        Sample(
            "message-again",
            "mailbox_message.html",
            MESSAGE | {"errors": {"text": "Nội dung quá dài"}},
            "/mailbox",
            "POST",
            422,
        ),
        Sample("mailbox", "mailbox.html", MAILBOX, "/mailbox", "POST"),
        Sample(
            "mailbox-new",
            "mailbox.html",
            MAILBOX | {"status": "received", "is_withdrawn": True, "messages": [], "notice": None},
            "/mailbox",
            "POST",
        ),
        Sample(
            "mailbox-closed",
            "mailbox.html",
            MAILBOX | {"status": "closed", "outcome_text": "Chuyển Cơ quan điều tra có thẩm quyền", "notice": None},
            "/mailbox",
            "POST",
        ),
        Sample("not-found", "error.html", status=404),
        Sample("unavailable", "error.html", method="POST", status=503),
    ],
    "triage": [
        Sample("queue", "queue.html", LIST),
        Sample("queue-empty", "queue.html", LIST | {"cases": [], "next_cursor": None}),
        Sample(
            "queue-no-match",
            "queue.html",
            LIST | {"cases": [], "next_cursor": None, "filters": NO_FILTERS | {"assignee": "me", "category": "drugs"}},
        ),
        Sample("case-sealed", "case.html", SEALED, "/cases/0193-412"),
        Sample("case-opened", "case.html", OPENED, "/cases/0193-412"),
        Sample("case-closed", "case.html", CLOSED, "/cases/0193-398"),
        Sample(
            "case-watching", "case.html", SEALED | PROVINCE | {"case": ROWS[3], "actions": set()}, "/cases/0193-407"
        ),
        Sample("overview", "overview.html", OVERVIEW, "/overview"),
        Sample("overview-empty", "overview.html", OVERVIEW | {"rows": [], "station_counts": []}, "/overview"),
        Sample("signed-out", "signed_out.html", {"station_name": "Công an xã Bình Tuyền"}),
        Sample("forbidden", "forbidden.html", status=403),
        Sample("error", "error.html", {"detail": "Mã lỗi: 7f3a"}, status=500),
    ],
    "audit": [
        Sample("log", "log.html", LOG),
        Sample("log-empty", "log.html", LOG | {"entries": []}),
        Sample("log-unsigned", "log.html", LOG | {"log": None, "entries": []}),
    ],
}


@pytest.mark.parametrize("service", SAMPLES)
def test_every_page_of_a_service_has_a_sample(service: str) -> None:
    folder = resources.files(f"tinbao_{service}").joinpath("templates")
    pages = {file.name for file in folder.iterdir() if "{% extends" in file.read_text("utf-8")}

    assert pages <= {sample.template for sample in SAMPLES[service]}
