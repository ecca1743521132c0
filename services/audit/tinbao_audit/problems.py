"""What client apps are told when a request cannot be served, in one place."""

from tinbao_runtime.problems import Problem, Problems

from tinbao_audit.find_entry import EntryNotFound
from tinbao_audit.log_reader import NotPublished, OutOfLog
from tinbao_audit.tiles import NotATile

NO_TILE = Problem(404, "tile-not-found", "The log has no such tile", "Read the checkpoint: its size says which exist.")
PROBLEMS: Problems = {
    NotATile: NO_TILE,
    FileNotFoundError: NO_TILE,
    NotPublished: Problem(
        503, "not-published", "The log has no checkpoint yet", "Its worker has not run.", headers={"Retry-After": "5"}
    ),
    OutOfLog: Problem(404, "not-in-the-log", "The published log is smaller, or the sizes are in the wrong order"),
    EntryNotFound: Problem(
        404,
        "entry-not-found",
        "No entry belongs to this event under this salt",
        "An event of the last seconds may not have its place yet. After an erasure nobody has the salt.",
    ),
}
