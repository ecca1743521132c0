"""Make a draft out of a proposal, or set the proposal aside."""

from datetime import datetime
from uuid import UUID

from tinbao_runtime.postgres import Connection
from uuid_utils.compat import uuid7

from tinbao_notify import store
from tinbao_notify.alert import Alert, NotAllowed, Status
from tinbao_notify.audience import audiences_of
from tinbao_notify.officer import Officer
from tinbao_notify.proposal import Proposal, ProposalNotFound
from tinbao_notify.rights import Action


async def take_proposal(conn: Connection, officer: Officer, proposal_id: UUID, at: datetime) -> Alert:
    """One proposal becomes one draft. Who proposed it is its first author. Raises ProposalNotFound, NotAllowed."""
    proposal = await dismiss_proposal(conn, officer, proposal_id, at)
    audiences = audiences_of(proposal.area, proposal.category, await store.stations_by_commune(conn))
    draft = proposal.draft(audiences, at)
    alert = Alert(uuid7(), proposal.station, proposal_id, Status.DRAFT, draft, (proposal.officer,), at)
    await store.insert_alert(conn, alert)
    return alert


async def dismiss_proposal(conn: Connection, officer: Officer, proposal_id: UUID, at: datetime) -> Proposal:
    """It leaves the list of those that wait. Raises ProposalNotFound, NotAllowed."""
    if not officer.may(Action.DRAFT):
        raise NotAllowed("role")
    proposal = await store.settle_proposal(conn, proposal_id, officer.visible_stations, at)
    if proposal is None:
        raise ProposalNotFound
    return proposal
