"""Writes letters and sends them. What a process had taken when it died is due again when its lease ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from tinbao_runtime import faults
from tinbao_runtime.clock import now
from tinbao_runtime.metrics import DELIVERIES
from tinbao_runtime.postgres import Connection, Pool, Unavailable, transaction

from tinbao_notify import store
from tinbao_notify.address_alert import address_alert
from tinbao_notify.alert import Issued
from tinbao_notify.channel import Channel, Message, Refused, TryLater
from tinbao_notify.delivery import Delivery, DeliveryStatus
from tinbao_notify.letter import Letters
from tinbao_notify.settings import NotifySettings

log = structlog.get_logger(__name__)

T = TypeVar("T")

IDLE_SECONDS = 0.5
DATABASE_SECONDS = 1.0


class Sender:
    """`run` never returns. Several workers may run it: a letter is one worker's at a time."""

    def __init__(
        self, pool: Pool, settings: NotifySettings, letters: Letters, new_channel: Callable[[], Channel]
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._letters = letters
        self._new_channel = new_channel
        self.seen_alive_at = 0.0
        """Monotonic seconds of the last step of any of its tasks."""

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._for_ever(self._address))
            for _ in range(self._settings.senders):
                group.create_task(self._send_for_ever(self._new_channel()))

    async def _send_for_ever(self, channel: Channel) -> None:
        try:
            await self._for_ever(lambda: self._send_next(channel))
        finally:
            await channel.close()

    async def _for_ever(self, step: Callable[[], Awaitable[bool]]) -> None:
        """`step` says whether there may be more to do at once."""
        while True:
            self.seen_alive_at = time.monotonic()
            if not await step():
                await asyncio.sleep(IDLE_SECONDS)

    async def _address(self) -> bool:
        return await self._until_done(lambda conn: address_alert(conn, now()))

    async def _send_next(self, channel: Channel) -> bool:
        taken = await self._until_done(self._take)
        if taken is None:
            return False
        delivery, message = taken
        if message is None:
            await self._settle(delivery, DeliveryStatus.STOPPED, "over")
            return True
        await self._send(channel, delivery, message)
        return True

    async def _take(self, conn: Connection) -> tuple[Delivery, Message | None] | None:
        """The next letter; without a message where its alert is not in force any more."""
        delivery = await store.claim_delivery(conn, now(), self._settings.lease)
        if delivery is None:
            return None
        if delivery.alert_id is None:
            return delivery, self._letters.confirmation(delivery)
        alert = await store.find_alert(conn, delivery.alert_id)
        if alert is None or not alert.is_in_force(now()):
            return delivery, None
        issued = Issued.of(alert)
        name = (await store.station_names(conn)).get(issued.station, issued.station)
        return delivery, self._letters.alert(delivery, issued, name)

    async def _send(self, channel: Channel, delivery: Delivery, message: Message) -> None:
        try:
            await channel.send(message)
        except Refused as error:
            await self._settle(delivery, DeliveryStatus.FAILED, str(error))
        except TryLater as error:
            await self._try_later(delivery, str(error))
        else:
            faults.reach("notify.sent")
            await self._settle(delivery, DeliveryStatus.SENT)

    async def _settle(self, delivery: Delivery, status: DeliveryStatus, reason: str | None = None) -> None:
        DELIVERIES.labels("email", status.value).inc()
        await self._until_done(lambda conn: store.settle_delivery(conn, delivery.delivery_id, status, now(), reason))

    async def _try_later(self, delivery: Delivery, reason: str) -> None:
        at = delivery.next_try(now(), self._settings.first_retry)
        if at is None:
            await self._settle(delivery, DeliveryStatus.FAILED, reason)
            return
        DELIVERIES.labels("email", "postponed").inc()
        log.info("a letter waits", delivery=str(delivery.delivery_id), reason=reason)
        await self._until_done(lambda conn: store.postpone_delivery(conn, delivery.delivery_id, at, reason))

    async def _until_done(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """In a transaction of its own; a database that is away is waited for."""
        while True:
            self.seen_alive_at = time.monotonic()
            try:
                async with transaction(self._pool) as conn:
                    return await work(conn)
            except Unavailable as error:
                log.warning("letters wait for the database", reason=str(error))
                await asyncio.sleep(DATABASE_SECONDS)
