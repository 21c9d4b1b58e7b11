"""Failure detection by heartbeat: a member is believed failed `misses` periods and some slack after it was last heard.

With heartbeats that take no time and a crash at a random moment, detection takes a time uniform on
(misses - 1, misses] periods. May import: kernel. Does not model: accrual (phi) detectors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence

from simpy.events import Event

from simulator.engine.kernel import Kernel
from simulator.engine.pausing import Pausing
from simulator.engine.rest import Keeper

INFINITY = float("inf")
NAN = float("nan")


def _uncertain(_: int) -> float:
    """Nobody knows how long a member's next heartbeats will take."""
    return NAN


def _not_sent(_: int, __: int) -> None:
    """Nobody counts heartbeats."""


def _ignore_settled(members: Sequence[int]) -> None:
    """Nothing follows when all that failed together are known."""


class FailureDetector:
    """Watches members by their heartbeats.

    Args:
        period_s: a heartbeat is sent at every multiple of it.
        misses: so many periods without one, and the member is believed failed.
        beat: member -> seconds until its heartbeat arrives, or infinity (down, lost, cut off).
        failed: called with a member when it is believed failed.
        back: called with a member that is heard again.
        listening: whether anybody listens now (a crashed manager does not).
        slack_s: how much longer than its misses each member may be silent, for the jitter of its link; none if empty.
        settled: called with members that failed together, when all of them are believed failed.
        certain: member -> seconds that each of its next heartbeats takes for sure, while nothing happens; infinity if
            none arrives; NaN if that is not certain.
        passed: called with a member and how many of such heartbeats were passed over.
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
        slack_s: Sequence[float] = (),
        settled: Callable[[Sequence[int]], None] = _ignore_settled,
        certain: Callable[[int], float] = _uncertain,
        passed: Callable[[int, int], None] = _not_sent,
    ) -> None:
        self.kernel = kernel
        self.members = members
        self.period_s = period_s
        self.misses = misses
        self._beat = beat
        self._failed = failed
        self._back = back
        self._listening = listening
        self._slack_s = list(slack_s) or [0.0] * len(members)
        self._settled = settled
        self._certain = certain
        self._passed = passed
        self._keeper = Keeper(self._quiet, (self._hear, self._check))
        self._due_s = [misses * period_s + slack for slack in self._slack_s]  # when each will have been silent too long
        self._round = [0] * len(members)  # number of the last heartbeat that was heard
        self.believed = [True] * len(members)
        self._armed = [True] * len(members)  # whether the watcher's timer for a member is set
        self.pausing: Pausing | None = None
        self._unsettled: list[int] = []  # believed failed, and others may have failed with them
        self._suspected: list[int] = []  # at this instant, on evidence from elsewhere

    def run(self) -> Generator[Event, None, None]:
        """The SimPy process that sends the heartbeats; timers of the watcher run beside it."""
        kernel, number = self.kernel, 0
        kernel.rest.add(self._keeper)
        for member in self.members:
            kernel.call_last(self._due_s[member], self._check, member)
        while True:
            now = kernel.now
            for member in self.members:
                delay_s = self._beat(member)
                if delay_s <= 0.0:
                    self._hear((member, number, 0.0))
                elif delay_s < INFINITY:
                    kernel.call_at(now + delay_s, self._hear, (member, number, delay_s))
            number += 1
            after = kernel.rest.next_tick(self._keeper, number, self.period_s)
            if after > number:
                self._pass_over(number, after)
                number = after
            self._keeper.tick = tick = kernel.tick_at(number * self.period_s)
            yield tick

    def pause(self) -> None:
        """The watcher stands still: it hears nothing, and no timer of its runs out."""
        self.pausing = Pausing(self.kernel.clock, lambda _: False)

    def go_on(self) -> None:
        """The watcher goes on: first with timers that ran out, then with heartbeats that came."""
        pausing, self.pausing = self.pausing, None
        if pausing is not None:
            pausing.end()

    def beat_late(self, member: int, since_s: float) -> None:
        """A member has stood still since then: if a heartbeat of it was due, one is sent now."""
        now, last = self.kernel.now, math.ceil(self.kernel.now / self.period_s) - 1
        if last * self.period_s < since_s:
            return
        delay_s = self._beat(member)
        if delay_s < INFINITY:
            self.kernel.call_at(now + delay_s, self._hear, (member, last, now - last * self.period_s + delay_s))

    # -- rest -----------------------------------------------------------------------------------------
    def _quiet(self) -> bool:
        """Whether each heartbeat will be heard in time, as the last one was, or none of a member known to be silent."""
        longest_s = 0.0
        if self.pausing is not None or self._unsettled or self._suspected or not self._listening():
            return False
        for member in self.members:
            delay_s = self._certain(member)
            if self.believed[member]:
                if not delay_s < self.period_s:
                    return False
                longest_s = max(longest_s, delay_s)
            elif delay_s != INFINITY:
                return False
        self._keeper.ahead_s = longest_s
        return True

    def _pass_over(self, number: int, after: int) -> None:
        """Heartbeats from `number` to the one before `after` were sent and heard, and nothing came of them."""
        for member in self.members:
            self._passed(member, after - number)
            if self.believed[member]:
                self._note(member, after - 1, self._certain(member))

    def suspect(self, member: int) -> None:
        """Evidence from elsewhere (client reports): believe the member failed until it is heard again."""
        if self.believed[member]:
            self.believed[member] = False
            self._failed(member)
            if not self._suspected:
                self.kernel.call_last(self.kernel.now, self._settle_suspected)
            self._suspected.append(member)

    def _settle_suspected(self, _: None) -> None:
        """All that are suspected at this instant are believed failed."""
        suspected, self._suspected = self._suspected, []
        self._settled(suspected)

    def _hear(self, beat: tuple[int, int, float]) -> None:
        """Heartbeat number `beat[1]` of a member arrives, after `beat[2]` seconds on its way."""
        if self.pausing is not None:
            self.pausing.message(self._hear, beat)
            return
        if not self._listening():
            return
        member, number, delay_s = beat
        self._note(member, number, delay_s)
        if not self.believed[member]:
            self.believed[member] = True
            if not self._armed[member]:
                self._arm(member)
            self._back(member)
        if self._unsettled:
            self._settle()

    def _note(self, member: int, number: int, delay_s: float) -> None:
        """Heartbeat `number` of a member was heard."""
        self._round[member] = max(number, self._round[member])
        # the sum that gives the arrival of the beat which is just in time, so that the two meet exactly
        due_s = (number + self.misses) * self.period_s + delay_s + self._slack_s[member]
        self._due_s[member] = max(due_s, self._due_s[member])

    def _check(self, member: int) -> None:
        """The watcher's timer: armed for the last heartbeat heard when it was set."""
        if self.pausing is not None:
            self.pausing.timer(self._check, member)
            return
        now = self.kernel.now
        self._armed[member] = False
        if not self.believed[member]:
            return
        if self._due_s[member] > now:
            self._arm(member)
        elif self._listening():
            self.believed[member] = False
            self._failed(member)
            self._unsettled.append(member)
            self._settle()
        else:
            self._due_s[member] = now + self.misses * self.period_s + self._slack_s[member]
            self._round[member] = int(now / self.period_s)
            self._arm(member)

    def _settle(self) -> None:
        """Go on once nobody is believed healthy that has been silent since the same heartbeat: they failed together."""
        last = max(self._round[member] for member in self._unsettled)
        if not any(self.believed[member] and self._round[member] <= last for member in self.members):
            settled, self._unsettled = self._unsettled, []
            self._settled(settled)

    def _arm(self, member: int) -> None:
        self._armed[member] = True
        self.kernel.call_last(self._due_s[member], self._check, member)
