"""Settings that every service has. Each is an environment variable with the prefix TINBAO_, or a file of that name in
lower case in the folder TINBAO_SECRETS_FOLDER."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read once at start; a wrong or missing value ends the process with a sentence that names it."""

    model_config = SettingsConfigDict(env_prefix="TINBAO_", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr
    """postgresql://role:password@host:port/database of this deployment alone."""

    pool_size: int = Field(default=10, ge=1)
    """Connections a process opens at most. All processes together must stay below the server's max_connections."""

    kafka_servers: str = "127.0.0.1:9092"
    """Bootstrap servers, comma-separated."""

    kafka_username: str
    kafka_password: SecretStr
    """This deployment's own SCRAM-SHA-256 credential: the broker's ACLs for it are the boundary between stations."""

    kafka_security_protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"] = "SASL_PLAINTEXT"
    """SASL_SSL wherever the network is not the machine's own loopback."""

    kafka_ca_file: Path | None = None
    """Certificates that sign the brokers' own, for SASL_SSL; the system's trusted ones if it is not given."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=1, le=65435)
    """The API's port. The worker's health and metrics are on this port + 100."""

    public_url: str = ""
    """What people type to reach the pages, without a slash at the end. Cookies are Secure when it begins with https."""

    outbox_poll: timedelta = Field(default=timedelta(milliseconds=10), le=timedelta(seconds=1))
    """How long the relay sleeps when it found nothing to publish; up to ten times as long while nothing comes."""

    outbox_kept: timedelta = timedelta(days=30)
    """How long acknowledged events can be replayed."""

    inbox_kept: timedelta = timedelta(days=90)
    """How long an event is remembered as taken; must exceed the topics' retention."""

    stall_timeout: timedelta = timedelta(seconds=60)
    """A consumer that waits this long while records are there to read ends its process."""

    dead_letters_at_once: int = Field(default=50, ge=1)
    """More dead letters than this in one batch stop the consumer instead of draining the topic."""

    @property
    def health_port(self) -> int:
        return self.http_port + 100


class ConsoleSettings(ServiceSettings):
    """What a service needs whose pages officers sign in to."""

    session_secret: SecretStr = Field(min_length=32)
    """Signs the session cookie; at least 32 random bytes. A new one logs everybody out."""

    session_length: timedelta = timedelta(hours=8)
    """How long a login lasts: one shift."""

    oidc_issuer: str
    """The OpenID provider's issuer; its discovery document is below it."""

    oidc_audience: str = "tinbao"
    """What an access token of a client app must be meant for; an ID token is not one."""

    oidc_client_id: str
    oidc_client_secret: SecretStr
