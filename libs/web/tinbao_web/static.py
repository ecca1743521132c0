"""Stylesheet, fonts and scripts under /static: this library's, and a service's own beside them."""

import hashlib
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from os import PathLike, stat_result

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOR_EVER = "public, max-age=31536000, immutable"


class CachedFiles(StaticFiles):
    """A URL that carries the file's hash, or a font, whose name carries its version, never changes: keep it a year."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        is_versioned = scope["query_string"].startswith(b"v=") or "/fonts/" in scope["path"]
        response.headers["Cache-Control"] = FOR_EVER if is_versioned else "no-cache"
        return response


def mount_static(app: FastAPI, package: str | None = None) -> None:
    """Serve /static, compressed, without a log; `package` is a service with a `static` folder of its own."""
    packages = ["tinbao_web", *([package] if package else [])]
    files = CachedFiles(packages=[(name, "static") for name in packages])
    app.mount("/static", GZipMiddleware(files), name="static")


def hash_assets(packages: Iterable[str]) -> Mapping[str, str]:
    """Eight hex digits of SHA-256 for each file of the packages' `static` folders, by its name in the URL."""
    hashes: dict[str, str] = {}
    for package in packages:
        folder = resources.files(package).joinpath("static")
        hashes |= dict(_hashes(folder)) if folder.is_dir() else {}
    return hashes


def _hashes(folder: Traversable, prefix: str = "") -> Iterable[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _hashes(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, hashlib.sha256(entry.read_bytes()).hexdigest()[:8]
