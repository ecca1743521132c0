"""The product as a newcomer gets it: `tinbao up` in a process of its own, with the demo officers at work."""

import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import psutil
from tinbao_local.checks import is_free, wanted_ports
from tinbao_local.demo import DEMO_PASSWORD, OFFICERS
from tinbao_local.installation import Installation
from tinbao_local.processes import SERVICES, Service
from tinbao_local.secret_file import SecretFile

from tests.support.eventually import eventually
from tests.support.reporter import Receipt

Case: TypeAlias = dict[str, Any]

TINBAO = Path(sys.executable).with_name("tinbao")
LAST_WORDS_OF_A_START = "Ctrl-C stops everything"
START_SECONDS = 200
STOP_SECONDS = 60
ARRIVES_WITHIN_SECONDS = 20


@dataclass(frozen=True)
class Product:
    """A running installation; `process` is whoever was asked to start it."""

    at: Installation
    process: "subprocess.Popen[bytes]"
    output: Path
    services: Mapping[str, Service] = field(default_factory=lambda: {each.name: each for each in SERVICES})

    def url(self, service: str) -> str:
        return self.services[service].url(self.at)

    def said(self) -> str:
        return self.output.read_text()

    def processes(self) -> list[psutil.Process]:
        """All that it started, at this moment."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def process_of(self, command_part: str, **environment: str) -> psutil.Process:
        """The one with this in its command line and this in its environment."""
        (process,) = [
            each
            for each in self.processes()
            if command_part in " ".join(each.cmdline()) and environment.items() <= each.environ().items()
        ]
        return process

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`tinbao …`, beside the running one."""
        return subprocess.run(
            [TINBAO, *arguments],
            env=environment_of(self.at),
            cwd=self.at.state,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def environment_of(at: Installation) -> dict[str, str]:
    """What makes a `tinbao` command mean this installation."""
    return {**inherited(), "TINBAO_HOME": str(at.state), "TINBAO_PORT_OFFSET": str(at.port_offset)}


def inherited() -> dict[str, str]:
    """Our environment without settings that the developer's own tinbao may have."""
    ours = psutil.Process().environ().items()
    return {name: value for name, value in ours if not name.startswith(("TINBAO_", "OTEL_"))}


@contextmanager
def running_product(folder: Path) -> Iterator[Product]:
    """Ready when this yields; asked to stop by TERM at the end, after which nothing of it may be left."""
    at = an_installation(folder / "state")
    output = folder / "output.txt"
    try:
        with started([TINBAO, "up"], output, cwd=folder, env=environment_of(at)) as process:
            product = Product(at, process, output)
            yield product
            stop_and_leave_nothing(product)
    finally:
        at.postgres.remove()


@contextmanager
def started(command: Sequence[str | Path], output: Path, **how: Any) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a command that ends up as `tinbao up`; ready when this yields. `how` is for Popen."""
    with output.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, **how)
    try:
        wait_until_ready(process, output)
        yield process
    finally:
        end(process)


def wait_until_ready(process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while LAST_WORDS_OF_A_START not in output.read_text():
        assert process.poll() is None, f"it ended while it started:\n{output.read_text()}"
        assert time.monotonic() < deadline, f"it was not ready after {START_SECONDS} s:\n{output.read_text()}"
        time.sleep(0.1)


def stop_and_leave_nothing(product: Product, status: int = 0) -> None:
    """`status` is how whoever was asked to start it ends when asked to stop."""
    children = product.processes()
    product.process.terminate()
    assert product.process.wait(STOP_SECONDS) == status, product.said()
    assert len(children) > len(SERVICES)
    assert not [child for child in children if is_alive(child)]
    assert not [port for port in wanted_ports(product.at, SERVICES) if not is_free(port)]


def end(process: "subprocess.Popen[bytes]") -> None:
    """After a failure: ask, and insist."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def an_installation(state: Path) -> Installation:
    """A new state folder, and an offset with which no port of the product is in use."""
    state.mkdir(mode=0o700)
    while True:
        # Below 32768, where outgoing connections begin: one could take a port between this look and the start.
        offset = 10_000 + secrets.randbelow(12_000)
        at = Installation(state, offset, None, SecretFile(state / "secrets.json"))
        if all(is_free(port) for port in wanted_ports(at, SERVICES)):
            return at


@asynccontextmanager
async def an_officer(product: Product, login: str, at_station: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client app that a demo officer logged in to, talking to the deployment of their station or of another."""
    station = next(officer.station for officer in OFFICERS if officer.login == login)
    token = await _access_token(product, login, f"triage-{station}")
    url = product.url(f"triage-{at_station or station}")
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as http:
        yield http


async def _access_token(product: Product, login: str, client_id: str) -> str:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        answer = await http.post(
            f"{product.at.oidc.issuer}/token",
            auth=(client_id, product.at.oidc.client_secret(client_id)),
            data={"grant_type": "password", "username": login, "password": DEMO_PASSWORD, "scope": "openid profile"},
        )
    claims: dict[str, Any] = answer.raise_for_status().json()
    return str(claims["access_token"])


async def arrived(officer: httpx.AsyncClient, receipt: Receipt, seconds: float = ARRIVES_WITHIN_SECONDS) -> Case:
    """The case in this officer's list, as soon as it is there; a part of the product that is away is waited for."""

    async def listed() -> Case | None:
        try:
            answer = await officer.get("/v1/cases?limit=200")
        except httpx.TransportError:
            return None
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return None
        cases: list[Case] = answer.raise_for_status().json()["cases"]
        return next((case for case in cases if case["tip_id"] == str(receipt.tip_id)), None)

    case: Case | None = await eventually(listed, seconds)
    assert case
    return case
