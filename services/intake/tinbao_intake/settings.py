"""Settings of intake, besides those of every service."""

from datetime import timedelta

from pydantic import Field
from tinbao_runtime.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    directory_refresh: timedelta = Field(default=timedelta(seconds=2), gt=timedelta(0))
    """How old the stations and keys may be that a new tip is routed and sealed by."""
