"""How far a consumer is behind, by kind of topic."""

from aiokafka import TopicPartition
from tinbao_runtime import metrics
from tinbao_runtime.lag import Lag


def shown(kind: str) -> float | None:
    return metrics.REGISTRY.get_sample_value("tinbao_consumer_lag_records", {"topic_kind": kind})


def test_stations_are_counted_together_and_kinds_apart() -> None:
    here, there, said = TopicPartition("tips.08944", 0), TopicPartition("tips.25", 0), TopicPartition("cases.25", 0)

    Lag().show({here: 3, there: 0, said: 5}, {here: 10, there: 2, said: 5})

    assert (shown("tips"), shown("cases")) == (9, 0)


def test_a_kind_whose_partitions_went_to_another_worker_has_no_lag_here() -> None:
    lag, tips, alerts = Lag(), TopicPartition("tips.08944", 0), TopicPartition("alerts", 0)
    lag.show({tips: 0, alerts: 0}, {tips: 4, alerts: 4})

    lag.show({tips: 0}, {tips: 4})

    assert (shown("tips"), shown("alerts")) == (4, 0)


def test_an_unknown_place_is_the_beginning_and_one_beyond_the_last_known_end_is_no_lag() -> None:
    unknown, beyond = TopicPartition("tips.08944", 0), TopicPartition("cases.08944", 0)

    Lag().show({unknown: -1, beyond: 9}, {unknown: 4, beyond: 8})

    assert (shown("tips"), shown("cases")) == (4, 0)
