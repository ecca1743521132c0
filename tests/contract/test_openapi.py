"""The committed OpenAPI documents are those of the code, with examples that the code takes."""

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tinbao_intake.api import CodeIn
from tinbao_intake.draft import MessageDraft, TipDraft
from tinbao_intake.receipt import ReceiptCode

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "libs" / "contracts" / "scripts" / "write_openapi.py"
WRITE = "Run `.venv/bin/python libs/contracts/scripts/write_openapi.py` and commit what it wrote."
WRITTEN = dict(runpy.run_path(str(SCRIPT))["documents"]())


def committed(service: str) -> str:
    path = ROOT / "services" / service / "openapi.json"
    return path.read_text("utf-8") if path.exists() else ""


def operations(service: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of each route."""
    for path, methods in json.loads(committed(service))["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


@pytest.mark.parametrize("service", WRITTEN)
def test_the_committed_document_is_that_of_the_code(service: str) -> None:
    assert committed(service) == WRITTEN[service], f"services/{service}/openapi.json differs from the code. {WRITE}"


def test_the_documents_are_the_same_whoever_writes_them() -> None:
    assert dict(runpy.run_path(str(SCRIPT))["documents"]()) == WRITTEN


@pytest.mark.parametrize("service", WRITTEN)
def test_every_route_says_what_it_is_for_or_has_a_name_that_does(service: str) -> None:
    assert [path for _, path, operation in operations(service) if not operation.get("summary")] == []


@pytest.mark.parametrize("service", WRITTEN)
def test_a_receipt_code_or_a_text_is_in_no_url(service: str) -> None:
    parameters = [
        (path, parameter["name"])
        for _, path, operation in operations(service)
        for parameter in operation.get("parameters", ())
        if parameter["in"] in {"path", "query"}
    ]

    assert [each for each in parameters if each[1] in {"receipt_code", "code", "text", "phone"}] == []


def test_intake_says_that_every_error_is_a_problem_document() -> None:
    for _, path, operation in operations("intake"):
        content = operation["responses"]["default"]["content"]
        assert list(content) == ["application/problem+json"], path
        assert "422" not in operation["responses"], path


def test_each_of_intakes_requests_that_create_wants_an_idempotency_key() -> None:
    wanting = {
        path
        for method, path, operation in operations("intake")
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "Idempotency-Key" and parameter["required"] and method == "post"
    }

    assert wanting == {"/v1/tips", "/v1/mailbox/messages"}


def test_each_body_that_intake_takes_has_an_example_that_it_takes() -> None:
    schemas = json.loads(committed("intake"))["components"]["schemas"]
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for _, _, operation in operations("intake")
        if "requestBody" in operation
    }

    models = {model.__name__: model for model in (TipDraft, MessageDraft, CodeIn)}
    assert bodies == set(models)
    for name, model in models.items():
        assert schemas[name]["examples"]
        for example in schemas[name]["examples"]:
            model.model_validate(example)


@pytest.mark.parametrize("schema", ["MessageDraft", "CodeIn", "ReceiptOut"])
def test_a_receipt_code_in_an_example_is_one(schema: str) -> None:
    known = json.loads(committed("intake"))["components"]["schemas"][schema]
    examples = [each["receipt_code"] for each in known.get("examples", ())]
    examples += known["properties"]["receipt_code"].get("examples", [])

    assert examples
    for example in examples:
        assert str(ReceiptCode.parse(example)) == example
