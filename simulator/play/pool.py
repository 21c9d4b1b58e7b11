"""Worker processes of our own, each on its own pipe: one that is killed takes only its present item along.

(The standard pools give up altogether when a worker dies.) Workers are forked where that is safe, so that
policies registered in a user's script or notebook exist in them, and spawned elsewhere. They ignore the signals that
ask a program to stop (a terminal or a supervisor tells all processes of a group), as the parent ends them, and end when
their pipe does. May import the runner.
Messages: ("progress", sim_s, requests), ("result", Replication), ("failure", Failure).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import signal
import sys
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from simulator.play.job import Failure, Item, Job, Listener, Played, failure_of, record_failure, record_result
from simulator.play.signals import STOPPING, interruptible

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess


def play_in_processes(job: Job, items: Sequence[Item], jobs: int, outcome: Played, ear: Listener) -> None:
    """Play the items with `jobs` workers; fills `outcome`. KeyboardInterrupt stops them and passes on."""
    pool = _Pool(job)
    waiting = deque(items)
    try:
        for _ in range(jobs):
            pool.hire(waiting.popleft())
        while pool.workers:
            for worker in pool.ready():
                _hear(pool, worker, waiting, outcome, ear)
    finally:
        pool.dismiss()


class _Worker:
    """A process, the pipe to it and what it is playing."""

    __slots__ = ("item", "pipe", "process")

    def __init__(self, process: BaseProcess, pipe: Connection, item: Item) -> None:
        self.process, self.pipe, self.item = process, pipe, item


class _Pool:
    """The workers that are alive."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.workers: list[_Worker] = []
        self._context: BaseContext = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")

    def hire(self, item: Item) -> None:
        """Start a worker on its first item."""
        ours, theirs = self._context.Pipe()
        # A forked child inherits our ends of all pipes; it closes them, or no worker would ever see the end
        # of its own. A spawned one inherits nothing.
        inherited = [*(w.pipe for w in self.workers), ours] if sys.platform == "linux" else []
        process = self._context.Process(  # type: ignore[attr-defined]  # typeshed: BaseContext lacks Process
            target=_work, args=(self.job, theirs, inherited), daemon=True
        )
        with _forking():
            process.start()
            worker = _Worker(process, ours, item)
            self.workers.append(worker)
        theirs.close()
        with contextlib.suppress(OSError):  # it died already: its pipe's end is heard next
            ours.send(item)

    def ready(self) -> list[_Worker]:
        """Wait until workers have something to say (or have died), and return them."""
        by_pipe = {worker.pipe: worker for worker in self.workers}
        with interruptible():
            heard = multiprocessing.connection.wait(list(by_pipe))
        return [worker for pipe, worker in by_pipe.items() if pipe in heard]

    def release(self, worker: _Worker) -> None:
        """Let a worker go: its pipe closes and it ends."""
        self.workers.remove(worker)
        worker.pipe.close()
        worker.process.join(timeout=5)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()

    def dismiss(self) -> None:
        """Stop every worker, whatever it is doing."""
        for worker in self.workers:
            worker.process.kill()  # they ignore a polite signal, and have nothing to tidy
        for worker in list(self.workers):
            self.release(worker)


def _hear(pool: _Pool, worker: _Worker, waiting: deque[Item], outcome: Played, ear: Listener) -> None:
    """Take one message of a worker; give it the next item, or replace it when it has died."""
    try:
        kind, *content = worker.pipe.recv()
    except (EOFError, OSError):
        pool.release(worker)
        record_failure(outcome, ear, Failure(worker.item, "died", _last_words(worker.process)))
        if waiting:
            pool.hire(waiting.popleft())
        return
    if kind == "progress":
        ear.advanced(worker.item, *content)
        return
    if kind == "result":
        record_result(outcome, ear, worker.item, content[0])
    else:
        record_failure(outcome, ear, content[0])
    if not waiting:
        pool.release(worker)
        return
    worker.item = waiting.popleft()
    with contextlib.suppress(OSError):
        worker.pipe.send(worker.item)


def _work(job: Job, pipe: Connection, inherited: Sequence[Connection]) -> None:
    """The life of a worker: items in, results out, until the pipe ends."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    for other in inherited:
        other.close()
    while True:
        try:
            item: Item = pipe.recv()
        except (EOFError, OSError):
            return
        message: tuple[Any, ...]
        try:
            result = job.play(item, lambda sim_s, requests: pipe.send(("progress", sim_s, requests)))
            message = ("result", result)
        except BrokenPipeError:
            return
        except Exception as error:  # noqa: BLE001 - whatever an item raises costs that item alone
            message = ("failure", failure_of(item, error))
        try:
            pipe.send(message)
        except BrokenPipeError:
            return


def _last_words(process: BaseProcess) -> str:
    code = process.exitcode
    if code is not None and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"its worker process {process.pid} was ended by {name}{hint}"
    return f"its worker process {process.pid} ended with exit code {code}"


@contextlib.contextmanager
def _forking() -> Iterator[None]:
    """Hold signals back until the child has learned to ignore them and the parent knows it.

    Python warns of a fork beside threads; our children touch none of the locks that those could hold.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING) if hasattr(signal, "pthread_sigmask") else None
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*multi-threaded.*fork.*", category=DeprecationWarning)
            yield
    finally:
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
