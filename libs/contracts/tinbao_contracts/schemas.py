"""JSON Schemas of the events, and the AsyncAPI document of the topics, for readers that are not written in Python.

They are committed (`libs/contracts/schemas`), so that a change of an event is seen as what it is.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from inspect import getdoc
from typing import Any, TypeAlias

from tinbao_contracts.events import EVENTS, AlertEvent, AlertProposedV1, Event, StationEvent, TipEvent
from tinbao_contracts.topics import ALERTS, STATIONS, StationTopic

Schema: TypeAlias = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://tinbao.org/schemas/"
"""Stable names, not necessarily pages."""

WORDS_ONLY = {"title", "description", "default", "examples", "$schema", "$id", "$defs"}
"""What may change without a reader noticing."""

CHANNELS: Mapping[str, str] = {
    StationTopic.TIPS: "Written by intake; read by the station, or by who serves it, and by audit. Key: the tip's id.",
    StationTopic.CASES: "Written by the station's triage; read by intake, audit and the province. Key: the tip's id.",
    StationTopic.PROPOSALS: "Written by the station's triage; read by notify and audit. Key: the proposal's id.",
    STATIONS: "Written by intake, compacted; read by all. Key: the station, with the key's id where it is about a key.",
    ALERTS: "Written by notify; read by audit and by third parties. Key: the alert's id.",
}

HEADERS: Mapping[str, Schema] = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": {
        "type": "string",
        "format": "uuid",
        "description": "UUIDv7. The same event has the same id when it repeats.",
    },
    "ce_type": {"type": "string", "description": "The message's name, which carries the version."},
    "ce_source": {"type": "string", "format": "uri-reference", "description": "The deployment that wrote it."},
    "ce_time": {"type": "string", "format": "date-time"},
    "ce_subject": {"type": "string", "description": "The record's key."},
    "content-type": {"const": "application/json"},
    "traceparent": {"type": "string", "description": "W3C Trace Context; absent where nothing is traced."},
}


def event_schemas() -> dict[str, Schema]:
    """By event, what a publisher writes."""
    return {kind.__name__: _event_schema(kind) for kind in EVENTS}


def asyncapi_document() -> Schema:
    """AsyncAPI 3.0 (https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "tinbao events",
            "version": "1.0.0",
            "description": "Tips, cases and stations as CloudEvents 1.0 in Kafka, in binary mode. "
            "A type or version that a reader does not know is to be kept for later, not refused.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(name, description) for name, description in CHANNELS.items()},
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in EVENTS},
            "messageTraits": {
                "cloudEvent": {"headers": _headers(), "bindings": {"kafka": {"key": {"type": "string"}}}}
            },
        },
    }


def documents() -> dict[str, str]:
    """What is committed, by file name."""
    schemas = {**event_schemas(), "asyncapi": asyncapi_document()}
    return {f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Why an older reader, or an older record, would not fit the new schema; empty if the change only adds."""
    return list(_compare(_inline(old, old), _inline(new, new), ""))


def _event_schema(kind: type[Event]) -> Schema:
    name = kind.__name__
    return {"$schema": DRAFT, "$id": f"{BASE}{name}.json", **kind.model_json_schema(mode="serialization")}


def _channel(name: str, description: str) -> Schema:
    messages = {k.__name__: {"$ref": f"#/components/messages/{k.__name__}"} for k in EVENTS if channel_of(k) == name}
    channel = {"address": name, "description": description, "messages": messages}
    if name == STATIONS:
        compacted = {"topicConfiguration": {"cleanup.policy": ["compact"]}}
        return {**channel, "bindings": {"kafka": compacted}}
    if name == ALERTS:
        return channel
    station = {"description": "The station's code: 5 digits of its commune, or 2 of the province."}
    return {**channel, "address": f"{name}.{{station}}", "parameters": {"station": station}}


def channel_of(kind: type[Event]) -> str:
    """The key in CHANNELS. Raises TypeError for an event that nobody gave a topic yet."""
    if issubclass(kind, TipEvent):
        return kind.family
    if issubclass(kind, StationEvent):
        return STATIONS
    if issubclass(kind, AlertProposedV1):
        return StationTopic.PROPOSALS
    if issubclass(kind, AlertEvent):
        return ALERTS
    raise TypeError(f"{kind.__name__} belongs to no channel")


def _message(kind: type[Event]) -> Schema:
    return {
        "name": kind.__name__,
        "summary": (getdoc(kind) or "").partition("\n\n")[0],
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{kind.__name__}.json"},
        },
    }


def _headers() -> Schema:
    required = [name for name in HEADERS if name != "traceparent"]
    return {"type": "object", "properties": dict(HEADERS), "required": required}


def _inline(schema: Any, root: Schema) -> Any:
    """The schema with its references followed, so that a definition may be renamed."""
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            return _inline(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
        return {name: _inline(value, root) for name, value in schema.items() if name != "$defs"}
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [_inline(value, root) for value in schema]
    return schema


def _compare(old: Schema, new: Schema, place: str) -> Iterator[str]:
    if "properties" in old and "properties" in new:
        yield from _compare_fields(old, new, place)
    elif old.get("type") == new.get("type") == "array" and isinstance(old.get("items"), dict):
        yield from _compare(old["items"], new.get("items", {}), f"{place}[]")
    elif _without_words(old) != _without_words(new):
        yield f"{place or 'the event'} changed its values: an older reader would refuse the new ones"


def _compare_fields(old: Schema, new: Schema, place: str) -> Iterator[str]:
    before, after = old["properties"], new["properties"]
    required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
    for field in sorted(before.keys() - after.keys()):
        yield f"{_at(place, field)} was removed or renamed: older readers still look for it"
    for field in sorted(required_after - required_before):
        yield f"{_at(place, field)} became required: records written before do not have it; give it a default"
    for field in sorted((required_before - required_after) & after.keys()):
        yield f"{_at(place, field)} became optional: older readers still insist on it"
    for field in before.keys() & after.keys():
        yield from _compare(before[field], after[field], _at(place, field))


def _at(place: str, field: str) -> str:
    return f"{place}.{field}" if place else field


def _without_words(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {name: _without_words(value) for name, value in schema.items() if name not in WORDS_ONLY}
    if isinstance(schema, list):
        return [_without_words(value) for value in schema]
    return schema
