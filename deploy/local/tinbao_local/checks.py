"""What must hold before anything is started. Each failure is one sentence that a newcomer can act on."""

import os
import shutil
import socket
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from tinbao_local.installation import Installation
from tinbao_local.processes import HOST, Service

FREE_BYTES_NEEDED = 1024**3
SETTLING = timedelta(seconds=10)
"""How long the servers of a run that was killed may still hold their ports."""


class CannotStartError(Exception):
    """Its message is the sentence."""


def wanted_ports(at: Installation, services: Sequence[Service]) -> dict[int, str]:
    """Each port and what will listen there."""
    ports = {
        at.postgres.port: "PostgreSQL",
        at.kafka.port: "Kafka",
        at.kafka.controller_port: "Kafka's controller",
        at.oidc.port: "the OpenID provider",
        at.mail.port: "the mail catcher",
    }
    if at.has_zipkin:
        ports[at.zipkin.port] = "Zipkin"
    for service in services:
        ports[service.api_port(at)] = service.name
        ports[service.worker_port(at)] = f"{service.name}'s worker"
    return ports


def check(at: Installation, services: Sequence[Service], after_a_crash: bool) -> None:
    """Raises CannotStartError."""
    check_space(at.state)
    check_ports(wanted_ports(at, services), patience=SETTLING if after_a_crash else timedelta())


def check_owner(state: Path) -> None:
    if state.exists() and state.stat().st_uid != os.geteuid():
        raise CannotStartError(
            f"{state} belongs to another account: run tinbao as that account, or set TINBAO_HOME to another folder."
        )


def check_space(state: Path, needed_bytes: int = FREE_BYTES_NEEDED) -> None:
    folder = next(parent for parent in (state, *state.parents) if parent.exists())
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise CannotStartError(
            f"The disk of {folder} has {free_bytes / 1024**3:.1f} GiB free, and tinbao needs "
            f"{needed_bytes / 1024**3:.0f}: make room, or set TINBAO_HOME to a folder on another disk."
        )


def check_ports(ports: Mapping[int, str], patience: timedelta = timedelta()) -> None:
    deadline = time.monotonic() + patience.total_seconds()
    for port, what in ports.items():
        while not is_free(port):
            if time.monotonic() >= deadline:
                raise CannotStartError(
                    f"Port {port} is in use by another program, and tinbao needs it for {what}: "
                    "stop that program, or move all of tinbao's ports with TINBAO_PORT_OFFSET=1000."
                )
            time.sleep(0.1)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port whose connections just ended is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
