"""The dated rules that come along, checked as they are loaded."""

import csv
import tomllib
from datetime import date
from functools import cache
from importlib import resources

from tinbao_contracts.calendar import ONE_DAY, Calendar, DayKind
from tinbao_contracts.deadline import Rules

FOLDER = resources.files(__package__)


@cache
def load_rules() -> Rules:
    table = tomllib.loads((FOLDER / "clocks.toml").read_text("utf-8"))
    return Rules(clocks=table["clock"], countings=table["counting"])


@cache
def load_calendar() -> Calendar:
    days: dict[date, DayKind] = {}
    for row in csv.DictReader((FOLDER / "days_off.csv").read_text("utf-8").splitlines()):
        day, last = date.fromisoformat(row["first"]), date.fromisoformat(row["last"])
        while day <= last:
            days[day] = DayKind(row["kind"])
            day += ONE_DAY
    return Calendar(days)
