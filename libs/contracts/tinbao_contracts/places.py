"""Communes, and the stations that answer for them. Codes are strings: leading zeros count.

A station's code is the code of the commune where it sits; the provincial office is a station too ("25").
The tables that come along are Phú Thọ's; an operator may load others of the same shape.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from tinbao_contracts.text import SortKey, fold, sort_key, to_nfc

PROVINCE = "25"
TABLES = resources.files(__package__) / "tables"

Name = Annotated[str, BeforeValidator(to_nfc), Field(min_length=2, max_length=80)]
CommuneCode = Annotated[str, Field(pattern=r"^\d{5}$")]
StationCode = Annotated[str, Field(pattern=r"^(\d{2}|\d{5})$")]


class CommuneKind(StrEnum):
    XA = "xa"
    PHUONG = "phuong"
    DAC_KHU = "dac_khu"


class Commune(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    code: CommuneCode
    name: Name
    """With its kind, as it is written: "Xã Bình Tuyền"."""
    kind: CommuneKind


def _split(cell: object) -> object:
    return cell.split(";") if isinstance(cell, str) and cell else cell or ()


class Station(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    code: StationCode
    name: Name
    communes: Annotated[tuple[CommuneCode, ...], BeforeValidator(_split)]
    """The communes it answers for; none for a provincial office. `;` between them in a table."""
    served_by: StationCode
    """Whose deployment opens its tips: its own code, or the office's while it runs none."""
    remote: bool
    """A remote mountain or island commune: its urgent clock is longer (TTLT 01/2017 Art. 8.5a)."""


class PlacesError(ValueError):
    """A table cannot be used; the message names the file, the line and what is wrong there."""


@cache
def load_communes() -> Mapping[str, Commune]:
    """The 148 communes of Phú Thọ by code."""
    return MappingProxyType({commune.code: commune for _, commune in _rows(TABLES / "communes.csv", Commune)})


def load_stations(path: Path | None = None) -> Mapping[str, Station]:
    """The station table by code: the operator's file, or Phú Thọ's. Read anew on every call, so that it can grow.

    Raises PlacesError for a row that does not fit, a code or commune given twice, a `served_by` that serves nobody.
    """
    stations: dict[str, Station] = {}
    lines: dict[str, str] = {}
    for line, station in _rows(path or TABLES / "stations.csv", Station):
        if station.code in stations:
            raise PlacesError(f"{line}: station {station.code} is in the table twice")
        stations[station.code], lines[station.code] = station, line
    _check_communes(stations, lines)
    _check_serving(stations, lines)
    return MappingProxyType(stations)


def stations_by_commune(stations: Mapping[str, Station]) -> Mapping[str, Station]:
    """Which station answers for a commune. A tip's first address; a commune that is absent has none."""
    return {commune: station for station in stations.values() for commune in station.communes}


def find_communes(query: str, communes: Iterable[Commune], limit: int = 8) -> list[Commune]:
    """What somebody who types a commune's name may mean, best first; with or without accents, kind and "Công an".

    Exact with accents, exact without, beginning of the name, beginning of a later word, of each word, contained.
    Only the part before a comma counts: an address is written from small to large.
    """
    asked = [each for each in _readings(query.partition(",")[0]) if each.folded]
    hits: list[tuple[int, bool, SortKey, Commune]] = []
    for commune in communes:
        name = _known(commune.name)
        ranks = [(rank, each.kind != commune.kind) for each in asked if (rank := _rank(name, each)) is not None]
        if ranks:
            hits.append((*min(ranks), name.key, commune))
    return [commune for *_, commune in sorted(hits, key=lambda hit: hit[:3])[:limit]]


class _Asked(NamedTuple):
    written: str
    folded: str
    kind: CommuneKind | None = None


class _Known(NamedTuple):
    written: str
    folded: str
    key: SortKey


BEFORE_A_NAME = re.compile(
    r"(?:(?:cong an|ca|cax|cap) )?"  # a station is asked for as often as its commune
    r"(?:(?:(?P<xa>xa|x)|(?P<phuong>phuong|p)|(?P<dac_khu>dac khu|dk)) )?"
)


def _readings(query: str) -> list[_Asked]:
    """The query as it stands, and without the words before the name: some names begin with "Xã" or "Ca" folded."""
    written, folded = _words(to_nfc(query).lower()), _words(fold(query))
    readings = [_Asked(" ".join(written), " ".join(folded))]
    before = BEFORE_A_NAME.match(readings[0].folded)
    if before and before.group():
        skip = before.group().count(" ")
        kind = CommuneKind(before.lastgroup) if before.lastgroup else None
        readings.append(_Asked(" ".join(written[skip:]), " ".join(folded[skip:]), kind))
    return readings


def _rank(name: _Known, asked: _Asked) -> int | None:
    matches = (
        name.written == asked.written,
        name.folded == asked.folded,
        name.written.startswith(asked.written),
        name.folded.startswith(asked.folded),
        f" {asked.folded}" in name.folded,
        _begins_each_word(name.folded.split(), asked.folded.split()),
        asked.folded in name.folded,
    )
    return matches.index(True) if True in matches else None


def _begins_each_word(name: list[str], asked: list[str]) -> bool:
    return len(asked) <= len(name) and all(word.startswith(part) for word, part in zip(name, asked, strict=False))


@lru_cache(maxsize=4096)  # more than the country's 3,321 communes
def _known(name: str) -> _Known:
    bare = re.sub(r"^(xã|phường|đặc khu) ", "", name.lower())
    return _Known(" ".join(_words(bare)), " ".join(_words(fold(bare))), sort_key(bare))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


_Row = TypeVar("_Row", Commune, Station)


def _rows(table: Path | Traversable, model: type[_Row]) -> Iterator[tuple[str, _Row]]:
    """Each row with its place ("stations.csv line 7"), for the messages."""
    try:
        reader = csv.DictReader(io.StringIO(table.read_text("utf-8-sig"), newline=""), strict=True)
    except UnicodeDecodeError as error:
        raise PlacesError(f"{table.name}: not UTF-8 ({error.reason} at byte {error.start})") from error
    if list(reader.fieldnames or ()) != list(model.model_fields):
        raise PlacesError(f"{table.name} line 1: the columns must be {','.join(model.model_fields)}")
    for row in reader:
        line = f"{table.name} line {reader.line_num}"
        if None in row or None in row.values():
            raise PlacesError(f"{line}: expected {len(model.model_fields)} cells")
        try:
            yield line, model.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            raise PlacesError(f"{line}: {first['loc'][0]} {first['input']!r}: {first['msg']}") from error


def _check_communes(stations: Mapping[str, Station], lines: Mapping[str, str]) -> None:
    answering: dict[str, str] = {}
    for station in stations.values():
        for commune in station.communes:
            other = answering.setdefault(commune, station.code)
            if other != station.code:
                raise PlacesError(f"{lines[station.code]}: station {other} answers for commune {commune} already")


def _check_serving(stations: Mapping[str, Station], lines: Mapping[str, str]) -> None:
    for station in stations.values():
        server = stations.get(station.served_by)
        if server is None or server.served_by != server.code:
            raise PlacesError(f"{lines[station.code]}: served_by {station.served_by} runs no deployment of its own")
