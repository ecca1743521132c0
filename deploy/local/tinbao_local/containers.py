"""`python -m tinbao_local.containers …`: the parts of docker-compose.yml that are no service, each in a container."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from confluent_kafka.admin import AdminClient
from tinbao_contracts.places import load_stations

from tinbao_local.children import Program
from tinbao_local.container_secrets import write_secrets
from tinbao_local.demo import DEPLOYMENTS, OFFICERS
from tinbao_local.directory import bring_up_to_date
from tinbao_local.mail import MailCatcher
from tinbao_local.oidc import Client, OpenIdProvider
from tinbao_local.rights import NOTIFY
from tinbao_local.secret_file import SecretFile
from tinbao_local.topics import apply_topics, password_name

EVERYWHERE = "0.0.0.0"  # noqa: S104  - in a container; compose publishes on the loopback alone
VOLUMES, TEMPLATES, SECRETS, KEYS, STATE = map(Path, ("/volumes", "/compose", "/run/secrets", "/keys", "/state"))


def make_secrets() -> None:
    """Once; needs no network. See container_secrets."""
    write_secrets(VOLUMES, TEMPLATES)


def apply_station_table() -> None:
    """Topics, users and rights on the broker. Twice changes nothing."""
    passwords = SecretFile(SECRETS / "secrets.json")
    admin = AdminClient(
        {
            "bootstrap.servers": os.environ["TINBAO_KAFKA_SERVERS"],
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": "admin",
            "sasl.password": passwords[password_name("admin")],
        }
    )
    _tell(apply_topics(admin, load_stations(_stations_file()).values(), passwords).lines())


def bring_directory_up_to_date() -> None:
    """Stations and keys in intake's directory; the private halves go to the volumes of those who serve them."""
    url = (SECRETS / "tinbao_database_url").read_text()
    stations = load_stations(_stations_file()).values()
    _tell(iter(asyncio.run(bring_up_to_date(url, KEYS, stations))))


def serve_openid() -> NoReturn:
    """The provider for trying out, at an address that browsers and containers know alike."""
    port = int(os.environ["LISTEN_PORT"])
    secrets = SecretFile(SECRETS / "secrets.json")
    provider = OpenIdProvider(STATE, port, secrets, host=os.environ["ISSUER_HOST"], listens_on=EVERYWHERE)
    provider.prepare(clients_of(os.environ["CALLBACK_PORTS"]), OFFICERS)
    _become(provider.program())


def catch_mail() -> NoReturn:
    _become(MailCatcher(STATE, int(os.environ["LISTEN_PORT"]), host=EVERYWHERE).program())


def show_letters() -> None:
    for letter in MailCatcher(STATE, 0).letters():
        sys.stdout.write(f"To: {letter['to']}\nSubject: {letter['subject']}\n\n{letter.get_content()}\n")


def clients_of(ports: str) -> list[Client]:
    """`ports` is CLIENT=PORT for each, with spaces between."""
    names = {**{each.client_id: each.name for each in DEPLOYMENTS}, NOTIFY: "Cảnh báo"}
    pairs = (pair.split("=") for pair in ports.split())
    return [Client(client, names[client], int(port)) for client, port in pairs]


def _stations_file() -> Path | None:
    file = os.environ.get("TINBAO_STATIONS_FILE")
    return Path(file) if file else None


def _become(program: Program) -> NoReturn:
    os.chdir(program.folder)
    os.execv(program.command[0], program.command)  # noqa: S606  - our own command


def _tell(lines: Iterator[str]) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")


PARTS: Mapping[str, Callable[[], None]] = {
    "secrets": make_secrets,
    "topics": apply_station_table,
    "directory": bring_directory_up_to_date,
    "oidc": serve_openid,
    "mail": catch_mail,
    "letters": show_letters,
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in PARTS:
        sys.exit(f"Give one of: {', '.join(PARTS)}.")
    PARTS[sys.argv[1]]()
