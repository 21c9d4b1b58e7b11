"""The signals that ask a program to stop: Ctrl-C, a polite kill, a closed terminal; all three mean the same.

May import nothing of the project. A command stands in `held_back` from before it plays until its folder is in place,
and playing inside it is `interruptible`: there is no moment in between at which a signal could end the process. A
signal that is ignored (`nohup`) stays ignored.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Final

STOPPING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


class _State:
    """What a signal does now.

    Attributes:
        standing: whether our handler is the one that hears them.
        raising: whether one raises KeyboardInterrupt at once; else it is noted.
        noted: whether one was.
    """

    standing = raising = noted = False


@contextlib.contextmanager
def as_interrupts() -> Iterator[None]:
    """Each of them raises KeyboardInterrupt in this block, one that was held back at its beginning."""
    with _handled(), _mode(raising=True):
        yield


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """They wait until the block is done, or until an `interruptible` one in it; then KeyboardInterrupt."""
    with _handled():
        with _mode(raising=False):
            yield
        if _State.raising:
            _raise_noted()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """In `held_back`: as `as_interrupts`. Elsewhere nothing is changed: a program's own handlers stay its own."""
    if not _hears_here() or not _State.standing:
        yield
        return
    with _mode(raising=True):
        yield


def waiting() -> bool:
    """Whether one was held back and has not been raised yet."""
    return _State.noted


def _heard(_number: int, _frame: object) -> None:
    if not _State.raising:
        _State.noted = True
        return
    _State.raising = False  # the next one does not disturb what this one makes us do
    raise KeyboardInterrupt


def _raise_noted() -> None:
    if _State.noted:
        _State.noted = False
        raise KeyboardInterrupt


@contextlib.contextmanager
def _mode(*, raising: bool) -> Iterator[None]:
    if not _hears_here():
        yield
        return
    before = _State.raising
    _State.raising = raising
    try:
        if raising:
            _raise_noted()
        yield
    finally:
        _State.raising = before


@contextlib.contextmanager
def _handled() -> Iterator[None]:
    """Our handler stands in this block; at the end of the outermost one, what was held back is raised."""
    if not _hears_here() or _State.standing:
        yield
        return
    before = {number: signal.getsignal(number) for number in STOPPING}
    mine = [number for number, known in before.items() if known not in (signal.SIG_IGN, None)]
    _State.standing, _State.noted = True, False
    for number in mine:
        signal.signal(number, _heard)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])
        _State.standing = False
    _raise_noted()


def _hears_here() -> bool:
    """Only the main thread hears signals: elsewhere nothing is changed."""
    return threading.current_thread() is threading.main_thread()
