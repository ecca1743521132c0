"""Open cases for the tips that arrive."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import ValidationError
from tinbao_contracts.events import CaseOpenedV1, TipEscalatedV1, TipSubmittedV1
from tinbao_runtime import outbox
from tinbao_runtime.batch import NotYet, Rejected
from tinbao_runtime.clock import now
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection
from tinbao_runtime.sealing import CannotOpen, NoKey

from tinbao_triage import store
from tinbao_triage.arrival import Arrival
from tinbao_triage.case import Standing
from tinbao_triage.clocks import Clocks
from tinbao_triage.vault import Vault

Tip = TipSubmittedV1 | TipEscalatedV1


async def open_cases(conn: Connection, events: Sequence[Received[Tip]], vault: Vault, clocks: Clocks) -> None:
    """Open one case for each tip that has none, and announce it under the tip's own trace.

    Opens slips and re-wraps content keys inside the transaction (0.1 ms each): it locks nothing that anybody waits for.
    Raises NotYet while the private key is not here, Rejected for what was altered; then nothing of the batch is opened.
    """
    opened_at = now()
    firsts = _first_of_each_tip(events)
    arrivals = [_arrival(received.event, vault) for received in firsts]
    remote = await store.remote_stations(conn)
    deadlines = [clocks.deadline(a.urgency, a.received_at, is_remote=a.station in remote) for a in arrivals]
    numbers = await store.insert_cases(conn, arrivals, deadlines, opened_at)
    opened = [(r, a) for r, a in zip(firsts, arrivals, strict=True) if a.tip_id in numbers]
    await store.add_to_timelines(conn, [a.tip_id for _, a in opened], "opened", opened_at)
    await outbox.enqueue_following(conn, [(r, _announce(a, numbers[a.tip_id])) for r, a in opened])


def _first_of_each_tip(events: Sequence[Received[Tip]]) -> list[Received[Tip]]:
    """A tip that is published again under another event id may be in the same batch."""
    firsts: dict[UUID, Received[Tip]] = {}
    for received in events:
        firsts.setdefault(received.event.tip_id, received)
    return list(firsts.values())


def _arrival(event: Tip, vault: Vault) -> Arrival:
    try:
        return Arrival.of(event, vault)
    except NoKey:
        raise NotYet("the private key is not here") from None
    except CannotOpen as error:
        raise Rejected(str(error)) from None
    except ValidationError:
        raise Rejected("the slip is not readable") from None


def _announce(arrival: Arrival, number: int) -> CaseOpenedV1:
    return CaseOpenedV1(
        tip_id=arrival.tip_id,
        station=arrival.station,
        log_salt=arrival.log_salt,
        occurred_at=now(),
        number=number,
        category=arrival.category,
        urgency=arrival.urgency,
        received_at=arrival.received_at,
        is_watching=arrival.standing is Standing.WATCHING,
    )
