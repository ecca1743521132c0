"""What a tip may be about: 33 categories of crime, fraud, hazard and public order, as data with their legal basis."""

import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]
Words = Annotated[str, Field(min_length=2, max_length=120)]


class Urgency(StrEnum):
    """What the category alone says; a tip that happens now with a life in danger is immediate whatever its category."""

    IMMEDIATE = "immediate"
    URGENT = "urgent"
    NORMAL = "normal"
    ADMINISTRATIVE = "administrative"


class Route(StrEnum):
    STATION = "station"
    PROVINCE = "province"


class FraudKind(BaseModel):
    """A known trick of online fraud; optional in a tip, and what scam warnings are about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    name_vi: Words
    name_en: Words


class Category(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    name_vi: Words
    name_en: Words
    short_vi: Annotated[Words, Field(max_length=40)]
    """For a form's tile and a list's chip; the full name is the legal one."""
    short_en: Annotated[Words, Field(max_length=40)]
    examples_vi: Words
    examples_en: Words
    basis: tuple[str, ...]
    """Articles and laws as they are cited in Vietnamese ("BLHS Điều 144-147"); empty where the law names none."""
    urgency: Urgency
    route: Route
    units: Annotated[tuple[str, ...], Field(min_length=1)]
    icon: str
    """Name of a lucide icon."""
    valid_from: date
    source: str
    kinds: tuple[FraudKind, ...] = ()

    @property
    def goes_to_province(self) -> bool:
        """Never seen by the station where it happened: it is about officers (Luật Tố cáo 25/2018/QH14)."""
        return self.route is Route.PROVINCE


@cache
def load_catalogue() -> Mapping[str, Category]:
    """All categories by code, in the order of the form."""
    table = tomllib.loads(resources.files(__package__).joinpath("tables/categories.toml").read_text("utf-8"))
    categories = [Category.model_validate(row) for row in table["category"]]
    return MappingProxyType({category.code: category for category in categories})
