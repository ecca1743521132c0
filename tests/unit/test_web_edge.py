"""What stands around every application: also what nobody foresaw leaves it as it should."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from tinbao_runtime.body_limit import MAX_BODY_BYTES
from tinbao_runtime.problems import install_problems
from tinbao_runtime.settings import ConsoleSettings
from tinbao_web.edge import add_console_edge, add_public_edge
from tinbao_web.pages import Pages

BROWSER = {"Accept": "text/html"}
WORDS = "Một từ không được lặp lại"


def a_console() -> ConsoleSettings:
    return ConsoleSettings.model_validate(
        {
            "database_url": "postgresql://nobody@127.0.0.1:9/none",
            "kafka_username": "nobody",
            "kafka_password": "none",
            "http_port": 8102,
            "session_secret": "s" * 32,
            "oidc_issuer": "http://127.0.0.1:9",
            "oidc_client_id": "triage",
            "oidc_client_secret": "none",
        }
    )


@pytest.fixture(params=["public", "console"])
async def http(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install_problems(app, {})

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError(WORDS)

    @app.post("/taken")
    async def taken(request: Request) -> int:
        return len(await request.body())

    if request.param == "public":
        add_public_edge(app, Pages("tinbao_intake"))
    else:
        add_console_edge(app, Pages("tinbao_triage"), a_console(), "tinbao_test")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tinbao.test") as client:
        yield client


async def test_what_fails_unexpectedly_is_a_problem_inside_the_security_headers(http: httpx.AsyncClient) -> None:
    answer = await http.get("/broken")

    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "https://tinbao.org/problems/internal-error"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert WORDS not in answer.text


async def test_what_fails_unexpectedly_is_a_page_to_a_browser(http: httpx.AsyncClient) -> None:
    answer = await http.get("/broken", headers=BROWSER)

    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert WORDS not in answer.text


async def test_a_body_that_is_too_large_is_refused_and_the_longest_is_taken(http: httpx.AsyncClient) -> None:
    refused = await http.post("/taken", content=b"x" * (MAX_BODY_BYTES + 1))
    taken = await http.post("/taken", content=b"x" * MAX_BODY_BYTES)

    assert (refused.status_code, refused.json()["type"]) == (413, "https://tinbao.org/problems/request-too-large")
    assert taken.json() == MAX_BODY_BYTES


async def test_a_form_of_another_site_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post("/taken", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


async def test_types_of_problems_do_not_depend_on_the_release_of_python(http: httpx.AsyncClient) -> None:
    found = [(await http.get("/absent")).json()["type"], (await http.put("/taken")).json()["type"]]

    assert found == ["https://tinbao.org/problems/not-found", "https://tinbao.org/problems/method-not-allowed"]
