"""Plays cells on a Dask cluster: the same work items, elsewhere; results come back and are kept here.

Workers need this package (the same version) and the scenario's data files at the same paths; nothing else is
shared, no file system. Only a few items a thread are on their way at any time, so memory here does not grow
with the design. A worker that dies costs nothing: Dask plays its items on another; an item that kills several
workers in a row is given up and named.

May import distributed, which is an extra (`pip install 'stickysim[dask]'`), and the runner's records.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import SchedulerError
from simulator.play.job import Failure, failure_of, record_failure, record_result
from simulator.play.signals import interruptible
from simulator.text.version import VERSION

if TYPE_CHECKING:
    from simulator.experiment.studies.cells import CellJob
    from simulator.experiment.studies.study import Executor
    from simulator.observe.result import Replication
    from simulator.play.job import Item, Listener, Played

CONNECT_S: Final = 10.0
_QUEUED_A_THREAD = 2
_LOST_S = 30.0
_POLL_S = 2.0
_LOGGERS = ("distributed", "distributed.client", "distributed.core", "distributed.utils", "distributed.batched")


def cluster(address: str) -> Executor:
    """The executor that plays on the cluster of that scheduler. Raises SchedulerError where there is none."""
    check_address(address)
    with _connected(address) as client:
        _check_workers(client, address)

    def play(job: CellJob, items: Sequence[Item], outcome: Played, ear: Listener) -> None:
        with _connected(address) as client, client.as_current():
            _Crew(client, job, outcome, ear).play(items)

    return play


def check_address(address: str) -> None:
    """Raise SchedulerError where the extra is missing or the text is no address."""
    try:
        import distributed  # noqa: F401 - is it there?
    except ImportError:
        raise SchedulerError("--scheduler needs Dask: pip install 'stickysim[dask]'") from None
    scheme, mark, rest = address.partition("://")
    if not mark or scheme not in ("tcp", "tls", "ucx", "ws", "wss", "inproc") or not rest:
        raise SchedulerError(f"{address} is no address of a scheduler: write for example tcp://10.0.0.5:8786")


class _Crew:
    """The items on their way, and those that wait."""

    def __init__(self, client: Any, job: CellJob, outcome: Played, ear: Listener) -> None:
        self.client, self.job, self.outcome, self.ear = client, job, outcome, ear
        self.sent: dict[Any, Item] = {}
        self.run = uuid.uuid4().hex[:8]

    def play(self, items: Sequence[Item]) -> None:
        """Play all; KeyboardInterrupt cancels what is on its way."""
        from distributed import TimeoutError as NothingYet
        from distributed import wait

        waiting = deque(items)
        heard_s = time.monotonic()
        try:
            while waiting or self.sent:
                with interruptible():
                    heard_s = time.monotonic() if self._refill(waiting) else heard_s
                if self.sent:
                    try:
                        with interruptible():
                            done = wait(list(self.sent), timeout=_POLL_S, return_when="FIRST_COMPLETED").done
                    except NothingYet:
                        done = set()
                    except Exception:  # noqa: BLE001 - all futures are cancelled: the scheduler was lost
                        self._give_up([*self.sent.values(), *waiting])
                        return
                    for future in done:
                        heard_s = time.monotonic()
                        self._take(future)
                if self._lost() and time.monotonic() - heard_s > _LOST_S:
                    self._give_up([*self.sent.values(), *waiting])
                    return
        finally:
            with contextlib.suppress(Exception):  # the scheduler may be gone
                self.client.cancel(list(self.sent))

    def _refill(self, waiting: deque[Item]) -> bool:
        """Send items until each thread of each worker has a few; whether there are workers."""
        threads = 0
        with contextlib.suppress(OSError, TimeoutError):
            threads = sum(self.client.ncores().values())
        while waiting and len(self.sent) < _QUEUED_A_THREAD * threads:
            item = waiting.popleft()
            key = f"{item.variant}-{item.replication}-{self.run}"
            self.sent[self.client.submit(play_there, self.job.for_one(item), item, key=key, pure=False)] = item
        return threads > 0

    def _take(self, future: Any) -> None:
        item = self.sent.pop(future)
        try:
            result, failure = future.result()
        except Exception as error:  # noqa: BLE001 - whatever Dask says costs this item alone
            failure = Failure(item, "died", _last_words(error))
        finally:
            future.release()
        if failure is not None:
            record_failure(self.outcome, self.ear, failure)
        else:
            record_result(self.outcome, self.ear, item, result)

    def _lost(self) -> bool:
        """Whether there is nobody left to play anything: no scheduler, or a scheduler without workers."""
        if self.client.status != "running":
            return True
        with contextlib.suppress(OSError, TimeoutError):
            return not self.client.ncores()
        return True

    def _give_up(self, items: Sequence[Item]) -> None:
        alone = False
        with contextlib.suppress(Exception):
            alone = self.client.status == "running" and not self.client.ncores()
        why = "the cluster has no workers left" if alone else "the scheduler is gone"
        for item in items:
            record_failure(self.outcome, self.ear, Failure(item, "died", f"not played: {why}"))


def play_there(job: CellJob, item: Item) -> tuple[Replication | None, Failure | None]:
    """What a worker does: play one item; an exception comes back as a record, not as a traceback of Dask's."""
    try:
        return job.play(item, _unheard), None
    except Exception as error:  # noqa: BLE001 - whatever an item raises costs that item alone
        return None, failure_of(item, error)


def _unheard(_sim_s: float, _requests: int) -> None:
    """Progress inside an item stays on its worker."""


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    """A client of the scheduler, whose own log messages stay quiet. Raises SchedulerError."""
    from distributed import Client

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        try:
            client = Client(address, timeout=CONNECT_S, set_as_default=False, direct_to_workers=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise SchedulerError(
                f"no scheduler answers at {address} ({_first_line(error)}): start one with `dask scheduler`"
            ) from None
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):  # the scheduler may be gone
                client.close(timeout=2.0)
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _check_workers(client: Any, address: str) -> None:
    """Every worker must have this version of this package. Raises SchedulerError."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError:
        raise SchedulerError(
            f"the scheduler at {address} has no workers: start some with `dask worker {address}`"
        ) from None
    for worker, found in client.run(version_there, on_error="return").items():
        if isinstance(found, BaseException):
            raise SchedulerError(
                f"the worker {worker} cannot import simulator ({_first_line(found)}): install stickysim {VERSION} there"
            )
        if found != VERSION:
            raise SchedulerError(f"the worker {worker} has stickysim {found}, not {VERSION}: install the same")


def version_there() -> str:
    """The version of this package on a worker."""
    return VERSION


def _last_words(error: Exception) -> str:
    if type(error).__name__ == "KilledWorker":
        worker = getattr(error, "last_worker", None)
        where = f" (the last: {getattr(worker, 'address', worker)})" if worker is not None else ""
        return f"it killed every worker that tried it{where}"
    if type(error).__name__ in ("CancelledError", "FutureCancelledError"):
        return "not played: the scheduler is gone"
    return f"{type(error).__name__}: {_first_line(error)}"


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
