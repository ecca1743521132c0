"""The watchdog knows a consumer that stands still from one that has nothing to read."""

import pytest
from aiokafka import TopicPartition
from tinbao_runtime.watchdog import Stalled, Watchdog

HERE, THERE = TopicPartition("tips.08944", 0), TopicPartition("tips.08905", 0)


def test_a_position_that_stays_before_the_end_is_a_stall() -> None:
    watchdog = Watchdog(timeout=60)
    watchdog.look({HERE: 5}, {HERE: 9}, 100)
    watchdog.look({HERE: 5}, {HERE: 9}, 160)

    with pytest.raises(Stalled, match=HERE.topic):
        watchdog.look({HERE: 5}, {HERE: 10}, 161)


def test_a_position_that_moves_is_none() -> None:
    watchdog = Watchdog(timeout=60)

    for step in range(10):
        watchdog.look({HERE: step}, {HERE: 1000}, 50.0 * step)


def test_the_end_may_be_stood_at_for_ever() -> None:
    watchdog = Watchdog(timeout=60)
    for time in range(0, 1000, 50):
        watchdog.look({HERE: 9}, {HERE: 9}, time)

    watchdog.look({HERE: 9}, {HERE: 10}, 1001)


def test_one_partition_that_stands_is_noticed_among_others_that_move() -> None:
    watchdog = Watchdog(timeout=60)
    watchdog.look({HERE: 1, THERE: 1}, {HERE: 9, THERE: 9}, 0)

    with pytest.raises(Stalled, match=THERE.topic):
        watchdog.look({HERE: 2, THERE: 1}, {HERE: 9, THERE: 9}, 61)


def test_what_stood_still_for_a_reason_is_forgotten() -> None:
    watchdog = Watchdog(timeout=60)
    watchdog.look({HERE: 5}, {HERE: 9}, 0)

    watchdog.forget()

    watchdog.look({HERE: 5}, {HERE: 9}, 61)


def test_a_partition_that_went_and_came_back_starts_anew() -> None:
    watchdog = Watchdog(timeout=60)
    watchdog.look({HERE: 5}, {HERE: 9}, 0)
    watchdog.look({}, {}, 30)

    watchdog.look({HERE: 5}, {HERE: 9}, 61)
