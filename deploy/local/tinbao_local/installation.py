"""Where this machine's product lives: its state folder, its ports, its secrets and its servers."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tinbao_local.kafka import Kafka
from tinbao_local.mail import MailCatcher
from tinbao_local.oidc import OpenIdProvider
from tinbao_local.postgres import Postgres
from tinbao_local.secret_file import SecretFile
from tinbao_local.zipkin import Zipkin

KAFKA_PORT, KAFKA_CONTROLLER_PORT, POSTGRES_PORT, OIDC_PORT = 9092, 9093, 5433, 8180
MAIL_PORT = 8125
ZIPKIN_PORT = 9411


@dataclass(frozen=True)
class Installation:
    """Several can run side by side when their state folders and port offsets differ."""

    state: Path
    port_offset: int
    stations_file: Path | None
    secrets: SecretFile

    @classmethod
    def here(cls) -> Self:
        """TINBAO_HOME (default: .tinbao in this folder), TINBAO_PORT_OFFSET (added to every port, default 0),
        TINBAO_STATIONS_FILE (a station table of one's own, default: Phú Thọ's). Raises ValueError.
        """
        state = Path(os.environ.get("TINBAO_HOME") or ".tinbao").absolute()
        stations_file = os.environ.get("TINBAO_STATIONS_FILE")
        return cls(
            state=state,
            port_offset=int(os.environ.get("TINBAO_PORT_OFFSET") or 0),
            stations_file=Path(stations_file).absolute() if stations_file else None,
            secrets=SecretFile(state / "secrets.json"),
        )

    def port(self, before_offset: int) -> int:
        return before_offset + self.port_offset

    @property
    def lock_file(self) -> Path:
        return self.state / "up.pid"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def log(self) -> Path:
        """The audit log as files."""
        return self.state / "log"

    @property
    def log_key_file(self) -> Path:
        return self.state / "keys" / "audit" / "log.key"

    @property
    def postgres(self) -> Postgres:
        return Postgres(self.state, self.port(POSTGRES_PORT), self.secrets["postgres"])

    @property
    def kafka(self) -> Kafka:
        return Kafka(
            self.state, self.port(KAFKA_PORT), self.port(KAFKA_CONTROLLER_PORT), password=self.secrets["kafka.admin"]
        )

    @property
    def oidc(self) -> OpenIdProvider:
        return OpenIdProvider(self.state, self.port(OIDC_PORT), self.secrets)

    @property
    def mail(self) -> MailCatcher:
        return MailCatcher(self.state, self.port(MAIL_PORT))

    @property
    def zipkin(self) -> Zipkin:
        return Zipkin(self.state, self.port(ZIPKIN_PORT))

    @property
    def has_zipkin(self) -> bool:
        """Unless the shell says where traces go, or that there are none (OTEL_TRACES_EXPORTER=none)."""
        return "OTEL_TRACES_EXPORTER" not in os.environ
