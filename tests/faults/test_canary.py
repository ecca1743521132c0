"""One tip's whole life in words that exist nowhere else, and then a search for them in all that was stored or said."""

import ast
import asyncio
import base64
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tinbao_contracts.places import PROVINCE
from tinbao_local.demo import DEMO_PASSWORD, DemoOfficer
from tinbao_local.oidc import OpenIdProvider

from tests.support.eventually import eventually
from tests.support.world import COMMUNE_OF, HERE, INTAKE, World, a_world

TRIAGE = f"triage-{HERE}"
CHIEF = DemoOfficer("here.chief", "Chief of Here", "chief", HERE)
WORKERS_AND_APIS = ("intake-api", "intake-worker", f"{TRIAGE}-api", f"{TRIAGE}-worker", f"triage-{PROVINCE}-worker")
PEER = "127.0.0.77"
ROOT = Path(__file__).parents[2]

TYPED = ("text", "happened_at", "contact_name", "place", "neighbourhood")


def a_canary() -> str:
    return f"canary{secrets.token_hex(8)}"


@dataclass
class Canaries:
    """Words by what they are; keys and codes join them as they are made."""

    words: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.words.setdefault(name, a_canary())

    def key(self) -> dict[str, str]:
        """A new Idempotency-Key."""
        name = f"idempotency_key_{len(self.words)}"
        self.words[name] = secrets.token_urlsafe(24)
        return {"Idempotency-Key": self.words[name]}

    def remember_code(self, receipt_code: str) -> None:
        self.words["receipt_code"], self.words["bare_code"] = receipt_code, receipt_code.replace("-", "")


@dataclass
class Person:
    """A resident or an officer, who comes from an address and with a browser that are canaries too."""

    http: httpx.AsyncClient
    canaries: Canaries

    async def post(self, path: str, body: dict[str, Any], expected: int = 200) -> Any:
        """As JSON; each time under a new key, which a route may or may not look at."""
        answer = await self.http.post(path, json=body, headers=self.canaries.key())
        assert answer.status_code == expected, answer.text
        return answer.json()


@asynccontextmanager
async def a_person(url: str, canaries: Canaries, **headers: str) -> AsyncIterator[Person]:
    canaries.words |= {"peer": PEER, "forwarded_for": f"203.0.113.{secrets.randbelow(200) + 20}"}
    headers |= {"User-Agent": canaries["user_agent"], "X-Forwarded-For": canaries["forwarded_for"]}
    transport = httpx.AsyncHTTPTransport(local_address=PEER)
    async with httpx.AsyncClient(base_url=url, transport=transport, headers=headers, timeout=20) as http:
        yield Person(http, canaries)


async def send_tip(resident: Person) -> dict[str, Any]:
    words = resident.canaries
    words.words |= {"phone": f"91{secrets.randbelow(10**7):07}", "reporter_role": "karaoke"}
    tip = {name: words[name] for name in ("text", "happened_at", "place", "neighbourhood")}
    contact = {"name": words["contact_name"], "phone": f"0{words['phone']}", "email": f"{words['email']}@example.org"}
    more = {"category": "gambling", "commune": COMMUNE_OF[HERE], "reporter_role": "karaoke", "contact": contact}
    receipt: dict[str, Any] = await resident.post("/v1/tips", {**tip, **more}, 201)
    words.remember_code(receipt["receipt_code"])
    return receipt


async def send_by_form(resident: Person) -> None:
    """The same words by the page, and once with a phone that is none, so that the form comes back."""
    words = resident.canaries
    tip = {name: words[name] for name in TYPED}
    for phone, expected in ((words["text"], 422), (f"0{words['phone']}", 201)):
        form = {
            **tip,
            "commune": COMMUNE_OF[HERE],
            "category": "gambling",
            "contact_phone": phone,
            "reporter_role": "karaoke",
            "idempotency_key": words.key()["Idempotency-Key"],
        }
        assert (await resident.http.post("/", data=form)).status_code == expected


