"""Checkpoints are notes that other tools can read, signed with a key whose file is the owner's alone."""

import base64
import stat
from pathlib import Path

import pytest
from tinbao_audit.checkpoint import BadCheckpoint, Checkpoint, NotAKey, SigningKey, VerifierKey
from tinbao_audit.log_folder import LogFolder, Overtaken
from tinbao_audit.signing_key import read_signing_key, read_verifier_key, write_new_key

from tests.support.audit import ORIGIN, a_signing_key
from tests.support.tlog_verifier import open_checkpoint

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_KEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
"""The example keys of golang.org/x/mod/sumdb/note, which defined the format."""
PETERS_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETERS_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
ROOT = bytes(range(32))


def test_keys_of_other_tools_are_read_and_sign_alike() -> None:
    key = SigningKey.parse(PETERS_KEY)

    assert str(key.verifier) == PETER
    assert key.text() == PETERS_KEY
    assert base64.b64encode(key.verifier.key_id + key.sign(PETERS_TEXT.encode())).decode() == PETERS_SIGNATURE


def test_a_second_reader_opens_a_signed_checkpoint() -> None:
    key = a_signing_key()

    note = Checkpoint(ORIGIN, 20852163, ROOT).sign(key)

    assert open_checkpoint(note.encode(), str(key.verifier)) == (ORIGIN, 20852163, ROOT)


def test_a_checkpoint_opens_to_what_was_signed() -> None:
    key = a_signing_key()
    checkpoint = Checkpoint(ORIGIN, 5, ROOT)

    assert Checkpoint.open(checkpoint.sign(key), key.verifier) == checkpoint


def test_a_witness_may_add_its_signature() -> None:
    key, witness = a_signing_key(), SigningKey.generate("witness.example")
    checkpoint = Checkpoint(ORIGIN, 5, ROOT)
    signature = base64.b64encode(witness.verifier.key_id + witness.sign(checkpoint.text.encode())).decode()

    note = checkpoint.sign(key) + f"— witness.example {signature}\n"

    assert Checkpoint.open(note, key.verifier) == checkpoint


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_a_changed_character_breaks_the_signature(place: int) -> None:
    key = a_signing_key()
    note = Checkpoint(ORIGIN, 123456, ROOT).sign(key)
    changed = note[:place] + chr(ord(note[place]) ^ 1) + note[place + 1 :]

    with pytest.raises(BadCheckpoint):
        Checkpoint.open(changed, key.verifier)


def test_another_logs_key_opens_nothing() -> None:
    note = Checkpoint(ORIGIN, 5, ROOT).sign(a_signing_key())

    with pytest.raises(BadCheckpoint, match="no signature"):
        Checkpoint.open(note, a_signing_key().verifier)


@pytest.mark.parametrize("note", ["", "\n\n", f"{ORIGIN}\n05\n{'A' * 44}\n\n", "text without signatures\n"])
def test_what_is_no_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(BadCheckpoint):
        Checkpoint.open(note, a_signing_key().verifier)


@pytest.mark.parametrize(
    "text", ["", "a+b", PETERS_KEY, PETER.replace("c74f20a3", "c74f20a4"), "a b+00000000+AQ==", "a+00000000+AQ=="]
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NotAKey):
        VerifierKey.parse(text)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "two\nlines"])
def test_a_key_cannot_have_a_name_that_no_note_may_carry(name: str) -> None:
    with pytest.raises(NotAKey):
        SigningKey.generate(name)


def test_a_new_key_is_readable_by_its_owner_alone_and_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.key"

    vkey = write_new_key(path, ORIGIN)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_signing_key(path).verifier == read_verifier_key(path) == vkey
    with pytest.raises(FileExistsError):
        write_new_key(path, ORIGIN)


def test_a_private_key_is_not_shown_by_accident() -> None:
    key = a_signing_key()

    assert key.seed.hex() not in repr(key)
    assert str(key.seed) not in repr(key)


def test_a_published_checkpoint_is_never_replaced_by_a_smaller_one(tmp_path: Path) -> None:
    key, folder = a_signing_key(), LogFolder(tmp_path)
    folder.publish(large := Checkpoint(ORIGIN, 9, ROOT).sign(key), 9)

    with pytest.raises(Overtaken):
        folder.publish(Checkpoint(ORIGIN, 8, ROOT).sign(key), 8)

    assert folder.note() == large
