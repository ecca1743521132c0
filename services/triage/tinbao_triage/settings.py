"""Settings of triage, besides those of every console."""

from datetime import timedelta
from pathlib import Path

from tinbao_runtime.settings import ConsoleSettings


class TriageSettings(ConsoleSettings):
    station: str
    """The code of the station that this deployment belongs to; 25 is the provincial office."""

    keys_folder: Path
    """Private keys of the stations it serves and its key-encryption key; readable by this process alone."""

    view_length: timedelta = timedelta(minutes=15)
    """How long one stated reason permits an officer to read one case's text."""
