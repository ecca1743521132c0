"""What an officer does with a case: one transaction each, on the log, and for nobody else's eyes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import (
    CaseAnsweredV1,
    CaseAssignedV1,
    CaseClassifiedV1,
    CaseClosedV1,
    CaseViewedV1,
    Outcome,
    ViewReason,
)
from tinbao_contracts.sealed import ReporterRole
from tinbao_runtime.clock import now
from tinbao_runtime.idempotency import KeyReused
from tinbao_runtime.mailbox_encryption import decrypt_message
from tinbao_runtime.sealing import CannotOpen
from tinbao_triage.assign_case import UnknownOfficer
from tinbao_triage.case import NotAllowed, NotNow, Status
from tinbao_triage.claim_next import claim_next
from tinbao_triage.duties import Duties, UnknownCategory
from tinbao_triage.main import clocks
from tinbao_triage.read_case import CaseFile, read_case

from tests.support.servers import PostgresServer
from tests.support.triage import (
    AUDITOR,
    HA,
    HUNG,
    VERIFYING,
    VINH,
    Deployment,
    a_content,
    a_deployment,
    a_request_key,
    a_slip,
    a_supplement,
    an_officer,
)

MINH = an_officer(subject="minh", name="Phạm Minh")


@pytest.fixture(scope="module")
async def station_of_all(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deployment]:
    async with a_deployment(postgres, tmp_path_factory.mktemp("keys")) as deployment:
        yield deployment


@pytest.fixture
async def station(station_of_all: Deployment) -> Deployment:
    await station_of_all.forget()
    return station_of_all


async def test_the_next_tip_is_the_most_urgent_then_the_oldest(station: Deployment) -> None:
    tips = {
        name: (await station.open_tip(urgency=urgency, received_at=now() - timedelta(hours=hours))).tip_id
        for name, urgency, hours in [
            ("normal, old", Urgency.NORMAL, 50),
            ("urgent, new", Urgency.URGENT, 1),
            ("administrative, oldest", Urgency.ADMINISTRATIVE, 60),
            ("immediate", Urgency.IMMEDIATE, 0),
            ("urgent, old", Urgency.URGENT, 3),
            ("normal, new", Urgency.NORMAL, 2),
        ]
    }

    taken = [await station.duties.claim_next(HUNG) for _ in tips]

    names = {tip_id: name for name, tip_id in tips.items()}
    assert [names[case.tip_id] for case in taken if case] == [
        "immediate",
        "urgent, old",
        "urgent, new",
        "normal, old",
        "normal, new",
        "administrative, oldest",
    ]
    assert await station.duties.claim_next(HUNG) is None


async def test_officers_who_ask_at_once_get_different_tips(station: Deployment) -> None:
    await asyncio.gather(*(station.open_tip() for _ in range(8)))
    officers = [an_officer("duty_officer", subject=f"officer {n}") for n in range(8)]

    taken = await asyncio.gather(*map(station.duties.claim_next, officers))

    assert len({case.tip_id for case in taken if case}) == 8
    assert [case.assignee for case in taken if case] == [officer.subject for officer in officers]


async def test_an_officer_who_is_taking_a_tip_keeps_nobody_else_waiting(station: Deployment) -> None:
    first, second = [await station.open_tip(received_at=now() - timedelta(hours=hours)) for hours in (2, 1)]

    async with station.transaction() as conn, asyncio.timeout(10):
        taken = await claim_next(conn, station.desk(HA))
        others = await station.duties.claim_next(HUNG)

    assert [case.tip_id for case in (taken, others) if case] == [first.tip_id, second.tip_id]


async def test_one_of_two_officers_who_claim_the_same_tip_gets_it(station: Deployment) -> None:
    tip = await station.open_tip()

    claims = [station.duties.claim(officer, tip.tip_id) for officer in (HA, HUNG)]
    outcomes = await asyncio.gather(*claims, return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Case", "NotNow"]
    (announced,) = await station.announced(CaseAssignedV1)
    assert announced.officer == (await station.duties.read(HA, tip.tip_id)).case.assignee


async def test_a_tip_is_claimed_once_also_by_the_same_officer(station: Deployment) -> None:
    tip = await station.open_tip()
    await station.duties.claim(HA, tip.tip_id)

    with pytest.raises(NotNow):
        await station.duties.claim(HA, tip.tip_id)


async def test_who_may_not_claim_gets_no_next_tip(station: Deployment) -> None:
    await station.open_tip()

    with pytest.raises(NotAllowed):
        await station.duties.claim_next(AUDITOR)


async def test_a_tip_that_turns_out_urgent_changes_its_clock_and_says_so(station: Deployment) -> None:
    tip = await station.open_tip(received_at=now() - timedelta(hours=40))
    await station.duties.claim(HA, tip.tip_id)
    before = now()

    case = await station.duties.classify(HA, tip.tip_id, "domestic_violence", Urgency.URGENT)

    assert timedelta() <= case.deadline_at - before - timedelta(hours=24) < timedelta(seconds=30)
    assert (case.status, case.category, case.urgency) == ("classified", "domestic_violence", "urgent")
    assert (await station.duties.read(HA, tip.tip_id)).case == case
    (announced,) = await station.announced(CaseClassifiedV1)
    assert (announced.category, announced.urgency, announced.officer) == ("domestic_violence", "urgent", "ha")


async def test_a_category_that_is_not_in_the_catalogue_is_refused(station: Deployment) -> None:
    tip = await station.open_tip()
    await station.duties.claim(HA, tip.tip_id)

    with pytest.raises(UnknownCategory):
        await station.duties.classify(HA, tip.tip_id, "of_tomorrow", Urgency.NORMAL)


async def test_opening_the_text_is_on_the_log_with_its_reason_and_without_its_note(station: Deployment) -> None:
    tip = await station.open_tip(content=a_content("Có người phá khóa."))

    file = await station.duties.open_content(HA, tip.tip_id, ViewReason.COMPLAINT, "theo đơn số 12")

    assert file.text is not None
    assert file.text.content.text == "Có người phá khóa."
    (viewed,) = await station.announced(CaseViewedV1)
    assert (viewed.officer, viewed.role, viewed.reason) == ("ha", "investigator", "complaint")
    assert viewed.permitted_until == file.text.permitted_until
    assert "theo đơn" not in viewed.model_dump_json()
    assert [(t.action, t.officer_name) for t in file.timeline] == [("opened", None), ("open", "Trần Thị Thu Hà")]


async def test_what_cannot_be_written_to_the_log_is_not_shown(postgres: PostgresServer, tmp_path: Path) -> None:
    async with a_deployment(postgres, tmp_path / "keys") as station:
        tip = await station.open_tip()
        await station.pool.execute("ALTER TABLE outbox_events RENAME TO broken")

        with pytest.raises(asyncpg.UndefinedTableError):
            await station.duties.open_content(HA, tip.tip_id, VERIFYING, None)

        file = await station.duties.read(HA, tip.tip_id)
        assert (file.text, [t.action for t in file.timeline]) == (None, ["opened"])
        assert await station.value("SELECT count(*) FROM views") == 0


async def read_later(station: Deployment, tip_id: UUID, minutes: float) -> CaseFile:
    async with station.transaction() as conn:
        return await read_case(conn, station.desk(HA, now() + timedelta(minutes=minutes)), tip_id, station.vault)


async def test_a_reason_opens_the_text_for_fifteen_minutes(station: Deployment) -> None:
    tip = await station.open_tip()
    await station.duties.open_content(HA, tip.tip_id, VERIFYING, None)

    assert (await read_later(station, tip.tip_id, minutes=14.9)).text is not None
    assert (await read_later(station, tip.tip_id, minutes=15.1)).text is None


async def test_a_reason_opens_the_text_for_the_officer_who_gave_it_and_nobody_else(station: Deployment) -> None:
    tip, other = await station.open_tip(), await station.open_tip()
    await station.duties.open_content(HA, tip.tip_id, VERIFYING, None)

    assert (await station.duties.read(HA, tip.tip_id)).text is not None
    assert (await station.duties.read(VINH, tip.tip_id)).text is None
    assert (await station.duties.read(HA, other.tip_id)).text is None


async def test_the_length_of_a_view_is_a_setting(station: Deployment) -> None:
    settings = station.settings.model_copy(update={"view_length": timedelta(minutes=2)})
    tip = await station.open_tip()
    await Duties(station.pool, settings, station.vault, clocks()).open_content(HA, tip.tip_id, VERIFYING, None)

    assert (await read_later(station, tip.tip_id, minutes=1.9)).text is not None
    assert (await read_later(station, tip.tip_id, minutes=2.1)).text is None


async def test_an_answer_opens_under_the_mailbox_key_of_the_receipt_and_no_other(station: Deployment) -> None:
    content = a_content()
    tip, other = await station.classified_tip(content=content), a_content()

    answered = await station.duties.answer(HA, tip.tip_id, "Đã tiếp nhận.", a_request_key())

    (event,) = await station.announced(CaseAnsweredV1)
    assert event.message_id == answered.message_id
    assert decrypt_message(content.mailbox_key, tip.tip_id, event.message_id, event.answer) == "Đã tiếp nhận."
    with pytest.raises(CannotOpen):
        decrypt_message(other.mailbox_key, tip.tip_id, event.message_id, event.answer)


async def test_officers_read_answers_and_notes_in_their_order_once_the_text_is_open(station: Deployment) -> None:
    tip = await station.classified_tip()
    await station.duties.answer(HA, tip.tip_id, "Đã tiếp nhận.", a_request_key())
    await station.duties.note(HUNG, tip.tip_id, "Đã gọi cho tổ trưởng.", a_request_key("notes"))
    await station.duties.answer(HA, tip.tip_id, "Đang kiểm tra.", a_request_key())
    assert (await station.duties.read(HA, tip.tip_id)).text is None

    file = await station.duties.open_content(HA, tip.tip_id, VERIFYING, "ghi thêm")

    assert file.text is not None
    assert [a.text for a in file.text.answers] == ["Đã tiếp nhận.", "Đang kiểm tra."]
    assert [(n.text, n.officer_name) for n in file.text.notes] == [("Đã gọi cho tổ trưởng.", "Nguyễn Văn Hùng")]


async def test_a_repeated_answer_is_sent_once_and_answered_alike(station: Deployment) -> None:
    tip, key = await station.classified_tip(), a_request_key()

    answers = [await station.duties.answer(HA, tip.tip_id, "Đã tiếp nhận.", key) for _ in range(2)]
    at_once = await asyncio.gather(*(station.duties.answer(HA, tip.tip_id, "Đã tiếp nhận.", key) for _ in range(4)))

    assert len({(answer.message_id, answer.sent_at) for answer in [*answers, *at_once]}) == 1
    assert len(await station.announced(CaseAnsweredV1)) == 1
    assert await station.value("SELECT count(*) FROM writings") == 1


async def test_a_key_that_comes_with_another_text_or_case_is_refused(station: Deployment) -> None:
    tip, other, key = await station.classified_tip(), await station.classified_tip(), a_request_key("notes")
    await station.duties.note(HA, tip.tip_id, "Đã gọi.", key)

    with pytest.raises(KeyReused):
        await station.duties.note(HA, tip.tip_id, "Chưa gọi.", key)
    with pytest.raises(KeyReused):
        await station.duties.note(HA, other.tip_id, "Đã gọi.", key)


async def test_a_refused_act_does_not_use_its_key_up(station: Deployment) -> None:
    tip, key = await station.open_tip(), a_request_key()
    with pytest.raises(NotNow):
        await station.duties.answer(HA, tip.tip_id, "Đã tiếp nhận.", key)
    await station.duties.claim(HA, tip.tip_id)

    await station.duties.answer(HA, tip.tip_id, "Đã tiếp nhận.", key)

    assert len(await station.announced(CaseAnsweredV1)) == 1


async def test_a_case_closes_with_its_last_answer(station: Deployment) -> None:
    content = a_content()
    tip = await station.classified_tip(content=content)

    case = await station.close(tip, Outcome.TRANSFERRED, "Đã chuyển Cơ quan điều tra.")

    assert (case.status, case.outcome, case.closed_at is not None) == ("closed", "transferred", True)
    answered, closed = await station.announced(CaseAnsweredV1, CaseClosedV1)
    text = decrypt_message(content.mailbox_key, tip.tip_id, answered.message_id, answered.answer)
    assert (text, closed.outcome, closed.officer) == ("Đã chuyển Cơ quan điều tra.", "transferred", "ha")


async def test_where_the_closing_is_refused_its_answer_is_not_sent_either(station: Deployment) -> None:
    tip = await station.classified_tip(officer=HUNG)

    with pytest.raises(NotAllowed):
        await station.close(tip, Outcome.NO_SIGN, "Đã kiểm tra.", officer=HUNG)

    assert await station.announced(CaseAnsweredV1, CaseClosedV1) == []
    assert (await station.duties.read(HUNG, tip.tip_id)).case.status == "classified"


@pytest.mark.parametrize("outcome", [Outcome.GUIDED, Outcome.OUTSIDE_SCOPE])
async def test_a_repeated_closing_has_one_effect_and_one_answer(station: Deployment, outcome: Outcome) -> None:
    tip, key = await station.classified_tip(), a_request_key("closings")
    await station.duties.open_content(HA, tip.tip_id, VERIFYING, None)

    first, second = [await station.duties.close(HA, tip.tip_id, outcome, "Xin cảm ơn.", key) for _ in range(2)]

    assert first == second
    assert len(await station.announced(CaseAnsweredV1, CaseClosedV1)) == 2


async def test_a_closed_case_closes_no_second_time(station: Deployment) -> None:
    tip = await station.classified_tip()
    await station.close(tip, Outcome.NO_SIGN)

    with pytest.raises(NotNow):
        await station.close(tip, Outcome.TRANSFERRED)


async def test_what_is_outside_the_scope_is_erased(station: Deployment) -> None:
    slip = a_slip(place="Nhà ông X", neighbourhood="Khu 3", reporter_role=ReporterRole.SHOP)
    tip = await station.classified_tip(slip=slip)
    await station.take(a_supplement(tip, station.key))
    await station.duties.note(HA, tip.tip_id, "Không thuộc phạm vi.", a_request_key("notes"))

    await station.close(tip, Outcome.OUTSIDE_SCOPE, "Hệ thống không tiếp nhận.")

    (row,) = await station.rows("SELECT content, content_key, place, neighbourhood, reporter_role FROM cases")
    assert tuple(row) == (b"", b"", None, None, None)
    assert await station.value("SELECT (SELECT count(*) FROM supplements) + (SELECT count(*) FROM writings)") == 0
    assert len(await station.announced(CaseAnsweredV1)) == 1, "the reporter still learns why"


async def test_an_erased_case_can_be_looked_at_but_not_opened(station: Deployment) -> None:
    tip = await station.classified_tip()
    await station.duties.open_content(HA, tip.tip_id, VERIFYING, None)
    await station.close(tip, Outcome.OUTSIDE_SCOPE)

    file = await station.duties.read(HA, tip.tip_id)

    assert (file.text, file.case.status) == (None, "closed")
    with pytest.raises(NotNow):
        await station.duties.open_content(HA, tip.tip_id, VERIFYING, None)


async def test_erasing_one_case_touches_no_other(station: Deployment) -> None:
    kept = await station.classified_tip(content=a_content("Giữ lại."))
    await station.take(a_supplement(kept, station.key))
    await station.duties.note(HA, kept.tip_id, "Đã gọi.", a_request_key("notes"))

    await station.close(await station.classified_tip(), Outcome.OUTSIDE_SCOPE)

    file = await station.duties.open_content(HA, kept.tip_id, VERIFYING, None)
    assert file.text is not None
    assert (file.text.content.text, len(file.text.supplements), len(file.text.notes)) == ("Giữ lại.", 1, 1)


async def test_a_chief_gives_a_case_to_who_has_worked_here(station: Deployment) -> None:
    await station.duties.claim(HUNG, (await station.open_tip()).tip_id)
    tip = await station.open_tip()

    case = await station.duties.assign(VINH, tip.tip_id, "hung", name=None)

    assert (case.status, case.assignee, case.assignee_name) == ("assigned", "hung", "Nguyễn Văn Hùng")
    assert (await station.announced(CaseAssignedV1))[-1].officer == "hung"
    await station.duties.classify(HUNG, tip.tip_id, "other", Urgency.NORMAL)


async def test_a_case_that_is_given_on_stays_as_far_as_it_was(station: Deployment) -> None:
    tip = await station.classified_tip(officer=HA)

    case = await station.duties.assign(VINH, tip.tip_id, "minh", "Phạm Minh")

    assert (case.status, case.assignee) == (Status.CLASSIFIED, "minh")
    with pytest.raises(NotNow):
        await station.duties.answer(HA, tip.tip_id, "Đã tiếp nhận.", a_request_key())


async def test_the_chief_chooses_among_who_has_worked_here_and_himself_by_given_name(station: Deployment) -> None:
    for officer in (HUNG, MINH, HA):
        await station.duties.claim(officer, (await station.open_tip()).tip_id)

    known = await station.duties.assignable_officers(VINH)

    assert [officer.name for officer in known] == ["Trần Thị Thu Hà", "Nguyễn Văn Hùng", "Phạm Minh", "Lê Quang Vinh"]


async def test_an_officer_is_offered_under_the_last_name_they_had(station: Deployment) -> None:
    for name in ("Trần Hà", "Trần Thị Thu Hà"):
        await station.duties.claim(an_officer(name=name), (await station.open_tip()).tip_id)

    assert [officer.name for officer in await station.duties.assignable_officers(VINH)] == [
        "Trần Thị Thu Hà",
        "Lê Quang Vinh",
    ]


async def test_who_has_never_worked_here_needs_a_name(station: Deployment) -> None:
    tip = await station.open_tip()

    with pytest.raises(UnknownOfficer):
        await station.duties.assign(VINH, tip.tip_id, "new", name=None)

    assert (await station.duties.assign(VINH, tip.tip_id, "new", "Đỗ Mới")).assignee_name == "Đỗ Mới"


async def test_only_who_may_assign_sees_whom_to_assign_to(station: Deployment) -> None:
    with pytest.raises(NotAllowed):
        await station.duties.assignable_officers(HA)
