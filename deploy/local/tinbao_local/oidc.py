"""The OpenID provider of one machine: nanoidp, a test provider that speaks the real protocol. Never for real users.

Where its claims are: an access token has `roles` at the top and `stations` and `name` in `attributes`; `/userinfo`
likewise. An ID token has what the client asks for by the `claims` parameter (OpenID Connect Core 5.5), at the top.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinbao_local import bytecode
from tinbao_local.children import Program
from tinbao_local.demo import DEMO_PASSWORD, DemoOfficer
from tinbao_local.readiness import answers_http
from tinbao_local.secret_file import SecretFile, write_private

AUDIENCE = "tinbao"


@dataclass(frozen=True)
class Client:
    """A deployment that lets people log in; `port` is where its `/callback` is."""

    client_id: str
    description: str
    port: int


@dataclass(frozen=True)
class OpenIdProvider:
    """Its signing key is made at the first start and kept."""

    state: Path
    port: int
    secrets: SecretFile
    host: str = "127.0.0.1"
    """The name by which browsers and services know it alike: the issuer begins with it."""
    listens_on: str = "127.0.0.1"

    @property
    def issuer(self) -> str:
        return f"http://{self.host}:{self.port}"

    def client_secret(self, client_id: str) -> str:
        return self.secrets[f"oidc.{client_id}"]

    def prepare(self, clients: Iterable[Client], officers: Iterable[DemoOfficer]) -> None:
        """Write its configuration anew; what was changed by hand is lost."""
        settings = {
            "config_version": 1,
            "config_validation": "strict",
            "server": {"host": self.listens_on, "port": self.port},
            "oauth": {
                "issuer": self.issuer,
                "audience": AUDIENCE,
                "token_expiry_minutes": 60,
                "refresh_token_rotation": True,
                "require_pkce": True,
                "clients": [self._client(client) for client in clients],
            },
            "jwt": {"keys_dir": str(self._home / "keys")},
            "session": {
                "secret_key": self.secrets["oidc.session"],
                "management_secret": self.secrets["oidc.management"],
                "require_ui_login": True,
            },
            "logging": {"level": "WARNING", "log_token_requests": False, "verbose_logging": False},
            "cors_allowed_origins": [],
        }
        users = {"config_version": 1, "users": {officer.login: _user(officer) for officer in officers}}
        write_private(self._home / "settings.yaml", json.dumps(settings))  # JSON is YAML
        write_private(self._home / "users.yaml", json.dumps(users))

    def program(self) -> Program:
        return Program(
            name="oidc",
            command=(sys.executable, "-m", "nanoidp", "--config", str(self._home)),
            folder=self._home,
            log=self.state / "logs" / "oidc.log",
            is_ready=answers_http(f"{self.issuer}/.well-known/openid-configuration"),
            environment=bytecode.kept_in(self.state),
        )

    @property
    def _home(self) -> Path:
        return self.state / "oidc"

    def _client(self, client: Client) -> dict[str, Any]:
        return {
            "client_id": client.client_id,
            "client_secret": self.client_secret(client.client_id),
            "description": client.description,
            "show_description": True,
            "show_client_id": False,
            "redirect_uris": [f"http://{host}:{client.port}/callback" for host in ("127.0.0.1", "localhost")],
        }


def _user(officer: DemoOfficer) -> dict[str, Any]:
    return {
        "password": DEMO_PASSWORD,
        "email": f"{officer.login}@example.org",
        "roles": [officer.role],
        "attributes": {"name": officer.name, "stations": [officer.station]},
    }
