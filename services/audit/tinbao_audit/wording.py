"""The page's words for what stands in leaves, in the reader's language. Keyed by text: leaves outlive releases."""

from collections.abc import Mapping

from tinbao_web.texts import mark as _

EVENTS: Mapping[str, str] = {
    "TipSubmittedV1": _("Tiếp nhận tin báo"),
    "TipEscalatedV1": _("Báo tin lên cấp tỉnh"),
    "TipSupplementedV1": _("Người báo tin bổ sung thông tin"),
    "TipWithdrawnV1": _("Người báo tin rút tin"),
    "TipErasedV1": _("Xóa nội dung tin báo"),
    "CaseOpenedV1": _("Đơn vị mở hồ sơ xử lý"),
    "CaseAssignedV1": _("Giao người xử lý"),
    "CaseClassifiedV1": _("Phân loại"),
    "CaseViewedV1": _("Cán bộ mở xem nội dung"),
    "CaseAnsweredV1": _("Trả lời người báo tin"),
    "CaseClosedV1": _("Kết thúc xử lý tại đơn vị"),
    "StationRegisteredV1": _("Đăng ký đơn vị"),
    "StationKeyRegisteredV1": _("Đăng ký khóa của đơn vị"),
    "StationKeyRevokedV1": _("Thu hồi khóa của đơn vị"),
    "AlertProposedV1": _("Đề xuất cảnh báo"),
    "AlertIssuedV1": _("Phát hành cảnh báo"),
    "AlertUpdatedV1": _("Cập nhật cảnh báo"),
    "AlertCancelledV1": _("Hủy cảnh báo"),
}
ROLES: Mapping[str, str] = {
    "duty_officer": _("Trực ban"),
    "investigator": _("Cán bộ điều tra"),
    "chief": _("Trưởng đơn vị"),
    "province_officer": _("Cán bộ cấp tỉnh"),
    "broadcaster": _("Cán bộ truyền thông"),
    "auditor": _("Kiểm toán viên"),
}
