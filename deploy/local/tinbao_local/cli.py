"""The `tinbao` command."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from confluent_kafka import KafkaException
from rich.console import Console
from tinbao_contracts.places import PlacesError

from tinbao_local import up as product
from tinbao_local.audit import audit
from tinbao_local.checks import CannotStartError, check, check_owner
from tinbao_local.children import ChildFailedError, Program
from tinbao_local.directory import DirectoryAwayError
from tinbao_local.installation import Installation
from tinbao_local.jars import JarsMissingError
from tinbao_local.keys import (
    NotAPublicKeyError,
    UnknownStationError,
    make_key_file,
    register_key_file,
    register_stations_and_keys,
)
from tinbao_local.letters import letters, outbox
from tinbao_local.lock import AlreadyRunningError, held, holder, stop_holder
from tinbao_local.processes import SERVICES, processes
from tinbao_local.screen import Screen

STOPPING_TAKES_AT_MOST = timedelta(seconds=90)

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_show_locals=False)
topics = typer.Typer(no_args_is_help=True, help="Topics, users and rights on the broker.")
app.add_typer(topics, name="topics")
keys = typer.Typer(no_args_is_help=True, help="Key pairs that content is sealed to.")
app.add_typer(keys, name="keys")
app.add_typer(letters, name="letters")
app.add_typer(outbox, name="outbox")
app.add_typer(audit, name="audit")


@app.command()
def up() -> None:
    """Start the whole product here; Ctrl-C stops it."""
    at = Installation.here()
    with _one_sentence():
        check_owner(at.state)
        with held(at.lock_file) as after_a_crash:
            check(at, SERVICES, after_a_crash)
            asyncio.run(product.run(at, SERVICES, Screen(Console())))


@app.command()
def down() -> None:
    """Stop what `tinbao up` started elsewhere, and wait until it has."""
    stopped = stop_holder(Installation.here().lock_file, within=STOPPING_TAKES_AT_MOST)
    typer.echo("tinbao has stopped." if stopped else "tinbao does not run here.")


@app.command()
def clean() -> None:
    """Stop it and delete its data, keys, passwords and logs."""
    at = Installation.here()
    stop_holder(at.lock_file, within=STOPPING_TAKES_AT_MOST)
    if at.state.exists():
        at.postgres.remove()
        shutil.rmtree(at.state)
    typer.echo(f"{at.state} is gone.")


@app.command()
def status() -> None:
    """What runs, where, and whether it answers."""
    at = Installation.here()
    pid = holder(at.lock_file)
    typer.echo(f"tinbao runs here (process {pid})." if pid else "tinbao does not run here.")
    if pid:
        programs = [at.postgres.program(), at.kafka.program(), at.oidc.program(), at.mail.program()]
        programs += [at.zipkin.program()] if at.has_zipkin else []
        programs += [process for service in SERVICES for process in processes(at, service)]
        for name, is_ready in asyncio.run(_ask(programs)):
            typer.echo(f"{'ready' if is_ready else 'NOT READY':10} {name}")


@app.command()
def mail() -> None:
    """Show the letters that the mail catcher of this machine took."""
    for letter in Installation.here().mail.letters():
        typer.echo(f"{letter['date']}\nTo: {letter['to']}\nSubject: {letter['subject']}\n\n{letter.get_content()}")


async def _ask(programs: Sequence[Program]) -> list[tuple[str, bool]]:
    answers = await asyncio.gather(*(program.is_ready() for program in programs))
    return [(program.name, answer) for program, answer in zip(programs, answers, strict=True)]


@topics.command("apply")
def apply() -> None:
    """Make topics, users, rights and the directory what the station table says. Twice changes nothing."""
    at = Installation.here()
    with _one_sentence():
        if not asyncio.run(at.kafka.is_ready()):
            raise CannotStartError("Kafka does not answer: start it first, with tinbao up.")
        for line in (*product.apply_station_table(at), *asyncio.run(register_stations_and_keys(at))):
            typer.echo(line)


@keys.command("new")
def new(station: str) -> None:
    """Make a key pair for a station; prints the file of the public half, which `register` takes."""
    at = Installation.here()
    with _one_sentence():
        typer.echo(make_key_file(at, station))


@keys.command("register")
def register(public_key: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Let intake seal tips to a public key. Twice changes nothing."""
    with _one_sentence():
        typer.echo(asyncio.run(register_key_file(Installation.here(), public_key)))


@contextmanager
def _one_sentence() -> Iterator[None]:
    """A failure that we know of is said plainly; any other shows where it happened."""
    said: list[str] = []
    try:
        yield
    except* (
        AlreadyRunningError,
        CannotStartError,
        ChildFailedError,
        DirectoryAwayError,
        JarsMissingError,
        KafkaException,
        NotAPublicKeyError,
        PlacesError,
        UnknownStationError,
    ) as failures:
        said += [str(failure) for failure in _leaves(failures)]
    for sentence in said:
        typer.echo(sentence, err=True)
    if said:
        raise typer.Exit(1)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each
