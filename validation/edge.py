"""`python -m validation.edge JSON`: an edge: one worker, an L1, leases renewed in batches.

Answers `GET /KEY` with the tier and the edge in headers: a killed edge loses its counters. `/health` is answered at
once, without the worker; `/slow/FACTOR` makes every service from now on that many times as long.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time

from validation import clock
from validation.cache import Cache
from validation.core_client import CoreClient
from validation.settings import Settings, heard


class Edge:
    """Service first, then L1, then the core; the worker is free while the core answers."""

    def __init__(self, name: str, settings: Settings, cores: list[CoreClient]) -> None:
        self.name = name
        self.settings = settings
        self.cores = cores
        self.l1 = Cache(settings.l1_capacity, settings.l1_ttl)
        self.worker = asyncio.Lock()
        self.slow = 1.0
        self.leases: dict[str, float] = {}  # believed ends, monotonic s
        self.asked: dict[str, asyncio.Task[str]] = {}

    def core(self, key: str) -> CoreClient:
        """The shard of a session: keys end in their number."""
        return self.cores[int(key.rpartition("-")[2]) % len(self.cores)]

    def service(self) -> float:
        """A gamma's draw, s."""
        settings = self.settings
        if not settings.service_mean:
            return 0.0
        shape = settings.service_cv**-2
        return self.slow * random.gammavariate(shape, settings.service_mean / shape)

    async def request(self, key: str) -> tuple[str, str]:
        """The tier that answered, and L1's cause of a miss (empty for a hit)."""
        async with self.worker:
            service = self.service()
            if service:
                await asyncio.sleep(service)
        found = self.l1.look(key)
        if found == "hit":
            return "l1", ""
        if key in self.asked:
            await self.asked[key]
            return "l1_delayed", ""
        self.asked[key] = asyncio.create_task(self.fetch(key))
        try:
            return await self.asked[key], found
        finally:
            del self.asked[key]

    async def fetch(self, key: str) -> str:
        """Ask the core; an edge counts its lease from when it sent."""
        sent = time.monotonic()
        answer = await self.core(key).ask("get", edge=self.name, key=key)
        end = sent + answer["left"]
        self.leases[key] = max(end, self.leases.get(key, end))
        self.l1.put(key, self.leases[key])
        return str(answer["tier"])

    async def renew(self) -> None:
        """At each tick, one message per core for the leases that are near their ends."""
        start = time.monotonic()
        tasks: set[asyncio.Task[None]] = set()
        tick = 0
        while True:
            tick += 1
            await asyncio.sleep(start + tick * self.settings.batch_every - time.monotonic())
            now = time.monotonic()
            self.leases = {key: end for key, end in self.leases.items() if end > now}
            due = [key for key, end in self.leases.items() if end - now <= self.settings.renew_before]
            for core in self.cores:
                keys = [key for key in due if self.core(key) is core]
                if keys:
                    task = asyncio.create_task(self.batch(core, keys))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)

    async def batch(self, core: CoreClient, keys: list[str]) -> None:
        """Send one; leases that moved are another edge's from now on."""
        sent = time.monotonic()
        kept = set((await core.ask("renew", edge=self.name, keys=keys))["kept"])
        for key in keys:
            if key in kept:
                self.leases[key] = sent + self.settings.lease_length
            else:
                self.leases.pop(key, None)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: one request, as HAProxy's `http-server-close` asks for."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            tier, cause = "", ""
            if path.startswith("/slow/"):
                self.slow = float(path.removeprefix("/slow/"))
            elif path != "/health":
                tier, cause = await self.request(path[1:])
            headers = f"X-Edge: {self.name}\r\nX-Tier: {tier}\r\nX-Cause: {cause}\r\n"
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n{headers}\r\nok".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the balancer gave up: the work was done all the same
        finally:
            writer.close()


async def main() -> None:
    """Listen until ended."""
    settings, own = heard(sys.argv[1])
    cores = [await CoreClient.connect(port, settings.core_link) for port in own["cores"]]
    edge = Edge(own["name"], settings, cores)
    server = await asyncio.start_server(edge.talk, "127.0.0.1", own["port"], backlog=1024)
    clock.ready()
    await asyncio.gather(server.serve_forever(), edge.renew())


if __name__ == "__main__":
    clock.run(main())
