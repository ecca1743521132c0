"""`python -m SERVICE api | worker | migrate`: what the entry points of all images have in common."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import asyncpg
from pydantic import ValidationError

from tinbao_runtime import telemetry
from tinbao_runtime.migrations import MigrationFailed, migrate
from tinbao_runtime.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)

USAGE = "Give one of: api, worker, migrate."

WRONG_DATABASE = (
    asyncpg.ClientConfigurationError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
"""No address, a role or password that is not taken, no such database: none of them passes by itself."""


def run_entry_point(
    settings_class: type[S], name_of: Callable[[S], str], migrations: Path, serve: Callable[[str, S], None]
) -> None:
    """What the one argument asks for; `serve` runs "api" or "worker" until the process is to end.

    What an operator can put right ends the process with a sentence that names the variable and repeats no value.
    """
    command = sys.argv[1] if len(sys.argv) == 2 else ""
    if command not in {"api", "worker", "migrate"}:
        sys.exit(USAGE)
    settings = read_settings(settings_class)
    _configure_telemetry(f"{name_of(settings)}-{command}")
    try:
        if command == "migrate":
            sys.stdout.write(migrate(settings.database_url.get_secret_value(), migrations))
        else:
            serve(command, settings)
    except MigrationFailed as error:
        sys.exit(f"The database was not migrated: {error}")
    except WRONG_DATABASE as error:
        sys.exit(f"TINBAO_DATABASE_URL: the database cannot be used with it ({type(error).__name__})")
    finally:
        telemetry.end()


def read_settings(settings_class: type[S]) -> S:
    """From the environment; what is not there from the folder that TINBAO_SECRETS_FOLDER names, one file a variable,
    such as tinbao_database_url. Ends the process where a variable is missing or wrong.
    """
    try:
        return settings_class(_secrets_dir=os.environ.get("TINBAO_SECRETS_FOLDER"))
    except ValidationError as error:
        prefix = settings_class.model_config["env_prefix"]
        wrong = (f"{prefix}{e['loc'][0]}".upper() + _complaint(e["type"], e["msg"]) for e in error.errors())
        sys.exit("; ".join(wrong))


def _configure_telemetry(name: str) -> None:
    try:
        telemetry.configure(name)
    except ValueError as error:
        sys.exit(str(error))


def _complaint(kind: str, words: str) -> str:
    return " is not set" if kind == "missing" else f": {words}"
