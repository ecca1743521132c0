"""Sealed content opens for its recipients, where it belongs, unaltered, and for nobody and nowhere else."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st
from tinbao_contracts.sealed import Part, Sealed
from tinbao_runtime import sealing
from tinbao_runtime.keys import KeyRing, PrivateKey
from tinbao_runtime.sealing import CannotOpen, NoKey, SealedFor
from uuid_utils.compat import uuid7

from tests.support.runtime import a_key

WORDS: Mapping[Part, bytes] = {Part.SLIP: b'{"place":"cho Huong Canh"}', Part.CONTENT: "trộm xe máy".encode()}
TIP = uuid7()
STATION, PROVINCE, RECOVERY = a_key("08944"), a_key("25"), a_key("recovery")


def seal(*recipients: PrivateKey, tip_id: UUID = TIP, version: int = 1) -> Sealed:
    return sealing.seal(WORDS, SealedFor(tip_id, "08944", version), [key.public for key in recipients])


def unseal(sealed: Sealed, *keys: PrivateKey, tip_id: UUID = TIP) -> dict[Part, bytes]:
    opened = sealing.open_data_keys(sealed, tip_id, KeyRing(keys))
    return {part: sealing.open_part(sealed, part, tip_id, key) for part, key in opened.items()}


@pytest.mark.parametrize("key", [STATION, PROVINCE, RECOVERY], ids=lambda key: key.public.recipient)
def test_each_recipient_opens_all_parts_with_its_own_key(key: PrivateKey) -> None:
    sealed = seal(STATION, PROVINCE, RECOVERY)

    assert unseal(sealed, key) == WORDS


def test_a_ring_of_many_keys_finds_the_one_that_opens() -> None:
    assert unseal(seal(STATION, RECOVERY), a_key(), a_key("25"), STATION) == WORDS


def test_nobody_else_opens_it() -> None:
    with pytest.raises(NoKey):
        unseal(seal(STATION, RECOVERY), PROVINCE, a_key("08944"))


def test_a_holder_without_its_grant_does_not_open_it() -> None:
    sealed = sealing.with_grants_for(seal(STATION, PROVINCE, RECOVERY), "25", "recovery")

    assert unseal(sealed, PROVINCE) == WORDS
    with pytest.raises(NoKey):
        unseal(sealed, STATION)


def test_it_does_not_open_for_another_tip() -> None:
    with pytest.raises(CannotOpen):
        unseal(seal(STATION), STATION, tip_id=uuid7())


@pytest.mark.parametrize("moved", [{"station": "08905"}, {"version": 2}])
def test_it_does_not_open_after_moving_to_another_station_or_version(moved: dict[str, object]) -> None:
    with pytest.raises(CannotOpen):
        unseal(seal(STATION).model_copy(update=moved), STATION)


def test_a_part_is_bound_to_its_place_even_for_who_has_its_key() -> None:
    sealed = seal(STATION)
    keys = sealing.open_data_keys(sealed, TIP, KeyRing([STATION]))

    for station, version in (("08905", 1), ("08944", 2)):
        moved = sealed.model_copy(update={"station": station, "version": version})
        with pytest.raises(CannotOpen):
            sealing.open_part(moved, Part.CONTENT, TIP, keys[Part.CONTENT])
    with pytest.raises(CannotOpen):
        sealing.open_part(sealed, Part.CONTENT, uuid7(), keys[Part.CONTENT])


def test_the_slips_key_does_not_open_the_content() -> None:
    sealed = seal(STATION)
    keys = sealing.open_data_keys(sealed, TIP, KeyRing([STATION]))

    with pytest.raises(CannotOpen):
        sealing.open_part(sealed, Part.CONTENT, TIP, keys[Part.SLIP])


def test_parts_cannot_be_exchanged() -> None:
    sealed = seal(STATION)
    exchanged = {Part.SLIP: sealed.parts[Part.CONTENT], Part.CONTENT: sealed.parts[Part.SLIP]}

    with pytest.raises(CannotOpen):
        unseal(sealed.model_copy(update={"parts": exchanged}), STATION)


def test_a_part_that_is_not_there_cannot_be_opened() -> None:
    sealed = seal(STATION).model_copy(update={"parts": {}})

    with pytest.raises(CannotOpen):
        sealing.open_part(sealed, Part.SLIP, TIP, bytes(32))


@given(position=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_changed_bit_anywhere_is_noticed(position: int, bit: int) -> None:
    sealed = seal(STATION)
    whole = sealed.parts[Part.CONTENT] + sealed.grants[0].sealed
    place, changed = position % len(whole), bytearray(whole)
    changed[place] ^= 1 << bit
    length = len(sealed.parts[Part.CONTENT])
    parts = {**sealed.parts, Part.CONTENT: bytes(changed[:length])}
    grant = sealed.grants[0].model_copy(update={"sealed": bytes(changed[length:])})

    with pytest.raises(CannotOpen):
        unseal(sealed.model_copy(update={"parts": parts, "grants": (grant,)}), STATION)


@pytest.mark.parametrize("length", [0, 1, 27, 1000])
def test_a_shortened_grant_or_part_is_noticed(length: int) -> None:
    sealed = seal(STATION)
    grant = sealed.grants[0].model_copy(update={"sealed": sealed.grants[0].sealed[:length]})

    with pytest.raises(CannotOpen):
        unseal(sealed.model_copy(update={"grants": (grant,)}), STATION)
    with pytest.raises(CannotOpen):
        sealing.decrypt(bytes(32), sealed.parts[Part.SLIP][:length], b"")


@given(st.binary(max_size=2000), st.binary(max_size=40))
def test_what_was_encrypted_comes_back_exactly(plaintext: bytes, bound: bytes) -> None:
    key = bytes(range(32))

    assert sealing.decrypt(key, sealing.encrypt(key, plaintext, bound), bound) == plaintext


@pytest.mark.parametrize(("shorter", "longer"), [(0, 254), (255, 509), (510, 764)])
def test_lengths_show_only_in_steps_of_255_bytes(shorter: int, longer: int) -> None:
    def length(n: int) -> int:
        return len(sealing.encrypt(bytes(32), b"x" * n, b""))

    assert length(shorter) == length(longer)
    assert length(longer + 1) == length(longer) + 255


def test_the_same_words_look_different_each_time() -> None:
    first, second = seal(STATION), seal(STATION)

    assert first.parts != second.parts
    assert first.grants != second.grants


def test_a_grant_is_plain_hpke_that_anybody_can_check() -> None:
    """Opened here with the library alone, as `Grant` and the module describe it."""
    sealed = seal(STATION, RECOVERY)
    key_id = STATION.public.key_id
    info = f"tinbao/1\ngrant 08944 {key_id}\n{TIP}\n08944\n1".encode()

    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    keys = suite.decrypt(sealed.grants[0].sealed, STATION.load(), info=info)

    assert len(keys) == 64
    assert sealing.open_part(sealed, Part.CONTENT, TIP, keys[:32]) == WORDS[Part.CONTENT]
    assert sealing.open_part(sealed, Part.SLIP, TIP, keys[32:]) == WORDS[Part.SLIP]


def test_it_survives_the_way_as_json() -> None:
    sealed = seal(STATION)

    assert unseal(Sealed.model_validate_json(sealed.model_dump_json()), STATION) == WORDS


def test_a_wrapped_data_key_opens_with_its_own_key_encryption_key_only() -> None:
    wrapped = sealing.wrap_key(b"k" * 32, b"d" * 32)

    assert sealing.unwrap_key(b"k" * 32, wrapped) == b"d" * 32
    with pytest.raises(CannotOpen):
        sealing.unwrap_key(b"K" * 32, wrapped)
    with pytest.raises(CannotOpen):
        sealing.unwrap_key(b"k" * 32, wrapped[:-8] + bytes(8))


def test_errors_say_nothing_of_the_content() -> None:
    with pytest.raises(CannotOpen) as failure:
        unseal(seal(STATION), STATION, tip_id=uuid7())

    assert str(failure.value) == "a grant was altered"
    assert failure.value.__cause__ is None
