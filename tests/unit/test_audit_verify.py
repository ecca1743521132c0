"""The offline verifier needs the files alone, and says where a byte was changed."""

import os
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from tinbao_audit.checkpoint import SigningKey
from tinbao_audit.log_folder import LogFolder
from tinbao_audit.verify_log import Claim, Report, verify_log
from uuid_utils.compat import uuid7

from tests.support.audit import a_leaf, a_signing_key, leaves, write_log

SIZES = (200, 90, 310)
"""The last signed tree has 600 entries: bundles 000, 001 and 002.p/88."""


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return a_signing_key()


@pytest.fixture
def log(tmp_path: Path, key: SigningKey) -> Path:
    write_log(tmp_path, key, *(leaves(count) for count in SIZES))
    return tmp_path


def change(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def place_of(entry: int, path: Path) -> int:
    """Where an entry's text begins in its bundle."""
    content, place = path.read_bytes(), 0
    for _ in range(entry):
        place += 2 + int.from_bytes(content[place : place + 2], "big")
    return place + 2


def faults(log: Path, key: SigningKey) -> list[str]:
    return verify_log(log, key.verifier).faults


def test_a_log_that_nobody_touched_is_whole(log: Path, key: SigningKey) -> None:
    report = verify_log(log, key.verifier)

    assert report.is_whole
    assert report.size == sum(SIZES)


def test_an_empty_log_is_whole(tmp_path: Path, key: SigningKey) -> None:
    write_log(tmp_path, key, [])

    assert verify_log(tmp_path, key.verifier) == Report()


@pytest.mark.parametrize(
    ("entry", "bundle", "tile"),
    [
        (0, "tile/entries/000", "tile/0/000"),
        (255, "tile/entries/000", "tile/0/000"),
        (256, "tile/entries/001", "tile/0/001"),
        (599, "tile/entries/002.p/88", "tile/0/002.p/88"),
    ],
)
def test_a_changed_entry_is_named(entry: int, bundle: str, tile: str, log: Path, key: SigningKey) -> None:
    change(log / bundle, place_of(entry % 256, log / bundle) + 20)

    assert faults(log, key) == [
        "checkpoint: the entries do not give the signed root",
        f"{bundle}: entry {entry} was changed; it does not hash to what {tile} says of {entry}",
    ]


def test_a_changed_length_of_an_entry_is_named(log: Path, key: SigningKey) -> None:
    bundle = log / "tile/entries/001"
    change(bundle, place_of(7, bundle) - 2)

    (fault,) = faults(log, key)
    assert fault.startswith("tile/entries/001: ")
    assert "entry 263 is the first that was changed" in fault


@pytest.mark.parametrize(
    ("tile", "hash_"), [("tile/0/000", 3), ("tile/0/001", 300), ("tile/0/002.p/88", 599), ("tile/1/000.p/2", 1)]
)
def test_a_changed_hash_is_named(tile: str, hash_: int, log: Path, key: SigningKey) -> None:
    change(log / tile, hash_ % 256 * 32)

    assert faults(log, key) == [f"{tile}: hash {hash_} was changed; the entries that were signed give another one"]


def test_a_changed_byte_in_any_file_is_noticed_in_that_file(log: Path, key: SigningKey) -> None:
    for name in [*LogFolder(log).names()]:
        before = (log / name).read_bytes()
        for place in (0, len(before) // 2, len(before) - 1):
            change(log / name, place)
            assert any(name in fault for fault in faults(log, key)), (name, place)
            (log / name).write_bytes(before)
    assert faults(log, key) == []


def test_an_entry_changed_together_with_its_tile_is_found_a_level_higher(log: Path, key: SigningKey) -> None:
    forged = a_leaf()
    bundle, tile = log / "tile/entries/000", log / "tile/0/000"
    first = place_of(0, bundle)
    entries, hashes = bytearray(bundle.read_bytes()), bytearray(tile.read_bytes())
    entries[first : first + len(forged)], hashes[:32] = forged, sha256(b"\x00" + forged).digest()
    bundle.write_bytes(entries)
    tile.write_bytes(hashes)

    assert faults(log, key) == [
        "checkpoint: the entries do not give the signed root",
        "tile/0/000: something in it was changed; it does not hash to what tile/1/000.p/2 says of 0",
    ]


def test_a_changed_checkpoint_is_not_signed(log: Path, key: SigningKey) -> None:
    change(log / "checkpoint", len("test.invalid/log\n"))

    assert faults(log, key) == ["checkpoint: the signature does not belong to this text"]


@pytest.mark.parametrize("name", ["tile/entries/001", "tile/0/002.p/88", "tile/1/000.p/2"])
def test_a_missing_file_is_named(name: str, log: Path, key: SigningKey) -> None:
    (log / name).unlink()

    assert faults(log, key) == [f"{name}: the file is missing"]


def test_a_file_that_no_log_has_is_named(log: Path, key: SigningKey) -> None:
    (log / "tile/0/notes.txt").write_text("")

    assert faults(log, key) == ["tile/0/notes.txt: a log has no such file"]


@pytest.mark.parametrize("tile", ["tile/0/000", "tile/entries/000"])
def test_bytes_that_were_added_are_noticed(tile: str, log: Path, key: SigningKey) -> None:
    with (log / tile).open("ab") as file:
        file.write(b"\x00" * 32)

    assert [fault for fault in faults(log, key) if fault.startswith(tile)]


def test_what_is_durable_and_not_signed_yet_is_no_fault(tmp_path: Path, key: SigningKey) -> None:
    tree = write_log(tmp_path, key, leaves(100), leaves(500))

    LogFolder(tmp_path).write({**tree.append(leaves(300)), **tree.edge()})

    report = verify_log(tmp_path, key.verifier)
    assert (report.size, report.faults) == (600, [])


def a_claim(salt: bytes) -> Claim:
    return Claim(uuid7(), salt, os.urandom(32))


def test_the_holder_of_a_tips_salt_finds_its_events(tmp_path: Path, key: SigningKey) -> None:
    salt = os.urandom(16)
    claims = [a_claim(salt), a_claim(salt)]
    its_leaves = [a_leaf(salt, claim.event_id, claim.value_hash) for claim in claims]
    write_log(tmp_path, key, [*leaves(7), *its_leaves, *leaves(3)])

    report = verify_log(tmp_path, key.verifier, claims)

    assert report.is_whole
    assert report.found == {claims[0].event_id: 7, claims[1].event_id: 8}


def test_another_salt_finds_nothing(tmp_path: Path, key: SigningKey) -> None:
    claim = a_claim(os.urandom(16))
    write_log(tmp_path, key, [a_leaf(claim.salt, claim.event_id, claim.value_hash)])

    report = verify_log(tmp_path, key.verifier, [Claim(claim.event_id, os.urandom(16))])

    assert report.faults == [f"event {claim.event_id} is not in the log under this salt"]


def test_an_event_whose_bytes_were_others_is_named(tmp_path: Path, key: SigningKey) -> None:
    claim = a_claim(os.urandom(16))
    write_log(tmp_path, key, [a_leaf(claim.salt, claim.event_id, claim.value_hash)])

    report = verify_log(tmp_path, key.verifier, [Claim(claim.event_id, claim.salt, os.urandom(32))])

    assert report.faults == [f"event {claim.event_id} is entry 0, and its bytes were others"]


def test_an_event_that_is_in_the_log_twice_is_noticed(tmp_path: Path, key: SigningKey) -> None:
    leaf = a_leaf()
    write_log(tmp_path, key, [leaf, a_leaf(), leaf])

    assert faults(tmp_path, key) == ["entry 2 repeats the event of entry 0"]


def test_a_log_goes_on_from_the_checkpoint_that_somebody_kept(tmp_path: Path, key: SigningKey) -> None:
    first = leaves(300)
    write_log(tmp_path / "before", key, first)
    kept = (tmp_path / "before/checkpoint").read_text()
    write_log(tmp_path / "after", key, first, leaves(100))

    assert verify_log(tmp_path / "after", key.verifier, earlier=[kept]).is_whole


@pytest.mark.parametrize(
    ("now_in_it", "fault"),
    [
        (lambda first: first[:200], "the log has lost entries: it had 300 and now has 200"),
        (
            lambda first: [*leaves(1), *first[1:], *leaves(1)],
            "the log is another one: its first 300 entries are not those of the earlier checkpoint",
        ),
    ],
)
def test_a_history_that_was_rewritten_and_signed_anew_is_found_by_who_kept_a_checkpoint(
    now_in_it: Callable[[list[bytes]], list[bytes]], fault: str, tmp_path: Path, key: SigningKey
) -> None:
    first = leaves(300)
    write_log(tmp_path / "before", key, first)
    kept = (tmp_path / "before/checkpoint").read_text()
    write_log(tmp_path / "after", key, now_in_it(first))

    assert verify_log(tmp_path / "after", key.verifier).is_whole
    assert verify_log(tmp_path / "after", key.verifier, earlier=[kept]).faults == [fault]


def test_the_verifier_needs_no_server_and_no_service() -> None:
    loaded = "import sys, tinbao_audit.verify_log; print(*sys.modules)"

    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()

    assert not {"asyncpg", "aiokafka", "fastapi", "uvicorn", "structlog"} & set(modules)
