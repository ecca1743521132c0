"""The table in docs/operations.md is what the services measure: no name more, none less, none different."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tinbao_audit.main  # noqa: F401  - so that whatever a service registers is there
import tinbao_intake.main  # noqa: F401  - likewise
import tinbao_notify.main  # noqa: F401  - likewise
import tinbao_triage.main  # noqa: F401  - likewise
from prometheus_client.metrics import MetricWrapperBase
from tinbao_runtime import metrics

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
ROW = re.compile(r"^\| `(tinbao_\w+)` \| (\w+) \|([^|]*)\|([^|]+)\|([^|]+)\|([^|]+)\|$", re.MULTILINE)


class Named(NamedTuple):
    """As it stands in the table."""

    name: str
    type: str
    labels: tuple[str, ...]


def measured() -> Iterator[Named]:
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield Named(name, family.type, tuple(metric._labelnames))


def documented() -> list[Named]:
    rows = ROW.findall(OPERATIONS.read_text())
    return [Named(name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels, *_ in rows]


def test_the_operators_table_names_every_metric_with_its_type_and_labels() -> None:
    assert sorted(documented()) == sorted(measured())


def test_all_metrics_are_named_in_one_place() -> None:
    registered = {family.name for family in metrics.REGISTRY.collect()}

    assert registered == {named.name.removesuffix("_total") for named in measured()}


def test_no_metric_has_a_series_for_each_station() -> None:
    assert {label for named in measured() for label in named.labels}.isdisjoint({"station", "topic", "commune"})
