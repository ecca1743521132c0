"""Settings of intake, besides those of every service."""

from datetime import timedelta

from pydantic import Field
from tinbao_runtime.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    directory_refresh: timedelta = Field(default=timedelta(seconds=2), gt=timedelta(0))
    """How old the stations and keys may be that a new tip is routed and sealed by."""

    first_reminder: timedelta = Field(default=timedelta(minutes=10), gt=timedelta(0))
    """How long a station may take to open a tip before it is published again. The wait doubles each time, up to a day.
    Twice a station's worst restart: too short costs traffic, too long costs a lost record's tip that much time."""
