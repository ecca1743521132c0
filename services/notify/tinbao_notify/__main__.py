"""`python -m tinbao_notify api | worker | migrate`: the entry points of the image."""

import sys
from pathlib import Path

import uvloop
from tinbao_runtime import telemetry
from tinbao_runtime.migrations import migrate

from tinbao_notify.main import run_api, run_worker_process
from tinbao_notify.settings import NotifySettings

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def main() -> None:
    command = sys.argv[1] if len(sys.argv) == 2 else ""
    telemetry.configure(f"notify-{command}")
    settings = NotifySettings()
    match command:
        case "api":
            uvloop.run(run_api(settings))
        case "worker":
            uvloop.run(run_worker_process(settings))
        case "migrate":
            sys.stdout.write(migrate(settings.database_url.get_secret_value(), MIGRATIONS))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
