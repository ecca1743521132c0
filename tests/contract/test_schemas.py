"""The committed schemas are those of the code, and an event only ever gains what older readers can ignore."""

import json
import subprocess
import sys
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tinbao_contracts import schemas
from tinbao_contracts.events import EVENTS, Event
from tinbao_contracts.schemas import Schema, asyncapi_document, breaking_changes, documents, event_schemas
from tinbao_contracts.topics import ALERTS, STATIONS, StationTopic
from tinbao_runtime.envelope import Envelope, to_headers
from uuid_utils.compat import uuid7

from tests.support.runtime import a_tip_event

CONTRACTS = Path(__file__).parents[2] / "libs" / "contracts"
WRITE = "Run `python libs/contracts/scripts/write_schemas.py` and commit what it wrote."
NEW_VERSION = (
    "Stations of an older release read this topic, and records of 30 days lie in it. Keep the event as it is and "
    "publish a new version beside it."
)


def committed() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in (CONTRACTS / "schemas").glob("*.json")}


def test_the_committed_documents_are_those_of_the_code() -> None:
    written, wanted = committed(), documents()

    drifted = sorted(name for name in written.keys() | wanted.keys() if written.get(name) != wanted.get(name))

    assert not drifted, f"{drifted} differ from the events in the code. {WRITE}"


@pytest.mark.parametrize("name", sorted(event_schemas()))
def test_an_event_changed_only_by_adding_what_is_optional(name: str) -> None:
    before = committed().get(f"{name}.json")
    assert before, f"{name} has no committed schema. {WRITE}"

    broken = breaking_changes(json.loads(before), event_schemas()[name])

    assert not broken, f"{name}: {'; '.join(broken)}. {NEW_VERSION}"


def test_no_event_that_was_ever_published_is_gone() -> None:
    gone = {name.removesuffix(".json") for name in committed()} - {"asyncapi"} - event_schemas().keys()

    assert not gone, f"{gone}: records of these types lie in the topics, and would be parked for ever"


def a_schema() -> Schema:
    return deepcopy(event_schemas()["TipSubmittedV1"])


def changed(**properties: Any) -> Schema:
    schema = a_schema()
    schema["properties"] |= properties
    return schema


def without(field: str) -> Schema:
    schema = a_schema()
    del schema["properties"][field]
    schema["required"].remove(field)
    return schema


def required(schema: Schema, *fields: str) -> Schema:
    return {**schema, "required": [*schema["required"], *fields]}


def renamed() -> Schema:
    schema = without("category")
    schema["properties"]["matter"] = {"type": "string"}
    return required(schema, "matter")


def no_longer_required() -> Schema:
    schema = a_schema()
    schema["required"].remove("urgency")
    return schema


def nested(change: Mapping[str, Any]) -> Schema:
    schema = a_schema()
    schema["$defs"]["Grant"] |= change
    return schema


def with_another_urgency() -> Schema:
    schema = a_schema()
    schema["$defs"]["Urgency"]["enum"].append("whenever")
    return schema


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (without("category"), "category was removed or renamed"),
        (renamed(), "category was removed or renamed"),
        (renamed(), "matter became required"),
        (required(changed(kind={"type": "string"}), "kind"), "kind became required"),
        (no_longer_required(), "urgency became optional"),
        (changed(station={"type": "integer"}), "station changed its values"),
        (changed(station={"type": "string", "maxLength": 5}), "station changed its values"),
        (with_another_urgency(), "urgency changed its values"),
        (nested({"properties": {}, "required": []}), "sealed.grants[].key_id was removed"),
    ],
)
def test_a_change_that_an_older_reader_would_not_understand_is_named(after: Schema, why: str) -> None:
    assert why in "; ".join(breaking_changes(a_schema(), after))


def renamed_definition() -> Schema:
    text = json.dumps(a_schema()).replace("#/$defs/Urgency", "#/$defs/Speed").replace('"Urgency": {', '"Speed": {')
    schema: Schema = json.loads(text)
    return schema


@pytest.mark.parametrize(
    "after",
    [
        a_schema(),
        changed(note={"type": "string", "default": ""}),
        changed(category={"type": "string", "description": "Said better.", "title": "Another"}),
        renamed_definition(),
    ],
    ids=["the same", "an optional field", "other words", "a renamed class"],
)
def test_a_change_that_only_adds_is_none(after: Schema) -> None:
    assert breaking_changes(a_schema(), after) == []


def test_the_script_refuses_to_write_over_a_breaking_change(tmp_path: Path) -> None:
    """Run on a copy whose committed schema has a field that the code no longer has."""
    for folder in ("scripts", "schemas"):
        (tmp_path / folder).mkdir()
    script = tmp_path / "scripts" / "write_schemas.py"
    script.write_text((CONTRACTS / "scripts" / "write_schemas.py").read_text())
    before = json.dumps(changed(removed={"type": "string"}))
    (tmp_path / "schemas" / "TipSubmittedV1.json").write_text(before)

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "TipSubmittedV1: removed was removed or renamed" in done.stderr
    assert (tmp_path / "schemas" / "TipSubmittedV1.json").read_text() == before


def test_the_script_writes_what_is_committed(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "write_schemas.py"
    script.write_text((CONTRACTS / "scripts" / "write_schemas.py").read_text())

    subprocess.run([sys.executable, script], check=True)

    assert {p.name: p.read_text("utf-8") for p in (tmp_path / "schemas").iterdir()} == documents()


def test_an_event_holds_exactly_the_fields_of_its_schema() -> None:
    event = json.loads(a_tip_event().model_dump_json())

    assert event.keys() == event_schemas()["TipSubmittedV1"]["properties"].keys()


def test_every_event_is_in_exactly_one_channel() -> None:
    channels = asyncapi_document()["channels"]

    named = [message for channel in channels.values() for message in channel["messages"]]

    assert sorted(named) == sorted(kind.__name__ for kind in EVENTS)


def test_an_event_that_nobody_gave_a_topic_is_noticed() -> None:
    class StrayV1(Event):
        pass

    with pytest.raises(TypeError, match="StrayV1 belongs to no channel"):
        schemas.channel_of(StrayV1)


def test_channels_are_the_topics() -> None:
    addresses = {channel["address"] for channel in asyncapi_document()["channels"].values()}

    assert addresses == {topic.of("{station}") for topic in StationTopic} | {STATIONS, ALERTS}


def test_the_documents_headers_are_those_that_are_written() -> None:
    traced = Envelope(uuid7(), "TipSubmittedV1", datetime.now(UTC), "00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    headers = asyncapi_document()["components"]["messageTraits"]["cloudEvent"]["headers"]

    assert headers["properties"].keys() == dict(to_headers(traced, "/intake", "key")).keys()
    assert set(headers["required"]) == headers["properties"].keys() - {"traceparent"}


def test_every_reference_of_the_document_leads_somewhere() -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            return [node["$ref"]] if "$ref" in node else [r for value in node.values() for r in references(value)]
        return [r for value in node for r in references(value)] if isinstance(node, list) else []

    document = asyncapi_document()
    for reference in references(document):
        if reference.startswith("./"):
            assert reference.removeprefix("./") in documents()
        else:
            target: Any = document
            for part in reference.removeprefix("#/").split("/"):
                target = target[part]
