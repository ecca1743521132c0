"""A key pair has an id and a validity, rests in one private file, and never shows its private half."""

import base64
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from tinbao_runtime.clock import now
from tinbao_runtime.keys import KeyRing, PrivateKey

from tests.support.runtime import a_key


def test_a_key_is_valid_from_its_first_moment_until_before_its_last() -> None:
    begin = now()
    key = a_key(valid_from=begin).public

    assert key.is_valid_at(begin)
    assert key.is_valid_at(begin + timedelta(days=7) - timedelta(microseconds=1))
    assert not key.is_valid_at(begin + timedelta(days=7))
    assert not key.is_valid_at(begin - timedelta(microseconds=1))


def test_two_keys_of_a_station_have_different_ids() -> None:
    assert a_key("08944").public.key_id != a_key("08944").public.key_id


def test_the_id_follows_from_the_public_key() -> None:
    key = a_key()

    again = PrivateKey.model_validate_json(key.model_dump_json())

    assert again.public.key_id == key.public.key_id
    assert again == key


def test_the_key_file_is_the_owners_alone(tmp_path: Path) -> None:
    path = a_key().write(tmp_path / "keys")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_file_is_never_replaced(tmp_path: Path) -> None:
    key = a_key()
    path = key.write(tmp_path)
    before = path.read_bytes()

    with pytest.raises(FileExistsError):
        key.write(tmp_path)

    assert path.read_bytes() == before


def test_a_ring_reads_all_key_files_of_its_folder(tmp_path: Path) -> None:
    first, second = a_key("08944"), a_key("08905")
    first.write(tmp_path)
    second.write(tmp_path)
    (tmp_path / "key-encryption-key").write_bytes(b"something else")

    ring = KeyRing.read(tmp_path)

    assert len(ring) == 2
    assert ring.get(first.public.key_id)
    assert ring.get(second.public.key_id)
    assert ring.get("unknown") is None


def test_a_file_that_is_no_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / "x.key.json").write_text('{"public": {"recipient": "08944"}, "private_raw": "c2VjcmV0"}')

    with pytest.raises(ValidationError) as failure:
        KeyRing.read(tmp_path)

    assert "c2VjcmV0" not in str(failure.value)


def test_neither_repr_nor_str_shows_the_private_half() -> None:
    key = a_key()
    secret = key.private_raw

    shown = repr(key) + str(key)

    assert repr(secret)[2:20] not in shown
    assert base64.b64encode(secret).decode()[:12] not in shown


def test_bytes_that_are_no_public_key_are_refused() -> None:
    key = a_key().public

    with pytest.raises(ValueError, match=r"X25519"):
        key.model_copy(update={"raw": key.raw[:-1]}).load()
