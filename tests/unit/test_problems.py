"""Every error is a problem document with a stable type, and none repeats what the client sent."""

import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict, Field, field_validator
from tinbao_runtime.postgres import Unavailable
from tinbao_runtime.problems import Problem, install_problems

SECRET = "0912345678"


class Contact(BaseModel):
    phone: str = Field(max_length=3)


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: UUID
    text: str = Field(max_length=5)
    contact: Contact | None = None
    place: str = "x"

    @field_validator("place")
    @classmethod
    def known(cls, value: str) -> str:
        if value != "x":
            raise ValueError(f"no such place: {value}")
        return value


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    install_problems(app, {})

    @app.post("/tips")
    def take(body: Body) -> None: ...

    @app.get("/problem")
    def problem() -> None:
        raise Problem(409, "case-closed", "The case is closed", "It was closed.", {"a": "b"}, {"Retry-After": "9"})

    @app.get("/away")
    def away() -> None:
        raise Unavailable("ConnectionRefusedError")

    @app.get("/broken")
    def broken() -> None:
        raise KeyError(SECRET)

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def document(response: Any) -> dict[str, object]:
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = response.json()
    assert body["status"] == response.status_code
    return body


def test_a_problem_is_answered_as_it_was_raised(client: TestClient) -> None:
    response = client.get("/problem")

    assert document(response) == {
        "type": "https://tinbao.org/problems/case-closed",
        "title": "The case is closed",
        "status": 409,
        "detail": "It was closed.",
        "errors": [{"field": "a", "detail": "b"}],
    }
    assert response.headers["retry-after"] == "9"


def test_a_database_that_is_away_is_503_with_the_time_to_try_again(client: TestClient) -> None:
    response = client.get("/away")

    assert document(response)["type"] == "https://tinbao.org/problems/unavailable"
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [("GET", "/nowhere", 404, "not-found"), ("DELETE", "/tips", 405, "method-not-allowed")],
)
def test_what_the_framework_refuses_is_a_problem_too(
    client: TestClient, method: str, path: str, status: int, kind: str
) -> None:
    response = client.request(method, path)

    assert response.status_code == status
    assert document(response)["type"] == f"https://tinbao.org/problems/{kind}"


def test_405_says_what_is_allowed(client: TestClient) -> None:
    assert client.delete("/tips").headers["allow"] == "POST"


def test_an_unexpected_error_is_500_and_says_nothing(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        response = client.get("/broken")

    assert document(response)["type"] == "https://tinbao.org/problems/internal-error"
    assert SECRET not in response.text
    assert SECRET not in "".join(record.getMessage() for record in caplog.records)


def errors(client: TestClient, body: object) -> dict[str, str]:
    response = client.post("/tips", json=body)
    assert response.status_code == 422
    found = document(response)["errors"]
    assert isinstance(found, list)
    assert SECRET not in response.text
    return {error["field"]: error["detail"] for error in found}


GOOD = {"id": "0199c0de-0000-7000-8000-000000000000", "text": "x"}


def test_each_wrong_field_is_named_with_what_is_wrong(client: TestClient) -> None:
    found = errors(client, {"text": SECRET, "contact": {"phone": SECRET}})

    assert found == {
        "id": "Field required",
        "text": "String should have at most 5 characters",
        "contact.phone": "String should have at most 3 characters",
    }


@pytest.mark.parametrize(
    "body", [GOOD | {SECRET: "x"}, GOOD | {"id": SECRET}, GOOD | {"place": SECRET}, [SECRET], SECRET]
)
def test_a_wrong_body_is_not_repeated(client: TestClient, body: object) -> None:
    assert errors(client, body)


def test_a_field_that_we_do_not_know_is_not_named(client: TestClient) -> None:
    assert errors(client, GOOD | {SECRET: "x"}) == {"body": "Extra inputs are not permitted"}


def test_a_message_that_is_made_from_the_input_is_replaced(client: TestClient) -> None:
    assert errors(client, {**GOOD, "id": "g" + GOOD["id"][1:]}) == {"id": "Is not valid"}


def test_a_body_that_is_no_json_is_not_repeated(client: TestClient) -> None:
    response = client.post("/tips", content=f'{{"text": "{SECRET}', headers={"content-type": "application/json"})

    assert document(response)["errors"] == [{"field": "body", "detail": "Is not valid"}]
