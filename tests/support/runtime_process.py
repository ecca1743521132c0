"""A relay, a consumer or a whole worker as a process of its own, which a test can freeze or kill.

Usage: python -m tests.support.runtime_process relay|consumer|worker STATION
"""

import asyncio
import sys
from datetime import timedelta

from tinbao_runtime import kafka, telemetry
from tinbao_runtime.consumer import BatchConsumer
from tinbao_runtime.postgres import open_pool
from tinbao_runtime.relay import Relay
from tinbao_runtime.settings import ServiceSettings
from tinbao_runtime.worker import every, run_worker

from tests.support.runtime import RECORDING, SOURCE


async def run(what: str, station: str) -> None:
    settings = ServiceSettings()
    async with await open_pool(settings) as pool:
        client = kafka.consumer(settings, f"group-{station}")
        consumer = BatchConsumer(client, pool, f"^tips[.]{station}", RECORDING)
        relay = Relay(settings, SOURCE)
        match what:
            case "relay":
                await relay.run()
            case "consumer":
                await consumer.run()
            case "worker":
                replaying = every(timedelta(seconds=1), consumer.replay_parked)
                await run_worker(settings, pool, [relay, consumer], replaying)


if __name__ == "__main__":
    telemetry.configure(sys.argv[1])
    asyncio.run(run(sys.argv[1], sys.argv[2]))
