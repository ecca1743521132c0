"""What an operator does to the directory, each in one transaction of its own."""

from collections.abc import Iterable

from tinbao_contracts.places import Station
from tinbao_runtime.clock import now
from tinbao_runtime.keys import PublicKey
from tinbao_runtime.postgres import Pool, transaction

from tinbao_intake import store
from tinbao_intake.directory import Directory, DirectoryStation
from tinbao_intake.register_key import register_key
from tinbao_intake.register_station import register_station
from tinbao_intake.revoke_key import revoke_key


class Administration:
    """Needs intake's database and nothing else: the relay announces the changes. Raises what the verbs raise."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def register_stations(self, stations: Iterable[Station]) -> list[str]:
        """The codes of those that are new or changed."""
        async with transaction(self._pool) as conn:
            return [s.code for s in stations if await register_station(conn, _row(s))]

    async def register_keys(self, keys: Iterable[PublicKey]) -> list[str]:
        """The ids of those that are new."""
        async with transaction(self._pool) as conn:
            return [key.key_id for key in keys if await register_key(conn, key)]

    async def revoke_key(self, key_id: str) -> bool:
        """False if it is unknown or revoked already."""
        async with transaction(self._pool) as conn:
            return await revoke_key(conn, key_id, now())

    async def directory(self) -> Directory:
        async with transaction(self._pool) as conn:
            return await store.load_directory(conn)


def _row(station: Station) -> DirectoryStation:
    return DirectoryStation(station.code, station.name, station.communes, station.served_by, is_remote=station.remote)
