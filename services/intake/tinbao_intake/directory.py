"""Stations, the communes they answer for, and the keys that content is sealed to: a picture of one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from tinbao_contracts.places import PROVINCE
from tinbao_contracts.sealed import RECOVERY
from tinbao_runtime.keys import PublicKey


class NoStation(Exception):
    """No station answers for this commune."""


class CannotSeal(Exception):
    """A recipient has no valid key: nothing may be accepted for it, since nothing could be sealed."""


@dataclass(frozen=True, slots=True)
class DirectoryStation:
    code: str
    name: str
    communes: tuple[str, ...]
    served_by: str
    is_remote: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """Built anew every few seconds; a tip is routed and sealed by one picture from start to end."""

    stations: Mapping[str, DirectoryStation]
    station_of_commune: Mapping[str, str]
    keys: Mapping[str, tuple[PublicKey, ...]]

    @classmethod
    def of(cls, stations: Iterable[DirectoryStation], keys: Iterable[PublicKey]) -> Self:
        by_code = {station.code: station for station in stations}
        by_recipient: dict[str, tuple[PublicKey, ...]] = {}
        for key in keys:
            by_recipient[key.recipient] = (*by_recipient.get(key.recipient, ()), key)
        communes = {commune: station.code for station in by_code.values() for commune in station.communes}
        return cls(by_code, communes, by_recipient)

    def named(self, code: str) -> DirectoryStation:
        """The station; for a code that is not registered, one that has no more than the code."""
        return self.stations.get(code) or DirectoryStation(code, name=code, communes=(), served_by=code)

    def station_for(self, commune: str, *, goes_to_province: bool) -> DirectoryStation:
        """Raises NoStation. A tip about officers goes to the province and to nobody else."""
        code = self.station_of_commune.get(commune)
        if goes_to_province and code is not None:
            code = PROVINCE
        if code is None or code not in self.stations:
            raise NoStation(commune)
        return self.stations[code]

    def recipients(self, *codes: str, at: datetime) -> list[PublicKey]:
        """The newest valid key of each station and of the recovery holders. Raises CannotSeal."""
        return [self._newest_key(code, at) for code in (*codes, RECOVERY)]

    def _newest_key(self, recipient: str, at: datetime) -> PublicKey:
        valid = [key for key in self.keys.get(recipient, ()) if key.is_valid_at(at)]
        if not valid:
            raise CannotSeal(recipient)
        return max(valid, key=lambda key: key.valid_from)
