"""What a letter says, in the subscriber's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from babel.support import NullTranslations
from tinbao_web.texts import load_texts
from tinbao_web.times import written_time

from tinbao_notify.alert import Issued
from tinbao_notify.cap import Cap, area_name
from tinbao_notify.channel import Message
from tinbao_notify.delivery import Delivery
from tinbao_notify.links import Links


@dataclass(frozen=True)
class Letters:
    """Writes what channels carry."""

    texts: Mapping[str, NullTranslations]
    links: Links
    cap: Cap

    @classmethod
    def open(cls, links: Links, cap: Cap) -> "Letters":
        return cls(load_texts(("tinbao_web", "tinbao_notify")), links, cap)

    def alert(self, delivery: Delivery, issued: Issued, station_name: str) -> Message:
        _ = self.texts[delivery.language].gettext
        text = issued.text(delivery.language)
        until = written_time(issued.content.expires_at, delivery.language)
        unsubscribe = self.links.unsubscribe(delivery.subscription_id)
        lines = [
            *([] if self.cap.status == "Actual" else [_("Diễn tập, không phải tình huống thật")]),
            *([_("Bản cập nhật này thay cho cảnh báo đã gửi trước đây.")] if issued.earlier else []),
            text.headline,
            text.description,
            f"{_('Nơi áp dụng')}: {area_name(issued.content.area)}",
            _("Có hiệu lực đến %(time)s") % {"time": until},
            f"{station_name}\n{self.cap.public_url}/alerts/{issued.first_id}",
            f"-- \n{_('Hủy đăng ký nhận cảnh báo')}: {unsubscribe}",
        ]
        kind = _("Cập nhật cảnh báo") if issued.earlier else _("Cảnh báo")
        return self._message(delivery, issued.approval.issued_at, f"{kind}: {text.headline}", lines, unsubscribe)

    def confirmation(self, delivery: Delivery) -> Message:
        _ = self.texts[delivery.language].gettext
        lines = [
            _("Có người dùng địa chỉ này đăng ký nhận cảnh báo an ninh, trật tự qua thư điện tử."),
            _("Nếu là ông/bà, đề nghị mở đường dẫn sau và bấm “Xác nhận”:"),
            self.links.confirm(delivery.subscription_id),
            _("Nếu không phải, ông/bà không cần làm gì: địa chỉ sẽ được xóa và không có thư nào khác được gửi."),
        ]
        return self._message(delivery, delivery.asked_at, _("Xác nhận đăng ký nhận cảnh báo"), lines, None)

    @staticmethod
    def _message(
        delivery: Delivery, written_at: datetime, subject: str, lines: list[str], unsubscribe_url: str | None
    ) -> Message:
        return Message(
            delivery_id=delivery.delivery_id,
            address=delivery.address,
            language=delivery.language,
            subject=subject,
            text="\n\n".join(lines) + "\n",
            written_at=written_at,
            unsubscribe_url=unsubscribe_url,
        )
