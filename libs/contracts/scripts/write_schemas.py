"""Write the schemas of this version to libs/contracts/schemas. Run it after an event changed, and commit the result.

A change that older readers would not understand is refused: publish a new version of the event beside the old one.
"""

import json
import sys
from pathlib import Path

from tinbao_contracts.schemas import breaking_changes, documents, event_schemas

FOLDER = Path(__file__).parents[1] / "schemas"


def main() -> None:
    if refused := _breaking_changes():
        sys.exit("\n".join([*refused, "Nothing was written: publish a new version of the event beside the old one."]))
    FOLDER.mkdir(exist_ok=True)
    for name, text in documents().items():
        (FOLDER / name).write_text(text, "utf-8")


def _breaking_changes() -> list[str]:
    committed = {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")}
    return [
        f"{name}: {why}"
        for name, schema in event_schemas().items()
        for why in breaking_changes(committed.get(name, schema), schema)
    ]


if __name__ == "__main__":
    main()
