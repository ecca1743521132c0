"""Make topics, broker users and their rights what the station table says. Nothing else in tinbao creates topics."""

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from confluent_kafka.cimpl import NewTopic
from tinbao_contracts.topics import ALERTS, STATIONS, StationTopic

from tinbao_local.rights import Served, is_ours, rights_of, users_of
from tinbao_local.secret_file import SecretFile

BATCH = 1000  # a KRaft controller refuses requests that make more than 10,000 metadata records
IN_FORCE_SECONDS = 60
SCRAM_ITERATIONS = 4096  # the broker's own default: the passwords are 256 random bits, not a person's choice
ANY: Any = None  # the annotations of the filter say str, its documentation that None matches everything
EVERY_RIGHT = AclBindingFilter(
    ResourceType.ANY, ANY, ResourcePatternType.ANY, ANY, ANY, AclOperation.ANY, AclPermissionType.ANY
)


@dataclass(frozen=True)
class TopicSettings:
    retention: timedelta = timedelta(days=30)
    """How long a station may be away without losing an event from its topic."""
    replication: int = 1


@dataclass(frozen=True)
class Changes:
    """What `apply_topics` did; empty when everything was as the table says."""

    topics: Sequence[str]
    settings: Sequence[str]
    users: Sequence[str]
    granted: Sequence[AclBinding]
    revoked: Sequence[AclBinding]

    def __bool__(self) -> bool:
        return any((self.topics, self.settings, self.users, self.granted, self.revoked))

    def lines(self) -> Iterator[str]:
        if not self:
            yield "Nothing to change: topics, users and rights are as the station table says."
        yield from (f"+ topic {topic}" for topic in self.topics)
        yield from (f"~ settings of topic {topic}" for topic in self.settings)
        yield from (f"+ user {user}" for user in self.users)
        yield from (f"+ right {_described(right)}" for right in self.granted)
        yield from (f"- right {_described(right)}" for right in self.revoked)


def apply_topics(
    admin: AdminClient, stations: Iterable[Served], passwords: SecretFile, settings: TopicSettings | None = None
) -> Changes:
    """Idempotent. Topics are never deleted; a right of intake or of a triage deployment that no row gives is revoked.

    `admin` must be a super user. Blocks: about two seconds for 150 stations. A user whose password is new gets it set;
    passwords are kept under `kafka.<user>`. When this returns, users and rights are in force. Raises KafkaException.
    """
    stations = list(stations)
    settings = settings or TopicSettings()
    users = _set_passwords(admin, users_of(stations), passwords)
    granted, revoked = _apply_rights(admin, rights_of(stations))
    _wait_until_in_force(admin, set(users_of(stations)), rights_of(stations))
    created, changed = _apply_configured(admin, _configured_topics(stations, settings), settings.replication)
    return Changes(created, changed, users, granted, revoked)


def password_name(user: str) -> str:
    return f"kafka.{user}"


def _configured_topics(stations: Sequence[Served], settings: TopicSettings) -> dict[str, dict[str, str]]:
    safe = {"min.insync.replicas": str(max(1, settings.replication - 1))}
    kept = {**safe, "retention.ms": str(int(settings.retention.total_seconds() * 1000))}
    topics = {topic.of(station.code): kept for station in stations for topic in StationTopic}
    return {STATIONS: {**safe, "cleanup.policy": "compact"}, ALERTS: kept, **topics}


def _apply_configured(
    admin: AdminClient, wanted: dict[str, dict[str, str]], replication: int
) -> tuple[list[str], list[str]]:
    known = set(admin.list_topics(timeout=30).topics)
    new = [NewTopic(name, 1, replication, config=config) for name, config in wanted.items() if name not in known]
    for batch in _batches(new):
        _wait(admin.create_topics(batch, operation_timeout=30))
    changed = _reconfigure(admin, {name: config for name, config in wanted.items() if name in known})
    return [topic.topic for topic in new], changed


def _reconfigure(admin: AdminClient, wanted: dict[str, dict[str, str]]) -> list[str]:
    changed: list[str] = []
    for batch in _batches([ConfigResource(ResourceType.TOPIC, name) for name in wanted]):
        actual = {resource.name: config for resource, config in _wait(admin.describe_configs(batch)).items()}
        resources = [
            ConfigResource(ResourceType.TOPIC, name, incremental_configs=_settings(wanted[name]))
            for name, config in actual.items()
            if any(config[key].value != value for key, value in wanted[name].items())
        ]
        if resources:
            _wait(admin.incremental_alter_configs(resources))
        changed += [resource.name for resource in resources]
    return changed


def _settings(config: dict[str, str]) -> list[ConfigEntry]:
    return [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in config.items()]


def _set_passwords(admin: AdminClient, users: Sequence[str], passwords: SecretFile) -> list[str]:
    known = _known_users(admin)
    new = [user for user in users if user not in known or password_name(user) not in passwords]
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, SCRAM_ITERATIONS)
    for batch in _batches(new):
        _wait(
            admin.alter_user_scram_credentials(
                [UserScramCredentialUpsertion(user, info, passwords[password_name(user)].encode()) for user in batch]
            )
        )
    return new


def _apply_rights(admin: AdminClient, wanted: set[AclBinding]) -> tuple[list[AclBinding], list[AclBinding]]:
    actual = _known_rights(admin)
    missing, surplus = sorted(wanted - actual), sorted(actual - wanted)
    for batch in _batches(missing):
        _wait(admin.create_acls(batch))
    for batch in _batches(surplus):
        _wait(admin.delete_acls([_exactly(right) for right in batch]))
    return missing, surplus


def _wait_until_in_force(admin: AdminClient, users: set[str], rights: set[AclBinding]) -> None:
    """The controller answers at once and the broker acts on it later: seconds later while it makes hundreds of topics,
    which is why topics come last. Raises TimeoutError.
    """
    deadline = time.monotonic() + IN_FORCE_SECONDS
    while not (users <= _known_users(admin) and rights == _known_rights(admin)):
        if time.monotonic() > deadline:
            raise TimeoutError("The broker accepted users and rights, and does not act on them.")
        time.sleep(0.1)


def _known_users(admin: AdminClient) -> set[str]:
    described: Any = admin.describe_user_scram_credentials()
    return set(described.result(timeout=30))


def _known_rights(admin: AdminClient) -> set[AclBinding]:
    return {right for right in admin.describe_acls(EVERY_RIGHT).result(timeout=30) if is_ours(_user(right))}


def _exactly(right: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(*right._to_tuple())  # noqa: SLF001  - the only list of its parts, in the filter's order


def _user(right: AclBinding) -> str:
    return right.principal.removeprefix("User:")


def _described(right: AclBinding) -> str:
    star = "*" if right.resource_pattern_type == ResourcePatternType.PREFIXED else ""
    operation, kind = AclOperation(right.operation), ResourceType(right.restype)
    return f"{_user(right)}: {operation.name} {kind.name} {right.name}{star}".lower()


_Key = TypeVar("_Key")
_Item = TypeVar("_Item")


def _wait(futures: "dict[_Key, Future[Any]]") -> dict[_Key, Any]:
    return {key: future.result(timeout=60) for key, future in futures.items()}


def _batches(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), BATCH):
        yield list(items[start : start + BATCH])
