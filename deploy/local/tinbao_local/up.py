"""`tinbao up`: the whole product on this machine, until somebody says stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from enum import IntEnum
from threading import Thread

from confluent_kafka.admin import AdminClient
from tinbao_contracts.places import load_stations

from tinbao_local.checks import CannotStartError
from tinbao_local.children import ChildFailedError
from tinbao_local.demo import DEPLOYMENTS, OFFICERS
from tinbao_local.demo_tips import send_demo_tips
from tinbao_local.installation import Installation
from tinbao_local.jars import JarsMissingError
from tinbao_local.keys import register_stations_and_keys
from tinbao_local.oidc import Client
from tinbao_local.processes import NOTIFY_PORT, SERVICES, Service, api, database_password, environment, worker
from tinbao_local.rights import NOTIFY
from tinbao_local.screen import Screen
from tinbao_local.supervisor import Supervisor
from tinbao_local.topics import apply_topics


class Wave(IntEnum):
    """The highest is stopped first."""

    POSTGRES = 1
    KAFKA = 2
    OIDC = 3
    MAIL = 4
    ZIPKIN = 5
    SERVICES = 6


async def run(at: Installation, services: Sequence[Service], screen: Screen) -> None:
    """Returns after INT, TERM or HUP, when everything has stopped.

    Raises CannotStartError or an ExceptionGroup of ChildFailedError, then too with everything stopped.
    """
    asked_to_stop = _stop_signal()
    supervisor = Supervisor(screen.tell)
    zipkin = asyncio.create_task(_start_zipkin(at, screen, supervisor))
    starting = asyncio.create_task(_start(at, services, screen, supervisor, zipkin))
    stopping = asyncio.create_task(asked_to_stop.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await stopping
    finally:
        tasks = (zipkin, starting, stopping)
        for task in tasks:
            task.cancel()
        with screen.step("Stopping everything"):
            await asyncio.gather(*tasks, return_exceptions=True)
            await supervisor.stop()


def _stop_signal() -> asyncio.Event:
    """Explicit handlers: a shell that starts us in the background lets INT be ignored."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    return asked


async def _start(
    at: Installation,
    services: Sequence[Service],
    screen: Screen,
    supervisor: Supervisor,
    zipkin: "asyncio.Task[bool]",
) -> None:
    async with asyncio.TaskGroup() as first:
        first.create_task(_start_databases_and_apis(at, services, screen, supervisor))
        first.create_task(_start_broker(at, screen, supervisor))
        first.create_task(_start_oidc(at, screen, supervisor))
        first.create_task(_start_mail(at, screen, supervisor))
    with screen.step("Starting the workers"):
        await supervisor.start([worker(at, service) for service in services], Wave.SERVICES)
    await _send_demo_tips_once(at, screen)
    screen.show_addresses(at, services, with_traces=not zipkin.done() or zipkin.result())
    screen.show_logins()
    screen.show_next_steps(at, services)


async def _start_databases_and_apis(
    at: Installation, services: Sequence[Service], screen: Screen, supervisor: Supervisor
) -> None:
    """APIs need no broker, and their loading fills the time in which it starts."""
    await _start_databases(at, services, screen, supervisor)
    with screen.step("Registering stations and keys"):
        await register_stations_and_keys(at)
    with screen.step("Starting the APIs"):
        await supervisor.start([api(at, service) for service in services], Wave.SERVICES)


async def _start_databases(
    at: Installation, services: Sequence[Service], screen: Screen, supervisor: Supervisor
) -> None:
    with screen.step("Starting PostgreSQL"):
        await asyncio.to_thread(at.postgres.prepare)
        await supervisor.start([at.postgres.program()], Wave.POSTGRES)
    with screen.step("Bringing the databases to this version"):
        for service in services:
            await at.postgres.ensure_database(service.database, service.database, database_password(at, service))
        async with asyncio.TaskGroup() as migrating:
            for service in services:
                migrating.create_task(_migrate(at, service))


async def _migrate(at: Installation, service: Service) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", service.module, "migrate"),
        env={**os.environ, **environment(at, service), "OTEL_TRACES_EXPORTER": "none"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise CannotStartError(f"The database of {service.name} could not be migrated:\n{output.decode()}")


async def _start_broker(at: Installation, screen: Screen, supervisor: Supervisor) -> None:
    with screen.step("Preparing Kafka (44 MB are fetched the first time on this machine)"):
        await asyncio.to_thread(at.kafka.prepare)
    with screen.step("Starting Kafka"):
        await supervisor.start([at.kafka.program()], Wave.KAFKA)
    with screen.step("Making topics, users and rights"):
        await asyncio.to_thread(apply_station_table, at)


def apply_station_table(at: Installation) -> list[str]:
    """What changed, line by line. Blocks. Raises KafkaException where the broker does not answer."""
    admin = AdminClient(at.kafka.client_config())
    return list(apply_topics(admin, load_stations(at.stations_file).values(), at.secrets).lines())


async def _start_oidc(at: Installation, screen: Screen, supervisor: Supervisor) -> None:
    clients = [Client(each.client_id, each.name, at.port(each.port)) for each in DEPLOYMENTS]
    clients.append(Client(NOTIFY, "Cảnh báo", at.port(NOTIFY_PORT)))
    with screen.step("Starting the OpenID provider"):
        at.oidc.prepare(clients, OFFICERS)
        await supervisor.start([at.oidc.program()], Wave.OIDC)


async def _start_mail(at: Installation, screen: Screen, supervisor: Supervisor) -> None:
    with screen.step("Starting the mail catcher"):
        await supervisor.start([at.mail.program()], Wave.MAIL)


async def _start_zipkin(at: Installation, screen: Screen, supervisor: Supervisor) -> bool:
    """False where there is none. Nothing waits for it: until it answers, the services let go of their spans."""
    is_here = at.has_zipkin
    try:
        if is_here:
            await _fetch_and_start_zipkin(at, screen, supervisor)
    except* (JarsMissingError, ChildFailedError, OSError) as failures:
        screen.tell(f"No traces are kept, all else runs. {failures.exceptions[0]}")
        is_here = False
    return is_here


async def _fetch_and_start_zipkin(at: Installation, screen: Screen, supervisor: Supervisor) -> None:
    with screen.step("Preparing Zipkin (84 MB are fetched the first time on this machine)"):
        await _fetch_zipkin(at)
    with screen.step("Starting Zipkin"):
        await supervisor.start([at.zipkin.program()], Wave.ZIPKIN)


async def _fetch_zipkin(at: Installation) -> None:
    """In a thread of its own, which Ctrl-C need not wait for: on a slow line it may take minutes."""
    failures: list[JarsMissingError | OSError] = []

    def fetch() -> None:
        try:
            at.zipkin.prepare()
        except (JarsMissingError, OSError) as error:
            failures.append(error)

    fetching = Thread(target=fetch, daemon=True)
    fetching.start()
    while fetching.is_alive():  # noqa: ASYNC110 - the thread may end after the loop whose event it would set
        await asyncio.sleep(0.1)
    if failures:
        raise failures[0]


async def _send_demo_tips_once(at: Installation, screen: Screen) -> None:
    sent = at.state / "demo-tips-sent"
    if sent.exists():
        return
    with screen.step("Sending a handful of made-up tips"):
        await send_demo_tips(SERVICES[0].url(at))
    sent.touch()
