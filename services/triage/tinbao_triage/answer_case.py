"""Answer the reporter."""

from uuid import UUID

from tinbao_contracts.events import CaseAnsweredV1
from tinbao_runtime import outbox
from tinbao_runtime.mailbox_encryption import encrypt_message
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.acting import about, lock, write_down
from tinbao_triage.case import Case
from tinbao_triage.case_text import CaseKey
from tinbao_triage.desk import Desk
from tinbao_triage.records import Writing
from tinbao_triage.rights import Action
from tinbao_triage.vault import Vault


async def answer_case(conn: Connection, desk: Desk, tip_id: UUID, message_id: UUID, text: str, vault: Vault) -> Case:
    """Send an answer that only the holder of the receipt code can read, and keep a copy encrypted under the case's key.

    Uses the mailbox key that came inside the content, without showing the content. Locks the case.
    Raises CaseNotFound, NotAllowed, CannotOpen.
    """
    case = await lock(conn, tip_id, desk.stations)
    answered = case.after(Action.ANSWER, desk.officer)
    key = CaseKey(vault, tip_id, await store.content(conn, tip_id))
    copy = Writing(message_id, "answer", key.encrypt_writing(message_id, text), desk.officer.name, desk.now)
    await store.insert_writing(conn, tip_id, copy, desk.officer.subject)
    await store.save_case(conn, answered)
    await write_down(conn, answered, Action.ANSWER, desk.officer, desk.now)
    answer = encrypt_message(key.content().mailbox_key, tip_id, message_id, text)
    await outbox.enqueue(
        conn,
        CaseAnsweredV1(**about(answered, desk.now), message_id=message_id, answer=answer, officer=desk.officer.subject),
    )
    return answered
