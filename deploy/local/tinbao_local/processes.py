"""The table of services on this machine, and what each of their processes is started with."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinbao_local import bytecode
from tinbao_local.children import Program
from tinbao_local.demo import DEPLOYMENTS, Deployment
from tinbao_local.log_key import ensure_log_key
from tinbao_local.readiness import answers_http
from tinbao_local.rights import AUDIT, INTAKE, NOTIFY, triage_user
from tinbao_local.topics import password_name

if TYPE_CHECKING:  # a container has the table too, but none of the servers of an installation
    from tinbao_local.installation import Installation

HOST = "127.0.0.1"
NOTIFY_PORT = 8104
WORKER_PORT_DISTANCE = 100
"""A worker's health port is its API's port plus this, as in every deployment."""


@dataclass(frozen=True)
class Service:
    """One deployment of one service: an API and a worker with one database, one broker user and one port.

    `port` is before the installation's offset.
    """

    name: str
    title: str
    module: str
    database: str
    broker_user: str
    port: int
    deployment: Deployment | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """What this one gets besides what every service gets."""

    def api_port(self, at: "Installation") -> int:
        return at.port(self.port)

    def worker_port(self, at: "Installation") -> int:
        return self.api_port(at) + WORKER_PORT_DISTANCE

    def url(self, at: "Installation") -> str:
        return f"http://{HOST}:{self.api_port(at)}"


def _triage(deployment: Deployment) -> Service:
    return Service(
        name=f"triage-{deployment.station}",
        title=f"Console of {deployment.name}",
        module="tinbao_triage",
        database=f"triage_{deployment.station}",
        broker_user=triage_user(deployment.station),
        port=deployment.port,
        deployment=deployment,
    )


SERVICES = (
    Service("intake", "Send a tip", "tinbao_intake", "intake", broker_user=INTAKE, port=8101),
    *(_triage(deployment) for deployment in DEPLOYMENTS),
    Service(
        "notify", "Alerts; write them at /console", "tinbao_notify", "notify", broker_user=NOTIFY, port=NOTIFY_PORT
    ),
    Service("audit", "The log of all that happened", "tinbao_audit", "audit", broker_user=AUDIT, port=8105),
)


def database_password(at: "Installation", service: Service) -> str:
    return at.secrets[f"postgres.{service.database}"]


def database_url(at: "Installation", service: Service) -> str:
    """Of the service's own database, with its own role."""
    return at.postgres.url(service.database, role=service.database, password=database_password(at, service))


def environment(at: "Installation", service: Service) -> dict[str, str]:
    """Secrets go through the environment: unlike arguments, other accounts cannot read it."""
    return {
        **bytecode.kept_in(at.state),
        **_reachable_loopback(),
        "TINBAO_DATABASE_URL": database_url(at, service),
        "TINBAO_KAFKA_SERVERS": at.kafka.servers,
        "TINBAO_KAFKA_USERNAME": service.broker_user,
        "TINBAO_KAFKA_PASSWORD": at.secrets[password_name(service.broker_user)],
        "TINBAO_HTTP_PORT": str(service.api_port(at)),
        "TINBAO_PUBLIC_URL": service.url(at),
        **(_tracing_environment(at) if at.has_zipkin else {}),
        **(_station_environment(at, service.deployment) if service.deployment else {}),
        **(_notify_environment(at) if service.broker_user == NOTIFY else {}),
        **(_audit_environment(at) if service.broker_user == AUDIT else {}),
        **service.environment,
    }


def api(at: "Installation", service: Service) -> Program:
    """Needs its database; Kafka may be away."""
    return _program(at, service, "api", service.api_port(at))


def worker(at: "Installation", service: Service) -> Program:
    """Needs its database and Kafka."""
    return _program(at, service, "worker", service.worker_port(at))


def processes(at: "Installation", service: Service) -> list[Program]:
    return [api(at, service), worker(at, service)]


def _program(at: "Installation", service: Service, entry_point: str, port: int) -> Program:
    return Program(
        name=f"{service.name}-{entry_point}",
        command=(sys.executable, "-m", service.module, entry_point),
        folder=at.state,
        log=at.logs / f"{service.name}-{entry_point}.log",
        is_ready=answers_http(f"http://{HOST}:{port}/readyz"),
        environment=environment(at, service),
    )


def _tracing_environment(at: "Installation") -> dict[str, str]:
    """The protocol is Zipkin's own: its server takes no OTLP.

    OpenTelemetry has deprecated that exporter, so it is installed here and in no image: elsewhere traces leave by OTLP.
    """
    return {
        "OTEL_TRACES_EXPORTER": "zipkin_json",
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT": at.zipkin.spans_url,
        "OTEL_EXPORTER_ZIPKIN_TIMEOUT": "2",
        "OTEL_BSP_SCHEDULE_DELAY": "1000",  # milliseconds; by default one waits five seconds to see what one did
    }


def _station_environment(at: "Installation", deployment: Deployment) -> dict[str, str]:
    return {
        "TINBAO_STATION": deployment.station,
        "TINBAO_KEYS_FOLDER": str(at.state / "keys" / deployment.station),
        "TINBAO_SESSION_SECRET": at.secrets[f"session.{deployment.station}"],
        "TINBAO_OIDC_ISSUER": at.oidc.issuer,
        "TINBAO_OIDC_CLIENT_ID": deployment.client_id,
        "TINBAO_OIDC_CLIENT_SECRET": at.oidc.client_secret(deployment.client_id),
    }


def _notify_environment(at: "Installation") -> dict[str, str]:
    return {
        "TINBAO_SESSION_SECRET": at.secrets["session.notify"],
        "TINBAO_LINK_SECRET": at.secrets["links.notify"],
        "TINBAO_OIDC_ISSUER": at.oidc.issuer,
        "TINBAO_OIDC_CLIENT_ID": NOTIFY,
        "TINBAO_OIDC_CLIENT_SECRET": at.oidc.client_secret(NOTIFY),
        "TINBAO_SMTP_HOST": at.mail.host,
        "TINBAO_SMTP_PORT": str(at.mail.port),
        "TINBAO_SMTP_TLS": "none",
    }


def _audit_environment(at: "Installation") -> dict[str, str]:
    return {"TINBAO_LOG_FOLDER": str(at.log), "TINBAO_SIGNING_KEY_FILE": str(ensure_log_key(at.log_key_file))}


def _reachable_loopback() -> dict[str, str]:
    """A proxy that the user's shell names cannot reach this machine's own servers."""
    names = ("NO_PROXY", "no_proxy")
    return {name: ",".join(filter(None, [os.environ.get(name), HOST, "localhost"])) for name in names}
