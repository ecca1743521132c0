"""`python -m tinbao_audit api | worker | migrate`: the entry points of the image."""

from pathlib import Path

import uvloop
from tinbao_runtime.entry_point import run_entry_point

from tinbao_audit.settings import AuditSettings

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def main() -> None:
    run_entry_point(AuditSettings, lambda _settings: "audit", MIGRATIONS, serve)


def serve(command: str, settings: AuditSettings) -> None:
    # Not at the top: a migration needs none of it.
    from tinbao_audit.main import run_api, run_worker_process  # noqa: PLC0415  - above

    uvloop.run((run_api if command == "api" else run_worker_process)(settings))


if __name__ == "__main__":
    main()
