"""What triage listens to, and the verb for each event."""

from functools import partial

from tinbao_contracts.events import (
    CaseAssignedV1,
    CaseClassifiedV1,
    CaseClosedV1,
    CaseOpenedV1,
    StationRegisteredV1,
    TipEscalatedV1,
    TipSubmittedV1,
    TipSupplementedV1,
    TipWithdrawnV1,
)
from tinbao_contracts.places import PROVINCE
from tinbao_runtime.batch import Handlers, each

from tinbao_triage.clocks import Clocks
from tinbao_triage.end_watch import follow_closing
from tinbao_triage.follow_stations import follow_station, name_station
from tinbao_triage.open_cases import open_cases
from tinbao_triage.supplement_case import supplement_case
from tinbao_triage.vault import Vault
from tinbao_triage.withdraw_case import withdraw_case


def group_of(station: str) -> str:
    return f"triage-{station}"


def pattern_of(station: str) -> str:
    """Tips of the stations that the broker lets this credential read; the province also reads all cases."""
    return r"^(tips|cases)\..+|^stations$" if station == PROVINCE else r"^tips\..+|^stations$"


def handlers(vault: Vault, clocks: Clocks) -> Handlers:
    opening = partial(open_cases, vault=vault, clocks=clocks)
    following = each(partial(follow_station, clocks=clocks))
    return {
        TipSubmittedV1: opening,
        TipEscalatedV1: opening,
        TipSupplementedV1: each(partial(supplement_case, vault=vault)),
        TipWithdrawnV1: each(withdraw_case),
        StationRegisteredV1: each(name_station),
        CaseOpenedV1: following,
        CaseAssignedV1: following,
        CaseClassifiedV1: following,
        CaseClosedV1: each(partial(follow_closing, clocks=clocks)),
    }
