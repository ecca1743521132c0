"""`python -m tinbao_intake api | worker | migrate`: the entry points of the image."""

from pathlib import Path

import uvloop
from tinbao_runtime.entry_point import run_entry_point

from tinbao_intake.settings import IntakeSettings

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def main() -> None:
    run_entry_point(IntakeSettings, lambda _: "intake", MIGRATIONS, serve)


def serve(command: str, settings: IntakeSettings) -> None:
    # Not at the top: a migration needs none of it, and it takes four times as long to load as all the rest.
    from tinbao_intake.main import run_api, run_worker_process  # noqa: PLC0415  - above

    uvloop.run((run_api if command == "api" else run_worker_process)(settings))


if __name__ == "__main__":
    main()
