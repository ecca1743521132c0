"""What an idempotency key turns into: nothing that leads back to it."""

from hashlib import sha256

import pytest
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.sealing import CannotOpen

KEY = IdempotencyKey("k" * 22, "POST /v1/tips")


def test_the_hash_is_stable_and_depends_on_key_and_scope() -> None:
    others = {IdempotencyKey("k" * 22, "POST /v1/uploads").hash(), IdempotencyKey("l" * 22, KEY.scope).hash()}

    assert KEY.hash() == IdempotencyKey("k" * 22, "POST /v1/tips").hash()
    assert KEY.hash() not in others
    assert len(others) == 2


def test_the_bodys_mac_cannot_be_computed_without_the_key() -> None:
    body = b'{"text":"a guess"}'

    assert KEY.mac(body) == KEY.mac(body)
    assert KEY.mac(body) != KEY.mac(body + b" ")
    assert KEY.mac(body) != IdempotencyKey("l" * 22, KEY.scope).mac(body)
    assert KEY.mac(body) != sha256(body).digest()


def test_an_answer_opens_with_its_own_key_only() -> None:
    stored = KEY.encrypt(b"TB-CODE")

    assert KEY.decrypt(stored) == b"TB-CODE"
    with pytest.raises(CannotOpen):
        IdempotencyKey("l" * 22, KEY.scope).decrypt(stored)


def test_an_answer_moved_to_another_route_does_not_open() -> None:
    with pytest.raises(CannotOpen):
        IdempotencyKey(KEY.text, "POST /v1/uploads").decrypt(KEY.encrypt(b"TB-CODE"))
