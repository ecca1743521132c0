"""Add to a case what its reporter sent later."""

from dataclasses import replace

from tinbao_contracts.events import TipSupplementedV1
from tinbao_runtime.batch import NotYet, Rejected
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection
from tinbao_runtime.sealing import CannotOpen, NoKey

from tinbao_triage import store
from tinbao_triage.arrival import ArrivedSupplement
from tinbao_triage.vault import Vault


async def supplement_case(conn: Connection, received: Received[TipSupplementedV1], vault: Vault) -> None:
    """Keep the supplement encrypted and mark the case as having news. Locks the case; repeating changes nothing.

    Nothing is kept for a case whose content is erased.
    Raises NotYet before the case is open or its key is here, Rejected for what was altered.
    """
    event = received.event
    case = await store.lock_case(conn, event.tip_id, [event.station])
    if case is None:
        raise NotYet("the case is not open")
    if not case.is_erased and await store.insert_supplement(conn, _arrived(event, vault)):
        await store.save_case(conn, replace(case, has_news=True))
        await store.add_to_timelines(conn, [event.tip_id], "supplemented", event.occurred_at)


def _arrived(event: TipSupplementedV1, vault: Vault) -> ArrivedSupplement:
    try:
        return ArrivedSupplement.of(event, vault)
    except NoKey:
        raise NotYet("the private key is not here") from None
    except CannotOpen as error:
        raise Rejected(str(error)) from None
