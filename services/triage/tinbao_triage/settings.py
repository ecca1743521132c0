"""Settings of triage, besides those of every service."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from tinbao_runtime.settings import ServiceSettings


class TriageSettings(ServiceSettings):
    station: str
    """The code of the station that this deployment belongs to; 25 is the provincial office."""

    keys_folder: Path
    """Private keys of the stations it serves and its key-encryption key; readable by this process alone."""

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

    view_length: timedelta = timedelta(minutes=15)
    """How long one stated reason permits an officer to read one case's text."""
