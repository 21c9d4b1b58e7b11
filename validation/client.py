"""`python -m validation.client JSON`: sessions that send requests whether or not earlier ones were answered.

Keeps each session's cookie. Writes one line a request: when it was due (s from the start), session, latency (s; null if
it failed), edge, tier, cause. The link to the balancer is a delay before sending; the way back is added.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from validation import clock
from validation.settings import Settings, heard

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def arrivals(settings: Settings, seed: int) -> list[tuple[float, int]]:
    """When (s) which session sends, in order: a Poisson stream each, drawn before anything runs."""
    draw = random.Random(seed)
    due = []
    for session in range(settings.sessions):
        at = draw.expovariate(settings.rate)
        while at < settings.duration:
            due.append((at, session))
            at += draw.expovariate(settings.rate)
    return sorted(due)


class Client:
    """All sessions; connections are kept and shared, cookies are a session's own."""

    def __init__(self, settings: Settings, port: int, start: float) -> None:
        self.settings = settings
        self.port = port
        self.start = start
        self.idle: list[Connection] = []
        self.cookies: dict[int, str] = {}
        self.lines: list[list[Any]] = []

    async def exchange(self, session: int) -> dict[str, str]:
        """One request over a connection of its own for so long; headers of the answer, and `status`."""
        connection = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = connection
        try:
            cookie = self.cookies.get(session, "")
            writer.write(f"GET /session-{session} HTTP/1.1\r\nHost: lb\r\n{cookie}\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            pairs = [line.partition(": ") for line in head[1:] if line]
            headers = {name.lower(): value for name, _, value in pairs}
            headers["status"] = head[0].split(" ")[1]
            await reader.readexactly(int(headers.get("content-length", 0)))
        except BaseException:
            writer.close()
            raise
        if headers["status"] == "200":
            self.idle.append(connection)
        else:
            writer.close()
        if "set-cookie" in headers:
            self.cookies[session] = f"Cookie: {headers['set-cookie'].partition(';')[0]}\r\n"
        return headers

    async def request(self, due: float, session: int) -> None:
        """Send one, wait as long as the client would, and write its line."""
        settings = self.settings
        await asyncio.sleep(self.start + due + settings.client_link - time.monotonic())
        headers = {"status": "none"}
        patience = self.start + due + settings.timeout - settings.client_link - time.monotonic()
        try:
            async with asyncio.timeout(patience):
                headers = await self.exchange(session)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass
        ok = headers["status"] == "200"
        latency = time.monotonic() + settings.client_link - self.start - due if ok else None
        told = [headers.get(name, "") for name in ("x-edge", "x-tier", "x-cause")]
        self.lines.append([due, session, latency, *told])

    async def play(self, seed: int) -> None:
        """Send all of them, each when it is due."""
        tasks = set()
        for due, session in arrivals(self.settings, seed):
            wait = self.start + due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self.request(due, session))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        if tasks:
            await asyncio.wait(tasks)
        for _, writer in self.idle:
            writer.close()


async def main() -> None:
    """Play, then write all lines at once."""
    settings, own = heard(sys.argv[1])
    client = Client(settings, own["port"], own["start"])
    clock.ready()
    await client.play(own["seed"])
    with Path(own["out"]).open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(line) + "\n" for line in client.lines)


if __name__ == "__main__":
    clock.run(main())
