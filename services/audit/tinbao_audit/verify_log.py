"""The offline verifier: the log's folder and the verifier's key, and nothing else.

It believes no file: entries are hashed anew, every tile is computed from them, and the root must be the signed one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from tinbao_audit.checkpoint import BadCheckpoint, Checkpoint, VerifierKey
from tinbao_audit.commitment import Commitment, commit_to_id
from tinbao_audit.leaf import Leaf, NotALeaf
from tinbao_audit.log_folder import LogFolder
from tinbao_audit.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash, root_of
from tinbao_audit.tiles import WIDTH, NotATile, Tile, pack_entries, tiles_of, unpack_entries


@dataclass(frozen=True, slots=True)
class Claim:
    """An event that somebody says is in the log. Without `value_hash` only its id is looked for."""

    event_id: UUID
    salt: bytes
    value_hash: bytes | None = None


@dataclass(slots=True)
class Report:
    """`faults` say where, one sentence each; a log without any is whole."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    faults: list[str] = field(default_factory=list)
    found: dict[UUID, int] = field(default_factory=dict)
    """Where the claimed events stand."""

    @property
    def is_whole(self) -> bool:
        return not self.faults


def verify_log(path: Path, key: VerifierKey, claims: Sequence[Claim] = (), earlier: Sequence[str] = ()) -> Report:
    """Check all of a log's folder, that each claimed event is in it, and that it goes on from `earlier` checkpoints.

    Holds all entries in memory.
    """
    folder = LogFolder(path)
    try:
        head = Checkpoint.open(folder.note() or "", key)
    except (BadCheckpoint, UnicodeDecodeError) as error:
        return Report(faults=[f"checkpoint: {error}"])
    report = Report(head.size, head.root)
    entries = list(_entries(folder, head.size, report.faults))
    if not report.faults:
        tree = _Tree.of(entries)
        report.faults += _check_tree(folder, head, tree)
        report.faults += _check_earlier(earlier, key, tree)
    if not report.faults:
        _find(claims, entries, report)
    return report


@dataclass(frozen=True, slots=True)
class _Tree:
    """Computed from the entries. A level's hashes are of full tiles of the level below."""

    entries: Sequence[bytes]
    levels: Sequence[Sequence[bytes]]

    @classmethod
    def of(cls, entries: Sequence[bytes]) -> "_Tree":
        levels = [[leaf_hash(entry) for entry in entries]]
        while len(levels[-1]) >= WIDTH:
            below = levels[-1]
            levels.append([root_of(below[i : i + WIDTH]) for i in range(0, len(below) - WIDTH + 1, WIDTH)])
        return cls(entries, levels)

    def root(self, size: int) -> bytes:
        """Of its first `size` entries."""
        root = None
        for level, hashes in enumerate(self.levels):
            count = size >> 8 * level
            if nodes := [*hashes[count - count % WIDTH : count], *([root] if root else [])]:
                root = root_of(nodes)
        return root or EMPTY_ROOT

    def parts(self, tile: Tile) -> list[bytes]:
        """What a tile or bundle is made of, as far as the signed tree goes: hashes, or entries with their lengths."""
        if tile.level is None:
            return [pack_entries([entry]) for entry in self.entries[tile.first : tile.first + tile.width]]
        hashes = self.levels[tile.level] if tile.level < len(self.levels) else []
        return list(hashes[tile.first : tile.first + tile.width])


def _entries(folder: LogFolder, size: int, faults: list[str]) -> Iterator[bytes]:
    for tile in tiles_of(size):
        if tile.level is None:
            try:
                yield from _unpack(folder, tile)
            except FileNotFoundError:
                faults.append(f"{tile.name}: the file is missing")
            except NotATile as error:
                faults.append(f"{tile.name}: {error}{_first_other_entry(folder, tile)}")


def _unpack(folder: LogFolder, tile: Tile) -> list[bytes]:
    entries = unpack_entries(_read(folder, tile))
    if len(entries) < tile.width:
        raise NotATile(f"it has {len(entries)} entries and should have {tile.width}")
    return entries[: tile.width]


def _first_other_entry(folder: LogFolder, bundle: Tile) -> str:
    """Where a bundle that cannot be read went wrong: the first entry that does not hash to what its tile says."""
    packed, place = _read(folder, bundle), 0
    try:
        hashes = _read(folder, Tile(0, bundle.number, bundle.width))
    except FileNotFoundError:
        return ""
    for position in range(bundle.width):
        end = place + 2 + int.from_bytes(packed[place : place + 2], "big")
        if leaf_hash(packed[place + 2 : end]) != hashes[position * HASH_BYTES : (position + 1) * HASH_BYTES]:
            return f"; entry {bundle.first + position} is the first that was changed"
        place = end
    return ""


