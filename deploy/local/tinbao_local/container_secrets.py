"""What the containers of docker-compose.yml are given, each in a volume that nobody else mounts.

All of it comes from one file of random values, which stays in a volume of its own. A file that is there already is
kept: an operator's own values go into the volumes before the first start.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from tinbao_audit.signing_key import verifier_file

from tinbao_local.demo import DEPLOYMENTS, Deployment
from tinbao_local.log_key import ensure_log_key
from tinbao_local.processes import SERVICES, Service
from tinbao_local.rights import NOTIFY
from tinbao_local.secret_file import SecretFile
from tinbao_local.topics import password_name

ACCOUNT = 10001
"""Whom our images run as."""

MADE_BY_OTHERS = (*(f"{each.station}-keys" for each in DEPLOYMENTS), "recovery-keys", "audit-log", "oidc", "mail")
"""Volumes that our containers write themselves, and that must therefore be theirs."""


def write_secrets(volumes: Path, templates: Path, account: int = ACCOUNT) -> None:
    """Each folder in `volumes` is a volume of that name. Only root can give them to another. Twice changes nothing."""
    made = SecretFile(volumes / "secrets" / "secrets.json")
    for name in MADE_BY_OTHERS:
        _give(volumes / name, account)
    for service in SERVICES:
        _write_ours(volumes / f"{service.name}-secrets", secrets_of(service, made), account)
        _write_for_others(volumes / f"{service.name}-db-secrets", database_secrets_of(service, made))
    _write_ours(volumes / "topics-secrets", _subset(made, map(password_name, _broker_users())), account)
    _write_ours(volumes / "oidc-secrets", _subset(made, _oidc_names()), account)
    filled = {
        "kafka-config": templates / "kafka" / "server.properties",
        "keycloak-realm": templates / "keycloak" / "tinbao-realm.json",
    }
    for volume, template in filled.items():
        text = Template(template.read_text()).substitute(_placeholders(made))
        _write_for_others(volumes / volume, {template.name: text})
    _write_log_key(volumes, account)


def secrets_of(service: Service, made: SecretFile) -> dict[str, str]:
    """One file a setting, as the service reads them."""
    password, database = made[_database_password(service)], service.database
    secrets = {
        "tinbao_database_url": f"postgresql://{database}:{password}@{service.name}-db:5432/{database}",
        "tinbao_kafka_password": made[password_name(service.broker_user)],
    }
    if service.deployment or service.broker_user == NOTIFY:
        secrets["tinbao_session_secret"] = made[f"session.{service.name}"]
        secrets["tinbao_oidc_client_secret"] = made[_client_secret(client_of(service.deployment))]
    if service.broker_user == NOTIFY:
        secrets["tinbao_link_secret"] = made["links.notify"]
    return secrets


def database_secrets_of(service: Service, made: SecretFile) -> dict[str, str]:
    return {
        "superuser-password": made[f"postgres.{service.name}-db"],
        "service-password": made[_database_password(service)],
    }


def client_of(deployment: Deployment | None) -> str:
    return deployment.client_id if deployment else NOTIFY


def _database_password(service: Service) -> str:
    return f"postgres.{service.database}"


def _client_secret(client_id: str) -> str:
    return f"oidc.{client_id}"


def _broker_users() -> list[str]:
    return ["admin", *(service.broker_user for service in SERVICES)]


def _oidc_names() -> list[str]:
    clients = [*(each.client_id for each in DEPLOYMENTS), NOTIFY]
    return [*map(_client_secret, clients), _client_secret("session"), _client_secret("management")]


def _placeholders(made: SecretFile) -> dict[str, str]:
    """`kafka.admin` is `${kafka_admin}` in a template."""
    names = [password_name("admin"), *_oidc_names()]
    return {name.replace(".", "_").replace("-", "_"): made[name] for name in names}


def _subset(made: SecretFile, names: Iterable[str]) -> dict[str, str]:
    return {"secrets.json": json.dumps({name: made[name] for name in names})}


def _write_log_key(volumes: Path, account: int) -> None:
    """The worker signs; the API is given the verifier's half alone."""
    key = ensure_log_key(volumes / "audit-key" / "log.key")
    verifier = verifier_file(key)
    _write_ours(volumes / "audit-verifier", {verifier.name: verifier.read_text()}, account)
    for path in (key, verifier, key.parent):
        os.chown(path, account, account)


def _write_ours(volume: Path, files: Mapping[str, str], account: int) -> None:
    _give(volume, account)
    for path in _write(volume, files, mode=0o400):
        os.chown(path, account, account)


def _write_for_others(volume: Path, files: Mapping[str, str]) -> None:
    """Their images run as whom they please: whoever mounts the volume may read it."""
    volume.mkdir(exist_ok=True)
    volume.chmod(0o755)
    _write(volume, files, mode=0o644)  # not 0o444: Kafka writes to its copy


def _write(volume: Path, files: Mapping[str, str], mode: int) -> list[Path]:
    missing = {volume / name: text for name, text in files.items() if not (volume / name).exists()}
    for path, text in missing.items():
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
        new.chmod(mode)  # whatever the umask says
        new.rename(path)
    return list(missing)


def _give(volume: Path, account: int) -> None:
    volume.mkdir(exist_ok=True)
    volume.chmod(0o700)
    os.chown(volume, account, account)
