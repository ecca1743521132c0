"""How far a consumer is behind, by kind of topic: tips, cases, proposals, stations, alerts."""

from collections import Counter
from collections.abc import Mapping

from aiokafka import TopicPartition

from tinbao_runtime.metrics import CONSUMER_LAG


def kind_of(topic: str) -> str:
    """Not the topic: each station has its own, and there are thousands."""
    return topic.partition(".")[0]


class Lag:
    """Remembers the kinds that it has shown: one whose last partition went to another worker has no lag here."""

    def __init__(self) -> None:
        self._kinds: set[str] = set()

    def show(self, stored: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> None:
        """`stored` is the first offset of each partition that is not stored yet, -1 where it is not known."""
        behind = Counter(dict.fromkeys(self._kinds, 0))
        for partition, end in ends.items():
            # The consumer may have gone past an end that was asked for a moment ago.
            behind[kind_of(partition.topic)] += max(end - max(stored[partition], 0), 0)
        for kind, records in behind.items():
            CONSUMER_LAG.labels(kind).set(records)
        self._kinds |= set(behind)
