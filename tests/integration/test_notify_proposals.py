"""A proposal's way: from a case without a word of the tip, over Kafka, to one line on the broadcasters' desk."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from tinbao_contracts.events import AlertProposedV1, StationRegisteredV1
from tinbao_notify import consumers
from tinbao_notify.proposal import ProposalNotFound
from tinbao_runtime import kafka as clients
from tinbao_runtime.batch import Batch
from tinbao_runtime.consumer import BatchConsumer
from tinbao_runtime.letters import RawRecord
from tinbao_runtime.postgres import transaction
from tinbao_triage.case import NotAllowed
from tinbao_triage.propose_alert import Proposal

from tests.support.eventually import eventually
from tests.support.notify import LONG, MAI, OF_HOI_THINH, Notify, a_notify, a_proposal
from tests.support.runtime import Outgoing, a_record, running
from tests.support.servers import KafkaServer, PostgresServer
from tests.support.triage import HA, Deployment, a_content, a_deployment, a_request_key, an_officer

SECRET = "Anh Hùng ở dãy trọ số 7 bán ma túy"


@pytest.fixture
async def notify(postgres: PostgresServer, kafka: KafkaServer) -> AsyncIterator[Notify]:
    async with a_notify(postgres, kafka=kafka) as deployment:
        yield deployment


@pytest.fixture
async def station(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with a_deployment(postgres, tmp_path / "keys") as deployment:
        yield deployment


def a_warning(**differences: object) -> Proposal:
    said = {"headline": "Giả danh công an", "description": "Không chuyển tiền.", "area": ("08944",)}
    return Proposal.model_validate({**said, **differences})


async def publish(kafka: KafkaServer, *records: Outgoing) -> None:
    async with AIOKafkaProducer(acks="all", **kafka.aiokafka_config()) as producer:
        for record in records:
            await producer.send_and_wait(record.topic, record.value, record.key, headers=list(record.headers))


def listening(notify: Notify, station: str) -> BatchConsumer:
    """Notify's own handlers, on the topic of one test's own station and in a group of its own."""
    client = clients.consumer(notify.settings, f"notify-{station}")
    return BatchConsumer(client, notify.pool, rf"^proposals\.{station}$", consumers.HANDLERS)


async def waiting(notify: Notify) -> list[str]:
    return [proposal.headline for proposal in (await notify.newsroom.board(LONG)).proposals]


async def test_a_proposal_holds_nothing_of_the_tip(station: Deployment) -> None:
    tip = await station.open_tip(content=a_content(SECRET))

    await station.duties.propose_alert(HA, tip.tip_id, a_warning(), a_request_key())

    (row,) = await station.rows("SELECT topic, key, value FROM outbox_events WHERE event_type = 'AlertProposedV1'")
    event = AlertProposedV1.model_validate_json(row["value"])
    assert (row["topic"], row["key"]) == ("proposals.08944", str(event.proposal_id))
    assert (event.category, event.headline, event.officer) == (tip.category, "Giả danh công an", "ha")
    for word in ("Hùng", "dãy trọ số 7", "ma túy", str(tip.tip_id), tip.log_salt.hex(), "Tổ dân phố 4"):
        assert word.encode() not in bytes(row["value"])


async def test_the_same_proposal_with_the_same_key_is_one(station: Deployment) -> None:
    tip, key = await station.open_tip(), a_request_key()

    first = await station.duties.propose_alert(HA, tip.tip_id, a_warning(), key)

    assert await station.duties.propose_alert(HA, tip.tip_id, a_warning(), key) == first
    assert len(await station.rows("SELECT FROM outbox_events WHERE event_type = 'AlertProposedV1'")) == 1


async def test_an_auditor_proposes_nothing_and_nobody_is_warned_of_officers(station: Deployment) -> None:
    tip, an_auditor = await station.open_tip(), an_officer("auditor")
    about_officers = await station.open_tip(category="officer_misconduct")

    with pytest.raises(NotAllowed):
        await station.duties.propose_alert(an_auditor, tip.tip_id, a_warning(), a_request_key())
    with pytest.raises(NotAllowed):
        await station.duties.propose_alert(HA, about_officers.tip_id, a_warning(), a_request_key())


async def test_a_proposal_that_comes_twice_is_one_line_on_the_desk(notify: Notify, kafka: KafkaServer) -> None:
    code = uuid4().hex[:8]
    kafka.new_topic(f"proposals.{code}")
    twice, last = a_proposal(code, area=("08944",)), a_proposal(code, area=("08944",), headline="Sau cùng")
    record = a_record(twice)
    await publish(kafka, record, record, a_record(twice), a_record(last))

    async with running(listening(notify, code).run()):
        await eventually(lambda: waiting_for(notify, "Sau cùng"))

    assert await waiting(notify) == ["Giả danh công an gọi điện", "Sau cùng"]
    assert await notify.rows("SELECT FROM dead_letters") == []


async def waiting_for(notify: Notify, headline: str) -> bool:
    return headline in await waiting(notify)


async def test_what_was_proposed_while_notify_was_away_is_there_once_when_it_returns(
    notify: Notify, kafka: KafkaServer
) -> None:
    code = uuid4().hex[:8]
    kafka.new_topic(f"proposals.{code}")
    headlines = [f"Đề xuất {number}" for number in range(20)]
    proposals = [a_record(a_proposal(code, area=("08944",), headline=headline)) for headline in headlines]
    await publish(kafka, *proposals[:10])
    async with running(listening(notify, code).run()):
        await eventually(lambda: waiting_for(notify, headlines[9]))
    await publish(kafka, *proposals[10:])

    async with running(listening(notify, code).run()):
        await eventually(lambda: waiting_for(notify, headlines[19]), seconds=20)

    assert sorted(await waiting(notify)) == sorted(headlines)


async def test_a_proposal_becomes_one_draft_whose_first_author_is_the_officer(notify: Notify) -> None:
    proposal = a_proposal()
    await receive(notify, proposal)

    alert = await notify.newsroom.take(MAI, proposal.proposal_id)

    assert (alert.authors, alert.station, alert.draft.en) == (("ha",), "08944", None)
    assert await waiting(notify) == []
    with pytest.raises(ProposalNotFound):
        await notify.newsroom.take(LONG, proposal.proposal_id)


async def test_another_stations_proposal_is_not_seen(notify: Notify) -> None:
    proposal = a_proposal()
    await receive(notify, proposal)

    assert (await notify.newsroom.board(OF_HOI_THINH)).proposals == []
    with pytest.raises(ProposalNotFound):
        await notify.newsroom.dismiss(OF_HOI_THINH, proposal.proposal_id)


async def receive(notify: Notify, proposal: AlertProposedV1) -> None:
    await consume(notify, a_record(proposal))


async def consume(notify: Notify, *records: Outgoing) -> None:
    """As the consumer does with a batch, without the broker."""
    raw = [RawRecord(r.topic, 0, offset, tuple(r.headers), r.key, r.value) for offset, r in enumerate(records)]
    async with transaction(notify.pool) as conn:
        await Batch(conn, consumers.HANDLERS, dead_letters_at_once=10).apply(raw, one_by_one=True)


async def test_the_last_name_of_a_station_counts(notify: Notify) -> None:
    registered = StationRegisteredV1(
        station="08944", name="Công an xã Mới", communes=("08944", "08950"), served_by="25"
    )

    await consume(notify, a_record(registered))

    assert (await notify.newsroom.board(LONG)).station_names["08944"] == "Công an xã Mới"
    assert await notify.newsroom.communes(MAI) == ["08944", "08950"]
