"""Settings of audit, besides those of every service."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from tinbao_runtime.settings import ServiceSettings


class AuditSettings(ServiceSettings):
    log_folder: Path
    """Where the log's files are: written by the worker, served by the API. Never restore it without its database."""

    signing_key_file: Path
    """The log's private key as `tinbao audit new-key` writes it; the verifier's key is beside it, ending in .vkey. Only
    the worker opens the private one."""

    sequence_poll: timedelta = Field(default=timedelta(milliseconds=50), le=timedelta(seconds=1))
    """How long the sequencer sleeps when no leaf waits."""
