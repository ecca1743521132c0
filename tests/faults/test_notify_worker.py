"""A worker that is killed while letters are on their way leaves nobody out, and few get theirs twice."""

import signal
from collections.abc import AsyncIterator

import pytest

from tests.support.eventually import eventually
from tests.support.mail import MailServer, a_mail_server
from tests.support.notify import Notify, a_notify, a_worker_process
from tests.support.runtime import running
from tests.support.servers import KafkaServer, PostgresServer

LETTERS = 40


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with a_mail_server() as server:
        yield server


@pytest.fixture
async def notify(postgres: PostgresServer, kafka: KafkaServer, mail: MailServer) -> AsyncIterator[Notify]:
    async with a_notify(postgres, mail, kafka) as deployment:
        yield deployment


async def test_a_killed_worker_leaves_nobody_out_and_repeats_at_most_what_was_on_its_way(
    notify: Notify, mail: MailServer
) -> None:
    addresses = await notify.subscribe_many(LETTERS)
    await notify.issued()

    async with a_worker_process(notify, TINBAO_FAULT="notify.sent:KILL:17") as worker:
        assert await worker.wait() == -signal.SIGKILL
    async with running(notify.sending()):
        await eventually(lambda: all_sent(notify), seconds=30)

    assert set(mail.addresses()) == set(addresses)
    repeated = [address for address, times in mail.addresses().items() if times > 1]
    assert 1 <= len(repeated) <= notify.settings.senders
    for address in repeated:
        first, second = mail.to(address)
        assert first.message_id == second.message_id
        assert first.message["Date"] == second.message["Date"]


async def all_sent(notify: Notify) -> bool:
    return await notify.letters("sent") == LETTERS
