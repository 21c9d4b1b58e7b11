"""The part of Redis's protocol (RESP 2) that is spoken here: one command at a time on one connection."""

from __future__ import annotations

import asyncio


class Redis:
    """A connection; commands queue for it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.turn = asyncio.Lock()

    @classmethod
    async def connect(cls, port: int) -> Redis:
        """To a server on loopback."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def command(self, *words: str) -> str | None:
        """Send one, give its answer; None is Redis's nil.

        Raises:
            RuntimeError: Redis answered an error.
        """
        parts = [word.encode() for word in words]
        message = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        async with self.turn:
            self.writer.write(message)
            return await self.answer()

    async def answer(self) -> str | None:
        """Read a simple string, an integer or a bulk string."""
        line = (await self.reader.readuntil(b"\r\n"))[:-2].decode()
        if line[0] == "-":
            raise RuntimeError(f"Redis: {line[1:]}")
        if line[0] != "$":
            return line[1:]
        size = int(line[1:])
        if size < 0:
            return None
        return (await self.reader.readexactly(size + 2))[:-2].decode()
