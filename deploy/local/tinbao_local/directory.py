"""Intake's directory of stations and keys, brought to the station table; and the key pairs that this needs.

Needs intake's database and the folder of keys, not an installation: a container does the same.
"""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
from tinbao_contracts.places import Station
from tinbao_contracts.sealed import RECOVERY
from tinbao_intake.administration import Administration
from tinbao_runtime.clock import now
from tinbao_runtime.keys import PrivateKey, PublicKey
from tinbao_triage.vault import Vault

VALIDITY = timedelta(days=365)
"""Until epochs of seven days take over; a key is revoked at any time."""


class DirectoryAwayError(Exception):
    """Intake's database does not answer."""


@asynccontextmanager
async def administration(database_url: str) -> AsyncIterator[Administration]:
    """Intake's directory, with intake's own credential. Raises DirectoryAwayError."""
    try:
        pool = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    except OSError:
        raise DirectoryAwayError("Intake's database does not answer: start it first, with tinbao up.") from None
    async with pool:
        yield Administration(pool)


async def bring_up_to_date(database_url: str, keys: Path, stations: Collection[Station]) -> list[str]:
    """Register what the table says, and give a key to each station that has none. Says what changed."""
    async with administration(database_url) as directory:
        changed = await directory.register_stations(stations)
        known = (await directory.directory()).keys
        made = [new_key(keys, *owner) for owner in owners_of(stations) if owner[0] not in known]
        await directory.register_keys(made)
    return [f"~ station {code}" for code in changed] + [f"+ key {key.key_id} of {key.recipient}" for key in made]


def new_key(keys: Path, recipient: str, served_by: str) -> PublicKey:
    """Make a pair whose private half is written once, to the folder of the deployment that serves the station."""
    folder = keys / served_by
    if recipient != RECOVERY:
        Vault.create(folder)
    key = PrivateKey.generate(recipient, now(), now() + VALIDITY)
    key.write(folder)
    return key.public


def owners_of(stations: Iterable[Station]) -> list[tuple[str, str]]:
    """Whoever content is sealed to, and the folder that its private key belongs in."""
    return [(RECOVERY, RECOVERY), *((station.code, station.served_by) for station in stations)]
