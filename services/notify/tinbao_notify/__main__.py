"""`python -m tinbao_notify api | worker | migrate`: the entry points of the image."""

from pathlib import Path

import uvloop
from tinbao_runtime.entry_point import run_entry_point

from tinbao_notify.settings import NotifySettings

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def main() -> None:
    run_entry_point(NotifySettings, lambda _settings: "notify", MIGRATIONS, serve)


def serve(command: str, settings: NotifySettings) -> None:
    # Not at the top: a migration needs none of it.
    from tinbao_notify.main import run_api, run_worker_process  # noqa: PLC0415  - above

    uvloop.run((run_api if command == "api" else run_worker_process)(settings))


if __name__ == "__main__":
    main()
