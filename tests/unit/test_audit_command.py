"""`tinbao audit`: an auditor's command over files, and an operator's over the key."""

import base64
import os
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from tinbao_audit.checkpoint import SigningKey
from tinbao_local.cli import app
from typer.testing import CliRunner, Result
from uuid_utils.compat import uuid7

from tests.support.audit import a_leaf, a_signing_key, leaves, write_log


def tinbao(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


@pytest.fixture
def key() -> SigningKey:
    return a_signing_key()


def test_a_whole_log_is_called_whole(tmp_path: Path, key: SigningKey) -> None:
    tree = write_log(tmp_path, key, leaves(300))

    result = tinbao("verify", tmp_path, "--vkey", str(key.verifier))

    assert result.exit_code == 0
    assert f"is whole: 300 entries, root {base64.b64encode(tree.root).decode()}" in result.stdout


def test_a_changed_byte_is_said_with_its_place(tmp_path: Path, key: SigningKey) -> None:
    write_log(tmp_path, key, leaves(10))
    tile = tmp_path / "tile/0/000.p/10"
    tile.write_bytes(b"\x00" + tile.read_bytes()[1:])

    result = tinbao("verify", tmp_path, "--vkey", str(key.verifier))

    assert result.exit_code == 1
    assert "tile/0/000.p/10: hash 0 was changed" in result.stderr
    assert "whole" not in result.stdout


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_events_are_found_with_their_tips_salt_and_their_bytes(
    encode: Callable[[bytes], bytes], tmp_path: Path, key: SigningKey
) -> None:
    salt, event_id = b"\xff\xef" * 8, uuid7()
    value = tmp_path / "value.json"
    value.write_bytes(b'{"tip_id": 1}')
    leaf = a_leaf(salt, event_id, sha256(value.read_bytes()).digest())
    write_log(tmp_path / "log", key, [*leaves(4), leaf])
    event = ["--event-id", str(event_id), "--salt", encode(salt).decode()]

    result = tinbao("verify", tmp_path / "log", "--vkey", str(key.verifier), *event, "--value-file", value)
    value.write_bytes(b'{"tip_id": 2}')
    changed = tinbao("verify", tmp_path / "log", "--vkey", str(key.verifier), *event, "--value-file", value)

    assert f"Event {event_id} is entry 4." in result.stdout
    assert result.exit_code == 0
    assert f"event {event_id} is entry 4, and its bytes were others" in changed.stderr
    assert changed.exit_code == 1


def test_an_event_of_no_tip_is_found_without_a_salt(tmp_path: Path, key: SigningKey) -> None:
    event_id, value_hash = uuid7(), os.urandom(32)
    write_log(tmp_path, key, [a_leaf(key.name.encode(), event_id, value_hash)])

    found = ["--event-id", str(event_id), "--value-hash", value_hash.hex()]

    assert tinbao("verify", tmp_path, "--vkey", str(key.verifier), *found).exit_code == 0


def test_a_checkpoint_that_somebody_kept_convicts_a_rewritten_log(tmp_path: Path, key: SigningKey) -> None:
    write_log(tmp_path / "before", key, leaves(5))
    write_log(tmp_path / "after", key, leaves(9))
    kept = tmp_path / "before/checkpoint"

    result = tinbao("verify", tmp_path / "after", "--vkey", str(key.verifier), "--earlier", kept)

    assert result.exit_code == 1
    assert "its first 5 entries are not those of the earlier checkpoint" in result.stderr


@pytest.mark.parametrize(
    "options",
    [["--vkey", "no+key"], ["--vkey", "{key}", "--salt", "%"], ["--vkey", "{key}", "--value-hash", "00"]],
)
def test_what_cannot_be_checked_is_refused_in_a_sentence(options: list[str], tmp_path: Path, key: SigningKey) -> None:
    write_log(tmp_path, key, leaves(1))

    result = tinbao("verify", tmp_path, *(option.format(key=key.verifier) for option in options))

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_a_key_is_made_once_and_its_verifiers_half_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINBAO_HOME", str(tmp_path))

    made = tinbao("new-key", "log.example/phu-tho")
    again = tinbao("new-key")

    assert made.stdout.startswith("log.example/phu-tho+")
    assert tinbao("key").stdout == made.stdout
    assert again.exit_code == 2
    assert "is a key already" in again.stderr
    assert stat.S_IMODE((tmp_path / "keys/audit/log.key").stat().st_mode) == 0o600
