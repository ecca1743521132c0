"""Letters: to whom they go, once each, and what a mail server's answers lead to."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tinbao_contracts.alerts import Audience, AudienceKind
from tinbao_contracts.places import PROVINCE
from tinbao_notify.channel import Channel, Message
from tinbao_notify.letter import Letters
from tinbao_notify.main import cap_of, links_of
from tinbao_notify.sender import Sender
from tinbao_runtime import metrics
from tinbao_runtime.clock import now

from tests.support.eventually import eventually
from tests.support.mail import MailServer, a_mail_server
from tests.support.notify import LONG, MAI, OTHER, STATION, Notify, a_notify, an_officer, links_in
from tests.support.runtime import running
from tests.support.servers import PostgresServer


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with a_mail_server() as server:
        yield server


@pytest.fixture
async def notify(postgres: PostgresServer, mail: MailServer) -> AsyncIterator[Notify]:
    async with a_notify(postgres, mail) as deployment:
        yield deployment


def results() -> Counter[str]:
    """How sending went until now, as an operator sees it."""
    values = {
        result: metrics.REGISTRY.get_sample_value("tinbao_deliveries_total", {"channel": "email", "result": result})
        for result in ("sent", "failed", "stopped", "postponed")
    }
    return Counter({result: int(value) for result, value in values.items() if value})


async def all_settled(notify: Notify) -> bool:
    addressed = await notify.rows("SELECT FROM alerts WHERE status = 'issued' AND addressed_at IS NULL") == []
    return addressed and await notify.letters("pending") == 0


async def sent_as_taken(notify: Notify, mail: MailServer) -> bool:
    return await notify.letters("sent") == len(mail.taken)


async def test_letters_reach_only_confirmed_subscribers_of_the_area_and_the_topic_and_once(
    notify: Notify, mail: MailServer
) -> None:
    await notify.subscribe("all@example.org")
    await notify.subscribe("here@example.org", stations=[STATION])
    await notify.subscribe("both@example.org", stations=[OTHER, STATION], topics=["online_fraud"])
    await notify.subscribe("elsewhere@example.org", stations=[OTHER])
    await notify.subscribe("another-topic@example.org", stations=[STATION], topics=["drugs"])
    unconfirmed = await notify.subscribe("unconfirmed@example.org", stations=[STATION])
    await notify.pool.execute("UPDATE subscriptions SET confirmed_at = NULL WHERE subscription_id = $1", unconfirmed)
    ended = await notify.subscribe("ended@example.org")
    await notify.http.post(notify.unsubscribe_path(ended))

    await notify.issued()

    async with running(notify.sending()):
        await eventually(lambda: all_settled(notify))
    assert mail.addresses() == {"all@example.org": 1, "here@example.org": 1, "both@example.org": 1}


@pytest.mark.parametrize(
    ("kind", "code", "wish"),
    [
        (AudienceKind.SECTOR, "landlord", "sectors"),
        (AudienceKind.NEIGHBOURHOOD, "08944: Tổ dân phố 4", "neighbourhoods"),
    ],
)
async def test_a_sector_or_a_neighbourhood_is_reached_by_those_who_belong_to_it(
    notify: Notify, mail: MailServer, kind: AudienceKind, code: str, wish: str
) -> None:
    belonging: dict[str, Any] = {wish: [code]}
    await notify.subscribe("belongs@example.org", **belonging)
    await notify.subscribe("resident@example.org")
    await notify.subscribe("elsewhere@example.org", stations=[OTHER], **belonging)

    await notify.issued(audiences=(Audience(kind=AudienceKind.STATION, code=STATION), Audience(kind=kind, code=code)))

    async with running(notify.sending()):
        await eventually(lambda: all_settled(notify))
    assert mail.addresses() == {"belongs@example.org": 1}


class Board(Channel):
    """A channel that nobody knew of."""

    def __init__(self) -> None:
        self.pinned: list[Message] = []

    async def send(self, message: Message) -> None:
        self.pinned.append(message)

    async def close(self) -> None:
        """Has nothing to close."""


async def test_another_channel_needs_no_more_than_to_send_and_to_close(notify: Notify, mail: MailServer) -> None:
    await notify.subscribe("an@example.org")
    await notify.issued()
    board, letters = Board(), Letters.open(links_of(notify.settings), cap_of(notify.settings))

    async with running(Sender(notify.pool, notify.settings, letters, lambda: board).run()):
        await eventually(lambda: all_settled(notify))

    (message,) = board.pinned
    assert (message.subject, mail.taken) == ("Cảnh báo: Giả danh công an gọi điện", [])


async def test_a_letter_is_in_the_subscribers_language_and_says_how_to_leave(notify: Notify, mail: MailServer) -> None:
    subscription_id = await notify.subscribe("an@example.org", language="en")
    await notify.subscribe("binh@example.org", language="vi")

    alert_id = await notify.issued()

    async with running(notify.sending()):
        await eventually(lambda: len(mail.taken) == 2)
    (english,), (vietnamese,) = mail.to("an@example.org"), mail.to("binh@example.org")
    assert english.message["Subject"] == "Alert: Callers pose as police"
    assert vietnamese.message["Subject"] == "Cảnh báo: Giả danh công an gọi điện"
    assert "Gọi 113." in vietnamese.text
    assert "Xã Bình Tuyền" in vietnamese.text
    unsubscribe = notify.settings.public_url + notify.unsubscribe_path(subscription_id)
    assert links_in(english.text) == [f"{notify.settings.public_url}/alerts/{alert_id}", unsubscribe]
    assert english.message["List-Unsubscribe"] == f"<{unsubscribe}>"
    assert english.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_an_exercise_says_so_first_and_the_real_thing_does_not(postgres: PostgresServer) -> None:
    for cap_status, said in (("Exercise", True), ("Actual", False)):
        async with a_mail_server() as mail, a_notify(postgres, mail, cap_status=cap_status) as notify:
            await notify.subscribe("an@example.org")
            await notify.issued()
            async with running(notify.sending()):
                await eventually(lambda: all_settled(notify))
            assert mail.taken[0].text.startswith("Diễn tập, không phải tình huống thật") is said


async def test_a_refusal_that_passes_is_tried_again_and_one_that_stays_is_a_failure(
    notify: Notify, mail: MailServer
) -> None:
    await notify.subscribe("full@example.org")
    await notify.subscribe("gone@example.org")
    mail.refusals = {"full@example.org": ["452 4.2.2 full", "451 busy"], "gone@example.org": ["550 5.1.1 gone"] * 9}
    before = results()

    await notify.issued()

    async with running(notify.sending()):
        await eventually(lambda: all_settled(notify))
    assert mail.addresses() == {"full@example.org": 1}
    assert (mail.asked["full@example.org"], mail.asked["gone@example.org"]) == (3, 1)
    failed = await notify.rows("SELECT reason FROM deliveries WHERE status = 'failed'")
    assert [row["reason"] for row in failed] == ["550"]
    assert results() - before == Counter(sent=1, failed=1, postponed=2)


async def test_while_the_mail_server_is_away_letters_wait(notify: Notify) -> None:
    async with a_mail_server() as gone:
        port = gone.port
    async with a_mail_server() as mail:
        settings = notify.settings.model_copy(update={"smtp_port": port})
        away = Notify(settings, notify.pool, notify.newsroom, notify.http)
        await notify.subscribe("an@example.org")
        await notify.issued()

        async with running(away.sending()):
            await eventually(lambda: notify.pool.fetchval("SELECT max(attempts) >= 2 FROM deliveries"))
        back = Notify(settings.model_copy(update={"smtp_port": mail.port}), notify.pool, notify.newsroom, notify.http)
        async with running(back.sending()):
            await eventually(lambda: mail.taken)
        assert mail.addresses() == {"an@example.org": 1}


async def test_a_cancel_stops_what_has_not_left(notify: Notify, mail: MailServer) -> None:
    await notify.subscribe_many(30)
    mail.take_at_most = 5
    alert_id = await notify.issued()

    async with running(notify.sending()):
        await eventually(lambda: not mail.is_open.is_set())
        await notify.newsroom.cancel(MAI, alert_id)
        mail.take_at_most = None
        mail.is_open.set()
        await eventually(lambda: all_settled(notify))
        # What was on its way is stopped first, and sent once its answer has come.
        await eventually(lambda: sent_as_taken(notify, mail))

    progress = (await notify.newsroom.read(MAI, alert_id)).progress
    on_their_way = notify.settings.senders
    assert 5 <= progress.sent <= 5 + on_their_way
    assert progress.sent + progress.stopped == 30


async def test_a_cancel_before_the_letters_were_written_sends_none(notify: Notify, mail: MailServer) -> None:
    await notify.subscribe("an@example.org")
    alert_id = await notify.issued()
    await notify.newsroom.cancel(MAI, alert_id)
    following = await notify.issued(area=(STATION,))

    async with running(notify.sending()):
        await eventually(lambda: mail.taken)
        await eventually(lambda: all_settled(notify))

    assert await notify.rows("SELECT FROM deliveries WHERE alert_id = $1", alert_id) == []
    assert len(mail.taken) == len(await notify.rows("SELECT FROM deliveries WHERE alert_id = $1", following)) == 1


async def test_no_letter_leaves_after_the_alerts_end(notify: Notify, mail: MailServer) -> None:
    await notify.subscribe("an@example.org")
    await notify.issued(expires_at=now() + timedelta(seconds=1.5))
    await eventually(lambda: notify.pool.fetchval("SELECT now() > max(expires_at) FROM alerts"))

    async with running(notify.sending()):
        await eventually(lambda: all_settled(notify))

    assert (mail.taken, await notify.letters("stopped")) == ([], 1)


async def test_two_workers_share_the_letters(notify: Notify, mail: MailServer) -> None:
    addresses = await notify.subscribe_many(60)
    await notify.issued(an_officer("tuan", (PROVINCE,)), LONG)

    async with running(notify.sending()), running(notify.sending()):
        await eventually(lambda: all_settled(notify), seconds=30)

    assert mail.addresses() == dict.fromkeys(addresses, 1)
