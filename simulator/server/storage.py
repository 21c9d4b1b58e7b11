"""Persistent storage: the truth. Reads and durable writes, each with a latency distribution, no queue.

May import: kernel. A crashed storage answers nothing until it is back: what is asked meanwhile waits and is
asked again then, so nothing that was promised is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from simulator.engine.handler import Handler
from simulator.engine.kernel import Kernel
from simulator.engine.node import Node
from simulator.engine.pausing import Pausing
from simulator.engine.samplers import Sampler

INFINITY: Final = float("inf")


class Storage(Node):
    """Reads and writes of session metadata.

    `read(handler, argument)` has `handler` called with `argument` when the record has been read, `write` when the
    write is durable.
    """

    def __init__(self, kernel: Kernel, read_s: Sampler, write_s: Sampler) -> None:
        self._clock = kernel.clock
        self._read_s = read_s
        self._write_s = write_s
        self._waiting: list[tuple[Sampler, Handler, Any]] = []
        self.down = False
        self.pausing = None
        self.reads = 0
        self.read_sum_s = 0.0  # time in reads; waiting for a crashed storage apart
        self.writes = 0

    def read(self, handler: Handler, argument: Any) -> None:
        """Read one record."""
        self.reads += 1
        self.read_sum_s += self._do(self._read_s, handler, argument)

    def write(self, handler: Handler, argument: Any) -> None:
        """Write one record durably."""
        self.writes += 1
        self._do(self._write_s, handler, argument)

    def _do(self, time_s: Sampler, handler: Handler, argument: Any) -> float:
        if self.down or self.pausing is not None:
            self._waiting.append((time_s, handler, argument))
            return 0.0
        delay_s = time_s.next() * self.slowness
        self._clock.push(self._clock.now + delay_s, handler, argument)
        return delay_s

    # -- faults ---------------------------------------------------------------------------------------
    def crash(self) -> None:
        """Stop answering. What is on its way to the disk is on the disk."""
        self.down = True

    def restart(self) -> None:
        """Answer again, first what was asked meanwhile."""
        self.down = False
        self._catch_up()

    def pause(self, ends: Callable[[Handler], bool]) -> None:
        """Stand still; `ends` says of a handler that waits on the clock whether it is called when a record is done."""
        self.pausing = Pausing(self._clock, ends)

    def go_on(self) -> None:
        """Stand still no more."""
        pausing, self.pausing = self.pausing, None
        if pausing is not None:
            pausing.end()
        self._catch_up()

    def _catch_up(self) -> None:
        if self.down or self.pausing is not None:
            return
        waiting, self._waiting = self._waiting, []
        for time_s, handler, argument in waiting:
            self._do(time_s, handler, argument)
