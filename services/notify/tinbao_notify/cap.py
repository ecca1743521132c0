"""An alert as a Common Alerting Protocol 1.2 message (OASIS, 2010), in Vietnamese and in English."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lxml import etree
from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.places import PROVINCE, load_communes
from tinbao_web.times import ZONE

from tinbao_notify.alert import Issued

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE = "application/cap+xml"

CATEGORIES: Mapping[str, str] = {
    "missing_person": "Rescue",
    "disaster_rescue": "Rescue",
    "fire_risk": "Fire",
    "fireworks": "Fire",
    "traffic_danger": "Transport",
    "racing": "Transport",
    "environment": "Env",
    "resources_wildlife": "Env",
    "other": "Other",
}
"""CAP's groups (3.2.2) of our categories; what is absent is a matter of public security."""

LANGUAGES = (("vi", "vi-VN"), ("en", "en"))
"""Both are always given: a message without `language` counts as English."""

CANCELLED = {"vi": "Đã hủy: ", "en": "Cancelled: "}


@dataclass(frozen=True, slots=True)
class Cap:
    """What is the same in all messages of one deployment. `public_url` has no slash at its end."""

    domain: str
    status: str
    public_url: str

    def sender(self, station: str) -> str:
        return f"ca-{station}@{self.domain}"

    def identifier(self, station: str, message_id: UUID) -> str:
        """No OID of the WMO register: an authority would have to be registered there first."""
        return f"VN-{PROVINCE}-{station}-{message_id}"

    def references(self, issued: Issued) -> str:
        """All messages that went out before the one that holds now, oldest first (CAP 3.2.1); empty for the first."""
        sender, station = self.sender(issued.station), issued.station
        return " ".join(
            f"{sender},{self.identifier(station, sent.message_id)},{local(sent.sent_at)}" for sent in issued.referred
        )

    def message(self, issued: Issued, station_name: str) -> bytes:
        """What holds now: the Alert, its last Update, or the Cancel; the latter two refer to what came before."""
        root = _element("alert", *self._head(issued))
        for language, tag in LANGUAGES:
            root.append(self._info(issued, station_name, language, tag))
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)

    def _head(self, issued: Issued) -> Iterator[etree._Element]:
        message_id = issued.cancellation.cancel_id if issued.cancellation else issued.alert_id
        yield _element("identifier", self.identifier(issued.station, message_id))
        yield _element("sender", self.sender(issued.station))
        yield _element("sent", local(issued.changed_at))
        yield _element("status", self.status)
        yield _element("msgType", _message_type(issued))
        yield _element("scope", "Public")
        if references := self.references(issued):
            yield _element("references", references)

    def _info(self, issued: Issued, station_name: str, language: str, tag: str) -> etree._Element:
        content, text = issued.content, issued.text(language)
        return _element(
            "info",
            _element("language", tag),
            _element("category", CATEGORIES.get(content.category, "Security")),
            _element("event", event_name(content.category, language)),
            _element("urgency", content.urgency.value),
            _element("severity", content.severity.value),
            _element("certainty", content.certainty.value),
            _element("expires", local(content.expires_at)),
            _element("senderName", station_name),
            _element("headline", (CANCELLED[language] if issued.cancellation else "") + text.headline),
            _element("description", text.description),
            _element("web", f"{self.public_url}/alerts/{issued.first_id}"),
            _element(
                "area",
                _element("areaDesc", area_name(content.area)),
                *(_geocode("VN:xa", commune) for commune in content.area),
                _geocode("VN:tinh", PROVINCE),
            ),
        )


def local(at: datetime) -> str:
    """`2026-11-24T08:15:00+07:00`: CAP wants the offset in figures, and no fractions (3.2.1)."""
    return at.astimezone(ZONE).isoformat(timespec="seconds")


def area_name(area: tuple[str, ...]) -> str:
    """The communes' names, as a person reads and types them; a code that is not known stands for itself."""
    communes = load_communes()
    return ", ".join(communes[code].name if code in communes else code for code in area)


def event_name(category: str, language: str) -> str:
    known = load_catalogue()[category]
    return known.short_en if language == "en" else known.short_vi


def _message_type(issued: Issued) -> str:
    if issued.cancellation:
        return "Cancel"
    return "Update" if issued.earlier else "Alert"


def _element(name: str, *content: str | etree._Element) -> etree._Element:
    element = etree.Element(
        f"{{{NAMESPACE}}}{name}",
        nsmap={None: NAMESPACE},  # type: ignore[dict-item]  # the stubs forget the default namespace
    )
    for each in content:
        if isinstance(each, str):
            element.text = each
        else:
            element.append(each)
    return element


def _geocode(name: str, value: str) -> etree._Element:
    return _element("geocode", _element("valueName", name), _element("value", value))
