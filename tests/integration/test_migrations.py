"""One call brings a database to the schema of this version; a second call changes nothing."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from tinbao_runtime.migrations import MigrationFailed, migrate

from tests.support.servers import PostgresServer

NOTES = "-- migrate:up\nCREATE TABLE notes (id int);\n\n-- migrate:down\nDROP TABLE notes;\n"


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    """Of a new, empty database."""
    name = f"test_{secrets.token_hex(8)}"
    await postgres.execute(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    await postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


def a_service(folder: Path, sql: str = NOTES) -> Path:
    (folder / "20990101000000_notes.sql").write_text(sql)
    return folder


async def tables(url: str) -> set[str]:
    conn = await asyncpg.connect(url)
    try:
        found = await conn.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
    finally:
        await conn.close()
    return {row["relname"] for row in found}


async def test_a_database_gets_the_runtimes_and_the_services_tables(url: str, tmp_path: Path) -> None:
    await asyncio.to_thread(migrate, url, a_service(tmp_path))

    assert {"outbox", "outbox_events", "inbox", "dead_letters", "parked", "idempotency_keys", "notes"} <= await tables(
        url
    )


async def test_migrating_twice_changes_nothing(url: str, tmp_path: Path) -> None:
    await asyncio.to_thread(migrate, url, a_service(tmp_path))
    before = await tables(url)

    await asyncio.to_thread(migrate, url, tmp_path)

    assert await tables(url) == before


async def test_a_migration_of_a_later_version_is_added(url: str, tmp_path: Path) -> None:
    await asyncio.to_thread(migrate, url, tmp_path)
    assert "notes" not in await tables(url)

    await asyncio.to_thread(migrate, url, a_service(tmp_path))

    assert "notes" in await tables(url)


async def test_the_api_and_the_worker_may_both_migrate_at_once(url: str, tmp_path: Path) -> None:
    a_service(tmp_path)

    await asyncio.gather(*(asyncio.to_thread(migrate, url, tmp_path) for _ in range(3)))

    assert "notes" in await tables(url)


async def test_a_broken_migration_changes_nothing_and_says_where_it_broke(url: str, tmp_path: Path) -> None:
    a_service(
        tmp_path, "-- migrate:up\nCREATE TABLE half (id int);\nCREATE TABL oops;\n\n-- migrate:down\nDROP TABLE half;\n"
    )

    with pytest.raises(MigrationFailed, match="TABL"):
        await asyncio.to_thread(migrate, url, tmp_path)

    assert "half" not in await tables(url)


async def test_a_server_that_is_not_there_is_reported_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(MigrationFailed) as failure:
        await asyncio.to_thread(migrate, "postgresql://tinbao:geheim@127.0.0.1:9/tinbao", tmp_path)

    assert str(failure.value)
    assert "geheim" not in str(failure.value)
