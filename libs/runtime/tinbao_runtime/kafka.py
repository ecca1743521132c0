"""Clients of the broker, with the settings without which messages get lost."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from tinbao_runtime.settings import ServiceSettings

log = structlog.get_logger(__name__)

MAX_RECORD_BYTES = 1_000_000
"""Just below the broker's message.max.bytes (1,048,588 with the record's frame)."""

STOP_SECONDS = 5.0


def connection(settings: ServiceSettings) -> dict[str, Any]:
    return {
        "bootstrap_servers": settings.kafka_servers,
        "security_protocol": settings.kafka_security_protocol,
        "ssl_context": _tls(settings) if settings.kafka_security_protocol == "SASL_SSL" else None,
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": settings.kafka_password.get_secret_value(),
        # A new station's topic is noticed within seconds, not after the default five minutes.
        "metadata_max_age_ms": 5_000,
        "request_timeout_ms": 10_000,
    }


def producer(settings: ServiceSettings) -> AIOKafkaProducer:
    """Idempotent and acknowledged by all in-sync replicas: aiokafka's own defaults are neither."""
    return AIOKafkaProducer(
        **connection(settings),
        acks="all",
        enable_idempotence=True,
        max_batch_size=256 * 1024,
        max_request_size=1024 * 1024 + 64 * 1024,
    )


def consumer(settings: ServiceSettings, group: str) -> AIOKafkaConsumer:
    """Begins with the oldest record (aiokafka's default is the newest) and commits only what it is told to."""
    return AIOKafkaConsumer(
        **connection(settings),
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=500,
        # The broker's least: after a crash the partitions come back in six seconds.
        session_timeout_ms=6_000,
        heartbeat_interval_ms=2_000,
    )


async def start(client: AIOKafkaProducer | AIOKafkaConsumer, still_waiting: Callable[[], None]) -> None:
    """Wait for the broker as long as it takes: a service starts while Kafka is away.

    `still_waiting` is called before each attempt.
    """
    while True:
        still_waiting()
        try:
            await client.start()
        except KafkaError as error:
            log.warning("waiting for the broker", reason=type(error).__name__)
            await asyncio.sleep(1.0)
        else:
            return


async def stop(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Leave the broker, but do not wait for one that is away: what was not acknowledged comes again anyway."""
    stopping = asyncio.create_task(client.stop())
    await asyncio.wait([stopping], timeout=STOP_SECONDS)


def _tls(settings: ServiceSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.kafka_ca_file)
