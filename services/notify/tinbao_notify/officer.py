"""Who acts: a broadcaster as the OpenID provider describes them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from tinbao_contracts.places import PROVINCE

from tinbao_notify.rights import RIGHTS, Action, Role


@dataclass(frozen=True, slots=True)
class Officer:
    """`subject` is the provider's; no event of an alert carries it. `stations` are those they speak for."""

    subject: str
    name: str
    roles: frozenset[Role]
    stations: frozenset[str]

    @classmethod
    def of(cls, subject: str, name: str, roles: Collection[str], stations: Collection[str]) -> Self:
        """Roles that the table of rights does not know give nothing."""
        known = frozenset(role for role in Role if role.value in roles)
        return cls(subject, name, known, frozenset(stations))

    def may(self, action: Action) -> bool:
        return any(action in RIGHTS[role] for role in self.roles)

    def role_for(self, action: Action) -> str:
        """The role that permits it, as events name it; "none" if no role does."""
        return next((role.value for role in Role if role in self.roles and action in RIGHTS[role]), "none")

    def serves_at(self, station: str) -> str:
        """Where they serve when they act for this station: there, or else at the province."""
        return station if station in self.stations else PROVINCE

    @property
    def visible_stations(self) -> list[str] | None:
        """The stations whose alerts and proposals they see; None means all of them, for the province."""
        return None if PROVINCE in self.stations else sorted(self.stations)

    @property
    def home(self) -> str | None:
        """In whose name they write if they do not say."""
        return PROVINCE if PROVINCE in self.stations else min(self.stations, default=None)

    def speaks_for(self, station: str) -> bool:
        return PROVINCE in self.stations or station in self.stations
