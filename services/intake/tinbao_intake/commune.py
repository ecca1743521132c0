"""From the words somebody typed to the one commune they mean."""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache

from tinbao_contracts.places import TABLES, Commune, find_communes, load_communes
from tinbao_contracts.text import TONES, fold

KIND = re.compile(r"^(xa|phuong|dac khu|thi tran|huyen|thi xa|thanh pho|tinh|[xphq]|tt|tx|tp)(\. ?| )")
"""What stands before a folded name, old kinds too; the short forms as people write them."""

HERE = frozenset({"", "phu tho"})
"""What may follow a commune's name. Anything else may be a district or a province of old."""

LIMIT = 8


class UnknownCommune(Exception):
    """No commune, or more than one, is written like this. `suggestions` are what it may mean, best first."""

    def __init__(self, suggestions: list[Commune]) -> None:
        super().__init__("not one commune")
        self.suggestions = suggestions


def resolve_commune(typed: str) -> Commune:
    """By code, by full name, or by a bare name that never meant anything else; never by guessing.

    With its accents or with none. Raises UnknownCommune.
    """
    name, _, rest = typed.partition(",")
    commune = load_communes().get(typed) or _meanings().get(_spelling(name))
    if commune is None or _bare(fold(rest)) not in HERE:
        raise UnknownCommune(_suggestions(typed))
    return commune


def _suggestions(typed: str) -> list[Commune]:
    communes = load_communes()
    once = _once_called().get(_bare(fold(typed.partition(",")[0])), ())
    return list(dict.fromkeys([*find_communes(typed, communes.values(), LIMIT), *(communes[c] for c in once)]))[:LIMIT]


@cache
def _meanings() -> Mapping[str, Commune]:
    """Each spelling that means one commune and no other."""
    meanings: dict[str, set[Commune]] = defaultdict(set)
    for commune in load_communes().values():
        for name in _names(commune):
            meanings[_spelling(name)].add(commune)
            meanings[_spelling(fold(name))].add(commune)
    return {spelling: only for spelling, (only, *others) in meanings.items() if not others}


def _names(commune: Commune) -> Iterator[str]:
    """The full name; the bare one only if nothing else bore it: "Bình Xuyên" was a district with other communes too."""
    yield commune.name
    bare = re.sub(r"^(Xã|Phường|Đặc khu) ", "", commune.name)
    if fold(bare) not in _once_called():
        yield bare


@cache
def _once_called() -> Mapping[str, tuple[str, ...]]:
    """Where the communes and districts of before 01/07/2025 went, by folded name: codes of communes of today.

    Without those whose whole territory kept the name.
    """
    now = {_bare(fold(commune.name)): commune.code for commune in load_communes().values()}
    places: dict[str, dict[str, None]] = defaultdict(dict)
    for row in csv.DictReader((TABLES / "aliases.csv").read_text("utf-8").splitlines()):
        for old in (row["name"], row["district_old"]):
            places[_bare(fold(old))][row["new_code"]] = None
    return {old: tuple(codes) for old, codes in places.items() if list(codes) != [now.get(old)]}


def _bare(name: str) -> str:
    return KIND.sub("", name.strip())


def _spelling(text: str) -> str:
    """Each word with its tone behind it: "Hoà" and "Hòa" are written alike, "Vân" and "Văn" are not."""
    words = unicodedata.normalize("NFD", text.lower()).split()
    return " ".join("".join(sorted(word, key=TONES.__contains__)) for word in words)
