"""Progress on stderr: a live line on a terminal, a plain line now and then elsewhere.

May import the runner's types; rich only where a live line is drawn. Says simulated time, requests per second of
wall time and the time that is left.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TextIO

from simulator.play.job import Failure, Item, Listener, Silence
from simulator.report.format import show, show_count, show_duration
from simulator.text.printable import printable_lines

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Mode = Literal["auto", "plain", "none"]


def listener(mode: Mode, stream: TextIO | None = None, *, every_s: float = 5.0) -> Listener:
    """The listener for `--progress`: auto is live on a terminal and plain elsewhere."""
    out = stream if stream is not None else sys.stderr
    if mode == "none":
        return Silence()
    if mode == "auto" and out.isatty():
        live = getattr(out, "live", None)  # of the command line's own stream, which else lets no cursor move
        return LiveProgress(live() if live is not None else out)
    return PlainProgress(out, every_s=every_s)


class _Account:
    """How far all items are together."""

    def __init__(self) -> None:
        self.items = self.done = self.lost = 0
        self.what = "replications"
        self.duration_s = 0.0
        self.begun_s = time.monotonic()
        self.running: dict[Item, tuple[float, int]] = {}
        self.requests_done = 0

    def begin(self, items: int, duration_s: float) -> None:
        self.items, self.duration_s, self.begun_s = items, duration_s, time.monotonic()

    def end(self, item: Item, requests: int) -> None:
        self.running.pop(item, None)
        self.done += 1
        self.requests_done += requests
        if item.variant:
            self.what = "runs"  # a replication of four variants is four runs

    def lose(self, item: Item) -> None:
        self.running.pop(item, None)
        self.lost += 1

    @property
    def simulated_s(self) -> float:
        return (self.done + self.lost) * self.duration_s + sum(t for t, _ in self.running.values())

    @property
    def share(self) -> float:
        total = self.items * self.duration_s
        return min(1.0, self.simulated_s / total) if total > 0.0 else self.done / max(1, self.items)

    def line(self) -> str:
        elapsed = max(1e-9, time.monotonic() - self.begun_s)
        requests = self.requests_done + sum(n for _, n in self.running.values())
        left = elapsed * (1.0 - self.share) / self.share if self.share > 0.0 else float("nan")
        rate = show(requests / elapsed, "1/s").removesuffix("/s").strip()
        return (
            f"{self.done}/{self.items} · {show_duration(self.simulated_s)} of "
            f"{show_duration(self.items * self.duration_s)} simulated · "
            f"{rate} requests/s · {show_duration(left)} left"
        )


class PlainProgress:
    """A line when something ends, and otherwise every few seconds."""

    def __init__(self, stream: TextIO, *, every_s: float = 5.0) -> None:
        self._stream, self._every_s = stream, every_s
        self._account = _Account()
        self._said_s = time.monotonic()

    def started(self, items: int, duration_s: float) -> None:
        """Begin the account."""
        self._account.begin(items, duration_s)
        self._said_s = time.monotonic()

    def planned(self, items: int) -> None:
        """Take note that there will be so many after all."""
        self._account.items = items

    def advanced(self, item: Item, sim_s: float, requests: int) -> None:
        """Say how far it is, at most every few seconds."""
        self._account.running[item] = (sim_s, requests)
        self._say_sometimes()

    def finished(self, item: Item, requests: int) -> None:
        """Count an item."""
        self._account.end(item, requests)
        self._say_sometimes()

    def failed(self, failure: Failure) -> None:
        """Say at once what was lost."""
        self._account.lose(failure.item)
        self._print(f"{failure.item} gave no result: {failure.message}")

    def stopped(self) -> None:
        """Say what it came to."""
        account = self._account
        elapsed = time.monotonic() - account.begun_s
        self._print(
            f"{account.done}/{account.items} {account.what}, {show_count(account.requests_done)} requests "
            f"in {show_duration(elapsed)}"
        )

    def _say_sometimes(self) -> None:
        now = time.monotonic()
        if now - self._said_s >= self._every_s:
            self._said_s = now
            self._print(self._account.line())

    def _print(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # the terminal has gone: nobody is told
            print(line, file=self._stream, flush=True)


class LiveProgress:
    """One line that renews itself, gone when the run is over; a terminal that has gone ends it, and nothing else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._account = _Account()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def started(self, items: int, duration_s: float) -> None:
        """Draw the line."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._account.begin(items, duration_s)
        self._bar = Progress(
            BarColumn(bar_width=8),
            TextColumn("{task.description}"),
            console=Console(file=self._stream, force_jupyter=False),
            transient=True,
            auto_refresh=False,
        )
        with self._while_there():
            self._bar.start()
            self._task = self._bar.add_task("starting", total=1.0)

    def planned(self, items: int) -> None:
        """Take note that there will be so many after all."""
        self._account.items = items

    def advanced(self, item: Item, sim_s: float, requests: int) -> None:
        """Renew the line."""
        self._account.running[item] = (sim_s, requests)
        self._draw()

    def finished(self, item: Item, requests: int) -> None:
        """Count an item."""
        self._account.end(item, requests)
        self._draw()

    def failed(self, failure: Failure) -> None:
        """Say at once what was lost, above the line."""
        self._account.lose(failure.item)
        line = printable_lines(f"{failure.item} gave no result: {failure.message}")
        with self._while_there():
            if self._bar is not None:
                self._bar.console.print(line, markup=False)

    def stopped(self) -> None:
        """Remove the line."""
        with self._while_there():
            if self._bar is not None:
                self._bar.stop()

    def _draw(self) -> None:
        with self._while_there():
            if self._bar is not None and self._task is not None:
                self._bar.update(self._task, completed=self._account.share, description=self._account.line())
                self._bar.refresh()

    @contextlib.contextmanager
    def _while_there(self) -> Iterator[None]:
        """Draw no more once the terminal takes nothing."""
        try:
            yield
        except (OSError, ValueError):
            bar, self._bar = self._bar, None
            with contextlib.suppress(OSError, ValueError):  # it gives sys.stdout and sys.stderr back all the same
                if bar is not None:
                    bar.stop()
