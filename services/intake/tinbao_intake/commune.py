"""From the words somebody typed to the one commune they mean."""

from tinbao_contracts.places import Commune, find_communes, load_communes
from tinbao_contracts.text import fold


class UnknownCommune(Exception):
    """No commune, or more than one, is written like this. `suggestions` are what it may mean, best first."""

    def __init__(self, suggestions: list[Commune]) -> None:
        super().__init__("not one commune")
        self.suggestions = suggestions


def resolve_commune(typed: str) -> Commune:
    """By code, by full name, or by a name that only one commune has; never by guessing. Raises UnknownCommune."""
    communes = load_communes()
    if typed in communes:
        return communes[typed]
    found = find_communes(typed, communes.values())
    asked = fold(typed.partition(",")[0])
    exact = [c for c in found if fold(c.name) == asked] or [c for c in found if fold(c.name).endswith(f" {asked}")]
    same_name = [c for c in exact if fold(c.name).partition(" ")[2] == asked or fold(c.name) == asked]
    if len(same_name) != 1:
        raise UnknownCommune(found)
    return same_name[0]
