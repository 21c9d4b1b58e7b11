"""Start the deployment on free ports of loopback, and end what was started: by pid, SIGCONT before SIGTERM."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from validation.core_client import CoreClient
from validation.proxy import configuration
from validation.redis_client import Redis
from validation.settings import Settings

PATIENCE = 10.0  # s, for a process to be ready
ROOT = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class NotHereError(Exception):
    """A program that the deployment needs is not installed, or did not start."""


def program(name: str) -> str:
    """Where it is; Debian keeps HAProxy in /usr/sbin, which is not on everybody's path."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        raise NotHereError(f"{name} is not installed; on Debian and Ubuntu: apt-get install haproxy redis-server")
    return found


def free_ports(count: int) -> list[int]:
    """Ports nobody listens at now, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def die_with_parent() -> None:
    """In a child: no orphans, whatever ends the one that started it."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class System:
    """HAProxy, edges, cores and Redis while the `with` lasts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.haproxy, self.redis = program("haproxy"), program("redis-server")
        ports = free_ports(2 + settings.cores + settings.edges)
        self.port, self.redis_port = ports[:2]
        self.core_ports = ports[2 : 2 + settings.cores]
        self.edge_ports = ports[2 + settings.cores :]
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.reader: threading.Thread | None = None
        self.log: list[tuple[float, str]] = []  # HAProxy's lines, and when (monotonic s)

    def __enter__(self) -> System:
        self.folder = tempfile.TemporaryDirectory(prefix="validation-")
        try:
            self.begin()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.end()

    def begin(self) -> None:
        """Start all, the ones that are asked before the ones that ask."""
        folder = Path(self.folder.name)
        redis = [self.redis, "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.spawn("redis", [*redis, "--dir", str(folder)])
        self.listening("redis", self.redis_port)
        asyncio.run(self.preload())
        for number, port in enumerate(self.core_ports, 1):
            self.python(f"core-{number}", "core", port=port, redis=self.redis_port)
        for number in range(1, self.settings.edges + 1):
            self.start_edge(number)
        config = folder / "haproxy.cfg"
        config.write_text(configuration(self.settings, self.port, self.edge_ports), encoding="utf-8")
        process = self.spawn("haproxy", [self.haproxy, "-db", "-f", str(config)], stderr=subprocess.STDOUT)
        assert process.stdout is not None
        self.reader = threading.Thread(target=self.read_log, args=(process.stdout,), daemon=True)
        self.reader.start()
        self.listening("haproxy", self.port)

    async def preload(self) -> None:
        """Every session is in storage."""
        redis = await Redis.connect(self.redis_port)
        for session in range(self.settings.sessions):
            await redis.command("SET", f"session-{session}", "x" * 100)
        redis.writer.close()

    def spawn(self, name: str, command: list[str], stderr: int | None = None) -> subprocess.Popen[str]:
        """Start a process that ends with this one."""
        self.processes[name] = subprocess.Popen(
            command,
            stdout=subprocess.PIPE if name != "redis" else subprocess.DEVNULL,
            stderr=stderr,
            text=True,
            cwd=ROOT,
            preexec_fn=die_with_parent,  # noqa: PLW1509 (one system call, and no lock is taken)
        )
        return self.processes[name]

    def python(self, name: str, module: str, **own: Any) -> subprocess.Popen[str]:
        """Start one of ours, and wait for its word."""
        command = [sys.executable, "-m", f"validation.{module}", self.settings.told(name=name, **own)]
        process = self.spawn(name, command)
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise NotHereError(f"{name} did not start: its own message is above")
        return process

    def start_edge(self, number: int) -> None:
        """Cold."""
        self.python(f"edge-{number}", "edge", port=self.edge_ports[number - 1], cores=self.core_ports)

    def listening(self, name: str, port: int) -> None:
        """Wait until it takes connections."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.processes[name].poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise NotHereError(f"{name} does not take connections: " + " / ".join(line for _, line in self.log[-3:]))

    def read_log(self, lines: IO[str]) -> None:
        """Note HAProxy's lines as they come."""
        with lines:
            for line in lines:
                self.log.append((time.monotonic(), line.strip()))

    def kill_edge(self, number: int) -> float:
        """SIGKILL; when (monotonic s). Its socket is closed when it is gone."""
        process = self.processes[f"edge-{number}"]
        process.kill()
        now = time.monotonic()
        process.communicate()  # waits, and closes what it wrote to
        return now

    def slow_edge(self, number: int, factor: float) -> None:
        """Every service of it takes so many times as long."""
        url = f"http://127.0.0.1:{self.edge_ports[number - 1]}/slow/{factor}"
        urllib.request.urlopen(url, timeout=5).close()

    def counts(self) -> dict[str, int]:
        """What cores have done, summed, and `redis`: GETs as Redis itself counts them."""

        async def ask() -> dict[str, int]:
            total: dict[str, int] = {}
            for port in self.core_ports:
                core = await CoreClient.connect(port)
                answer = await core.ask("count")
                for name in answer.keys() - {"id"}:
                    total[name] = total.get(name, 0) + answer[name]
                core.writer.close()
            redis = await Redis.connect(self.redis_port)
            stats = await redis.command("INFO", "commandstats") or ""
            redis.writer.close()
            gets = [line for line in stats.split() if line.startswith("cmdstat_get:")]
            total["redis"] = int(gets[0].partition("calls=")[2].partition(",")[0]) if gets else 0
            return total

        return asyncio.run(ask())

    def end(self) -> None:
        """End every process that was started, last first."""
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                os.kill(process.pid, signal.SIGCONT)
                process.terminate()
        for name, process in self.processes.items():
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if name != "haproxy" and process.stdout is not None:
                process.stdout.close()
        if self.reader is not None:
            self.reader.join(3)
        self.folder.cleanup()
