"""`tinbao keys`: make a key pair in the folder of the deployment that serves the station, register the public half.

On one machine everything lies in the state folder. In production a station makes its pair itself, and the recovery key
is made on a machine without a network and split between two people.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tinbao_contracts.places import load_stations
from tinbao_intake.administration import Administration
from tinbao_intake.directory import NoStation
from tinbao_runtime.keys import PublicKey

from tinbao_local import directory
from tinbao_local.directory import bring_up_to_date, new_key, owners_of
from tinbao_local.installation import Installation
from tinbao_local.processes import SERVICES, database_url

INTAKE = SERVICES[0]


class UnknownStationError(Exception):
    """Not a station of the table, or not yet of the directory."""


class NotAPublicKeyError(Exception):
    """Its message never quotes the file: somebody may have given the private half by mistake."""


def make_key_file(at: Installation, station: str) -> Path:
    """A new pair for a station of the table, or for `recovery`; the public half's file. Raises UnknownStationError."""
    owners = dict(owners_of(load_stations(at.stations_file).values()))
    if station not in owners:
        raise UnknownStationError(f"There is no station {station} in the station table.")
    public = new_key(at.state / "keys", station, owners[station])
    path = at.state / "keys" / owners[station] / f"{station}-{public.key_id}.public.json"
    path.write_text(public.model_dump_json(indent=2))
    return path


async def register_key_file(at: Installation, file: Path) -> str:
    """What changed. Raises NotAPublicKeyError, UnknownStationError, DirectoryAwayError, OSError."""
    key = _read_public(file)
    async with administration(at) as intakes:
        try:
            is_new = bool(await intakes.register_keys([key]))
        except NoStation:
            raise UnknownStationError(f"Station {key.recipient} is not registered: run tinbao topics apply.") from None
        except ValueError as error:
            raise NotAPublicKeyError(f"{file} cannot be used: {error}.") from None
    return f"+ key {key.key_id} of {key.recipient}" if is_new else "Nothing to change: the key is registered."


async def register_stations_and_keys(at: Installation) -> list[str]:
    """Bring the directory to the station table, and give a key to each station that has none. Says what changed."""
    return await bring_up_to_date(database_url(at, INTAKE), at.state / "keys", load_stations(at.stations_file).values())


def administration(at: Installation) -> AbstractAsyncContextManager[Administration]:
    """Intake's directory, with intake's own credential. Raises DirectoryAwayError."""
    return directory.administration(database_url(at, INTAKE))


def _read_public(file: Path) -> PublicKey:
    try:
        return PublicKey.model_validate_json(file.read_text())
    except ValueError:
        raise NotAPublicKeyError(f"{file} is not a public key: tinbao keys new prints the file of one.") from None
