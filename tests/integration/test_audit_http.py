"""The log over HTTP: as clients of tlog-tiles read it, as auditors ask it, and as anybody sees it."""

import base64
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tinbao_audit.main import create_api
from tinbao_contracts.events import StationKeyRevokedV1

from tests.support.audit import AuditWorld, an_audit_world, event_id_of, one_of_each
from tests.support.runtime import Outgoing, a_record, a_withdrawal
from tests.support.servers import PostgresServer
from tests.support.tlog_verifier import (
    check_log,
    hash_of_leaf,
    is_consistent,
    is_included,
    merkle_tree_hash,
    open_checkpoint,
)


@pytest.fixture
async def world(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[AuditWorld]:
    async with an_audit_world(postgres, tmp_path) as world:
        yield world


@pytest.fixture
async def client(world: AuditWorld) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_api(world.settings, world.pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://audit.test") as client:
        yield client


def events(count: int) -> list[Outgoing]:
    return [a_record(a_withdrawal()) for _ in range(count)]


def hashes(encoded: list[str]) -> list[bytes]:
    return [base64.b64decode(each) for each in encoded]


async def fetched(client: httpx.AsyncClient, *paths: str) -> dict[str, bytes]:
    answers = {path: await client.get(f"/{path}") for path in paths}
    return {path: answer.raise_for_status().content for path, answer in answers.items()}


async def test_a_client_of_tlog_tiles_reads_the_whole_log(client: httpx.AsyncClient, world: AuditWorld) -> None:
    await world.take(*events(300))
    await world.grow()
    key = (await client.get("/v1/key")).json()["verifier_key"]

    names = "checkpoint tile/0/000 tile/0/001.p/44 tile/1/000.p/1 tile/entries/000 tile/entries/001.p/44"
    files = await fetched(client, *names.split())

    assert len(check_log(files.__getitem__, key)) == 300


async def test_tiles_may_be_kept_for_ever_and_the_checkpoint_may_not(
    client: httpx.AsyncClient, world: AuditWorld
) -> None:
    await world.take(*events(1))
    await world.grow()

    tile, checkpoint = await client.get("/tile/0/000.p/1"), await client.get("/checkpoint")

    assert tile.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert tile.headers["content-type"] == "application/octet-stream"
    assert checkpoint.headers["cache-control"] == "public, max-age=1"
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "path", ["0/001", "0/000.p/9", "63/000", "0/x000/000", "0/..%2f..%2fcheckpoint", "entries/0", "0/000.p/1/", "x"]
)
async def test_a_tile_that_does_not_exist_is_not_found(path: str, client: httpx.AsyncClient, world: AuditWorld) -> None:
    await world.take(*events(1))
    await world.grow()

    answer = await client.get(f"/tile/{path}")

    assert answer.status_code == 404
    assert answer.json()["type"] == "https://tinbao.org/problems/tile-not-found"
    assert "immutable" not in answer.headers.get("cache-control", "")


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
async def test_an_event_is_found_by_who_has_its_salt_with_proof_to_the_signed_root(
    encode: Callable[[bytes], bytes], client: httpx.AsyncClient, world: AuditWorld
) -> None:
    tip = a_withdrawal().model_copy(update={"log_salt": b"\xff\xef\xbe" * 5 + b"\xfb"})
    record = a_record(tip)
    await world.take(*events(5), record, *events(5))
    await world.grow()

    salt = encode(tip.log_salt).decode()
    found = (await client.post("/v1/entries/find", json={"event_id": str(event_id_of(record)), "salt": salt})).json()

    origin, size, root = open_checkpoint(found["checkpoint"].encode(), str(world.key))
    leaf = hash_of_leaf(found["leaf"].encode())
    assert (origin, size, found["index"]) == (world.key.name, 11, 5)
    assert base64.b64decode(found["leaf_hash"]) == leaf
    assert is_included(leaf, found["index"], size, hashes(found["proof"]), root)


async def test_an_event_of_no_tip_is_found_without_a_salt(client: httpx.AsyncClient, world: AuditWorld) -> None:
    record = a_record(StationKeyRevokedV1(station="08944", key_id="0123456789abcdef"))
    await world.take(record)
    await world.grow()

    found = (await client.post("/v1/entries/find", json={"event_id": str(event_id_of(record))})).json()

    assert json.loads(found["leaf"])["type"] == "StationKeyRevokedV1"


async def test_a_wrong_salt_an_unknown_event_and_one_that_waits_answer_the_same(
    client: httpx.AsyncClient, world: AuditWorld
) -> None:
    tip, waiting = a_withdrawal(), a_withdrawal()
    record, later = a_record(tip), a_record(waiting)
    await world.take(record)
    await world.grow()
    await world.take(later)

    def asked(record: Outgoing, salt: bytes | None) -> dict[str, Any]:
        return {"event_id": str(event_id_of(record)), "salt": base64.b64encode(salt).decode() if salt else None}

    questions = [
        asked(record, os.urandom(16)),
        asked(record, None),
        asked(*(a_record(a_withdrawal()), tip.log_salt)),
        asked(later, waiting.log_salt),
    ]
    answers = [await client.post("/v1/entries/find", json=question) for question in questions]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["type"] == "https://tinbao.org/problems/entry-not-found"


async def test_proofs_are_those_of_the_rfc(client: httpx.AsyncClient, world: AuditWorld) -> None:
    await world.take(*events(300))
    leaves = [hash_of_leaf(entry) for entry in await world.grow()]
    old_root, new_root = merkle_tree_hash(leaves[:123]), merkle_tree_hash(leaves)

    inclusion = (await client.get("/v1/proofs/inclusion", params={"index": 77, "size": 123})).json()
    newest = (await client.get("/v1/proofs/inclusion", params={"index": 77})).json()
    consistency = (await client.get("/v1/proofs/consistency", params={"from": 123, "to": 300})).json()

    assert is_included(leaves[77], 77, 123, hashes(inclusion["proof"]), old_root)
    assert newest["size"] == 300
    assert is_included(leaves[77], 77, 300, hashes(newest["proof"]), new_root)
    assert is_consistent(123, 300, hashes(consistency["proof"]), old_root, new_root)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("inclusion?index=10", 404),
        ("inclusion?index=3&size=11", 404),
        ("inclusion?index=-1", 422),
        ("inclusion?index=99999999999999999999", 422),
        ("consistency?from=5&to=4", 404),
        ("consistency?from=5&to=11", 404),
        ("consistency?to=4", 422),
    ],
)
async def test_what_is_not_in_the_log_cannot_be_proven(
    query: str, status: int, client: httpx.AsyncClient, world: AuditWorld
) -> None:
    await world.take(*events(10))
    await world.grow()

    answer = await client.get(f"/v1/proofs/{query}")

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_before_the_first_checkpoint_the_log_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/checkpoint")

    assert (answer.status_code, answer.json()["type"]) == (503, "https://tinbao.org/problems/not-published")
    page = await client.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "Nhật ký chưa được ký lần nào" in page.text


@pytest.mark.parametrize(
    ("language", "words"),
    [("vi", ["Cán bộ mở xem nội dung", "Trực ban", "Số dòng"]), ("en", ["opened a tip&#39;s text", "Duty officer"])],
)
async def test_anybody_reads_the_latest_lines_and_how_to_check_them(
    language: str, words: list[str], client: httpx.AsyncClient, world: AuditWorld
) -> None:
    everything = one_of_each("08944")
    await world.take(*(a_record(event) for event in everything))
    await world.grow()

    page = await client.get("/", headers={"Accept": "text/html", "Accept-Language": language})

    assert page.status_code == 200
    for word in [*words, "Công an xã Bình Tuyền", str(world.key), "tinbao audit verify"]:
        assert word in page.text
    assert str(getattr(everything[0], "tip_id", "")) not in page.text
    assert "an-officers-subject" not in page.text
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs"])
async def test_it_has_what_every_service_has(path: str, client: httpx.AsyncClient) -> None:
    assert (await client.get(path)).status_code == 200
