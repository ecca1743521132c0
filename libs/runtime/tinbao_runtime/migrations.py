"""Brings a database to the schema of this version, with dbmate."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg

RUNTIME_MIGRATIONS = Path(__file__).parent / "migrations"

MIGRATIONS_LOCK = 0x7107BA2


class MigrationFailed(Exception):
    """Carries what dbmate or the database said; it names files and SQL, never a password."""


def migrate(database_url: str, service_migrations: Path) -> str:
    """Apply what is missing of the runtime's and the service's migrations; a second call changes nothing. Blocks.

    Waits for another migration of the same database: dbmate itself has no lock.
    """
    return asyncio.run(_migrate_alone(database_url, service_migrations))


async def _migrate_alone(database_url: str, service_migrations: Path) -> str:
    try:
        conn = await asyncpg.connect(database_url, timeout=10)
    except (OSError, asyncpg.PostgresError) as error:
        raise MigrationFailed(f"{type(error).__name__}: {error}") from None
    try:
        await conn.execute("SELECT pg_advisory_lock($1)", MIGRATIONS_LOCK)
        return await asyncio.to_thread(_run_dbmate, database_url, service_migrations)
    finally:
        await conn.close()


def _run_dbmate(database_url: str, service_migrations: Path) -> str:
    """The address goes through the environment, so that the password is in no process list."""
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
