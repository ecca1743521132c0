"""Names of the Kafka topics: one set for each station, so that a broker ACL is the boundary between stations."""

from enum import StrEnum

STATIONS = "stations"
ALERTS = "alerts"


class StationTopic(StrEnum):
    """The kinds of topic that every station has."""

    TIPS = "tips"
    CASES = "cases"
    PROPOSALS = "proposals"

    def of(self, station: str) -> str:
        return f"{self.value}.{station}"
