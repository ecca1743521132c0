"""By when the law wants the station to have passed a tip on, as the receipt and the mailbox say it."""

from datetime import datetime

from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.deadline import TRANSFER_CLOCKS, deadline_for
from tinbao_contracts.places import PROVINCE
from tinbao_contracts.rules import load_calendar, load_rules


def deadline_of(station: str, urgency: Urgency, received_at: datetime, *, is_remote: bool) -> datetime | None:
    """The legal date, else the strict one while the year's days off are not published.

    None for the province: the clocks of a commune do not run there (TTLT 01/2017 Art. 8.5).
    """
    if station == PROVINCE:
        return None
    rules, calendar = load_rules(), load_calendar()
    deadline = deadline_for(TRANSFER_CLOCKS[urgency], received_at, remote=is_remote, rules=rules, calendar=calendar)
    return deadline.legal_at or deadline.strict_at
