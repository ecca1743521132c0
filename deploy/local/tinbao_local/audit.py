"""`tinbao audit`: the log's key, and the verifier that needs nothing but the log's files."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from tinbao_audit.checkpoint import NotAKey, VerifierKey
from tinbao_audit.commitment import public_salt
from tinbao_audit.signing_key import verifier_file, write_new_key
from tinbao_audit.verify_log import Claim, verify_log

from tinbao_local.installation import Installation
from tinbao_local.log_key import new_origin

audit = typer.Typer(no_args_is_help=True, help="The audit log: its key, and proof that it is whole.")


@audit.command("new-key")
def new_key(origin: Annotated[str, typer.Argument(help="The log's name, as a URL without its scheme.")] = "") -> None:
    """Make the key that the log here is signed with; prints the verifier's key. Never replaces one."""
    path = Installation.here().log_key_file
    try:
        typer.echo(write_new_key(path, origin or new_origin()))
    except FileExistsError:
        _fail(f"{path} is a key already: a log that changes its key is another log.")
    except NotAKey as error:
        _fail(str(error))


@audit.command()
def key() -> None:
    """Print the verifier's key of the log here."""
    typer.echo(verifier_file(Installation.here().log_key_file).read_text().strip())


@audit.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A log's files: checkpoint and tile/.", exists=True, file_okay=False)],
    vkey: Annotated[str, typer.Option(help="The verifier's key, got another way than the files.")],
    event_id: Annotated[list[UUID] | None, typer.Option(help="An event that should be in the log; repeatable.")] = None,
    value_file: Annotated[
        list[Path] | None, typer.Option(help="The bytes of each event's record, in the same order.", exists=True)
    ] = None,
    value_hash: Annotated[list[str] | None, typer.Option(help="Or their SHA-256, hexadecimal.")] = None,
    salt: Annotated[str, typer.Option(help="The tip's log_salt, base64; without it, for events of no tip.")] = "",
    earlier: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint you kept: the log must go on from it.", exists=True)
    ] = None,
) -> None:
    """Prove from files alone that a log is whole, and that events are in it. Says where it is not, and ends with 1."""
    try:
        verifier = VerifierKey.parse(vkey)
        opening = _decode(salt) or public_salt(verifier.name)
        hashes = [bytes.fromhex(each) for each in value_hash or ()]
    except (NotAKey, binascii.Error, ValueError) as error:
        _fail(str(error))
    hashes += [sha256(path.read_bytes()).digest() for path in value_file or ()]
    claims = list(_claims(event_id or (), hashes, opening))
    report = verify_log(folder, verifier, claims, [path.read_text("utf-8") for path in earlier or ()])
    for fault in report.faults:
        typer.echo(fault, err=True)
    for found, index in report.found.items():
        typer.echo(f"Event {found} is entry {index}.")
    if not report.is_whole:
        raise typer.Exit(1)
    typer.echo(
        f"The log {verifier.name} is whole: {report.size} entries, root {base64.b64encode(report.root).decode()}"
    )


def _decode(salt: str) -> bytes:
    """Of either alphabet: events are written in the URL-safe one. Raises binascii.Error."""
    return base64.b64decode(salt.replace("-", "+").replace("_", "/"), validate=True)


def _claims(event_ids: Sequence[UUID], hashes: Sequence[bytes], salt: bytes) -> Iterator[Claim]:
    if len(hashes) > len(event_ids):
        _fail("There are more values than events.")
    for event_id, value_hash in zip_longest(event_ids, hashes):
        yield Claim(event_id, salt, value_hash)


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
