"""Every event becomes a leaf, whatever it is about."""

from collections.abc import Sequence

from tinbao_contracts.events import Event, TipErasedV1, TipEvent
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection

from tinbao_audit import store
from tinbao_audit.leaf import Leaf


async def append_leaves(conn: Connection, events: Sequence[Received[Event]], public_salt: bytes) -> None:
    """Let the events' leaves wait for their place, and keep what opens them apart. Repeating changes nothing.

    An erased tip loses its salt for good; its leaves stay and lead nowhere.
    """
    leaves = [Leaf.of(received, _salt(received.event, public_salt)) for received in events]
    await store.insert_leaves(conn, {leaf.commitment.event: leaf.to_bytes() for leaf in leaves})
    of_tips = [received.event for received in events if isinstance(received.event, TipEvent)]
    await store.insert_openings(conn, {event.tip_id: event.log_salt for event in of_tips})
    await store.erase_salts(conn, [event.tip_id for event in of_tips if isinstance(event, TipErasedV1)])


def _salt(event: Event, public_salt: bytes) -> bytes:
    return event.log_salt if isinstance(event, TipEvent) else public_salt