async def make_mistakes(resident: Person) -> None:
    """What is refused is not kept either."""
    words = resident.canaries
    tip = {"category": "gambling", "commune": COMMUNE_OF[HERE], "text": words["text"]}
    await resident.post("/v1/tips", {**tip, words["text"]: words["text"]}, 422)
    await resident.post("/v1/tips", {**tip, "category": words["text"]}, 422)
    await resident.post("/v1/tips", {**tip, "commune": words["place"]}, 422)
    await resident.post("/v1/tips", {**tip, "contact": {"phone": words["contact_name"]}}, 422)
    await resident.post("/v1/mailbox/open", {"receipt_code": words["receipt_code"][:-1]}, 422)
    assert (await resident.http.get("/v1/stations", params={"q": words["place"]})).json() == []
    assert (await resident.http.get(f"/{words['text']}")).status_code == 404


async def handle(officer: Person, tip_id: str) -> None:
    words, case = officer.canaries, f"/v1/cases/{tip_id}"
    await officer.post(f"{case}/claim", {})
    view = {"reason": "verification", "note": words["view_note"]}
    opened = await officer.post(f"{case}/content", view)
    assert opened["text"]["text"] == words["text"]
    await officer.post(f"{case}/notes", {"text": words["note"]}, 201)
    await officer.post(f"{case}/answers", {"text": words["answer"]}, 201)
    await officer.post(f"{case}/classify", {"category": "gambling", "urgency": "urgent"})
    await officer.post(f"{case}/close", {"outcome": "transferred", "text": words["last_answer"]})
    assert (await officer.http.get(case)).status_code == 200


async def until_case(world: World, tip_id: str, condition: str) -> None:
    async def holds() -> bool:
        query = f"SELECT count(*) FROM cases WHERE tip_id = $1 AND {condition}"  # noqa: S608 - a test's own words
        return bool(await world.value(TRIAGE, query, tip_id))

    await eventually(holds)


@dataclass(frozen=True)
class Life:
    world: World
    canaries: Mapping[str, str]
    tip_id: str


@pytest.fixture(scope="module")
async def life(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Life]:
    """A tip is sent, opened, added to, answered, closed, and its answers are read; every service prints its spans."""
    folder, canaries = tmp_path_factory.mktemp("canary"), Canaries()
    async with a_world(folder, OTEL_TRACES_EXPORTER="console", TINBAO_LOG_LEVEL="DEBUG") as world:
        await asyncio.gather(world.start(*WORKERS_AND_APIS), world.start_provider(CHIEF))
        async with a_person(INTAKE.url(world.at), canaries) as resident:
            receipt = await send_tip(resident)
            await send_by_form(resident)
            await make_mistakes(resident)
            tip_id, code = receipt["tip_id"], {"receipt_code": receipt["receipt_code"]}
            await resident.post("/v1/mailbox/messages", {**code, "text": canaries["supplement"]}, 201)
            await until_case(world, tip_id, "has_news")
            token = {"Authorization": f"Bearer {await access_token(world.at.oidc)}"}
            async with a_person(world.services[TRIAGE].url(world.at), canaries, **token) as officer:
                await handle(officer, tip_id)

            async def is_answered() -> bool:
                mailbox = await resident.post("/v1/mailbox/open", code)
                answers = {message["text"] for message in mailbox["messages"]}
                return mailbox["status"] == "closed" and {canaries["answer"], canaries["last_answer"]} <= answers

            await eventually(is_answered)
            await eventually(lambda: is_seen_by_the_province(world, tip_id))
        yield Life(world, dict(canaries.words), tip_id)


async def access_token(provider: OpenIdProvider) -> str:
    form = {"grant_type": "password", "username": CHIEF.login, "password": DEMO_PASSWORD, "scope": "openid profile"}
    async with httpx.AsyncClient(base_url=provider.issuer, trust_env=False) as http:
        answer = await http.post("/token", data=form, auth=(TRIAGE, provider.client_secret(TRIAGE)))
    token: str = answer.raise_for_status().json()["access_token"]
    return token


async def is_seen_by_the_province(world: World, tip_id: str) -> bool:
    rows = await world.rows(f"triage-{PROVINCE}", "SELECT status FROM station_cases WHERE tip_id = $1", tip_id)
    return [row["status"] for row in rows] == ["closed"]


