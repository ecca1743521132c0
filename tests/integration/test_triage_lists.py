"""Which cases an officer's list shows, in which order, and that no page loses or repeats one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import Outcome
from tinbao_contracts.places import PROVINCE
from tinbao_runtime.clock import now
from tinbao_triage.api import Listing
from tinbao_triage.case import CaseNotFound, NotAllowed
from tinbao_triage.officer import Officer
from tinbao_triage.responses import CasePage
from uuid_utils.compat import uuid7

from tests.support.servers import PostgresServer
from tests.support.triage import (
    AUDITOR,
    HA,
    HUNG,
    OF_PROVINCE,
    VERIFYING,
    Deployment,
    a_deployment,
    a_proposal,
    a_request_key,
    a_submitted_tip,
    a_supplement,
    an_escalated_tip,
    an_officer,
)


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


@pytest.fixture(scope="module")
async def office_of_all(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deployment]:
    async with a_deployment(postgres, tmp_path_factory.mktemp("keys"), station=PROVINCE) as deployment:
        yield deployment


@pytest.fixture
async def office(office_of_all: Deployment) -> Deployment:
    """The province's deployment, which also serves two stations that run none."""
    await office_of_all.forget()
    return office_of_all


async def listed(station: Deployment, officer: Officer = HA, limit: int = 200, **filters: Any) -> list[UUID]:
    listing = Listing(**filters)
    return [case.tip_id for case in await station.duties.list_cases(officer, listing.filters(officer, limit))]


async def page(station: Deployment, limit: int, cursor: str | None) -> CasePage:
    listing = Listing(cursor=cursor)
    return CasePage.of(await station.duties.list_cases(HA, listing.filters(HA, limit)), limit)


