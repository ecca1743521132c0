"""Notices a consumer that stands still although there is something to read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition


class Stalled(Exception):
    """The broker has records for this consumer and it does not move."""


@dataclass
class Watchdog:
    """`timeout` in seconds of the monotonic clock that `look` is given."""

    timeout: float
    _stands_since: dict[TopicPartition, tuple[int, float]] = field(default_factory=dict)

    def look(self, positions: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], time: float) -> None:
        """Raise Stalled where a position that is not the end has been the same for longer than the timeout."""
        standing = {}
        for partition, position in positions.items():
            before, since = self._stands_since.get(partition, (position, time))
            if position != before or position >= ends[partition]:
                since = time
            if time - since > self.timeout:
                raise Stalled(partition.topic)
            standing[partition] = (position, since)
        self._stands_since = standing

    def forget(self) -> None:
        """What stood still until now had a reason."""
        self._stands_since.clear()
