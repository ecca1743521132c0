"""What the services hand their pages, as samples: one for each state that a page can be in."""

import re
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
EXTENDS = re.compile(r'{% extends "([^"]+)" %}')
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

ALERT = Thing(
    alert_id="0193-900",
    headline="Giả danh công an gọi điện",
    description="Đối tượng yêu cầu cài ứng dụng giả.\nKhông làm theo, gọi 113.",
    category_name="Lừa đảo qua mạng",
    icon="smartphone",
    severity_text="Nghiêm trọng",
    is_severe=True,
    area="Xã Bình Tuyền",
    station_name="Công an xã Bình Tuyền",
    issued_at=RECEIVED,
    expires_at=NOW + timedelta(days=3),
    cancelled_at=None,
    is_over=False,
    updated_at=None,
)
UPDATED_ALERT = Thing(**vars(ALERT) | {"updated_at": NOW})
CANCELLED_ALERT = Thing(**vars(ALERT) | {"cancelled_at": NOW, "is_severe": False})
PUBLIC = {"is_exercise": False}
SUBSCRIBE = PUBLIC | {
    "communes": list(load_communes().values()),
    "topics": CATEGORIES,
    "consent_text": "Tôi đồng ý để Công an tỉnh lưu địa chỉ này chỉ để gửi cảnh báo.",
    "email": "",
    "chosen": set(),
    "errors": {},
    "idempotency_key": KEY,
}
NEWSROOM = {"officer": Thing(name="Nguyễn Thị Mai"), "station_name": "Công an xã Bình Tuyền"}
REVIEWED = Thing(
    **vars(ALERT),
    status="submitted",
    status_text="Chờ phê duyệt",
    changed_at=RECEIVED,
    vi=Thing(headline=ALERT.headline, description=ALERT.description),
    en=Thing(headline="Callers pose as police", description="Do not transfer money."),
    urgency_text="Cần hành động sớm",
    certainty_text="Đã xảy ra",
    rejection=None,
    is_public=False,
    is_in_force=False,
    is_update=False,
    supersedes=None,
    update_id=None,
    reached=1240,
    progress=Thing(pending=3, sent=1230, failed=5, stopped=2),
)
PROPOSAL = Thing(**vars(ALERT), proposal_id="0193-901", proposed_at=RECEIVED)
BOARD = NEWSROOM | {
    "proposals": [PROPOSAL],
    "submitted": [REVIEWED],
    "drafts": [Thing(**vars(REVIEWED) | {"status": "rejected", "status_text": "Trả lại"})],
    "in_force": [],
    "over": [],
    "may_draft": True,
}
DRAFT = NEWSROOM | {
    "action": "/console/new",
    "values": {
        **dict.fromkeys(("headline_vi", "description_vi", "headline_en", "description_en", "expires_at"), ""),
        "category": "online_fraud",
        "urgency": "Expected",
        "severity": "Moderate",
        "certainty": "Observed",
        "area": ["08944"],
    },
    "errors": {},
    "topics": CATEGORIES,
    "communes": list(load_communes().values()),
    "urgencies": [("Expected", "Cần hành động sớm")],
    "severities": [("Moderate", "Trung bình")],
    "certainties": [("Observed", "Đã xảy ra")],
    "idempotency_key": KEY,
}
REVIEW = NEWSROOM | {
    "alert": REVIEWED,
    "actions": {"edit", "approve", "reject"},
    "is_author": False,
    "digest": "ab" * 32,
    "error": None,
}
ISSUED = Thing(
    **vars(REVIEWED) | {"status": "issued", "status_text": "Đã phát hành", "is_public": True, "is_in_force": True}
)
SUPERSEDED = Thing(**vars(ISSUED) | {"status": "superseded", "is_in_force": False, "update_id": "0193-902"})
UPDATE = Thing(**vars(REVIEWED) | {"is_update": True, "supersedes": "0193-900"})
REJECTED = Thing(**vars(REVIEWED) | {"status": "rejected", "rejection": "Thiếu thời gian", "en": None})

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
    "notify": [
        Sample("alerts", "alerts.html", PUBLIC | {"alerts": [ALERT, UPDATED_ALERT, CANCELLED_ALERT]}),
        Sample("alerts-none", "alerts.html", {"is_exercise": True, "alerts": []}),
        Sample("alert", "alert.html", PUBLIC | {"alert": ALERT}, "/alerts/0193-900"),
        Sample("alert-updated", "alert.html", PUBLIC | {"alert": UPDATED_ALERT}, "/alerts/0193-900"),
        Sample("alert-cancelled", "alert.html", PUBLIC | {"alert": CANCELLED_ALERT}, "/alerts/0193-900"),
        Sample("subscribe", "subscribe.html", SUBSCRIBE, "/subscribe"),
        Sample(
            "subscribe-mistakes",
            "subscribe.html",
            SUBSCRIBE
            | {"email": "an", "chosen": {"08944"}, "errors": dict.fromkeys(("email", "consent"), "Chưa đúng")},
            "/subscribe",
            "POST",
            422,
        ),
        Sample("asked", "asked.html", PUBLIC, "/subscribe", "POST", 202),
        Sample("confirm", "confirm.html", PUBLIC | {"token": "a-token"}, "/confirm/a-token"),
        Sample("confirmed", "confirmed.html", PUBLIC, "/confirm", "POST"),
        Sample("unsubscribe", "unsubscribe.html", PUBLIC | {"token": "a-token"}, "/unsubscribe/a-token"),
        Sample("unsubscribed", "unsubscribed.html", PUBLIC, "/unsubscribe", "POST"),
        Sample("link-over", "link_over.html", PUBLIC, "/confirm", "POST", 404),
        Sample("board", "board.html", BOARD, "/console"),
        Sample("board-empty", "board.html", BOARD | {"proposals": [], "submitted": [], "drafts": []}, "/console"),
        Sample("draft", "draft.html", DRAFT, "/console/new"),
        Sample(
            "draft-mistakes",
            "draft.html",
            DRAFT
            | {"errors": dict.fromkeys(("category", "headline_vi", "area", "expires_at"), "Đề nghị điền mục này")},
            "/console/new",
            "POST",
            422,
        ),
        Sample("review", "review.html", REVIEW, "/console/alerts/0193-900"),
        Sample(
            "review-author",
            "review.html",
            REVIEW | {"actions": {"edit"}, "is_author": True, "error": "Cảnh báo đã thay đổi"},
            "/console/alerts/0193-900",
        ),
        Sample("review-rejected", "review.html", REVIEW | {"alert": REJECTED, "actions": {"edit", "submit"}}),
        Sample("review-issued", "review.html", REVIEW | {"alert": ISSUED, "actions": {"update", "cancel"}}),
        Sample("review-update", "review.html", REVIEW | {"alert": UPDATE}),
        Sample("review-superseded", "review.html", REVIEW | {"alert": SUPERSEDED, "actions": set()}),
        Sample("signed-out", "signed_out.html", status=401),
        Sample("forbidden", "forbidden.html", status=403),
    ],
}


@pytest.mark.parametrize("service", SAMPLES)
def test_every_page_of_a_service_has_a_sample(service: str) -> None:
    folder = resources.files(f"tinbao_{service}").joinpath("templates")
    extended = {file.name: EXTENDS.findall(file.read_text("utf-8")) for file in folder.iterdir()}
    frames = {name for names in extended.values() for name in names}

    assert {name for name, names in extended.items() if names} - frames <= {
        sample.template for sample in SAMPLES[service]
    }
