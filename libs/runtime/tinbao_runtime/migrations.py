"""Brings a database to the schema of this version, with dbmate."""

import os
import subprocess
import sys
from pathlib import Path

RUNTIME_MIGRATIONS = Path(__file__).parent / "migrations"


class MigrationFailed(Exception):
    """Carries what dbmate printed; it names files and SQL, never a password."""


def migrate(database_url: str, service_migrations: Path) -> str:
    """Apply what is missing of the runtime's and the service's migrations; a second call changes nothing.

    The address goes through the environment, so that the password is in no process list.
    """
    dbmate = Path(sys.prefix) / "bin" / "dbmate"
    folders = ["--migrations-dir", str(RUNTIME_MIGRATIONS), "--migrations-dir", str(service_migrations)]
    done = subprocess.run(  # noqa: S603 - our own binary and folders
        [str(dbmate), "--no-dump-schema", *folders, "migrate"],
        env={**os.environ, "DATABASE_URL": _without_tls(database_url)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise MigrationFailed(done.stderr.strip() or done.stdout.strip())
    return done.stdout


def _without_tls(url: str) -> str:
    """dbmate asks for TLS unless told otherwise; asyncpg's default is to prefer it."""
    return url if "sslmode=" in url else url + ("&" if "?" in url else "?") + "sslmode=disable"