async def everything(world: World) -> dict[str, bytes]:
    """All that is stored or was said, by where it is."""
    dumps = {f"database {name}": await dump(world, name) for name in await databases(world)}
    segments = {f"kafka {path.parent.name}": path.read_bytes() for path in (world.at.state / "kafka").rglob("*.log")}
    logs = {f"log {path.name}": path.read_bytes() for path in world.at.logs.iterdir()}
    return dumps | segments | logs


async def databases(world: World) -> list[str]:
    conn = await asyncpg.connect(world.at.postgres.url())
    try:
        return [row[0] for row in await conn.fetch("SELECT datname FROM pg_database WHERE datallowconn")]
    finally:
        await conn.close()


async def dump(world: World, database: str) -> bytes:
    """Everything in it, as text; bytes as hexadecimal."""
    server = world.at.postgres
    place = ("--host", server.host, "--port", str(server.port), "--username", "postgres")
    process = await asyncio.create_subprocess_exec(
        *(str(server._bin / "pg_dump"), *place, database),
        env={**os.environ, "PGPASSWORD": server.password},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output


def forms(word: str) -> set[bytes]:
    """How a word may look inside other bytes: as it is, in base64 wherever it begins, and each of these in hex."""
    plain = {word.encode(), word.lower().encode()}
    encoded = {b64 for text in plain for b64 in (*in_base64(text), *in_base64(text, b"-_"))}
    return {form for text in plain | encoded for form in (text, text.hex().encode())}


def in_base64(text: bytes, altchars: bytes = b"+/") -> list[bytes]:
    """What of its base64 does not depend on its neighbours, for each of the three places where it may begin."""
    found = []
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + text, altchars).rstrip(b"=")
        after = (before + len(text)) % 3
        found.append(encoded[(0, 2, 3)[before] : len(encoded) - (1 if after else 0)])
    return found


def places_of(word: str, everything: Mapping[str, bytes]) -> set[str]:
    return {place for place, stored in everything.items() if any(form in stored for form in forms(word))}


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc"])
@pytest.mark.parametrize("after", [b"", b"y", b"yz", b"xyz"])
def test_the_search_finds_a_word_in_base64_and_in_hex(before: bytes, after: bytes) -> None:
    word = a_canary()
    stored = before + word.encode() + after
    hidden = {
        "plain": stored,
        "hex": stored.hex().encode(),
        "base64": base64.urlsafe_b64encode(stored),
        "hex of base64": base64.b64encode(stored).hex().encode(),
        "another": a_canary().encode(),
    }

    assert places_of(word, hidden) == {"plain", "hex", "base64", "hex of base64"}


async def test_a_tips_words_are_nowhere_but_in_its_stations_opened_slip(life: Life) -> None:
    stored = await everything(life.world)

    found = {name: places_of(word, stored) for name, word in life.canaries.items()}

    slip = {name: {f"database triage_{HERE}"} for name in ("place", "neighbourhood", "reporter_role")}
    assert {name: places for name, places in found.items() if places} == slip


async def test_the_search_looks_where_a_tip_leaves_its_traces(life: Life) -> None:
    stored = await everything(life.world)

    found = places_of(life.tip_id, stored)

    assert {"database intake", f"database triage_{HERE}", f"database triage_{PROVINCE}"} <= found
    assert {f"kafka tips.{HERE}-0", f"kafka cases.{HERE}-0"} <= found
    assert f'"tip.id": "{life.tip_id}"' in life.world.log(f"{TRIAGE}-worker"), "the spans are in the log"
    assert b'"http.route": "/v1/tips"' in stored[f"log {log_name(life.world, 'intake-api')}"]


def log_name(world: World, name: str) -> str:
    return world.children[name].program.log.name


def test_no_application_lets_the_framework_watch_requests() -> None:
    """FastAPI's own telemetry is on unless told otherwise, and its spans hold paths and query strings."""
    modules = [ast.parse(path.read_text()) for folder in ("libs", "services") for path in (ROOT / folder).rglob("*.py")]
    made = [node for module in modules for node in ast.walk(module) if is_application(node)]

    assert made
    assert [ast.unparse(call) for call in made if "telemetry=NO_TELEMETRY" not in ast.unparse(call)] == []


def is_application(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "FastAPI"
