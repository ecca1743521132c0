"""The console's words for states, outcomes, reasons and roles, in the reader's language."""

from collections.abc import Mapping

from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.events import Outcome, ViewReason
from tinbao_contracts.sealed import ReporterRole
from tinbao_web.texts import mark as _

from tinbao_triage.case import Status

STATUSES: Mapping[Status, str] = {
    Status.OPEN: _("Chờ nhận xử lý"),
    Status.ASSIGNED: _("Đã nhận xử lý"),
    Status.CLASSIFIED: _("Đã phân loại"),
    Status.CLOSED: _("Đã kết thúc"),
}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.TRANSFERRED: _("Chuyển Cơ quan điều tra có thẩm quyền"),
    Outcome.ADMINISTRATIVE: _("Chuyển xử lý vi phạm hành chính"),
    Outcome.GUIDED: _("Hướng dẫn gửi cơ quan khác"),
    Outcome.NO_SIGN: _("Không có dấu hiệu tội phạm"),
    Outcome.DUPLICATE: _("Trùng tin đã tiếp nhận"),
    Outcome.OUTSIDE_SCOPE: _("Ngoài phạm vi tiếp nhận (xóa nội dung)"),
}
REASONS: Mapping[ViewReason, str] = {
    ViewReason.DUTY_ASSIGNMENT: _("Phân công trực ban"),
    ViewReason.VERIFICATION: _("Kiểm tra, xác minh"),
    ViewReason.REFERRAL: _("Chuẩn bị chuyển đơn vị có thẩm quyền"),
    ViewReason.SUPERVISION: _("Kiểm tra, giám sát"),
    ViewReason.COMPLAINT: _("Giải quyết khiếu nại"),
}
ROLES: Mapping[ReporterRole, str] = {
    ReporterRole.RESIDENT: _("người dân"),
    ReporterRole.LANDLORD: _("chủ nhà trọ"),
    ReporterRole.SHOP: _("chủ cửa hàng"),
    ReporterRole.MOTEL: _("chủ nhà nghỉ, khách sạn"),
    ReporterRole.KARAOKE: _("chủ cơ sở karaoke"),
    ReporterRole.OTHER: _("người báo tin khác"),
}
TIMELINE: Mapping[str, str] = {
    "opened": _("Tiếp nhận, vào sổ"),
    "supplemented": _("Người báo tin bổ sung"),
    "withdrawn": _("Người báo tin rút tin"),
    "claim": _("Đã nhận xử lý"),
    "assign": _("Phân công"),
    "open": _("Xem nội dung"),
    "classify": _("Đã phân loại"),
    "answer": _("Đã trả lời người báo tin"),
    "note": _("Đã thêm ghi chú nội bộ"),
    "propose": _("Đã đề xuất cảnh báo"),
    "close": _("Đã kết thúc xử lý"),
}


def category_name(code: str, language: str) -> str:
    """The short name; a code that this release does not know is shown as it is."""
    category = load_catalogue().get(code)
    if category is None:
        return code
    return category.short_vi if language == "vi" else category.short_en
