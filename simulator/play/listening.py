"""Who hears how a run proceeds: a caller's listener, a bar in a Jupyter kernel, or nobody.

The bar is one HTML element that is renewed in place, by IPython's display alone: no widgets and no scripts, so that it
shows wherever a notebook does. It appears after half a second and is gone when the run is over.
"""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from simulator.errors import InputError
from simulator.play.job import Failure, Item, Listener, Silence
from simulator.plugins.dotted import named

Progress = Listener | bool | None
"""None: a bar in a notebook, nothing elsewhere. True: a bar, or lines on stderr. False: nothing. Or a listener."""

Told = Progress | Callable[[], Listener]
"""Likewise, or what makes a listener when there is something to play."""

_FIRST_S: Final = 0.5
_EVERY_S: Final = 0.2
_BAR: Final = (
    '<div class="stickysim-progress" style="font: 13px sans-serif">'
    '<progress value="{share:.3f}" max="1" aria-label="share simulated"></progress> {text}{lost}</div>'
)


def listening(progress: Progress) -> Listener:
    """The listener that `progress` asks for."""
    if progress is None or progress is True:
        display = _kernel_display()
        if display is not None:
            return NotebookBar(display)
        if progress is None:
            return Silence()
        found: Listener = named("simulator.report.progress:listener")("auto")
        return found
    if progress is False:
        return Silence()
    if not callable(getattr(progress, "started", None)):
        raise InputError(f"progress={progress!r}: write True, False, or an object with the methods of a Listener")
    return progress


def tell_planned(ear: Listener, items: int) -> None:
    """Tell a listener that there will be so many items after all; one of a caller's own may have no ear for it."""
    planned = getattr(ear, "planned", None)
    if planned is not None:
        planned(items)


class NotebookBar:
    """A bar under the cell that called: how many are done, simulated time, requests per second, time left.

    Args:
        display: shows HTML and returns what has a method `update` for other HTML in its place.
        clock: seconds that never run backwards.
    """

    def __init__(self, display: Callable[[str], Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._display, self._clock = display, clock
        self._handle: Any = None
        self._losses: list[str] = []
        self._drawn_s = clock() + _FIRST_S - _EVERY_S
        self._reset(0, 0.0)

    def started(self, items: int, duration_s: float) -> None:
        """Begin to count; nothing is drawn yet."""
        self._reset(items, duration_s)

    def planned(self, items: int) -> None:
        """Take note that there will be so many after all."""
        self._items = items

    def advanced(self, item: Item, sim_s: float, requests: int) -> None:
        """Draw how far it is, a few times per second at most."""
        self._running[item] = (sim_s, requests)
        self._draw()

    def finished(self, item: Item, requests: int) -> None:
        """Count an item."""
        self._running.pop(item, None)
        self._done += 1
        self._requests += requests
        self._draw()

    def failed(self, failure: Failure) -> None:
        """Count what is lost, and keep saying so."""
        self._running.pop(failure.item, None)
        self._done += 1
        self._losses.append(f"{failure.item} gave no result: {failure.message}")
        self._draw()

    def stopped(self) -> None:
        """Take the bar away; what was lost stays."""
        if self._handle is not None:  # a search stops and starts again: its bar comes back in the same place
            self._handle.update(_losses(self._losses))
        elif self._losses:
            self._handle = self._display(_losses(self._losses))

    def text(self) -> str:
        """The words beside the bar."""
        passed_s = max(1e-9, self._clock() - self._began_s)
        requests = self._requests + sum(n for _, n in self._running.values())
        share = self.share
        left = f" · {_clock_time(passed_s * (1.0 - share) / share)} left" if share > 0.0 else ""
        return f"{self._done}/{self._items} · {requests / passed_s:,.0f} requests/s{left}"

    @property
    def share(self) -> float:
        """How much of the simulated time is done, 0..1."""
        total_s = self._items * self._duration_s
        if total_s <= 0.0:
            return self._done / max(1, self._items)
        return min(1.0, (self._done * self._duration_s + sum(t for t, _ in self._running.values())) / total_s)

    def _reset(self, items: int, duration_s: float) -> None:
        self._items, self._duration_s = items, duration_s
        self._done = self._requests = 0
        self._running: dict[Item, tuple[float, int]] = {}
        self._began_s = self._clock()

    def _draw(self) -> None:
        now_s = self._clock()
        if now_s - self._drawn_s < _EVERY_S:
            return
        self._drawn_s = now_s
        page = _BAR.format(share=self.share, text=html.escape(self.text()), lost=_losses(self._losses))
        if self._handle is None:
            self._handle = self._display(page)
        else:
            self._handle.update(page)


class _Output:
    """One place under a cell, whose HTML can be renewed."""

    def __init__(self, text: str) -> None:
        self._handle = sys.modules["IPython"].display.display(_bundle(text), raw=True, display_id=True)

    def update(self, text: str) -> None:
        """Show this in its place."""
        self._handle.update(_bundle(text), raw=True)


def _bundle(text: str) -> dict[str, str]:
    return {"text/html": text}


def _losses(lines: list[str]) -> str:
    return "".join(f"<div>{html.escape(line)}</div>" for line in lines)


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _kernel_display() -> Callable[[str], Any] | None:
    """What shows HTML under the present cell; None where no Jupyter kernel runs."""
    if "IPython" not in sys.modules:
        return None
    ipython: Any = sys.modules["IPython"]
    shell = ipython.get_ipython() if hasattr(ipython, "get_ipython") else None
    if getattr(shell, "kernel", None) is None:
        return None
    return _Output
