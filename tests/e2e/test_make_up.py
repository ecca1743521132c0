"""What a newcomer does: `make up` in a checkout, with an account that has nothing and a PATH without Java."""

import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tinbao_local.demo import BINH_TUYEN
from tinbao_local.installation import Installation
from tinbao_local.secret_file import SecretFile

from tests.support.eventually import eventually
from tests.support.product import (
    Product,
    an_installation,
    an_officer,
    arrived,
    is_alive,
    started,
    stop_and_leave_nothing,
)
from tests.support.reporter import Receipt, a_reporter

ROOT = Path(__file__).parents[2]
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
OF_THE_DEVELOPER = ("JAVA", "OTEL_", "PYENV", "PYTHONPATH", "PYTHONHOME", "TINBAO_", "UV_CACHE", "VIRTUAL_ENV", "XDG_")
"""Variables with these beginnings would let a newcomer find what is not theirs."""
MAKE_WAS_STOPPED = -15
AFTER_A_FIRST_START_SECONDS = 60
"""A broker that just made 450 topics takes some time until it leads them all."""


@dataclass(frozen=True)
class Newcomer:
    """An account with a checkout of its own, and nothing else. `account` is None where we are not root: it is us."""

    folder: Path
    account: pwd.struct_passwd | None
    python: str

    @property
    def checkout(self) -> Path:
        return self.folder / "tinbao"

    def how(self, port_offset: int) -> dict[str, Any]:
        """For Popen."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_DEVELOPER)}
        environment = {
            "HOME": str(self.folder),
            "PATH": str(self.folder / "bin"),
            "TINBAO_PORT_OFFSET": str(port_offset),
        }
        return {**as_account(self.account), "cwd": self.checkout, "env": {**ours, **environment}}

    def processes(self) -> list[psutil.Process]:
        """All that run under the account; where that is ours too, all that run in its folder."""
        return [each for each in psutil.process_iter() if is_alive(each) and self._owns(each)]

    def _owns(self, process: psutil.Process) -> bool:
        try:
            if self.account:
                return process.uids().real == self.account.pw_uid
            return process.cwd().startswith(str(self.folder))
        except psutil.Error:
            return False


@pytest.fixture
def newcomer() -> Iterator[Newcomer]:
    with an_account() as account, tempfile.TemporaryDirectory(prefix="tinbao-newcomer-") as folder:
        newcomer = Newcomer(Path(folder), account, a_python(account))
        copy_checkout(newcomer.checkout)
        make_path_without_java(newcomer.folder / "bin")
        give(newcomer.folder, account)
        yield newcomer


@contextmanager
def an_account() -> Iterator[pwd.struct_passwd | None]:
    """Made for this test where we may make one, else None."""
    if os.geteuid() != 0:
        yield None
        return
    name = f"newcomer-{secrets.token_hex(4)}"
    subprocess.run(["useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", name], check=True)
    try:
        yield pwd.getpwnam(name)
    finally:
        subprocess.run(["userdel", "--force", name], check=True, stderr=subprocess.DEVNULL)


def as_account(account: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def a_python(account: pwd.struct_passwd | None) -> str:
    """One that the account can run and that can make a virtual environment; ours may be out of its reach."""
    check = "import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))"
    for python in (getattr(sys, "_base_executable", sys.executable), "/usr/bin/python3"):
        try:
            done = subprocess.run(
                [python, "-c", check], cwd="/", stderr=subprocess.DEVNULL, check=False, **as_account(account)
            )
        except PermissionError:
            continue
        if done.returncode == 0:
            return python
    pytest.skip("no Python from 3.11 with its venv package is within another account's reach")


def copy_checkout(target: Path) -> None:
    """What is committed or would be, as `git clone` would give it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def make_path_without_java(folder: Path) -> None:
    folder.mkdir()
    for program in (each for place in SYSTEM_PATH.split(":") for each in Path(place).iterdir()):
        if program.name != "java" and not (folder / program.name).is_symlink():
            (folder / program.name).symlink_to(program)
    assert shutil.which("java", path=str(folder)) is None


def give(folder: Path, account: pwd.struct_passwd | None) -> None:
    if account:
        subprocess.run(["chown", "--recursive", f"{account.pw_uid}:{account.pw_gid}", folder], check=True)


@contextmanager
def up(newcomer: Newcomer, port_offset: int, output: Path) -> Iterator[Product]:
    """`make up`; when the block ends it is stopped as by a closed session, and must leave nothing."""
    how = newcomer.how(port_offset)
    with started(["make", "up", f"PYTHON={newcomer.python}"], output, **how) as process:
        state = newcomer.checkout / ".tinbao"
        product = Product(Installation(state, port_offset, None, SecretFile(state / "secrets.json")), process, output)
        yield product
        stop_and_leave_nothing(product, MAKE_WAS_STOPPED)
    assert newcomer.processes() == []


@pytest.mark.timeout(280)
async def test_make_up_needs_no_java_and_no_root_and_finds_yesterdays_tips(newcomer: Newcomer, tmp_path: Path) -> None:
    port_offset = an_installation(tmp_path / "unused").port_offset

    with up(newcomer, port_offset, tmp_path / "today.txt") as product:
        receipt = await send_tip(product)

    with up(newcomer, port_offset, tmp_path / "tomorrow.txt") as product:
        assert "Installing" not in product.said()
        await is_known(product, receipt)
        await eventually(product.at.zipkin.program().is_ready, AFTER_A_FIRST_START_SECONDS)


async def send_tip(product: Product) -> Receipt:
    async with a_reporter(product.url("intake")) as reporter, an_officer(product, "binhtuyen.truc") as officer:
        receipt = await reporter.send_tip(BINH_TUYEN)
        await arrived(officer, receipt, AFTER_A_FIRST_START_SECONDS)
        return receipt


async def is_known(product: Product, receipt: Receipt) -> None:
    """To the reporter's mailbox as opened, and to the officer as before."""
    async with httpx.AsyncClient(base_url=product.url("intake"), trust_env=False) as http:

        async def status() -> bool:
            answer = await http.post("/v1/mailbox/open", json={"receipt_code": receipt.code})
            return bool(answer.raise_for_status().json()["status"] == "opened")

        await eventually(status)
    async with an_officer(product, "binhtuyen.truc") as officer:
        await arrived(officer, receipt)