@pytest.mark.parametrize("limit", [7, 50, 150])
async def test_pages_lose_and_repeat_no_case_though_many_have_the_same_deadline(
    station: Deployment, limit: int
) -> None:
    tips = [a_submitted_tip(station.key, received_at=now() - timedelta(days=n % 3)) for n in range(150)]
    await station.take(*tips)

    pages = [await page(station, limit, None)]
    while cursor := pages[-1].next_cursor:
        pages.append(await page(station, limit, cursor))

    cases = [case for each in pages for case in each.cases]
    assert len(pages) == -(-150 // limit)
    assert sorted(case.tip_id for case in cases) == sorted(tip.tip_id for tip in tips)
    assert [case.deadline_at for case in cases] == sorted(case.deadline_at for case in cases)
    assert len({case.deadline_at for case in cases}) == 3, "or the order within one deadline is not tried"


async def test_a_case_that_is_closed_between_two_pages_makes_no_other_slip(station: Deployment) -> None:
    tips = [await station.classified_tip(received_at=now() - timedelta(days=3 - n)) for n in range(3)]
    first = await page(station, 1, None)

    await station.close(tips[0], Outcome.NO_SIGN)

    assert [case.tip_id for case in (await page(station, 2, first.next_cursor)).cases] == [t.tip_id for t in tips[1:]]


async def test_a_list_can_be_narrowed_by_state_category_officer_and_clock(station: Deployment) -> None:
    opened = (await station.open_tip(category="drugs", urgency=Urgency.URGENT)).tip_id
    overdue = (await station.open_tip(received_at=now() - timedelta(days=9))).tip_id
    mine = (await station.classified_tip(category="noise")).tip_id
    others = (await station.classified_tip(officer=HUNG)).tip_id
    closed = await station.classified_tip()
    await station.close(closed, Outcome.NO_SIGN)

    assert set(await listed(station)) == {opened, overdue, mine, others}
    assert await listed(station, status="closed") == [closed.tip_id]
    assert set(await listed(station, status="classified")) == {mine, others}
    assert await listed(station, category="drugs") == [opened]
    assert await listed(station, assignee="me") == [mine]
    assert await listed(station, officer=HUNG, assignee="me") == [others]
    assert set(await listed(station, assignee="none")) == {opened, overdue}
    assert await listed(station, overdue="yes") == [overdue]
    assert await listed(station, overdue="soon") == [overdue, opened]
    assert await listed(station, category="noise", assignee="none") == []


async def test_the_counts_are_those_of_the_lists_they_lead_to(station: Deployment) -> None:
    await station.open_tip(urgency=Urgency.URGENT)
    await station.open_tip(received_at=now() - timedelta(days=9))
    await station.open_tip()
    await station.classified_tip()
    await station.close(await station.classified_tip(), Outcome.NO_SIGN)
    asked_again = await station.classified_tip(received_at=now() - timedelta(days=9))
    await station.close(asked_again, Outcome.NO_SIGN)
    await station.take(a_supplement(asked_again, station.key))

    counts = await station.duties.count_cases(HA)

    assert (counts.all, counts.mine, counts.due_soon, counts.unclaimed) == (5, 2, 2, 3)
    assert counts.all == len(await listed(station))
    assert counts.mine == len(await listed(station, assignee="me"))
    assert counts.due_soon == len(await listed(station, overdue="soon"))
    assert counts.unclaimed == len(await listed(station, assignee="none"))


async def test_a_watched_case_waits_for_nobody(office: Deployment) -> None:
    watched = an_escalated_tip(office.key)
    await office.take(watched)

    assert await listed(office, OF_PROVINCE) == [watched.tip_id]
    assert await listed(office, OF_PROVINCE, assignee="none") == []
    assert (await office.duties.count_cases(OF_PROVINCE)).unclaimed == 0
    assert await office.duties.claim_next(OF_PROVINCE) is None


async def test_a_closed_case_whose_reporter_adds_something_is_back_until_it_is_read(station: Deployment) -> None:
    tip = await station.classified_tip()
    await station.close(tip, Outcome.NO_SIGN)
    assert await listed(station) == []

    await station.take(a_supplement(tip, station.key))

    assert await listed(station) == [tip.tip_id]
    await station.duties.open_content(HUNG, tip.tip_id, VERIFYING, None)
    assert await listed(station) == []


async def test_who_has_no_right_to_list_sees_no_list_and_no_case(station: Deployment) -> None:
    tip = await station.open_tip()

    for asking in (
        listed(station, AUDITOR),
        station.duties.count_cases(AUDITOR),
        station.duties.read(AUDITOR, tip.tip_id),
    ):
        with pytest.raises(NotAllowed):
            await asking


async def test_a_deployment_of_several_stations_shows_an_officer_only_theirs(office: Deployment) -> None:
    ours, theirs, offices = [await office.open_tip(station=code) for code in ("08950", "08869", PROVINCE)]
    officer = an_officer("chief", stations=("08950",))

    assert await listed(office, officer) == [ours.tip_id]
    assert (await office.duties.count_cases(officer)).all == 1
    assert (await office.duties.read(officer, ours.tip_id)).case.station == "08950"
    taken = [await office.duties.claim_next(officer) for _ in range(2)]
    assert [case.tip_id if case else None for case in taken] == [ours.tip_id, None]
    assert set(await listed(office, OF_PROVINCE)) == {ours.tip_id, theirs.tip_id, offices.tip_id}


async def test_an_officer_of_one_station_is_offered_only_colleagues_of_theirs(office: Deployment) -> None:
    colleague, stranger = an_officer(subject="colleague"), an_officer(subject="stranger")
    for officer, code in ((colleague, "08950"), (stranger, "08869")):
        tip = await office.open_tip(station=code)
        of_station = Officer(officer.subject, officer.name, officer.roles, frozenset({code}))
        await office.duties.claim(of_station, tip.tip_id)

    known = await office.duties.assignable_officers(an_officer("chief", "vinh", "Vinh", ("08950",)))

    assert [officer.subject for officer in known] == ["colleague", "vinh"]


@pytest.mark.parametrize("is_foreign", [True, False])
async def test_every_act_on_a_foreign_tip_fails_as_on_one_that_does_not_exist(
    office: Deployment, is_foreign: bool
) -> None:
    tip_id = (await office.open_tip(station="08869")).tip_id if is_foreign else uuid7()
    duties, chief = office.duties, an_officer("chief", stations=("08950",))

    for act in (
        duties.read(chief, tip_id),
        duties.claim(chief, tip_id),
        duties.assign(chief, tip_id, "ha", "Hà"),
        duties.open_content(chief, tip_id, VERIFYING, "ghi thêm"),
        duties.classify(chief, tip_id, "other", Urgency.NORMAL),
        duties.answer(chief, tip_id, "Đã tiếp nhận.", a_request_key()),
        duties.note(chief, tip_id, "Đã gọi.", a_request_key("notes")),
        duties.propose_alert(chief, tip_id, a_proposal(), a_request_key("proposals")),
        duties.close(chief, tip_id, Outcome.NO_SIGN, None, a_request_key("closings")),
    ):
        with pytest.raises(CaseNotFound):
            await act
    assert await office.value("SELECT count(*) FROM views") == 0


async def test_the_overview_is_for_who_oversees_and_belongs_here(office: Deployment) -> None:
    assert await office.duties.list_station_cases(AUDITOR) == []
    assert await office.duties.list_station_cases(OF_PROVINCE) == []

    for officer in (an_officer("chief", stations=(PROVINCE,)), an_officer("auditor", stations=("08944",))):
        with pytest.raises(NotAllowed):
            await office.duties.list_station_cases(officer)
