"""The signals that ask a program to stop: Ctrl-C, a polite kill, a closed terminal; all three mean the same.

May import nothing of the project. A signal that is ignored (`nohup`) stays ignored.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

STOPPING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


@contextlib.contextmanager
def as_interrupts() -> Iterator[None]:
    """Each of them raises KeyboardInterrupt in this block."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    with _handled(interrupt):
        yield


@contextlib.contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Hold them back until the block is done: what is being written is written; then KeyboardInterrupt."""
    heard: list[int] = []
    with _handled(lambda number, _frame: heard.append(number)):
        yield
    if heard:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _handled(handler: Callable[[int, Any], object]) -> Iterator[None]:
    """Only the main thread hears signals: elsewhere nothing is changed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in STOPPING}
    mine = [number for number, known in before.items() if known not in (signal.SIG_IGN, None)]
    for number in mine:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])
