"""A service that cannot start says in one sentence which variable is to blame, and never what it holds."""

import subprocess
import sys
from pathlib import Path

import pytest
from tinbao_intake.settings import IntakeSettings
from tinbao_runtime import entry_point
from tinbao_runtime.settings import ServiceSettings

SECRET = "bi-mat-9f3a"
GOOD = {
    "TINBAO_DATABASE_URL": f"postgresql://intake:{SECRET}@127.0.0.1:1/intake",
    "TINBAO_KAFKA_USERNAME": "intake",
    "TINBAO_KAFKA_PASSWORD": SECRET,
    "TINBAO_HTTP_PORT": "8101",
}
TRIAGE = GOOD | {
    "TINBAO_STATION": "08944",
    "TINBAO_KEYS_FOLDER": "/nowhere",
    "TINBAO_SESSION_SECRET": SECRET * 4,
    "TINBAO_OIDC_ISSUER": "http://127.0.0.1:1",
    "TINBAO_OIDC_CLIENT_ID": "triage",
    "TINBAO_OIDC_CLIENT_SECRET": SECRET,
}


def last_words(module: str, command: str, environment: dict[str, str]) -> str:
    """What a process says that ends at once; it may not be a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", module, command], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert SECRET not in done.stderr
    (sentence,) = done.stderr.splitlines()
    return sentence


def complaint(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> str:
    for name, value in {**GOOD, **changes}.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as end:
        entry_point.read_settings(IntakeSettings)
    assert SECRET not in str(end.value)
    return str(end.value)


def test_a_missing_variable_ends_the_process_with_its_name() -> None:
    environment = {name: value for name, value in GOOD.items() if name != "TINBAO_DATABASE_URL"}

    assert last_words("tinbao_intake", "worker", environment) == "TINBAO_DATABASE_URL is not set"


def test_an_unknown_command_is_answered_with_the_known_ones() -> None:
    assert last_words("tinbao_intake", "serve", GOOD) == "Give one of: api, worker, migrate."


def test_an_address_that_is_none_is_named_by_its_variable() -> None:
    sentence = last_words("tinbao_intake", "api", GOOD | {"TINBAO_DATABASE_URL": SECRET})

    assert sentence.startswith("TINBAO_DATABASE_URL: ")


def test_a_database_that_cannot_be_migrated_is_one_sentence() -> None:
    assert last_words("tinbao_intake", "migrate", GOOD).startswith("The database was not migrated: ")


def test_a_station_without_its_keys_is_told_which_folder_it_looked_in() -> None:
    sentence = last_words("tinbao_triage", "worker", TRIAGE)

    assert sentence.startswith("TINBAO_KEYS_FOLDER: ")
    assert "/nowhere/key-encryption-key" in sentence


def test_every_missing_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {"TINBAO_KAFKA_USERNAME": None, "TINBAO_KAFKA_PASSWORD": None}

    assert complaint(monkeypatch, **missing) == "TINBAO_KAFKA_USERNAME is not set; TINBAO_KAFKA_PASSWORD is not set"


def test_what_the_environment_does_not_say_is_read_from_the_folder_of_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tinbao_kafka_password").write_text("in a file\n")
    (tmp_path / "tinbao_kafka_username").write_text("somebody else")
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TINBAO_KAFKA_PASSWORD")
    monkeypatch.setenv("TINBAO_SECRETS_FOLDER", str(tmp_path))

    settings = entry_point.read_settings(IntakeSettings)

    assert settings.kafka_password.get_secret_value() == "in a file"
    assert settings.kafka_username == "intake"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TINBAO_HTTP_PORT", SECRET),
        ("TINBAO_HTTP_PORT", "70000"),
        ("TINBAO_DIRECTORY_REFRESH", SECRET),
        ("TINBAO_DIRECTORY_REFRESH", "0"),
        ("TINBAO_POOL_SIZE", "0"),
        ("TINBAO_KAFKA_SECURITY_PROTOCOL", SECRET),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert complaint(monkeypatch, **{name: value}).startswith(f"{name}: ")


def test_a_wrong_exporter_of_traces_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {**GOOD, "OTEL_TRACES_EXPORTER": "paper"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["intake", "api"])

    def serve(command: str, settings: ServiceSettings) -> None:
        raise AssertionError(command)

    with pytest.raises(SystemExit, match="OTEL_TRACES_EXPORTER"):
        entry_point.run_entry_point(IntakeSettings, lambda _: "intake", tmp_path, serve)
