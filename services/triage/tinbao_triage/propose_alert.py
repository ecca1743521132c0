"""Propose to warn the public, in words written for the public."""

from uuid import UUID

from pydantic import AwareDatetime
from tinbao_contracts.alerts import AlertUrgency, Area, Description, Headline, Severity
from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.events import AlertProposedV1
from tinbao_contracts.frozen import Frozen
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_triage.acting import lock, write_down
from tinbao_triage.case import NotAllowed
from tinbao_triage.desk import Desk
from tinbao_triage.rights import Action


class Proposal(Frozen):
    """What an officer writes. A broadcaster edits it, and a second person decides."""

    headline: Headline
    description: Description
    area: Area
    urgency: AlertUrgency = AlertUrgency.EXPECTED
    severity: Severity = Severity.MODERATE
    expires_at: AwareDatetime | None = None


async def propose_alert(conn: Connection, desk: Desk, tip_id: UUID, proposal_id: UUID, proposal: Proposal) -> None:
    """The event has the case's category and nothing else of it: neither the tip's words nor its id. Locks the case.

    Raises CaseNotFound, NotAllowed, also for what is about officers: nobody is warned of that.
    """
    case = (await lock(conn, tip_id, desk.stations)).after(Action.PROPOSE, desk.officer)
    if (known := load_catalogue().get(case.category)) and known.goes_to_province:
        raise NotAllowed("category")
    await write_down(conn, case, Action.PROPOSE, desk.officer, desk.now)
    event = AlertProposedV1(
        proposal_id=proposal_id,
        station=case.station,
        category=case.category,
        headline=proposal.headline,
        description=proposal.description,
        area=proposal.area,
        urgency=proposal.urgency,
        severity=proposal.severity,
        expires_at=proposal.expires_at,
        officer=desk.officer.subject,
        occurred_at=desk.now,
    )
    await outbox.enqueue(conn, event)
