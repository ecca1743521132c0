"""The alerts as an Atom feed (RFC 4287)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from tinbao_notify.alert import Issued
from tinbao_notify.cap import CANCELLED, MEDIA_TYPE

LANGUAGE = "vi"
NEVER = datetime(2026, 1, 1, tzinfo=UTC)
"""When an empty feed was last changed."""


def atom_feed(alerts: Iterable[Issued], station_names: Mapping[str, str], public_url: str) -> bytes:
    """Alerts in force and those that were cancelled before their time, in the order given."""
    alerts = list(alerts)
    feed = FeedGenerator()
    feed.id(f"{public_url}/")
    feed.title("Cảnh báo an ninh, trật tự")
    feed.language(LANGUAGE)
    feed.author(name="Báo tin")
    feed.link(href=f"{public_url}/feeds/alerts.atom", rel="self", type="application/atom+xml")
    feed.link(href=f"{public_url}/", rel="alternate", type="text/html")
    feed.updated(max((alert.changed_at for alert in alerts), default=NEVER))
    feed.generator("tinbao")
    for alert in alerts:
        feed.add_entry(_entry(alert, station_names.get(alert.station, alert.station), public_url), order="append")
    written: bytes = feed.atom_str(pretty=True)
    return written


def _entry(alert: Issued, station_name: str, public_url: str) -> FeedEntry:
    text = alert.text(LANGUAGE)
    entry = FeedEntry()
    entry.id(f"urn:uuid:{alert.first_id}")
    entry.title((CANCELLED[LANGUAGE] if alert.cancellation else "") + text.headline)
    entry.content(text.description, type="text")
    entry.author(name=station_name)
    entry.published(alert.first.sent_at)
    entry.updated(alert.changed_at)
    entry.category(term=alert.content.category)
    entry.link(href=f"{public_url}/alerts/{alert.first_id}", rel="alternate", type="text/html")
    entry.link(href=f"{public_url}/cap/{alert.first_id}.xml", rel="alternate", type=MEDIA_TYPE)
    return entry
