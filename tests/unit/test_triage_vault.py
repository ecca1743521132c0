"""The keys of a deployment: what opens what arrives, and what wraps what stays."""

import os
from pathlib import Path

import pytest
from tinbao_contracts.sealed import Part, Slip
from tinbao_runtime.keys import KeyRing, PrivateKey
from tinbao_runtime.sealing import CannotOpen, NoKey
from tinbao_triage.vault import KEK_FILE, Vault

from tests.support.runtime import a_key
from tests.support.triage import a_slip, a_submitted_tip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Vault.create(tmp_path / "keys")
    return tmp_path / "keys"


def open_slip(vault: Vault, key: PrivateKey) -> Slip:
    tip = a_submitted_tip(key, slip=a_slip(place="Chợ Bá Hiến"))
    keys = vault.data_keys(tip.sealed, tip.tip_id)
    return Slip.model_validate_json(vault.open_slip(tip.sealed, tip.tip_id, keys))


def test_what_it_wraps_it_unwraps_and_the_wrapped_key_shows_nothing_of_it(folder: Path) -> None:
    data_key = os.urandom(32)

    wrapped = Vault.open(folder).wrap(data_key)

    assert data_key not in wrapped
    assert Vault.open(folder).unwrap(wrapped) == data_key


def test_another_deployments_vault_does_not_unwrap(folder: Path, tmp_path: Path) -> None:
    wrapped = Vault.open(folder).wrap(os.urandom(32))
    Vault.create(tmp_path / "other")

    with pytest.raises(CannotOpen):
        Vault.open(tmp_path / "other").unwrap(wrapped)


@pytest.mark.parametrize("wrapped", [b"", b"too short", bytes(40)])
def test_what_is_no_wrapped_key_does_not_open(folder: Path, wrapped: bytes) -> None:
    with pytest.raises(CannotOpen):
        Vault.open(folder).unwrap(wrapped)


def test_it_opens_the_slip_of_what_was_sealed_to_its_key(folder: Path) -> None:
    key = a_key()
    key.write(folder)

    assert open_slip(Vault.open(folder), key).place == "Chợ Bá Hiến"


def test_it_reads_its_folder_again_for_a_key_that_came_later(folder: Path) -> None:
    vault, key = Vault.open(folder), a_key()
    with pytest.raises(NoKey):
        open_slip(vault, key)

    key.write(folder)

    assert open_slip(vault, key).place == "Chợ Bá Hiến"


def test_a_key_file_that_is_half_written_hides_no_other_key(folder: Path) -> None:
    held = a_key()
    held.write(folder)
    vault = Vault.open(folder)
    (folder / "08944-half.key.json").write_text('{"public": {"recip')

    with pytest.raises(NoKey):
        open_slip(vault, a_key())
    assert open_slip(vault, held).place == "Chợ Bá Hiến"


def test_a_tip_without_a_slip_does_not_open(folder: Path) -> None:
    key = a_key()
    key.write(folder)
    vault, tip = Vault.open(folder), a_submitted_tip(key)
    keys = vault.data_keys(tip.sealed, tip.tip_id)
    without = tip.sealed.model_copy(update={"parts": {Part.CONTENT: tip.sealed.parts[Part.CONTENT]}})

    with pytest.raises(CannotOpen):
        vault.open_slip(without, tip.tip_id, keys)


def test_the_key_encryption_key_is_made_once_and_only_its_owner_reads_it(folder: Path) -> None:
    made = (folder / KEK_FILE).read_bytes()

    Vault.create(folder)

    assert (folder / KEK_FILE).read_bytes() == made
    assert len(made) == 32
    assert (folder / KEK_FILE).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_vault_without_a_key_encryption_key_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Vault.open(tmp_path)


def test_a_vault_with_a_cut_key_encryption_key_does_not_open(folder: Path) -> None:
    (folder / KEK_FILE).write_bytes(os.urandom(16))

    with pytest.raises(ValueError, match="32 bytes"):
        Vault.open(folder)


def test_a_ring_reads_no_key_encryption_key_as_a_private_key(folder: Path) -> None:
    assert len(KeyRing.read(folder)) == 0
