"""Failure detection by heartbeat: a member is believed failed `misses` periods after it was last heard.

With heartbeats that take no time and a crash at a random moment, detection takes a time uniform on
(misses - 1, misses] periods. May import: kernel. Does not model: accrual (phi) detectors.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from simpy.events import Event

from simulator.kernel import Kernel

INFINITY = float("inf")
EXACT = 1e-9


class FailureDetector:
    """Watches members by their heartbeats.

    Args:
        period_s: a heartbeat is sent at every multiple of it.
        misses: so many periods without one, and the member is believed failed.
        beat: member -> seconds until its heartbeat arrives, or infinity (down, lost, cut off).
        failed: called with a member when it is believed failed.
        back: called with a member that is heard again.
        listening: whether anybody listens now (a crashed manager does not).
    """

    def __init__(
        self,
        kernel: Kernel,
        members: Sequence[int],
        period_s: float,
        misses: int,
        beat: Callable[[int], float],
        failed: Callable[[int], None],
        back: Callable[[int], None],
        listening: Callable[[], bool],
    ) -> None:
        self.kernel = kernel
        self.members = members
        self.period_s = period_s
        self.limit_s = misses * period_s * (1.0 + EXACT)
        self._beat = beat
        self._failed = failed
        self._back = back
        self._listening = listening
        self.heard_s = [0.0] * len(members)
        self.believed = [True] * len(members)
        self._armed = [True] * len(members)  # whether the watcher's timer for a member is set

    def run(self) -> Generator[Event, None, None]:
        """The SimPy process that sends the heartbeats; timers of the watcher run beside it."""
        kernel, number = self.kernel, 0
        for member in self.members:
            kernel.call_at(self.limit_s, self._check, member)
        while True:
            now = kernel.now
            for member in self.members:
                delay_s = self._beat(member)
                if delay_s <= 0.0:
                    self._hear(member)
                elif delay_s < INFINITY:
                    kernel.call_at(now + delay_s, self._hear, member)
            number += 1
            yield kernel.tick_at(number * self.period_s)

    def suspect(self, member: int) -> None:
        """Evidence from elsewhere (client reports): believe the member failed until it is heard again."""
        if self.believed[member]:
            self.believed[member] = False
            self._failed(member)

    def _hear(self, member: int) -> None:
        if not self._listening():
            return
        self.heard_s[member] = self.kernel.now
        if not self.believed[member]:
            self.believed[member] = True
            if not self._armed[member]:
                self._arm(member, self.kernel.now + self.limit_s)
            self._back(member)

    def _check(self, member: int) -> None:
        """The watcher's timer: armed for the last heartbeat heard when it was set."""
        self._armed[member] = False
        if not self.believed[member]:
            return
        due_s = self.heard_s[member] + self.limit_s
        if due_s > self.kernel.now:
            self._arm(member, due_s)
        elif self._listening():
            self.believed[member] = False
            self._failed(member)
        else:
            self.heard_s[member] = self.kernel.now
            self._arm(member, self.kernel.now + self.limit_s)

    def _arm(self, member: int, due_s: float) -> None:
        self._armed[member] = True
        self.kernel.call_at(due_s, self._check, member)
