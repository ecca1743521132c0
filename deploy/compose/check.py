"""`make check-containers`: build the images, run docker-compose.yml, use it, break it, upgrade it, take it down.

Says what it sees, step by step, and ends with 1 at the first thing that is not so. It has a project name and volumes of
its own, and TINBAO_PORT_OFFSET moves its ports, so that it can run beside an installation that is in use.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
from tinbao_local.demo import DEMO_PASSWORD

ROOT = Path(__file__).parents[2]
PROJECT = "tinbao-check"
PORTS = {"INTAKE": 8101, "TRIAGE_08944": 8102, "TRIAGE_25": 8103, "NOTIFY": 8104, "AUDIT": 8105, "TRIAGE_08905": 8106}
OTHER_PORTS = {"OIDC": 8180, "MAIL": 8125}
IMAGES = ("tinbao-intake", "tinbao-triage", "tinbao-notify", "tinbao-audit", "tinbao-local")
NEXT_VERSION = "0.1.1-check"
NEXT_IMAGE = f"tinbao-triage:{NEXT_VERSION}"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
BINH_TUYEN, HOI_THINH = "08944", "08905"

TRY_TO_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"
TRY_TO_WRITE = "open('/opt/tinbao/app/mark', 'w')"
T = TypeVar("T")


def main() -> None:
    stack = Stack(find_compose(), int(os.environ.get("TINBAO_PORT_OFFSET") or 0))
    try:
        stack.tear_down()
        build(stack)
        start(stack)
        look_inside(stack)
        answer_a_tip(stack)
        stop_a_station(stack)
        upgrade_a_station(stack)
        send_a_letter(stack)
        read_the_log(stack)
        start_again(stack)
    except BaseException:
        stack.compose("logs", "--tail", "15", check=False)
        raise
    finally:
        with step("Taking everything down, volumes too"):
            stack.tear_down()


def build(stack: "Stack") -> None:
    with step("Building the images"):
        stack.compose("build", quiet=True)
    for image in IMAGES:
        said = json.loads(stack.engine("image", "inspect", f"{image}:0.1.0"))[0]
        say(f"{image}: {said['Size'] / 1e6:.0f} MB, runs as {said['Config'].get('User') or said.get('User')}")


def start(stack: "Stack") -> None:
    with step("Starting everything"):
        stack.compose("up", "-d", quiet=True)
        for name in PORTS:
            stack.wait_until_ready(name)


def look_inside(stack: "Stack") -> None:
    with step("Looking inside"):
        for service in ("intake-api", "triage-08944-worker", "notify-worker", "audit-api"):
            ensure(not stack.can(service, TRY_TO_WRITE), f"{service} cannot write to its own file system")
            found = stack.run_in(service, "sh", "-c", "command -v gcc cc make; find /opt/tinbao -type d -name tests")
            ensure(not found.strip(), f"{service} has no compiler and no tests")
        for mine, others in (("intake", "audit"), ("triage-08944", "triage-08905"), ("audit", "intake")):
            ensure(stack.can(f"{mine}-api", TRY_TO_CONNECT, f"{mine}-db", "5432"), f"{mine} reaches its database")
            reaches = stack.can(f"{mine}-api", TRY_TO_CONNECT, f"{others}-db", "5432")
            ensure(not reaches, f"{mine} does not reach the database of {others}")
        ensure(not stack.can("intake-api", TRY_TO_CONNECT, "kafka", "9092"), "intake's API does not reach Kafka")
        ensure(stack.can("intake-worker", TRY_TO_CONNECT, "kafka", "9092"), "intake's worker does")
        held = stack.run_in("triage-08944-api", "ls", "/keys").split()
        keys = {name.partition("-")[0] for name in held if name.endswith(".key.json")}
        ensure(keys == {BINH_TUYEN}, "triage of 08944 holds the key of its own station alone")


def answer_a_tip(stack: "Stack") -> None:
    with step("A tip is sent, opened for a reason, answered, and the answer is read"):
        text = "Mất một xe máy màu xanh dựng trước quán."
        tip = stack.send_tip("Xã Bình Tuyền", text)
        say(f"accepted for station {tip['station']}")
        with stack.officer("binhtuyen.truc", "TRIAGE_08944") as officer:
            case = f"/v1/cases/{tip['tip_id']}"
            eventually(lambda: case_arrived(officer, tip), "the case in the station's list")
            officer.post(f"{case}/claim").raise_for_status()
            content = officer.post(f"{case}/content", json={"reason": "duty_assignment"}).raise_for_status().json()
            ensure(content["text"]["text"] == text, "the officer who signed in reads the text")
            key = {"Idempotency-Key": secrets.token_urlsafe(24)}
            officer.post(f"{case}/answers", json={"text": "Đã tiếp nhận."}, headers=key).raise_for_status()
        answers = eventually(lambda: stack.answers_to(tip), "the answer in the mailbox")
        ensure(answers == ["Đã tiếp nhận."], "whoever holds the code reads the answer")


def stop_a_station(stack: "Stack") -> None:
    parts = ("triage-08944-api", "triage-08944-worker", "triage-08944-db")
    with step("A station is stopped: its tips wait, the others' do not"):
        stack.compose("stop", *parts, quiet=True)
        waiting = [stack.send_tip("Xã Bình Tuyền", f"Việc thứ {number}") for number in range(3)]
        say("3 tips for it are accepted while it is stopped")
        elsewhere = stack.send_tip("Xã Hội Thịnh", "Ở nơi khác")
        with stack.officer("hoithinh.truc", "TRIAGE_08905") as officer:
            eventually(lambda: case_arrived(officer, elsewhere), "another station's tip")
        say("another station takes its tip meanwhile")
        stack.compose("start", *reversed(parts), quiet=True)
        stack.wait_until_ready("TRIAGE_08944")
        with stack.officer("binhtuyen.truc", "TRIAGE_08944") as officer:
            for tip in waiting:
                eventually(lambda tip=tip: case_arrived(officer, tip), "the tips that waited")  # type: ignore[misc]
        say("all 3 arrive once it runs again")


def upgrade_a_station(stack: "Stack") -> None:
    with step(f"One service is upgraded to {NEXT_VERSION} while people send it tips"):
        others = stack.started_at("intake-api", "intake-worker", "triage-08944-api", "audit-worker", "kafka")
        stack.environment["TRIAGE_08905_VERSION"] = NEXT_VERSION
        # Not by --build-arg: old engines take the label from their cache, whatever its argument is now.
        label = f"org.opencontainers.image.version={NEXT_VERSION}"
        stack.engine("build", "-q", "--label", label, "-f", "services/triage/Dockerfile", "-t", NEXT_IMAGE, ".")
        with sending(stack, "Xã Hội Thịnh") as sent:
            stack.compose("run", "--rm", "--no-deps", "triage-08905-migrate", quiet=True)
            stack.compose("up", "-d", "--no-deps", "triage-08905-api", "triage-08905-worker", quiet=True)
            stack.wait_until_ready("TRIAGE_08905")
        image = json.loads(stack.engine("inspect", stack.container("triage-08905-api")))[0]
        version = image["Config"]["Labels"]["org.opencontainers.image.version"]
        ensure(version == NEXT_VERSION, f"the station's API runs {version}")
        with stack.officer("hoithinh.truc", "TRIAGE_08905") as officer:
            for tip in sent:
                eventually(lambda tip=tip: case_arrived(officer, tip), "the tips sent meanwhile")  # type: ignore[misc]
        say(f"all {len(sent)} tips sent meanwhile arrive, none twice")
        unchanged = stack.started_at("intake-api", "intake-worker", "triage-08944-api", "audit-worker", "kafka")
        ensure(unchanged == others, "nothing else was restarted")


def send_a_letter(stack: "Stack") -> None:
    with step("Somebody subscribes to alerts, and gets a letter"):
        address = "nguoi.dan@example.org"
        wanted = {"email": address, "consent": True}
        key = {"Idempotency-Key": secrets.token_urlsafe(24)}
        httpx.post(f"{stack.url('NOTIFY')}/v1/subscriptions", json=wanted, headers=key).raise_for_status()

        def letter() -> bool:
            return address in stack.run_in("mail", "python", "-m", "tinbao_local.containers", "letters")

        eventually(letter, "the letter")
        say("the letter that asks for confirmation is in the mail catcher")


def read_the_log(stack: "Stack") -> None:
    with step("The audit log has been signed"):
        name, size, *_ = httpx.get(f"{stack.url('AUDIT')}/checkpoint").raise_for_status().text.splitlines()
        ensure(int(size) > 0, f"the checkpoint of {name} covers {size} entries")


def start_again(stack: "Stack") -> None:
    with step("Everything is taken down and started again, with its volumes"):
        tip = stack.send_tip("Xã Bình Tuyền", "Trước khi tắt")
        stack.compose("down", quiet=True)
        start(stack)
        with stack.officer("binhtuyen.truc", "TRIAGE_08944") as officer:
            eventually(lambda: case_arrived(officer, tip), "the tip from before")
        say("what was sent before is there")


@dataclass
class Stack:
    """The running compose file. `environment` is what its variables are set to."""

    command: tuple[str, ...]
    offset: int
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, port in {**PORTS, **OTHER_PORTS}.items():
            self.environment[f"{name}_PORT"] = str(port + self.offset)
        for name in PORTS:
            self.environment[f"{name}_URL"] = self.url(name)
        self.environment["OIDC_ISSUER"] = f"http://oidc.localhost:{OTHER_PORTS['OIDC'] + self.offset}"

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{PORTS[name] + self.offset}"

    def compose(self, *arguments: str, quiet: bool = False, check: bool = True) -> str:
        return self._run([*self.command, "-p", PROJECT, *arguments], quiet=quiet, check=check)

    def tear_down(self) -> None:
        """Also what a run that was cut off has left."""
        self.compose("down", "-v", quiet=True, check=False)
        for volume in self.engine("volume", "ls", "-q", "--filter", f"name={PROJECT}_").split():
            self.engine("volume", "rm", "-f", volume, check=False)
        self.engine("rmi", "-f", NEXT_IMAGE, check=False)

    def engine(self, *arguments: str, check: bool = True) -> str:
        engine = "docker" if self.command[0] == "docker" else "podman"
        return self._run([engine, *arguments], quiet=True, check=check)

    def run_in(self, service: str, *command: str) -> str:
        return self.engine("exec", self.container(service), *command)

    def can(self, service: str, code: str, *arguments: str) -> bool:
        """Whether this Python code ends well in the container of the service."""
        try:
            self.run_in(service, "python", "-c", code, *arguments)
        except CommandFailed:
            return False
        return True

    def container(self, service: str) -> str:
        label = "com.docker.compose.service" if self.command[0] == "docker" else "io.podman.compose.service"
        project = label.replace("service", "project")
        filters = ("--filter", f"label={label}={service}", "--filter", f"label={project}={PROJECT}")
        return self.engine("ps", "-aq", *filters).split()[0]

    def started_at(self, *services: str) -> dict[str, str]:
        found = {each: json.loads(self.engine("inspect", self.container(each)))[0] for each in services}
        return {service: container["State"]["StartedAt"] for service, container in found.items()}

    def wait_until_ready(self, name: str) -> None:
        eventually(lambda: answers(f"{self.url(name)}/readyz"), f"{name} to be ready", seconds=180)

    def send_tip(self, commune: str, text: str) -> dict[str, Any]:
        tip = {"commune": commune, "category": "theft_damage", "text": text}
        headers = {"Idempotency-Key": secrets.token_urlsafe(24)}
        answer = httpx.post(f"{self.url('INTAKE')}/v1/tips", json=tip, headers=headers, timeout=30)
        accepted: dict[str, Any] = answer.raise_for_status().json()
        return accepted

    def answers_to(self, tip: Mapping[str, Any]) -> list[str]:
        code = {"receipt_code": tip["receipt_code"]}
        mailbox = httpx.post(f"{self.url('INTAKE')}/v1/mailbox/open", json=code).raise_for_status().json()
        return [message["text"] for message in mailbox["messages"]]

    @contextmanager
    def officer(self, login: str, deployment: str) -> Iterator[httpx.Client]:
        """Signed in as a browser does it: the console, the provider's page, and back with a code."""
        home = self.url(deployment)
        headers = {"Origin": home, "Sec-Fetch-Site": "same-origin"}
        with httpx.Client(base_url=home, headers=headers, transport=LikeABrowser(), timeout=30) as http:
            asked = eventually(lambda: login_page(http), "the provider's page")
            form = {**dict(HIDDEN.findall(asked.text)), "username": login, "password": DEMO_PASSWORD}
            http.post(asked.url, data=form, follow_redirects=True).raise_for_status()
            yield http

    def _run(self, command: list[str], *, quiet: bool, check: bool) -> str:
        """A failing command's output is shown in any case."""
        done = subprocess.run(  # noqa: S603  - the engine's own command
            command, cwd=ROOT, env={**os.environ, **self.environment}, capture_output=True, text=True, check=False
        )
        if not quiet:
            sys.stdout.write(done.stdout + done.stderr)
        if done.returncode and check:
            raise CommandFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout


