"""Write a note for colleagues."""

from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.acting import lock, write_down
from tinbao_triage.case import Case
from tinbao_triage.case_text import CaseKey
from tinbao_triage.desk import Desk
from tinbao_triage.records import Writing
from tinbao_triage.rights import Action
from tinbao_triage.vault import Vault


async def note_case(conn: Connection, desk: Desk, tip_id: UUID, note_id: UUID, text: str, vault: Vault) -> Case:
    """Keep a note, encrypted under the case's key; it never leaves this database. Locks the case.

    Raises CaseNotFound, NotAllowed, CannotOpen.
    """
    case = await lock(conn, tip_id, desk.stations)
    noted = case.after(Action.NOTE, desk.officer)
    key = CaseKey(vault, tip_id, await store.content(conn, tip_id))
    note = Writing(note_id, "note", key.encrypt_writing(note_id, text), desk.officer.name, desk.now)
    await store.insert_writing(conn, tip_id, note, desk.officer.subject)
    await write_down(conn, noted, Action.NOTE, desk.officer, desk.now)
    return noted
