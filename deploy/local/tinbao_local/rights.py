"""Who may do what on the broker. The boundary between stations is here: whatever is not listed is refused.

Reading and writing imply describing. An idempotent producer needs no right of its own since Kafka 2.8.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
from tinbao_contracts.places import PROVINCE
from tinbao_contracts.topics import ALERTS, STATIONS, StationTopic

INTAKE = "intake"
AUDIT = "audit"
NOTIFY = "notify"


class Served(Protocol):
    """A row of the station table, as far as the broker is concerned."""

    @property
    def code(self) -> str: ...

    @property
    def served_by(self) -> str:
        """The station whose deployment handles this one's tips: often itself."""


def triage_user(station: str) -> str:
    """The broker user of the deployment at this station; its consumer group begins with the same word."""
    return f"triage-{station}"


def is_ours(user: str) -> bool:
    return user in {INTAKE, AUDIT, NOTIFY} or user.startswith("triage-")


def users_of(stations: Iterable[Served]) -> list[str]:
    return [INTAKE, AUDIT, NOTIFY, *sorted({triage_user(station.served_by) for station in stations})]


def rights_of(stations: Iterable[Served]) -> set[AclBinding]:
    stations = list(stations)
    rights = {*_intake_rights(), *_audit_rights(), *_notify_rights()}
    for station in stations:
        rights.update(_serving_rights(triage_user(station.served_by), station.code))
    for user in users_of(stations):
        rights.update(_group_rights(user))
    if any(station.served_by == PROVINCE for station in stations):
        rights.add(_may(triage_user(PROVINCE), AclOperation.READ, f"{StationTopic.CASES}.", PREFIXED))
    return rights


def _intake_rights() -> Iterator[AclBinding]:
    yield _may(INTAKE, AclOperation.WRITE, f"{StationTopic.TIPS}.", PREFIXED)
    yield _may(INTAKE, AclOperation.WRITE, STATIONS)
    yield _may(INTAKE, AclOperation.READ, f"{StationTopic.CASES}.", PREFIXED)


def _audit_rights() -> Iterator[AclBinding]:
    """Reads everything and writes nothing."""
    for kind in StationTopic:
        yield _may(AUDIT, AclOperation.READ, f"{kind}.", PREFIXED)
    for topic in (STATIONS, ALERTS):
        yield _may(AUDIT, AclOperation.READ, topic)


def _notify_rights() -> Iterator[AclBinding]:
    yield _may(NOTIFY, AclOperation.READ, f"{StationTopic.PROPOSALS}.", PREFIXED)
    yield _may(NOTIFY, AclOperation.READ, STATIONS)
    yield _may(NOTIFY, AclOperation.WRITE, ALERTS)


def _serving_rights(user: str, station: str) -> Iterator[AclBinding]:
    yield _may(user, AclOperation.READ, StationTopic.TIPS.of(station))
    yield _may(user, AclOperation.READ, STATIONS)
    yield _may(user, AclOperation.WRITE, StationTopic.CASES.of(station))
    yield _may(user, AclOperation.WRITE, StationTopic.PROPOSALS.of(station))


def _group_rights(user: str) -> Iterator[AclBinding]:
    """The group named like the user, and those named after it and a dash: a bare prefix would let 25 into 25001's."""
    yield _may(user, AclOperation.READ, user, kind=ResourceType.GROUP)
    yield _may(user, AclOperation.READ, f"{user}-", PREFIXED, kind=ResourceType.GROUP)


LITERAL, PREFIXED = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED


def _may(
    user: str,
    operation: AclOperation,
    name: str,
    pattern: ResourcePatternType = LITERAL,
    kind: ResourceType = ResourceType.TOPIC,
) -> AclBinding:
    return AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
