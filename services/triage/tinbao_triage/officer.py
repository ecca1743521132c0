"""Who acts: an officer as the OpenID provider describes them."""

from dataclasses import dataclass

from tinbao_triage.rights import ACTS_FOR_OTHERS, RIGHTS, Action, Role


@dataclass(frozen=True, slots=True)
class Officer:
    """`subject` is the provider's; it is what events carry. `stations` are those whose tips they may see."""

    subject: str
    name: str
    roles: frozenset[Role]
    stations: frozenset[str]

    def may(self, action: Action) -> bool:
        return any(action in RIGHTS[role] for role in self.roles)

    @property
    def acts_for_others(self) -> bool:
        return bool(self.roles & ACTS_FOR_OTHERS)

    @property
    def first_role(self) -> str:
        """The role that events name: the first that the provider gives, by the order of `Role`."""
        return next((role.value for role in Role if role in self.roles), "none")

    def visible_stations(self, home: str) -> list[str] | None:
        """The stations of this deployment whose cases they see; None means all of them."""
        return None if home in self.stations else sorted(self.stations)
