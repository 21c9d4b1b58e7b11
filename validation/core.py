"""`python -m validation.core JSON`: a core shard: L2, leases and their renewers, Redis behind.

One JSON object a line, answered by one with the same `id`. `get`: look a session up for an edge; `renew`: extend the
leases that this edge renews; `count`: what was done so far.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from validation import clock
from validation.cache import Cache
from validation.redis_client import Redis
from validation.settings import Settings, heard


class Core:
    """One worker serves lookups and batches; it is free while Redis answers."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self.settings = settings
        self.redis = redis
        self.l2 = Cache(settings.l2_capacity, settings.l2_ttl)
        self.worker = asyncio.Lock()
        self.renewers: dict[str, str] = {}
        self.lease_ends: dict[str, float] = {}
        self.counts = dict.fromkeys(("lookups", "hits", "reads", "renewals", "batches", "expired"), 0)

    async def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """One question's answer, after the service that it takes."""
        if question["do"] == "count":
            return dict(self.counts)
        async with self.worker:
            await asyncio.sleep(self.settings.core_service)
        if question["do"] == "renew":
            return self.renew(question["edge"], question["keys"])
        return await self.get(question["edge"], question["key"])

    async def get(self, edge: str, key: str) -> dict[str, Any]:
        """From L2 or storage; the asking edge becomes the renewer, and hears how long the lease still runs."""
        self.counts["lookups"] += 1
        tier = "l2"
        if self.l2.look(key) == "hit":
            self.counts["hits"] += 1
        else:
            tier = "storage"
            self.counts["reads"] += 1
            if await self.redis.command("GET", key) is None:
                raise KeyError(key)
            self.l2.put(key)
        now = time.monotonic()
        if self.lease_ends.get(key, now) <= now:
            self.counts["expired"] += key in self.lease_ends
            self.lease_ends[key] = now + self.settings.lease_length
        self.renewers[key] = edge
        return {"tier": tier, "left": self.lease_ends[key] - now}

    def renew(self, edge: str, keys: list[str]) -> dict[str, Any]:
        """A batch: what this edge still renews is extended, of the rest it hears that it moved."""
        now = time.monotonic()
        kept = [key for key in keys if self.renewers.get(key) == edge and self.lease_ends[key] > now]
        self.counts["batches"] += 1
        self.counts["renewals"] += len(keys)
        for key in kept:
            self.lease_ends[key] = now + self.settings.lease_length
        return {"kept": kept}

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one edge's connection; questions overlap."""
        tasks: set[asyncio.Task[None]] = set()

        async def reply(question: dict[str, Any]) -> None:
            answer = await self.answer(question)
            writer.write(json.dumps({"id": question["id"], **answer}).encode() + b"\n")

        while line := await reader.readline():
            task = asyncio.create_task(reply(json.loads(line)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        writer.close()


async def main() -> None:
    """Listen until ended."""
    settings, own = heard(sys.argv[1])
    core = Core(settings, await Redis.connect(own["redis"]))
    server = await asyncio.start_server(core.talk, "127.0.0.1", own["port"])
    clock.ready()
    await server.serve_forever()


if __name__ == "__main__":
    clock.run(main())
