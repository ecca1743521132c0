"""`python -m tinbao_triage api | worker | migrate`: the entry points of the image."""

import sys
from pathlib import Path

import uvloop
from tinbao_runtime import telemetry
from tinbao_runtime.migrations import migrate

from tinbao_triage.settings import TriageSettings

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def main() -> None:
    command = sys.argv[1] if len(sys.argv) == 2 else ""
    settings = TriageSettings()
    telemetry.configure(f"triage-{settings.station}-{command}")
    match command:
        case "api" | "worker":
            serve(command, settings)
        case "migrate":
            sys.stdout.write(migrate(settings.database_url.get_secret_value(), MIGRATIONS))
        case _:
            sys.exit(__doc__)


def serve(command: str, settings: TriageSettings) -> None:
    # Not at the top: a migration needs none of it, and it takes four times as long to load as all the rest.
    from tinbao_triage.main import run_api, run_worker_process  # noqa: PLC0415  - above

    uvloop.run((run_api if command == "api" else run_worker_process)(settings))


if __name__ == "__main__":
    main()
