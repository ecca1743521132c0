"""What every benchmark gives: rows for the table and the JSON file."""

import statistics
from collections.abc import Sequence
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
"""`what` names it; `ratio` is ours to the bare limit of the same run, `goal` what it should reach."""


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest rank."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
