"""How an edge (or the one that counts) talks to a core: over one connection, with the link's delay both ways."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any


class CoreClient:
    """Questions overlap; answers find them by `id`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: float) -> None:
        self.reader = reader
        self.writer = writer
        self.link = link
        self.ids = itertools.count()
        self.waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.listener = asyncio.create_task(self.listen())

    @classmethod
    async def connect(cls, port: int, link: float = 0.0) -> CoreClient:
        """To a core on loopback; `link` is the delay in s, one way."""
        return cls(*await asyncio.open_connection("127.0.0.1", port), link)

    async def ask(self, do: str, **words: Any) -> dict[str, Any]:
        """A question and its answer."""
        number = next(self.ids)
        if self.link:
            await asyncio.sleep(self.link)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        self.writer.write(json.dumps({"id": number, "do": do, **words}).encode() + b"\n")
        answer = await future
        if self.link:
            await asyncio.sleep(self.link)
        return answer

    async def listen(self) -> None:
        """Give each answer to the one that waits for it."""
        while line := await self.reader.readline():
            answer = json.loads(line)
            self.waiting.pop(answer["id"]).set_result(answer)
