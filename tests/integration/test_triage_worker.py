"""What arrives at a station: tips become cases once, and nothing that fails takes its neighbours with it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import CaseOpenedV1, Outcome, StationRegisteredV1
from tinbao_contracts.places import PROVINCE
from tinbao_contracts.sealed import ReporterRole
from tinbao_runtime.clock import now
from uuid_utils.compat import uuid7

from tests.support.runtime import a_key
from tests.support.servers import PostgresServer
from tests.support.triage import (
    AUDITOR,
    HA,
    OF_PROVINCE,
    STATION,
    VERIFYING,
    Deployment,
    a_closing,
    a_content,
    a_deployment,
    a_slip,
    a_submitted_tip,
    a_supplement,
    a_withdrawal_of,
    altered,
    an_escalated_tip,
    an_officer,
    an_opening,
    as_record,
)

MINH = an_officer(subject="minh", name="Phạm Minh")

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


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


@pytest.fixture
async def without_key(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[Deployment]:
    """A station whose private key has not been put into its folder yet."""
    async with a_deployment(postgres, tmp_path / "keys", key_is_there=False) as deployment:
        yield deployment


@pytest.fixture(scope="module")
async def province_of_all(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deployment]:
    async with a_deployment(postgres, tmp_path_factory.mktemp("keys"), station=PROVINCE) as deployment:
        yield deployment


@pytest.fixture
async def province(province_of_all: Deployment) -> Deployment:
    await province_of_all.forget()
    return province_of_all


async def cases(deployment: Deployment) -> list[dict[str, object]]:
    return [dict(row) for row in await deployment.rows("SELECT tip_id, standing, number FROM cases ORDER BY number")]


async def test_each_tip_becomes_one_case_with_a_line_of_the_register(station: Deployment) -> None:
    first = a_submitted_tip(station.key, slip=a_slip(place="Chợ Bá Hiến", reporter_role=ReporterRole.SHOP))
    second = a_submitted_tip(station.key, urgency=Urgency.IMMEDIATE, slip=a_slip(is_happening_now=True))

    await station.take(first, second)

    one, other = [(await station.duties.read(HA, tip.tip_id)).case for tip in (first, second)]
    assert other.number > one.number
    assert (one.place, one.reporter_role, one.status) == ("Chợ Bá Hiến", "shop", "open")
    assert one.deadline_at > first.received_at + timedelta(days=6)
    assert (other.is_happening_now, other.deadline_at) == (True, second.received_at + timedelta(hours=24))


async def test_a_remote_station_has_48_hours_for_what_is_urgent(station: Deployment) -> None:
    await station.take(StationRegisteredV1(station=STATION, name="Xã", communes=(), served_by=STATION, is_remote=True))

    tip = await station.open_tip(urgency=Urgency.URGENT)

    case = (await station.duties.read(HA, tip.tip_id)).case
    assert case.deadline_at == tip.received_at + timedelta(hours=48)


async def test_an_opened_case_is_announced_under_the_trace_of_its_tip(station: Deployment) -> None:
    traced, other = a_submitted_tip(station.key), a_submitted_tip(station.key)

    await station.take(as_record(traced, traceparent=TRACE), other)

    opened = await station.announced(CaseOpenedV1)
    assert [(e.tip_id, e.station, e.urgency, e.received_at, e.is_watching) for e in opened] == [
        (tip.tip_id, STATION, tip.urgency, tip.received_at, False) for tip in (traced, other)
    ]
    traces = await station.rows("SELECT key, traceparent FROM outbox_events ORDER BY seq")
    assert [(row["key"], row["traceparent"]) for row in traces] == [
        (str(traced.tip_id), TRACE),
        (str(other.tip_id), None),
    ]


async def test_a_redelivered_tip_opens_one_case(station: Deployment) -> None:
    tip = await station.open_tip()

    await station.take(tip)

    assert len(await cases(station)) == len(await station.announced(CaseOpenedV1)) == 1


async def test_a_tip_that_comes_twice_in_one_batch_opens_one_case_and_says_so_once(station: Deployment) -> None:
    tip, other = a_submitted_tip(station.key), a_submitted_tip(station.key)

    await station.take(tip, other, tip)

    assert [row["tip_id"] for row in await cases(station)] == [tip.tip_id, other.tip_id]
    assert [event.tip_id for event in await station.announced(CaseOpenedV1)] == [tip.tip_id, other.tip_id]
    assert [t.action for t in (await station.duties.read(HA, tip.tip_id)).timeline] == ["opened"]


@pytest.mark.parametrize("part", ["grant", "slip"])
async def test_an_altered_tip_dies_and_its_neighbours_become_cases(station: Deployment, part: str) -> None:
    tips = [a_submitted_tip(station.key) for _ in range(3)]
    bad = altered(tips[1]) if part == "slip" else tips[1].model_copy(update={"tip_id": uuid7()})

    await station.take(tips[0], bad, tips[2])

    assert [row["tip_id"] for row in await cases(station)] == [tips[0].tip_id, tips[2].tip_id]
    reason = {"slip": "altered, or another key", "grant": "a grant was altered"}[part]
    assert await station.dead_reasons() == [reason]


async def test_a_slip_that_this_release_cannot_read_dies_without_a_word_of_it(station: Deployment) -> None:
    bad = a_submitted_tip(station.key, slip=a_slip().model_copy(update={"kind": "bí-mật"}))

    await station.take(bad, a_submitted_tip(station.key))

    assert len(await cases(station)) == 1
    assert await station.dead_reasons() == ["the slip is not readable"]


async def test_a_tip_whose_key_is_not_here_waits_and_opens_once_the_key_comes(without_key: Deployment) -> None:
    station = without_key
    tip = a_submitted_tip(station.key)
    await station.take(tip)
    assert await station.worker.replay_parked() == 0
    assert (await cases(station), await station.dead_reasons()) == ([], [])

    station.key.write(station.settings.keys_folder)

    assert await station.worker.replay_parked() == 1
    assert await station.worker.replay_parked() == 0
    assert [row["tip_id"] for row in await cases(station)] == [tip.tip_id]
    assert len(await station.announced(CaseOpenedV1)) == 1


async def test_a_key_file_that_is_half_written_kills_no_tip(without_key: Deployment) -> None:
    station = without_key
    half = station.settings.keys_folder / "08944-half.key.json"
    half.write_text('{"public": {"recip')
    await station.take(a_submitted_tip(station.key))

    half.unlink()
    station.key.write(station.settings.keys_folder)

    assert await station.dead_reasons() == []
    assert await station.worker.replay_parked() == 1


async def test_a_tip_sealed_to_a_key_of_somebody_else_waits_and_its_neighbours_open(station: Deployment) -> None:
    await station.take(a_submitted_tip(a_key()), a_submitted_tip(station.key))

    assert len(await cases(station)) == 1
    assert await station.value("SELECT count(*) FROM parked") == 1


async def test_an_escalated_tip_is_watched_by_the_province(province: Deployment) -> None:
    tip = an_escalated_tip(province.key, content=a_content("Có tiếng kêu cứu."))

    await province.take(tip)

    file = await province.duties.open_content(OF_PROVINCE, tip.tip_id, VERIFYING, None)
    assert file.case.standing == "watching"
    assert file.text is not None
    assert file.text.content.text == "Có tiếng kêu cứu."
    (opened,) = await province.announced(CaseOpenedV1)
    assert opened.is_watching


async def test_a_supplement_before_its_case_waits_for_it(station: Deployment) -> None:
    tip = a_submitted_tip(station.key)
    await station.take(a_supplement(tip, station.key, "Xe màu trắng."))
    assert await station.worker.replay_parked() == 0

    await station.take(tip)

    assert await station.worker.replay_parked() == 1
    file = await station.duties.open_content(HA, tip.tip_id, VERIFYING, None)
    assert file.text is not None
    assert [added.text for added in file.text.supplements] == ["Xe màu trắng."]


async def test_a_supplement_in_the_batch_of_its_tip_finds_the_case(station: Deployment) -> None:
    tip = a_submitted_tip(station.key)

    await station.take(tip, a_supplement(tip, station.key))

    assert await station.value("SELECT count(*) FROM parked") == 0
    assert (await station.duties.read(HA, tip.tip_id)).case.has_news


async def test_a_supplement_is_news_until_somebody_reads_the_text(station: Deployment) -> None:
    tip = await station.open_tip()
    await station.take(a_supplement(tip, station.key))
    assert (await station.duties.read(HA, tip.tip_id)).case.has_news

    await station.duties.open_content(HA, tip.tip_id, VERIFYING, None)

    assert not (await station.duties.read(MINH, tip.tip_id)).case.has_news


async def test_a_supplement_that_comes_while_the_text_is_open_is_read_with_the_next_look(station: Deployment) -> None:
    tip = await station.open_tip()
    await station.duties.open_content(HA, tip.tip_id, VERIFYING, None)
    await station.take(a_supplement(tip, station.key))
    assert (await station.duties.read(MINH, tip.tip_id)).case.has_news

    file = await station.duties.read(HA, tip.tip_id)

    assert file.text is not None
    assert len(file.text.supplements) == 1
    assert not (await station.duties.read(MINH, tip.tip_id)).case.has_news


async def test_a_repeated_supplement_changes_nothing(station: Deployment) -> None:
    tip = await station.open_tip()
    added = a_supplement(tip, station.key)
    await station.take(added)
    await station.duties.open_content(HA, tip.tip_id, VERIFYING, None)

    await station.take(added)

    file = await station.duties.read(HA, tip.tip_id)
    assert [t.action for t in file.timeline] == ["opened", "supplemented", "open"]
    assert not file.case.has_news


async def test_an_altered_supplement_dies_alone(station: Deployment) -> None:
    tip = await station.open_tip()
    good, bad = a_supplement(tip, station.key), a_supplement(tip, station.key, version=3)
    bad = bad.model_copy(update={"sealed": bad.sealed.model_copy(update={"version": 9})})

    await station.take(good, bad)

    assert await station.value("SELECT count(*) FROM supplements") == 1
    assert await station.dead_reasons() == ["a grant was altered"]


async def test_a_supplement_of_another_stations_tip_touches_nothing(station: Deployment) -> None:
    tip = await station.open_tip()
    elsewhere = a_supplement(tip, station.key).model_copy(update={"station": "08905"})

    await station.take(elsewhere)

    assert not (await station.duties.read(HA, tip.tip_id)).case.has_news


async def test_a_withdrawal_is_recorded_and_ends_nothing(station: Deployment) -> None:
    tip = await station.classified_tip()
    withdrawal = a_withdrawal_of(tip)

    await station.take(withdrawal)
    await station.take(a_withdrawal_of(tip))

    file = await station.duties.read(HA, tip.tip_id)
    assert (file.case.status, file.case.withdrawn_at, file.case.has_news) == (
        "classified",
        withdrawal.occurred_at,
        True,
    )
    assert [t.action for t in file.timeline].count("withdrawn") == 1


async def test_a_withdrawal_before_its_case_waits_for_it(station: Deployment) -> None:
    tip = a_submitted_tip(station.key)
    await station.take(a_withdrawal_of(tip))

    await station.take(tip)

    assert await station.worker.replay_parked() == 1
    assert (await station.duties.read(HA, tip.tip_id)).case.withdrawn_at is not None


async def test_what_comes_after_the_erasure_of_a_case_is_not_kept(station: Deployment) -> None:
    tip = await station.classified_tip()
    await station.close(tip, Outcome.OUTSIDE_SCOPE)

    await station.take(a_supplement(tip, station.key), a_withdrawal_of(tip))

    assert await station.value("SELECT count(*) FROM supplements") == 0
    assert not (await station.duties.read(HA, tip.tip_id)).case.has_news


async def test_the_province_stops_watching_when_the_holder_closes(province: Deployment) -> None:
    tip = an_escalated_tip(province.key, holder=STATION)
    await province.take(tip)

    await province.take(a_closing(tip.tip_id, STATION, Outcome.OUTSIDE_SCOPE))

    case = (await province.duties.read(OF_PROVINCE, tip.tip_id)).case
    assert (case.status, case.outcome) == ("closed", "outside_scope")
    opened = await province.duties.open_content(OF_PROVINCE, tip.tip_id, VERIFYING, None)
    assert opened.text is not None, "whether the holder was right can still be checked"


async def test_no_station_but_the_holder_ends_the_provinces_watch(province: Deployment) -> None:
    tip = an_escalated_tip(province.key, holder=STATION)
    await province.take(tip)

    await province.take(a_closing(tip.tip_id, "08905", Outcome.NO_SIGN))

    assert (await province.duties.read(OF_PROVINCE, tip.tip_id)).case.status == "open"


async def test_what_the_province_hears_of_its_own_case_ends_nothing(province: Deployment) -> None:
    tip = await province.open_tip()

    await province.take(a_closing(tip.tip_id, PROVINCE, Outcome.NO_SIGN))

    assert (await province.duties.read(OF_PROVINCE, tip.tip_id)).case.status == "open"


async def test_the_province_sees_that_a_case_exists_and_how_it_stands_and_no_more(
    province: Deployment, station: Deployment
) -> None:
    name = StationRegisteredV1(station=STATION, name="Công an xã Bình Tuyền", communes=(), served_by=STATION)
    tip = await station.classified_tip(content=a_content("Chữ-của-người-báo"), slip=a_slip(place="Chỗ-kín"))
    await province.take(name, *await station.announced())

    (seen,) = await province.duties.list_station_cases(AUDITOR)

    assert (seen.station_name, seen.tip_id, seen.status) == ("Công an xã Bình Tuyền", tip.tip_id, "classified")
    assert (seen.category, seen.urgency, seen.received_at) == (tip.category, tip.urgency, tip.received_at)
    assert seen.deadline_at is not None
    assert seen.deadline_at > tip.received_at + timedelta(days=6)
    assert await province.value("SELECT count(*) FROM cases") == 0


async def test_the_provinces_own_watching_is_not_a_case_of_a_station(province: Deployment) -> None:
    await province.take(an_escalated_tip(province.key))

    await province.take(*await province.announced(CaseOpenedV1))

    assert await province.duties.list_station_cases(AUDITOR) == []


async def test_an_older_announcement_undoes_no_newer_one(province: Deployment, station: Deployment) -> None:
    tip = await station.open_tip()
    await station.duties.claim(HA, tip.tip_id)
    await station.duties.classify(HA, tip.tip_id, "robbery", Urgency.IMMEDIATE)
    await station.close(tip, Outcome.TRANSFERRED)
    announced = await station.announced()

    await province.take(*announced)
    in_order = await province.duties.list_station_cases(AUDITOR)
    await province.take(*reversed(announced))

    assert await province.duties.list_station_cases(AUDITOR) == in_order
    assert [(c.status, c.category, c.urgency, c.outcome) for c in in_order] == [
        ("closed", "robbery", "immediate", "transferred")
    ]


async def test_the_overview_has_what_is_in_hand_by_its_deadline_before_what_is_closed(province: Deployment) -> None:
    for hours_ago, urgency in [(1, Urgency.NORMAL), (30, Urgency.URGENT), (2, Urgency.URGENT)]:
        await province.take(an_opening(now() - timedelta(hours=hours_ago), urgency))
    closed = an_opening(now() - timedelta(hours=40), Urgency.URGENT)
    await province.take(closed, a_closing(closed.tip_id, STATION, Outcome.NO_SIGN))

    seen = await province.duties.list_station_cases(AUDITOR)

    ages = [round((now() - case.received_at) / timedelta(hours=1)) for case in seen if case.received_at]
    assert ages == [30, 2, 1, 40]
