"""Settings of intake, besides those of every service."""

from datetime import timedelta

from tinbao_runtime.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    directory_refresh: timedelta = timedelta(seconds=2)
    """How old the stations and keys may be that a new tip is routed and sealed by."""
