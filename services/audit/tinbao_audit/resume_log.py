"""Before anything is signed: is what this database holds the log that was published?"""

from collections.abc import Callable, Iterable

from tinbao_runtime.postgres import Connection

from tinbao_audit import store
from tinbao_audit.checkpoint import BadCheckpoint, Checkpoint, VerifierKey
from tinbao_audit.log_folder import LogFolder
from tinbao_audit.tiles import Tile
from tinbao_audit.tree import GrowingTree

CHUNK = 4096


class RefusesToSign(Exception):
    """To sign now would be to sign two histories. The message says what an operator has before them."""


async def resume_log(
    conn: Connection, folder: LogFolder, key: VerifierKey, is_alive: Callable[[], None]
) -> GrowingTree:
    """The tree of all leaves that have an index, its tiles durable on disk.

    Reads every leaf once. Each head that was ever published, here or in the folder, must be a beginning of this tree;
    a file that is missing is written again, one that differs is not touched. Raises RefusesToSign.
    """
    heads = await _published(conn, folder, key)
    size = await _size(conn)
    for head in heads:
        if head.size > size:
            raise RefusesToSign(
                f"a checkpoint of {head.size} leaves was published, and this database has only {size}: it was restored "
                "from an old backup. Restore a newer one; the log folder still holds every published leaf."
            )
    tree = GrowingTree()
    for until in sorted({*(head.size for head in heads), size}):
        await _read_until(conn, tree, folder, until, is_alive)
        _compare(tree, heads)
    _keep(folder, tree.edge())
    return tree


async def _published(conn: Connection, folder: LogFolder, key: VerifierKey) -> list[Checkpoint]:
    recorded = await store.last_checkpoint(conn)
    notes = [note for note in (folder.note(), recorded.note if recorded else None) if note]
    try:
        return [Checkpoint.open(note, key) for note in notes]
    except BadCheckpoint as error:
        raise RefusesToSign(f"the published checkpoint is not of this key: {error}") from None


async def _size(conn: Connection) -> int:
    count, size = await store.count_leaves(conn)
    if count != size:
        raise RefusesToSign(f"leaves are missing from this database: {count} are here, the last one is number {size}.")
    return size


async def _read_until(
    conn: Connection, tree: GrowingTree, folder: LogFolder, until: int, is_alive: Callable[[], None]
) -> None:
    while tree.size < until:
        is_alive()
        leaves = await store.read_leaves(conn, tree.size, min(CHUNK, until - tree.size))
        _keep(folder, tree.append(leaves))


def _compare(tree: GrowingTree, heads: Iterable[Checkpoint]) -> None:
    for head in heads:
        if head.size == tree.size and head.root != tree.root:
            raise RefusesToSign(
                f"the first {head.size} leaves of this database are not those that were published: leaves were "
                "changed, or others were added after an old backup was restored."
            )


def _keep(folder: LogFolder, files: dict[Tile, bytes]) -> None:
    for tile, content in files.items():
        if folder.has(tile) and folder.read(tile) != content:
            raise RefusesToSign(f"{tile.name} in the log folder is not what this database says.")
    folder.write({tile: content for tile, content in files.items() if not folder.has(tile)})
