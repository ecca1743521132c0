"""`tinbao letters` and `tinbao outbox`: settle what died, and publish again what a broker lost.

Shows where a record stands and why it died, never what is in it.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer
from tinbao_runtime import outbox as outbox_of
from tinbao_runtime.dead_letters import CannotReplay, NoSuchLetter, Place, discard, list_dead, replay

from tinbao_local.databases import DatabaseAwayError, UnknownServiceError, in_transaction, service_named
from tinbao_local.processes import SERVICES

letters = typer.Typer(no_args_is_help=True, help="Records that died: list them, try them again, discard them.")
outbox = typer.Typer(no_args_is_help=True, help="Events that were published.")

Name = Annotated[str, typer.Argument(metavar="SERVICE", help="As in tinbao status, for example triage-08944.")]
Places = Annotated[list[str], typer.Argument(metavar="PLACE", help="topic/partition/offset, as the list shows it.")]
Since = Annotated[datetime, typer.Option(help="In UTC, for example 2026-11-24T08:00:00.")]


@letters.command("list")
def list_() -> None:
    """Every dead letter of every service, the oldest first."""
    with _one_sentence():
        for service in SERVICES:
            for letter in in_transaction(service, list_dead):
                typer.echo(f"{service.name}  {letter.place}  {letter.died_at:%Y-%m-%d %H:%M} UTC  {letter.reason}")


@letters.command("replay")
def replay_letters(service: Name, places: Places) -> None:
    """Let the worker try these again, once what was wrong is mended. It takes them up within seconds."""
    _each(service, places, replay, "will be tried again")


@letters.command("discard")
def discard_letters(service: Name, places: Places) -> None:
    """Forget these for good."""
    _each(service, places, discard, "is gone")


@outbox.command("replay")
def replay_outbox(service: Name, since: Since) -> None:
    """Publish again all that a service announced since then. Readers drop what they have."""
    with _one_sentence():
        count = in_transaction(service_named(service), partial(outbox_of.replay, since=since.replace(tzinfo=UTC)))
        typer.echo(f"{count} events will be published again.")


def _each(name: str, places: list[str], act: Callable[..., Awaitable[None]], done: str) -> None:
    with _one_sentence():
        service = service_named(name)
        for text in places:
            place = _place(text)
            in_transaction(service, partial(act, place=place))
            typer.echo(f"{place} {done}.")


def _place(text: str) -> Place:
    try:
        return Place.parse(text)
    except ValueError:
        raise NoSuchLetter(text) from None


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except (DatabaseAwayError, UnknownServiceError) as error:
        sentence = str(error)
    except NoSuchLetter as error:
        sentence = f"There is no dead letter at {error}: tinbao letters list shows topic/partition/offset."
    except CannotReplay as error:
        sentence = f"It cannot be tried again: {error}. Discard it, or leave it as evidence."
    else:
        return
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
