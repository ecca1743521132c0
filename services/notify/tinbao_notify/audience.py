"""Whom an alert reaches: audiences of one kind are alternatives, kinds narrow each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from tinbao_contracts.alerts import Audience, AudienceKind
from tinbao_contracts.catalogue import load_catalogue

SEPARATOR = ":"

TOPICS = tuple(category for category in load_catalogue().values() if not category.goes_to_province)
"""What people may be warned of. What is about officers is never broadcast."""


def audiences_of(area: Iterable[str], category: str, stations: Mapping[str, str]) -> tuple[Audience, ...]:
    """Everybody in the area who wants this topic. `stations` says which station answers for a commune; a commune that
    it does not know is answered for by the station that sits there.
    """
    codes = sorted({stations.get(commune, commune) for commune in area})
    places = [Audience(kind=AudienceKind.STATION, code=code) for code in codes]
    return (*places, Audience(kind=AudienceKind.TOPIC, code=category))


def to_text(audience: Audience) -> str:
    return f"{audience.kind.value}{SEPARATOR}{audience.code}"


def from_text(text: str) -> Audience:
    kind, _, code = text.partition(SEPARATOR)
    return Audience(kind=AudienceKind(kind), code=code)


@dataclass(frozen=True, slots=True)
class Reach:
    """An alert's codes by kind, as the store compares them; no code of a kind asks nothing of it."""

    stations: list[str]
    neighbourhoods: list[str]
    sectors: list[str]
    topics: list[str]

    @classmethod
    def of(cls, audiences: Iterable[Audience]) -> Self:
        codes: dict[AudienceKind, list[str]] = {kind: [] for kind in AudienceKind}
        for audience in audiences:
            codes[audience.kind].append(audience.code)
        return cls(
            stations=codes[AudienceKind.STATION],
            neighbourhoods=codes[AudienceKind.NEIGHBOURHOOD],
            sectors=codes[AudienceKind.SECTOR],
            topics=codes[AudienceKind.TOPIC],
        )
