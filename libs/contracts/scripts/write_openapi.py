"""Write services/*/openapi.json. Run it after a route or a body changed, and commit the result.

    .venv/bin/python libs/contracts/scripts/write_openapi.py

An application is built with made-up settings and without a database: nothing connects until a request comes.
"""

import json
import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SERVICES = Path(__file__).parents[3] / "services"
NAMES = ("audit", "intake", "notify", "triage")

VERIFIER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""The example of golang.org/x/mod/sumdb/note: it signs nothing."""


def main() -> None:
    for name, text in documents():
        path_of(name).write_text(text, "utf-8")


def path_of(name: str) -> Path:
    return SERVICES / name / "openapi.json"


def documents() -> Iterator[tuple[str, str]]:
    """Each service with the text of its document."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "key-encryption-key").write_bytes(os.urandom(32))
        (Path(folder) / "log.vkey").write_text(VERIFIER_KEY)
        for name in NAMES:
            document = application(name, made_up(folder)).openapi()
            yield name, json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def application(name: str, values: Mapping[str, object]) -> Any:
    settings_class = getattr(import_module(f"tinbao_{name}.settings"), f"{name.title()}Settings")
    settings = settings_class.model_validate({key: values[key] for key in values.keys() & settings_class.model_fields})
    return import_module(f"tinbao_{name}.main").create_api(settings, pool=None)


def made_up(folder: str) -> dict[str, object]:
    return {
        "database_url": "postgresql://nobody@127.0.0.1/none",
        "kafka_username": "nobody",
        "kafka_password": "none",
        "http_port": 8000,
        "station": "08944",
        "keys_folder": folder,
        "log_folder": folder,
        "signing_key_file": Path(folder) / "log.key",
        "session_secret": "none" * 8,
        "link_secret": "none" * 8,
        "oidc_issuer": "http://127.0.0.1",
        "oidc_client_id": "none",
        "oidc_client_secret": "none",
    }


if __name__ == "__main__":
    main()
