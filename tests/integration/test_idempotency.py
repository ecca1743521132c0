"""A repeated request has one effect and one answer; what is stored gives neither key nor answer away."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
from tinbao_runtime import idempotency
from tinbao_runtime.idempotency import IdempotencyKey, KeyReused
from tinbao_runtime.postgres import transaction

from tests.support.runtime import World, a_world
from tests.support.servers import KafkaServer, PostgresServer


@pytest.fixture
async def world(postgres: PostgresServer, kafka: KafkaServer) -> AsyncIterator[World]:
    async with a_world(postgres, kafka) as world:
        yield world


def a_client_key(scope: str = "POST /v1/tips") -> IdempotencyKey:
    return IdempotencyKey(secrets.token_urlsafe(16), scope)


async def request(world: World, key: IdempotencyKey, body: bytes, answer: bytes) -> bytes:
    """One request as an edge serves it: its effect and its claim commit together."""
    async with transaction(world.pool) as conn:
        earlier = await idempotency.claim(conn, key, body, answer)
        if earlier is None:
            await conn.execute("INSERT INTO effects (event_type) VALUES ('effect')")
        return earlier or answer


async def test_the_same_key_and_body_get_the_first_answer(world: World) -> None:
    key = a_client_key()

    answers = [await request(world, key, b"body", answer) for answer in (b"first", b"second")]

    assert answers == [b"first", b"first"]
    assert await world.count("effects") == 1


async def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    key = a_client_key()
    await request(world, key, b"body", b"answer")

    with pytest.raises(KeyReused):
        await request(world, key, b"another", b"answer")

    assert await world.count("effects") == 1


async def test_one_key_on_two_routes_is_two_requests(world: World) -> None:
    text = secrets.token_urlsafe(16)

    assert await request(world, IdempotencyKey(text, "POST /v1/tips"), b"", b"tip") == b"tip"
    assert await request(world, IdempotencyKey(text, "POST /v1/uploads"), b"", b"upload") == b"upload"


async def test_requests_at_the_same_time_have_one_effect_and_one_answer(world: World) -> None:
    key = a_client_key()

    answers = await asyncio.gather(*(request(world, key, b"body", f"answer {n}".encode()) for n in range(8)))

    assert len(set(answers)) == 1
    assert await world.count("effects") == 1


async def test_a_request_that_failed_leaves_its_key_free(world: World) -> None:
    key = a_client_key()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the transaction ends by the exception
        async with transaction(world.pool) as conn:
            await idempotency.claim(conn, key, b"body", b"lost")
            raise ZeroDivisionError

    assert await request(world, key, b"body", b"answer") == b"answer"


async def test_an_answer_is_found_before_the_work_is_done_again(world: World) -> None:
    key = a_client_key()
    async with transaction(world.pool) as conn:
        assert await idempotency.find_answer(conn, key, b"body") is None
    await request(world, key, b"body", b"answer")

    async with transaction(world.pool) as conn:
        assert await idempotency.find_answer(conn, key, b"body") == b"answer"
        with pytest.raises(KeyReused):
            await idempotency.find_answer(conn, key, b"another")


async def test_the_stored_row_holds_neither_key_nor_body_nor_answer(world: World) -> None:
    key = a_client_key()
    await request(world, key, b"the body", b"TB-RECEIPT-CODE")

    (row,) = await world.rows("SELECT * FROM idempotency_keys")

    stored = b"".join(value for value in row.values() if isinstance(value, bytes))
    for secret in (key.text.encode(), b"the body", b"TB-RECEIPT-CODE"):
        assert secret not in stored
