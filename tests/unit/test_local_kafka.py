"""Kafka's jars come from the network once, and an interrupted start leaves nothing that spoils the next."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jgo
import pytest
from tinbao_local.jars import JarsMissingError
from tinbao_local.kafka import Kafka


@dataclass
class Jar:
    """An artifact that is downloaded whenever its file is missing."""

    path: Path

    def resolve(self) -> Path:
        if not self.path.exists():
            with zipfile.ZipFile(self.path, "w") as jar:
                jar.writestr("kafka/Kafka.class", b"whole")
        return self.path


def a_kafka(state: Path) -> Kafka:
    return Kafka(state, port=9092, controller_port=9093, password="thu-nghiem")


def test_a_jar_that_an_interrupted_start_cut_off_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = Jar(tmp_path / "kafka.jar")
    whole = jar.resolve().read_bytes()
    jar.path.write_bytes(whole[: len(whole) // 2])
    monkeypatch.setattr(jgo, "resolve", lambda _: [jar])
    monkeypatch.setattr(Kafka, "_format_storage", lambda _: None)

    a_kafka(tmp_path / "state").prepare()

    assert jar.path.read_bytes() == whole


def test_a_first_start_without_network_says_that_it_needs_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_: str) -> Any:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(jgo, "resolve", unreachable)

    with pytest.raises(JarsMissingError, match="the first start on a machine needs the network"):
        a_kafka(tmp_path).prepare()
