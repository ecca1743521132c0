"""`python -m tinbao_triage api | worker | migrate`: the entry points of the image."""

import sys
from pathlib import Path

import uvloop
from tinbao_runtime.entry_point import run_entry_point

from tinbao_triage.settings import TriageSettings

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def main() -> None:
    run_entry_point(TriageSettings, lambda settings: f"triage-{settings.station}", MIGRATIONS, serve)


def serve(command: str, settings: TriageSettings) -> None:
    # Not at the top: a migration needs none of it, and it takes four times as long to load as all the rest.
    from tinbao_triage.main import run_api, run_worker_process  # noqa: PLC0415  - above
    from tinbao_triage.vault import Vault  # noqa: PLC0415  - above

    try:
        Vault.open(settings.keys_folder)
    except (OSError, ValueError) as error:
        sys.exit(f"TINBAO_KEYS_FOLDER: {error}")
    uvloop.run((run_api if command == "api" else run_worker_process)(settings))


if __name__ == "__main__":
    main()
