"""`tinbao keys`: make a key pair in the folder of the deployment that serves the station, register the public half.

On one machine everything lies in the state folder. In production a station makes its pair itself, and the recovery key
is made on a machine without a network and split between two people.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
from tinbao_contracts.places import Station, load_stations
from tinbao_contracts.sealed import RECOVERY
from tinbao_intake.administration import Administration
from tinbao_intake.directory import NoStation
from tinbao_runtime.clock import now
from tinbao_runtime.keys import PrivateKey, PublicKey
from tinbao_triage.vault import Vault

from tinbao_local.installation import Installation
from tinbao_local.processes import SERVICES, database_password

VALIDITY = timedelta(days=365)
"""Until epochs of seven days take over; a key is revoked at any time."""


class UnknownStationError(Exception):
    """Not a station of the table, or not yet of the directory."""


class NotAPublicKeyError(Exception):
    """Its message never quotes the file: somebody may have given the private half by mistake."""


class DirectoryAwayError(Exception):
    """Intake's database does not answer."""


def folder_of(at: Installation, served_by: str) -> Path:
    return at.state / "keys" / served_by


def new_key(at: Installation, recipient: str, served_by: str) -> PublicKey:
    """Make a pair whose private half is written once, to the folder of the deployment that serves the station."""
    folder = folder_of(at, served_by)
    if recipient != RECOVERY:
        Vault.create(folder)
    key = PrivateKey.generate(recipient, now(), now() + VALIDITY)
    key.write(folder)
    return key.public


def make_key_file(at: Installation, station: str) -> Path:
    """A new pair for a station of the table, or for `recovery`; the public half's file. Raises UnknownStationError."""
    owners = dict(_owners(load_stations(at.stations_file).values()))
    if station not in owners:
        raise UnknownStationError(f"There is no station {station} in the station table.")
    public = new_key(at, station, owners[station])
    path = folder_of(at, owners[station]) / f"{station}-{public.key_id}.public.json"
    path.write_text(public.model_dump_json(indent=2))
    return path


async def register_key_file(at: Installation, file: Path) -> str:
    """What changed. Raises NotAPublicKeyError, UnknownStationError, DirectoryAwayError, OSError."""
    key = _read_public(file)
    async with administration(at) as directory:
        try:
            is_new = bool(await directory.register_keys([key]))
        except NoStation:
            raise UnknownStationError(f"Station {key.recipient} is not registered: run tinbao topics apply.") from None
        except ValueError as error:
            raise NotAPublicKeyError(f"{file} cannot be used: {error}.") from None
    return f"+ key {key.key_id} of {key.recipient}" if is_new else "Nothing to change: the key is registered."


async def register_stations_and_keys(at: Installation) -> list[str]:
    """Bring the directory to the station table, and give a key to each station that has none. Says what changed."""
    stations = load_stations(at.stations_file).values()
    async with administration(at) as directory:
        changed = await directory.register_stations(stations)
        known = (await directory.directory()).keys
        made = [new_key(at, *owner) for owner in _owners(stations) if owner[0] not in known]
        await directory.register_keys(made)
    return [f"~ station {code}" for code in changed] + [f"+ key {key.key_id} of {key.recipient}" for key in made]


@asynccontextmanager
async def administration(at: Installation) -> AsyncIterator[Administration]:
    """Intake's directory, with intake's own credential. Raises DirectoryAwayError."""
    intake = SERVICES[0]
    url = at.postgres.url(intake.database, role=intake.database, password=database_password(at, intake))
    try:
        pool = await asyncpg.create_pool(url, min_size=1, max_size=1)
    except OSError:
        raise DirectoryAwayError("Intake's database does not answer: start it first, with tinbao up.") from None
    async with pool:
        yield Administration(pool)


def _read_public(file: Path) -> PublicKey:
    try:
        return PublicKey.model_validate_json(file.read_text())
    except ValueError:
        raise NotAPublicKeyError(f"{file} is not a public key: tinbao keys new prints the file of one.") from None


def _owners(stations: Iterable[Station]) -> list[tuple[str, str]]:
    return [(RECOVERY, RECOVERY), *((station.code, station.served_by) for station in stations)]
