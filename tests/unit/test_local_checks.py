"""What stops `tinbao up` before it starts anything is one sentence that says what to do."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from tinbao_local.checks import CannotStartError, check_owner, check_ports, check_space
from tinbao_local.secret_file import SecretFile


def test_a_disk_without_room_is_named_before_the_state_folder_exists(tmp_path: Path) -> None:
    check_space(tmp_path / "not" / "there", needed_bytes=1)

    with pytest.raises(CannotStartError, match=rf"The disk of {tmp_path} has .* GiB free, and tinbao needs 1048576:"):
        check_space(tmp_path / "not" / "there", needed_bytes=1024**5)


def test_a_state_folder_of_another_account_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_owner(tmp_path)
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)

    with pytest.raises(CannotStartError, match="belongs to another account"):
        check_owner(tmp_path)


def test_a_port_that_is_in_use_is_named_and_a_free_one_is_not() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(CannotStartError, match=f"Port {port} .* needs it for Kafka"):
            check_ports({port: "Kafka"}, patience=timedelta(seconds=0.2))

    check_ports({port: "Kafka"})


def test_two_processes_that_make_secrets_at_once_keep_both(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    one, other = SecretFile(file), SecretFile(file)

    first, second = one["first"], other["second"]

    assert other["first"] == first
    assert SecretFile(file)["first"] == first
    assert SecretFile(file)["second"] == second
