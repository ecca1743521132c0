"""The pages' words for states and CAP's terms, and for mistakes, in the reader's language."""

from collections.abc import Mapping

from tinbao_contracts.alerts import AlertUrgency, Certainty, Severity
from tinbao_web.texts import mark as _

from tinbao_notify.alert import Changed, ForeignArea, Incomplete, NotInForce, OwnAlert, Status

STATUSES: Mapping[Status, str] = {
    Status.DRAFT: _("Bản thảo"),
    Status.SUBMITTED: _("Chờ phê duyệt"),
    Status.REJECTED: _("Trả lại"),
    Status.ISSUED: _("Đã phát hành"),
    Status.SUPERSEDED: _("Đã có bản cập nhật"),
    Status.CANCELLED: _("Đã hủy"),
}
URGENCIES: Mapping[AlertUrgency, str] = {
    AlertUrgency.IMMEDIATE: _("Cần hành động ngay"),
    AlertUrgency.EXPECTED: _("Cần hành động sớm"),
    AlertUrgency.FUTURE: _("Sắp tới"),
    AlertUrgency.PAST: _("Đã qua"),
    AlertUrgency.UNKNOWN: _("Chưa rõ"),
}
SEVERITIES: Mapping[Severity, str] = {
    Severity.EXTREME: _("Đặc biệt nghiêm trọng"),
    Severity.SEVERE: _("Nghiêm trọng"),
    Severity.MODERATE: _("Trung bình"),
    Severity.MINOR: _("Nhẹ"),
    Severity.UNKNOWN: _("Chưa rõ"),
}
CERTAINTIES: Mapping[Certainty, str] = {
    Certainty.OBSERVED: _("Đã xảy ra"),
    Certainty.LIKELY: _("Nhiều khả năng"),
    Certainty.POSSIBLE: _("Có thể"),
    Certainty.UNLIKELY: _("Ít khả năng"),
    Certainty.UNKNOWN: _("Chưa rõ"),
}

NEEDED = _("Đề nghị điền mục này")
TOO_LONG = _("Nội dung quá dài")
NOT_RIGHT = _("Nội dung chưa đúng, đề nghị kiểm tra lại")
BOTH_ENGLISH = _("Đề nghị điền cả tiêu đề và nội dung tiếng Anh")
FOREIGN_AREA = _("Đơn vị chỉ cảnh báo trong địa bàn của mình")
NOT_AN_ADDRESS = _("Địa chỉ thư điện tử chưa đúng")
CONSENT_NEEDED = _("Đề nghị đánh dấu đồng ý để đăng ký")
WRONG_AREA = _("Tên địa bàn chưa đúng, cảnh báo chưa được phát hành")
CHANGED = _("Cảnh báo đã thay đổi so với bản vừa xem, đề nghị xem lại trước khi phê duyệt")
OWN_ALERT = _("Người soạn hoặc trình không được tự phê duyệt")
NOT_IN_FORCE = _("Cảnh báo cần cập nhật không còn hiệu lực, hoặc đã có bản cập nhật khác")
INCOMPLETE = _("Còn thiếu bản tiếng Anh hoặc thời hạn hiệu lực")

REFUSALS: Mapping[type[Exception], str] = {
    Changed: CHANGED,
    ForeignArea: FOREIGN_AREA,
    Incomplete: INCOMPLETE,
    NotInForce: NOT_IN_FORCE,
    OwnAlert: OWN_ALERT,
}
"""Why an act on an alert was refused, as the console says it."""
