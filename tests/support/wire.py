"""A line to a server that a test can cut, at once or at a chosen word, and mend."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Wire:
    """Forwards TCP of the loopback to `target`; `port` is its own end."""

    target: int
    port: int = 0
    is_cut: bool = False
    _cut_at: bytes | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """End all connections, and each new one as it comes."""
        self.is_cut = True
        for writer in self._writers:
            writer.close()

    def cut_after(self, word: bytes) -> None:
        """Cut once the client has sent this: it arrives, its answer does not."""
        self._cut_at = word

    def mend(self) -> None:
        self.is_cut = False

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._up(reader, far_writer), self._down(far_reader, writer))

    async def _up(self, near: asyncio.StreamReader, far: asyncio.StreamWriter) -> None:
        while sent := await _read(near):
            far.write(sent)
            if self._cut_at is not None and self._cut_at in sent:
                self._cut_at = None
                self.cut()
        far.close()

    async def _down(self, far: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        while (sent := await _read(far)) and not self.is_cut:
            near.write(sent)
        near.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(65_536)
    except ConnectionError:
        return b""


@asynccontextmanager
async def a_wire(target: int) -> AsyncIterator[Wire]:
    wire = Wire(target)
    async with await asyncio.start_server(wire.connect, "127.0.0.1", 0) as server:
        wire.port = server.sockets[0].getsockname()[1]
        yield wire
        wire.cut()