class CommandFailed(Exception):
    """Its text ends with what the command said."""


class NotSo(Exception):
    """What was looked for is not there."""


class LikeABrowser(httpx.HTTPTransport):
    """Browsers take every name below .localhost for this machine, which the system's resolver may not."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.host.endswith(".localhost"):
            return super().handle_request(request)
        here = request.url.copy_with(host="127.0.0.1")
        asked = httpx.Request(request.method, here, headers=request.headers, stream=request.stream)
        asked.extensions = request.extensions
        return super().handle_request(asked)


@contextmanager
def sending(stack: Stack, commune: str) -> Iterator[list[dict[str, Any]]]:
    """Somebody sends a tip every fifth of a second; those that were accepted. A refusal ends the check."""
    sent: list[dict[str, Any]] = []
    failures: list[Exception] = []
    done = threading.Event()

    def send() -> None:
        while not done.wait(0.2):
            try:
                sent.append(stack.send_tip(commune, f"Tin thứ {len(sent)}"))
            except httpx.HTTPError as error:
                failures.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield sent
    finally:
        done.set()
        sender.join()
    ensure(not failures, f"intake took every one of {len(sent)} tips")


def find_compose() -> tuple[str, ...]:
    """Docker's if an engine answers, else podman's."""
    if shutil.which("docker"):
        asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)  # noqa: S607
        if asked.returncode == 0:
            return "docker", "compose"
    if shutil.which("podman-compose"):
        return ("podman-compose",)
    sys.exit("Neither `docker compose` nor `podman-compose` is here.")


def case_arrived(officer: httpx.Client, tip: Mapping[str, Any]) -> bool:
    """Raises NotSo where it arrived twice."""
    cases = officer.get("/v1/cases?limit=200").raise_for_status().json()["cases"]
    found = [case for case in cases if case["tip_id"] == tip["tip_id"]]
    if len(found) > 1:
        raise NotSo("a tip arrived twice")
    return bool(found)


def login_page(http: httpx.Client) -> httpx.Response | None:
    """None where the console says that the provider is away. With podman a name was once looked up for 5 s, which is as
    long as the console waits, while another container stopped.
    """
    page = http.get("/login", follow_redirects=True)
    return None if page.status_code == httpx.codes.SERVICE_UNAVAILABLE else page


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def eventually(attempt: Callable[[], T | None], what: str, seconds: float = 60) -> T:
    """The first answer that is true. Raises NotSo."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = attempt()
        if answer:
            return answer
        time.sleep(0.3)
    raise NotSo(f"waited {seconds:.0f} s for {what}")


def ensure(is_so: bool, what: str) -> None:
    if not is_so:
        raise NotSo(f"NOT SO: {what}")
    say(what)


def say(sentence: str) -> None:
    sys.stdout.write(f"    {sentence}\n")
    sys.stdout.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    began = time.monotonic()
    sys.stdout.write(f"{title} …\n")
    sys.stdout.flush()
    yield
    say(f"({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
