"""The pages' words for states, outcomes and mistakes, in the reader's language."""

from collections.abc import Mapping

from tinbao_contracts.events import Outcome
from tinbao_web.texts import mark as _

from tinbao_intake.mailbox import TipStatus

STATUSES: Mapping[TipStatus, str] = {
    TipStatus.RECEIVED: _("Đã tiếp nhận"),
    TipStatus.OPENED: _("Đang kiểm tra, xác minh"),
    TipStatus.CLASSIFIED: _("Đang kiểm tra, xác minh"),
    TipStatus.ANSWERED: _("Đã có trả lời"),
    TipStatus.CLOSED: _("Kết thúc xử lý tại đơn vị"),
}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.TRANSFERRED: _("Đã chuyển đơn vị có thẩm quyền giải quyết."),
    Outcome.ADMINISTRATIVE: _("Chuyển xử lý vi phạm hành chính."),
    Outcome.GUIDED: _("Việc này thuộc cơ quan khác; đề nghị ông/bà xem hướng dẫn trong phần trả lời."),
    Outcome.NO_SIGN: _("Qua kiểm tra, chưa thấy dấu hiệu tội phạm."),
    Outcome.DUPLICATE: _("Vụ việc đã được tiếp nhận trước đó và đang được giải quyết."),
    Outcome.OUTSIDE_SCOPE: _("Ngoài phạm vi tiếp nhận của hệ thống; nội dung đã được xóa."),
}
WITHDRAWN = _("Đã ghi nhận việc rút tin")

NEEDED = _("Đề nghị điền mục này")
TOO_LONG = _("Nội dung quá dài")
NOT_A_PHONE = _("Số điện thoại chưa đúng")
NOT_RIGHT = _("Nội dung chưa đúng, đề nghị kiểm tra lại")
CHOOSE_CATEGORY = _("Đề nghị chọn một nhóm")
UNKNOWN_COMMUNE = _("Không có xã, phường nào tên như vậy hiện nay")
WHICH_COMMUNE = _("Ông/bà muốn nói:")
NO_STATION = _("Chưa có đơn vị tiếp nhận cho xã, phường này")
TRY_LATER = _("Hệ thống tạm thời chưa tiếp nhận được. Nội dung vẫn còn ở đây; đề nghị gửi lại sau ít phút.")
SENT_BEFORE = _("Biểu mẫu này đã được gửi với nội dung khác. Nếu đây là tin mới, đề nghị bấm gửi lại.")
UNKNOWN_CODE = _("Không tìm thấy tin báo ứng với mã này")
MISTYPED_CODE = _("Mã chưa đúng: mã có 21 chữ và số. Đề nghị kiểm tra lại")
ADDED = _("Đã gửi bổ sung.")
