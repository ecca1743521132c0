"""Numbers to call at once, as data: they change, and a joined number for 113, 114 and 115 is planned."""

import tomllib
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

EVERYWHERE = "*"


class EmergencyNumber(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[str, Field(pattern=r"^\d{3,10}$")]
    """As it is dialled; a number of three digits has no E.164 form."""
    purpose_vi: str
    purpose_en: str
    hours: str
    shown_for: tuple[str, ...]
    """Codes of categories; "*" for every page."""
    valid_from: date
    source: str


@cache
def load_numbers() -> tuple[EmergencyNumber, ...]:
    table = tomllib.loads(resources.files(__package__).joinpath("tables/numbers.toml").read_text("utf-8"))
    return tuple(EmergencyNumber.model_validate(row) for row in table["number"])


def numbers_for(category: str | None = None) -> tuple[EmergencyNumber, ...]:
    """What a page shows: the category's own numbers first, then those of every page."""
    own = tuple(each for each in load_numbers() if category in each.shown_for)
    return own + tuple(each for each in load_numbers() if EVERYWHERE in each.shown_for and each not in own)
