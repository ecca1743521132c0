"""The log's tree, tiles and proofs, read by a second verifier that was written from the specifications alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinbao_audit.log_folder import LogFolder
from tinbao_audit.log_reader import OutOfLog, read_published
from tinbao_audit.merkle import EMPTY_ROOT, consistency_proof, inclusion_proof, range_root
from tinbao_audit.tiles import NotATile, Tile, pack_entries, tiles_of, unpack_entries
from tinbao_audit.tree import GrowingTree

from tests.support.audit import a_signing_key, leaves, write_log
from tests.support.tlog_verifier import (
    check_log,
    from_folder,
    hash_of_leaf,
    is_consistent,
    is_included,
    merkle_tree_hash,
    resource,
)

HASHES = [hash_of_leaf(bytes([n])) for n in range(200)]


def subtree(height: int, position: int) -> bytes:
    return merkle_tree_hash(HASHES[position << height : (position + 1) << height])


@given(st.integers(0, 200))
def test_a_root_is_the_one_that_the_rfc_defines(size: int) -> None:
    assert range_root(subtree, 0, size) == merkle_tree_hash(HASHES[:size])


@given(st.integers(1, 200).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_an_inclusion_proof_leads_to_the_root_and_no_other_leaf_does(place: tuple[int, int]) -> None:
    index, size = place

    proof = inclusion_proof(subtree, index, size)

    root = merkle_tree_hash(HASHES[:size])
    assert is_included(HASHES[index], index, size, proof, root)
    assert not is_included(hash_of_leaf(b"another"), index, size, proof, root)


@given(st.integers(2, 200).flatmap(lambda size: st.tuples(st.integers(1, size - 1), st.just(size))))
def test_a_consistency_proof_joins_two_trees_and_no_third(sizes: tuple[int, int]) -> None:
    old, new = sizes

    proof = consistency_proof(subtree, old, new)

    old_root, new_root = merkle_tree_hash(HASHES[:old]), merkle_tree_hash(HASHES[:new])
    assert is_consistent(old, new, proof, old_root, new_root)
    assert not is_consistent(old, new, proof, hash_of_leaf(b"another"), new_root)


def test_nothing_needs_to_be_shown_between_equal_trees_or_from_an_empty_one() -> None:
    assert consistency_proof(subtree, 7, 7) == consistency_proof(subtree, 0, 7) == []


def test_an_empty_tree_has_the_root_of_the_rfc() -> None:
    assert GrowingTree().root == EMPTY_ROOT == merkle_tree_hash([])


@pytest.mark.parametrize("number", [0, 7, 999, 1000, 1234067, 10**9])
@pytest.mark.parametrize("width", [1, 255, 256])
def test_a_tile_is_called_as_the_specification_says(number: int, width: int) -> None:
    name = Tile(3, number, width).name

    assert name == resource("3", number, width)
    assert Tile.named(name) == Tile(3, number, width)


def test_the_example_of_the_specification_has_its_name() -> None:
    assert Tile(None, 1234067).name == "tile/entries/x001/x234/067"


@pytest.mark.parametrize(
    "name",
    [
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/07",
        "tile/0/../../secrets",
        "tile/leaves/000",
        "tile/0/000\n",
    ],
)
def test_no_other_spelling_is_a_tile(name: str) -> None:
    with pytest.raises(NotATile):
        Tile.named(name)


def test_the_example_tree_of_the_specification_has_its_tiles() -> None:
    tiles = [tile for tile in tiles_of(70_000) if tile.level is not None]

    partial = [(tile.level, tile.width) for tile in tiles if tile.width < 256]
    full = [tile.level for tile in tiles if tile.width == 256]
    assert (full.count(0), full.count(1), partial) == (273, 1, [(0, 112), (1, 17), (2, 1)])


def test_a_tree_of_one_full_tile_has_a_partial_one_above_it() -> None:
    assert [tile.name for tile in tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_entries_come_out_of_a_bundle_as_they_went_in(entries: list[bytes]) -> None:
    assert unpack_entries(pack_entries(entries)) == entries


@pytest.mark.parametrize("packed", [b"\x00", b"\x00\x02a", b"\x00\x01a\x00"])
def test_a_bundle_that_is_cut_off_is_refused(packed: bytes) -> None:
    with pytest.raises(NotATile):
        unpack_entries(packed)


@pytest.mark.parametrize("batches", [(0,), (1,), (255, 1), (256, 1), (100, 200, 300), (1, 1, 1, 700)])
def test_a_second_verifier_accepts_every_tile(batches: tuple[int, ...], tmp_path: Path) -> None:
    key = a_signing_key()
    added = [leaves(count) for count in batches]
    write_log(tmp_path, key, *added)

    entries = check_log(from_folder(tmp_path), str(key.verifier))

    assert entries == [leaf for batch in added for leaf in batch]


def test_a_log_with_a_third_level_of_tiles_is_accepted(tmp_path: Path) -> None:
    key = a_signing_key()
    write_log(tmp_path, key, [b"%d" % n for n in range(65_536 + 300)])

    assert (tmp_path / "tile/2/000.p/1").exists()
    assert len(check_log(from_folder(tmp_path), str(key.verifier))) == 65_836


def test_the_files_give_proofs_for_every_size_that_was_published(tmp_path: Path) -> None:
    key = a_signing_key()
    tree = write_log(tmp_path, key, leaves(300), leaves(400))

    log = read_published(LogFolder(tmp_path), key.verifier)

    old_root = log.root(300)
    assert log.root(700) == tree.root
    assert is_consistent(300, 700, log.consistency_proof(300, 700), old_root, tree.root)
    for index in (0, 255, 256, 299):
        proof = log.inclusion_proof(index, 300)
        assert is_included(hash_of_leaf(log.entry(index)), index, 300, proof, old_root)


@pytest.mark.parametrize(("index", "size"), [(10, 10), (-1, 5), (3, 11)])
def test_no_proof_is_made_of_what_is_not_published(index: int, size: int, tmp_path: Path) -> None:
    key = a_signing_key()
    write_log(tmp_path, key, leaves(10))

    with pytest.raises(OutOfLog):
        read_published(LogFolder(tmp_path), key.verifier).inclusion_proof(index, size)


def test_partial_tiles_go_once_the_full_one_is_published(tmp_path: Path) -> None:
    write_log(tmp_path, a_signing_key(), leaves(200), leaves(100))

    assert not (tmp_path / "tile/0/000.p").exists()
    assert (tmp_path / "tile/0/000").exists()
    assert (tmp_path / "tile/0/001.p/44").exists()