def _check_tree(folder: LogFolder, head: Checkpoint, tree: _Tree) -> Iterator[str]:
    if tree.root(head.size) == head.root:
        yield from _check_files(folder, head, tree)
    else:
        yield "checkpoint: the entries do not give the signed root"
        yield from _find_changed(folder, head, tree)


def _check_files(folder: LogFolder, head: Checkpoint, tree: _Tree) -> Iterator[str]:
    """The entries are the signed ones, so every other file must be what follows from them."""
    for tile in tiles_of(head.size):
        if not (folder.has(tile) or folder.has(tile.full)):
            yield f"{tile.name}: the file is missing"
    for name in folder.names():
        try:
            tile = Tile.named(name)
        except NotATile:
            if "/." not in name:
                yield f"{name}: a log has no such file"
        else:
            yield from _compare(tile, folder.read(tile), tree.parts(tile))


def _compare(tile: Tile, content: bytes, parts: Sequence[bytes]) -> Iterator[str]:
    """What is beyond the signed tree is not judged: files are durable before their tree is signed."""
    place = 0
    for position, part in enumerate(parts):
        if content[place : place + len(part)] != part:
            yield f"{tile.name}: {_part(tile, position)} was changed; the entries that were signed give another one"
            return
        place += len(part)
    if len(parts) == tile.width and place != len(content):
        yield f"{tile.name}: it has {len(content) - place} bytes too many"


def _find_changed(folder: LogFolder, head: Checkpoint, tree: _Tree) -> Iterator[str]:
    """The tiles remember what the entries were. The lowest level that does not follow from the one below says where."""
    for level in range(len(tree.levels)):
        places = list(_differences(folder, level, head.size, tree))
        for tile, position in places:
            below = Tile(level - 1, position) if level else Tile(None, tile.number, tile.width)
            what = "something in it" if level else f"entry {position}"
            yield f"{below.name}: {what} was changed; it does not hash to what {tile.name} says of {position}"
        if places:
            return


def _differences(folder: LogFolder, level: int, size: int, tree: _Tree) -> Iterator[tuple[Tile, int]]:
    for tile in (tile for tile in tiles_of(size) if tile.level == level):
        try:
            content = _read(folder, tile)
        except FileNotFoundError:
            continue
        for position, expected in enumerate(tree.parts(tile)):
            if content[position * HASH_BYTES : (position + 1) * HASH_BYTES] != expected:
                yield tile, tile.first + position


def _part(tile: Tile, position: int) -> str:
    return f"{'entry' if tile.level is None else 'hash'} {tile.first + position}"


def _check_earlier(notes: Sequence[str], key: VerifierKey, tree: _Tree) -> Iterator[str]:
    for note in notes:
        try:
            before = Checkpoint.open(note, key)
        except BadCheckpoint as error:
            yield f"earlier checkpoint: {error}"
            continue
        if before.size > len(tree.entries):
            yield f"the log has lost entries: it had {before.size} and now has {len(tree.entries)}"
        elif tree.root(before.size) != before.root:
            yield f"the log is another one: its first {before.size} entries are not those of the earlier checkpoint"


def _find(claims: Sequence[Claim], entries: Sequence[bytes], report: Report) -> None:
    places: dict[bytes, tuple[int, Commitment]] = {}
    for index, entry in enumerate(entries):
        try:
            commitment = Leaf.from_bytes(entry).commitment
        except NotALeaf:
            report.faults.append(f"entry {index} is not a leaf of this log")
            continue
        first, _ = places.setdefault(commitment.event, (index, commitment))
        if first != index:
            report.faults.append(f"entry {index} repeats the event of entry {first}")
    for claim in claims:
        _find_one(claim, places, report)


def _find_one(claim: Claim, places: dict[bytes, tuple[int, Commitment]], report: Report) -> None:
    place = places.get(commit_to_id(claim.salt, claim.event_id))
    if place is None:
        report.faults.append(f"event {claim.event_id} is not in the log under this salt")
        return
    index, commitment = place
    if claim.value_hash and commitment != Commitment.to(claim.salt, claim.event_id, claim.value_hash):
        report.faults.append(f"event {claim.event_id} is entry {index}, and its bytes were others")
    else:
        report.found[claim.event_id] = index


def _read(folder: LogFolder, tile: Tile) -> bytes:
    """A partial one may have been filled, and removed, while the folder was copied."""
    try:
        return folder.read(tile)
    except FileNotFoundError:
        return folder.read(tile.full)
