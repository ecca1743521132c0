"""An alert from draft to cancellation: who may, what is bound, and that the database itself keeps to it."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from tinbao_contracts.events import AlertCancelledV1, AlertIssuedV1
from tinbao_contracts.places import PROVINCE
from tinbao_notify.address_alert import address_alert
from tinbao_notify.alert import AlertNotFound, Changed, ForeignArea, Incomplete, NotAllowed, OwnAlert, Status
from tinbao_notify.draft_changes import DraftChanges
from tinbao_runtime.clock import now
from tinbao_runtime.postgres import transaction

from tests.support.notify import (
    AUDITOR,
    LONG,
    MAI,
    OF_HOI_THINH,
    OTHER,
    STATION,
    Notify,
    a_draft,
    a_key,
    a_notify,
    an_officer,
)
from tests.support.servers import PostgresServer


@pytest.fixture
async def notify(postgres: PostgresServer) -> AsyncIterator[Notify]:
    async with a_notify(postgres) as deployment:
        yield deployment


async def test_a_second_person_approves_and_the_alert_is_issued_with_its_event(notify: Notify) -> None:
    alert_id = await notify.submitted(MAI)

    await notify.newsroom.approve(LONG, alert_id, await notify.digest(alert_id))

    file = await notify.newsroom.read(MAI, alert_id)
    assert file.alert.status is Status.ISSUED
    (row,) = await notify.rows("SELECT event_type, topic, key, value FROM outbox_events")
    event = AlertIssuedV1.model_validate_json(row["value"])
    assert (row["event_type"], row["topic"], row["key"]) == ("AlertIssuedV1", "alerts", str(alert_id))
    assert event.content.digest() == event.digest


async def test_what_third_parties_read_says_by_which_role_and_of_which_station_but_names_nobody(notify: Notify) -> None:
    alert_id = await notify.issued(MAI, LONG)
    await notify.issued_update(alert_id, MAI, LONG)
    await notify.newsroom.cancel(MAI, (await notify.newsroom.read(MAI, alert_id)).update_id or alert_id)

    values = [json.loads(row["value"]) for row in await notify.rows("SELECT value FROM outbox_events ORDER BY seq")]

    said = [(value["role"], value["by_station"], value["station"]) for value in values]
    assert said == [("broadcaster", "25", "08944")] * 2 + [("broadcaster", "08944", "08944")]
    words = json.dumps(values)
    assert [name for name in (MAI.subject, MAI.name, LONG.subject, LONG.name) if f'"{name}"' in words] == []


async def test_an_author_cannot_approve(notify: Notify) -> None:
    alert_id = await notify.submitted(LONG)

    with pytest.raises(OwnAlert):
        await notify.newsroom.approve(LONG, alert_id, await notify.digest(alert_id))


async def test_who_edited_or_submitted_is_an_author_too(notify: Notify) -> None:
    alert_id = await notify.newsroom.draft(MAI, STATION, a_draft(), a_key())
    await notify.newsroom.edit(LONG, alert_id, DraftChanges(severity="Severe"))
    minh = an_officer("minh", (PROVINCE,))
    await notify.newsroom.submit(minh, alert_id)

    for author in (MAI, LONG, minh):
        with pytest.raises(OwnAlert):
            await notify.newsroom.approve(author, alert_id, await notify.digest(alert_id))


async def test_the_database_refuses_an_author_as_approver(notify: Notify) -> None:
    alert_id = await notify.submitted(MAI)

    with pytest.raises(asyncpg.CheckViolationError, match="no_author_approves"):
        await notify.pool.execute(
            "UPDATE alerts SET status = 'issued', approved_by = 'mai', digest = '\\x00', issued_at = now() "
            "WHERE alert_id = $1",
            alert_id,
        )


async def test_the_database_lets_no_author_step_back_to_approve(notify: Notify) -> None:
    alert_id = await notify.submitted(MAI)

    with pytest.raises(asyncpg.CheckViolationError, match="an author stays an author"):
        await notify.pool.execute("UPDATE alerts SET authors = '{long}' WHERE alert_id = $1", alert_id)


async def test_nothing_leaves_of_an_alert_that_was_changed_behind_the_products_back(notify: Notify) -> None:
    await notify.subscribe("an@example.org")
    alert_id = await notify.issued()
    await notify.pool.execute("ALTER TABLE alerts DISABLE TRIGGER keep_issued")
    await notify.pool.execute("UPDATE alerts SET headline_vi = 'Chuyển tiền ngay' WHERE alert_id = $1", alert_id)

    for path in ("/", f"/alerts/{alert_id}", f"/cap/{alert_id}.xml", "/feeds/alerts.atom"):
        answer = await notify.http.get(path)
        assert (answer.status_code, "Chuyển tiền" in answer.text) == (409, False)
    with pytest.raises(Changed):
        async with transaction(notify.pool) as conn:
            await address_alert(conn, now())


async def test_the_database_issues_nothing_that_nobody_approved(notify: Notify) -> None:
    alert_id = await notify.submitted(MAI)

    with pytest.raises(asyncpg.CheckViolationError, match="issued_means_approved"):
        await notify.pool.execute("UPDATE alerts SET status = 'issued' WHERE alert_id = $1", alert_id)


@pytest.mark.parametrize(
    "change",
    [
        "headline_vi = 'Khác'",
        "area = '{08905}'",
        "audiences = '{topic:drugs}'",
        "expires_at = now() + interval '1 year'",
        "authors = authors || '{long}'",
        "status = 'draft'",
        "earlier = array[gen_random_uuid()], earlier_sent = array[now()]",
        "approved_by = 'minh'",
    ],
)
async def test_the_database_keeps_an_issued_alert_as_it_was_approved(notify: Notify, change: str) -> None:
    alert_id = await notify.issued()

    with pytest.raises(asyncpg.CheckViolationError, match="an issued alert is not changed"):
        await notify.pool.execute(f"UPDATE alerts SET {change} WHERE alert_id = $1", alert_id)  # noqa: S608 - above


@pytest.mark.parametrize(
    "changes",
    [
        {"vi": {"headline": "Khác", "description": "Khác"}},
        {"en": {"headline": "Other", "description": "Other"}},
        {"area": [STATION, OTHER]},
        {"audiences": [{"kind": "sector", "code": "landlord"}]},
        {"expires_at": now() + timedelta(days=30)},
        {"severity": "Extreme"},
        {"category": "drugs"},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_what_changed_since_it_was_shown_is_not_approved(notify: Notify, changes: dict[str, object]) -> None:
    of_province = an_officer("tuan", (PROVINCE,))
    alert_id = await notify.submitted(of_province)
    shown = await notify.digest(alert_id)
    await notify.newsroom.edit(of_province, alert_id, DraftChanges.model_validate(changes))
    await notify.newsroom.submit(of_province, alert_id)

    with pytest.raises(Changed):
        await notify.newsroom.approve(LONG, alert_id, shown)

    assert (await notify.newsroom.read(LONG, alert_id)).alert.status is Status.SUBMITTED
    assert await notify.rows("SELECT FROM outbox_events") == []


async def test_a_rejected_alert_goes_back_to_its_authors_with_the_reason(notify: Notify) -> None:
    alert_id = await notify.submitted()

    await notify.newsroom.reject(LONG, alert_id, "Thiếu thời gian")

    alert = (await notify.newsroom.read(MAI, alert_id)).alert
    assert (alert.status, alert.rejection) == (Status.REJECTED, "Thiếu thời gian")
    await notify.newsroom.edit(MAI, alert_id, DraftChanges(severity="Minor"))
    await notify.newsroom.submit(MAI, alert_id)


async def test_without_english_or_with_an_end_that_has_passed_nothing_is_submitted(notify: Notify) -> None:
    without_english = await notify.newsroom.draft(MAI, STATION, a_draft(en=None), a_key())
    over = await notify.newsroom.draft(MAI, STATION, a_draft(expires_at=now()), a_key())

    with pytest.raises(Incomplete, match="en"):
        await notify.newsroom.submit(MAI, without_english)
    with pytest.raises(Incomplete, match="expires_at"):
        await notify.newsroom.submit(MAI, over)


async def test_a_cancel_is_announced_with_a_reference_to_what_it_cancels(notify: Notify) -> None:
    alert_id = await notify.issued()

    await notify.newsroom.cancel(MAI, alert_id)

    issued, cancelled = await notify.rows("SELECT value FROM outbox_events ORDER BY seq")
    event = AlertCancelledV1.model_validate_json(cancelled["value"])
    sender, identifier, sent = event.references.split(",")
    assert sender == "ca-08944@tinbao.example"
    assert identifier == AlertIssuedV1.model_validate_json(issued["value"]).identifier
    assert sent.endswith("+07:00")


async def test_another_stations_alert_and_an_absent_one_are_the_same(notify: Notify) -> None:
    alert_id = await notify.submitted(MAI)

    with pytest.raises(AlertNotFound):
        await notify.newsroom.read(OF_HOI_THINH, alert_id)
    with pytest.raises(AlertNotFound):
        await notify.newsroom.edit(OF_HOI_THINH, alert_id, DraftChanges())


async def test_a_station_warns_only_its_own_communes_and_the_province_all(notify: Notify) -> None:
    with pytest.raises(ForeignArea):
        await notify.newsroom.draft(MAI, STATION, a_draft(area=(STATION, OTHER)), a_key())
    with pytest.raises(NotAllowed):
        await notify.newsroom.draft(MAI, OTHER, a_draft(), a_key())

    await notify.newsroom.draft(LONG, PROVINCE, a_draft(area=(STATION, OTHER)), a_key())


async def test_an_auditor_reads_and_changes_nothing(notify: Notify) -> None:
    alert_id = await notify.submitted()

    await notify.newsroom.read(AUDITOR, alert_id)

    with pytest.raises(NotAllowed):
        await notify.newsroom.approve(AUDITOR, alert_id, await notify.digest(alert_id))


async def test_the_same_draft_with_the_same_key_is_one_alert(notify: Notify) -> None:
    key, draft = a_key(), a_draft()

    first = await notify.newsroom.draft(MAI, STATION, draft, key)

    assert await notify.newsroom.draft(MAI, STATION, draft, key) == first
    assert len(await notify.rows("SELECT FROM alerts")) == 1
