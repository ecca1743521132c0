"""What a database administrator of a station can read: the slip, and no other word of a tip or about it."""

import base64
from io import BytesIO
from pathlib import Path

from tinbao_contracts.events import Outcome
from tinbao_contracts.sealed import Contact
from tinbao_runtime.postgres import Connection

from tests.support.servers import PostgresServer
from tests.support.triage import (
    HA,
    VERIFYING,
    Deployment,
    a_content,
    a_deployment,
    a_request_key,
    a_slip,
    a_submitted_tip,
    a_supplement,
)

SECRETS = {
    "the text": "chu-cua-nguoi-bao-7f3a",
    "when it happened": "gio-xay-ra-19c2",
    "the reporter's name": "ten-nguoi-bao-55d1",
    "the reporter's phone": "+84912345678",
    "the reporter's e-mail": "thu-nguoi-bao@example.org",
    "an addition": "chu-bo-sung-e802",
    "an addition that waits": "chu-cho-khoa-0b6d",
    "an answer": "chu-tra-loi-3c9e",
    "the last answer": "chu-cuoi-cung-a44f",
    "a note": "chu-ghi-chu-d710",
    "a note of a view": "ly-do-ghi-them-6e21",
}


async def everything(conn: Connection) -> bytes:
    """All rows of all tables, as COPY writes them: bytea as hexadecimal digits."""
    tables = await conn.fetch("SELECT oid::regclass::text AS name FROM pg_class WHERE relkind IN ('r', 'S')")
    dump = BytesIO()
    for table in tables:
        if not table["name"].startswith(("pg_", "information_schema.")):
            dump.write(f"\n{table['name']}\n".encode())
            await conn.copy_from_query(f"SELECT * FROM {table['name']}", output=dump)  # noqa: S608 - names of our tables
    return dump.getvalue()


def ways_to_write(word: str) -> list[bytes]:
    plain = word.encode()
    in_base64 = [base64.b64encode(plain[skip:])[: len(plain) - 4] for skip in range(3)]
    return [way for written in (plain, *in_base64) for way in (written, written.hex().encode())]


async def a_whole_life(station: Deployment) -> None:
    contact = Contact(
        name=SECRETS["the reporter's name"],
        phone=SECRETS["the reporter's phone"],
        email=SECRETS["the reporter's e-mail"],
    )
    content = a_content(SECRETS["the text"], happened_at=SECRETS["when it happened"], contact=contact)
    tip = await station.classified_tip(content=content, slip=a_slip(place="cho-tren-phieu-81aa"))
    unknown = a_submitted_tip(station.key)
    await station.take(
        a_supplement(tip, station.key, SECRETS["an addition"]),
        a_supplement(unknown, station.key, SECRETS["an addition that waits"]),
    )
    await station.duties.open_content(HA, tip.tip_id, VERIFYING, SECRETS["a note of a view"])
    await station.duties.answer(HA, tip.tip_id, SECRETS["an answer"], a_request_key())
    await station.duties.note(HA, tip.tip_id, SECRETS["a note"], a_request_key("notes"))
    await station.close(tip, Outcome.TRANSFERRED, SECRETS["the last answer"])


async def test_no_word_but_the_slips_is_in_any_column_of_any_table(postgres: PostgresServer, tmp_path: Path) -> None:
    async with a_deployment(postgres, tmp_path / "keys") as station:
        await a_whole_life(station)
        async with station.transaction() as conn:
            dump = await everything(conn)

    assert b"cho-tren-phieu-81aa" in dump, "or the dump shows nothing at all"
    assert b"CaseClosedV1" in dump
    assert b"\nwritings\n" in dump
    found = [what for what, word in SECRETS.items() for written in ways_to_write(word) if written in dump]
    assert found == []


async def test_the_search_for_words_finds_them_in_whichever_way_they_are_kept(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    word = SECRETS["the text"]
    async with a_deployment(postgres, tmp_path / "keys") as station, station.transaction() as conn:
        for kept in (
            word.encode(),
            base64.b64encode(b'{"text": "' + word.encode()),
            b"x" + base64.b64encode(word.encode()),
        ):
            await conn.execute("TRUNCATE parked")
            await conn.execute(
                'INSERT INTO parked (event_id, event_type, topic, partition, "offset", headers, value)'
                " VALUES (gen_random_uuid(), 'x', 'x', 0, 0, '', $1)",
                kept,
            )
            dump = await everything(conn)
            assert [written for written in ways_to_write(word) if written in dump], kept
