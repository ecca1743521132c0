"""A fault is sent at its own point, at its own count, once; without the variable nothing happens."""

import os
import signal

import pytest
from tinbao_runtime import faults
from tinbao_runtime.faults import Fault


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    signals: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: signals.append((pid, number)))
    return signals


def test_nothing_happens_unless_asked_for(sent: list[tuple[int, int]]) -> None:
    faults.reach("relay.acknowledged", 1000)

    assert sent == []


def test_the_process_gets_its_signal_when_the_count_is_reached(
    sent: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "_fault", Fault.parse("relay.acknowledged:KILL:500"))

    faults.reach("relay.acknowledged", 499)
    faults.reach("consumer.stored", 500)
    assert sent == []

    faults.reach("relay.acknowledged", 100)
    assert sent == [(os.getpid(), signal.SIGKILL)]


def test_a_frozen_process_that_goes_on_is_not_frozen_again(
    sent: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "_fault", Fault.parse("consumer.stored:STOP:1"))

    for _ in range(3):
        faults.reach("consumer.stored")

    assert sent == [(os.getpid(), signal.SIGSTOP)]
