"""HTTP loads that cost little: prebuilt requests over kept-alive connections, answers by length."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bench.report import quantile

_Connection: TypeAlias = "tuple[asyncio.StreamReader, asyncio.StreamWriter]"


@dataclass
class Result:
    """`latencies` in seconds, one for each answer; `statuses` counts them."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        return quantile(self.latencies, share)


async def load(port: int, requests: Iterator[bytes], in_flight: int) -> Result:
    """Send all requests, `in_flight` at a time."""
    result, began = Result(), time.perf_counter()
    async with asyncio.TaskGroup() as connections:
        for _ in range(in_flight):
            connections.create_task(_drive(port, requests, result))
    result.seconds = time.perf_counter() - began
    return result


async def open_loop(port: int, requests: Iterator[bytes], per_second: float) -> Result:
    """Send each request when its time has come, however many wait for an answer."""
    result, idle, began = Result(), list[_Connection](), time.perf_counter()
    async with asyncio.TaskGroup() as sending:
        for place, request in enumerate(requests):
            await asyncio.sleep(max(0.0, began + place / per_second - time.perf_counter()))
            sending.create_task(_send_one(port, request, idle, result))
    result.seconds = time.perf_counter() - began
    return result


async def _send_one(port: int, request: bytes, idle: "list[_Connection]", result: Result) -> None:
    while idle and idle[-1][0].at_eof():
        idle.pop()[1].close()  # the server ended it: nobody had used it for seconds
    reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
    await _exchange(reader, writer, request, result)
    idle.append((reader, writer))


async def _drive(port: int, requests: Iterator[bytes], result: Result) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        await _exchange(reader, writer, request, result)
    writer.close()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, result: Result) -> None:
    began = time.perf_counter()
    writer.write(request)
    status = await _answer(reader)
    result.latencies.append(time.perf_counter() - began)
    result.statuses[status] = result.statuses.get(status, 0) + 1


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head[9:12])


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
