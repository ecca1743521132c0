"""Open a tip's text, for a reason."""

from datetime import timedelta
from uuid import UUID

from tinbao_contracts.events import CaseViewedV1, ViewReason
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection
from uuid_utils.compat import uuid7

from tinbao_triage import store
from tinbao_triage.acting import about, lock, write_down
from tinbao_triage.case import Case
from tinbao_triage.case_text import CaseKey
from tinbao_triage.desk import Desk
from tinbao_triage.records import Writing
from tinbao_triage.rights import Action
from tinbao_triage.vault import Vault


async def open_content(
    conn: Connection,
    desk: Desk,
    tip_id: UUID,
    reason: ViewReason,
    note: str | None,
    view_length: timedelta,
    vault: Vault,
) -> Case:
    """Permit the officer to read the case's text for `view_length`, and say so on the log in the same transaction.

    The text is shown only after this has committed. The note stays encrypted here. Locks the case.
    Raises CaseNotFound, NotAllowed, CannotOpen.
    """
    case = await lock(conn, tip_id, desk.stations)
    opened = case.after(Action.OPEN_CONTENT, desk.officer)
    view_id, until = uuid7(), desk.now + view_length
    await store.insert_view(conn, view_id, tip_id, desk.officer.subject, reason, desk.now, until)
    if note:
        key = CaseKey(vault, tip_id, await store.content(conn, tip_id))
        writing = Writing(view_id, "view_note", key.encrypt_writing(view_id, note), desk.officer.name, desk.now)
        await store.insert_writing(conn, tip_id, writing, desk.officer.subject)
    await write_down(conn, opened, Action.OPEN_CONTENT, desk.officer, desk.now)
    await outbox.enqueue(
        conn,
        CaseViewedV1(
            **about(opened, desk.now),
            officer=desk.officer.subject,
            role=desk.officer.first_role,
            reason=reason,
            permitted_until=until,
        ),
    )
    return opened
