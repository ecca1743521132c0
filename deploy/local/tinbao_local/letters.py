"""`tinbao letters`: what could not be processed, one service at a time. Shows where and why, never what."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, NoReturn, TypeVar

import asyncpg
import typer
from tinbao_runtime.dead_letters import CannotReplay, NoSuchLetter, Place, discard, list_dead, replay
from tinbao_runtime.postgres import Connection

from tinbao_local.installation import Installation
from tinbao_local.processes import SERVICES, Service, database_password

T = TypeVar("T")

letters = typer.Typer(no_args_is_help=True, help="Records that died: list them, try them again, discard them.")

Name = Annotated[str, typer.Argument(metavar="SERVICE", help="As in tinbao status, for example triage-08944.")]
Places = Annotated[list[str], typer.Argument(metavar="PLACE", help="topic/partition/offset, as the list shows it.")]


@letters.command("list")
def list_() -> None:
    """Every dead letter of every service, the oldest first."""
    for service in SERVICES:
        with _one_sentence():
            for letter in _in(service, list_dead):
                typer.echo(f"{service.name}  {letter.place}  {letter.died_at:%Y-%m-%d %H:%M} UTC  {letter.reason}")


@letters.command("replay")
def replay_(service: Name, places: Places) -> None:
    """Let the worker try these again, once what was wrong is mended. It takes them up within seconds."""
    _each(service, places, replay, "will be tried again")


@letters.command("discard")
def discard_(service: Name, places: Places) -> None:
    """Forget these for good."""
    _each(service, places, discard, "is gone")


def _each(name: str, places: list[str], act: Callable[..., Awaitable[None]], done: str) -> None:
    service = _service(name)
    for text in places:
        with _one_sentence():
            place = _place(text)
            _in(service, partial(act, place=place))
            typer.echo(f"{place} {done}.")


def _in(service: Service, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Inside one transaction of the service's own database, with its own credential."""

    async def run() -> T:
        at = Installation.here()
        url = at.postgres.url(service.database, role=service.database, password=database_password(at, service))
        conn = await asyncpg.connect(url, timeout=5)
        try:
            async with conn.transaction():
                return await work(conn)
        finally:
            await conn.close()

    return asyncio.run(run())


def _service(name: str) -> Service:
    services = {service.name: service for service in SERVICES}
    if name not in services:
        _fail(f"There is no service {name}: {', '.join(services)}.")
    return services[name]


def _place(text: str) -> Place:
    try:
        return Place.parse(text)
    except ValueError:
        _fail(f"{text} is no place: write topic/partition/offset, as tinbao letters list shows it.")


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except NoSuchLetter as error:
        _fail(f"There is no dead letter at {error}.")
    except CannotReplay as error:
        _fail(f"It cannot be tried again: {error}. Discard it, or leave it as evidence.")
    except OSError:
        _fail("The database does not answer: start it first, with tinbao up.")


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
