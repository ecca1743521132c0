"""What browsers are told, and what another site may not make them send."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, StreamingResponse
from tinbao_web.docs import mount_docs
from tinbao_web.security import CrossOriginProtection, SecurityHeaders
from tinbao_web.static import hash_assets, mount_static

SITE = "https://tinbao.test"


def an_app() -> FastAPI:
    app = FastAPI(title="a service <of ours>", docs_url=None, redoc_url=None)
    mount_static(app)
    mount_docs(app)

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse("<p>")

    @app.post("/v1/tips")
    def tips() -> dict[str, str]:
        return {"said": "yes"}

    @app.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(iter(["data: 1\n\n"]), media_type="text/event-stream")

    app.add_middleware(CrossOriginProtection, trusted_origins=["https://partner.test"])
    app.add_middleware(SecurityHeaders, form_origins=["https://login.test"])
    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(an_app()), base_url=SITE) as client:
        yield client


async def test_a_page_allows_nothing_inline_and_nothing_foreign_and_is_stored_nowhere(
    client: httpx.AsyncClient,
) -> None:
    headers = (await client.get("/")).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "form-action 'self' https://login.test;" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_a_stream_passes_with_the_headers_and_without_a_cache_rule(client: httpx.AsyncClient) -> None:
    answer = await client.get("/stream")

    assert answer.text == "data: 1\n\n"
    assert "Content-Security-Policy" in answer.headers
    assert "Cache-Control" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": SITE},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://partner.test"},
    ],
)
async def test_a_client_without_a_browser_and_our_own_pages_may_send(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.post("/v1/tips", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "https://tinbao.test:8103"},
        {"Sec-Fetch-Site": "cross-site", "Origin": SITE},
    ],
)
async def test_another_site_may_not_make_a_browser_send(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/v1/tips", headers=headers)

    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "https://tinbao.org/problems/cross-origin"
    assert "Content-Security-Policy" in answer.headers


async def test_another_site_may_link_to_a_page(client: httpx.AsyncClient) -> None:
    assert (await client.get("/", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


async def test_a_file_is_kept_for_a_year_only_if_its_address_changes_with_it(client: httpx.AsyncClient) -> None:
    version = hash_assets(["tinbao_web"])["tinbao.css"]
    font = "/static/fonts/be-vietnam-pro-5.3.0-latin-400.woff2"

    assert "immutable" in (await client.get(f"/static/tinbao.css?v={version}")).headers["Cache-Control"]
    assert "immutable" in (await client.get(font)).headers["Cache-Control"]
    assert (await client.get("/static/tinbao.css")).headers["Cache-Control"] == "no-cache"


async def test_the_stylesheet_travels_compressed_and_its_fonts_exist(client: httpx.AsyncClient) -> None:
    answer = await client.get("/static/tinbao.css")

    assert answer.headers["Content-Encoding"] == "gzip"
    fonts = {address for address in answer.text.split('"') if address.endswith(".woff2")}
    assert len(fonts) == 4
    assert fonts <= set(hash_assets(["tinbao_web"]))


async def test_the_docs_page_shows_the_apps_own_document_and_names_no_other_host(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text

    assert 'data-openapi="/openapi.json"' in page
    assert "<title>a service &lt;of ours&gt;</title>" in page
    assert "://" not in page
    for asset in ("/docs/assets/swagger-ui.css", "/docs/assets/swagger-ui-bundle.js", "/static/docs.js"):
        assert asset in page
        assert (await client.get(asset)).status_code == 200
