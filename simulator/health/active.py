"""Active checks: a prober asks each edge every period, and believes what a row of answers or failures says.

Probe n goes to an edge at phase + n * period; each edge has a phase, uniform on [0, period). The edge answers at once,
without worker or queue; not while it is down, and where it stands still when that is over. A probe has failed at its
timeout, and succeeded when its answer is there: one that arrives at the timeout is in time. A crash at a random moment
is found after a time uniform on ((fall - 1) period + timeout, fall period + timeout].

May import: kernel, links, edges (to see whether one is there). Does not model: what a probe asks for; an edge answers
with errors or slowly, and passes all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, isnan
from typing import TYPE_CHECKING, Any

from simulator.engine.clock import LAST
from simulator.engine.rest import Keeper

if TYPE_CHECKING:
    from simulator.engine.kernel import Kernel
    from simulator.links import Link
    from simulator.server.edge import EdgeNode

INFINITY = float("inf")
SENDING = 2 * LAST  # the band of probes that are sent: a timeout of that instant comes before


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """Times in seconds; `timeout_s` is at most `period_s`."""

    period_s: float
    timeout_s: float
    fall: int
    rise: int


class Probe:
    """One question to one edge. `life` is that of the edge which it was meant for."""

    __slots__ = ("armed", "deadline_s", "edge", "life", "over")

    def __init__(self, edge: int, life: int, deadline_s: float) -> None:
        self.edge = edge
        self.life = life
        self.deadline_s = deadline_s
        self.armed = False  # whether it fails at the deadline unless something happens
        self.over = False


class ActiveChecks:
    """The prober of one world.

    Args:
        policy: when and how often.
        edges: who is asked.
        there: the links to them, and `back` those of their answers.
        phases_s: of each edge, within [0, period).
        size_bytes: of a probe, and of its answer.
        failed: called with an edge that has failed.
        passed: called with an edge that is healthy again, and whether that is the first time since it joined.
    """

    def __init__(
        self,
        kernel: Kernel,
        policy: ActivePolicy,
        edges: Sequence[EdgeNode],
        there: Sequence[Link],
        back: Sequence[Link],
        phases_s: Sequence[float],
        size_bytes: float,
        failed: Callable[[int], None],
        passed: Callable[[int, bool], None],
    ) -> None:
        self.policy = policy
        self._kernel = kernel
        self._clock = kernel.clock
        self._edges = edges
        self._there, self._back = there, back
        self._phases_s = phases_s
        self._order = sorted(range(len(edges)), key=phases_s.__getitem__)
        self._size_bytes = size_bytes
        self._on_failed, self._on_passed = failed, passed
        self.healthy = [True] * len(edges)
        self._run = [0] * len(edges)  # results in a row that speak against what is believed
        self._joined = [False] * len(edges)  # whether its first success is awaited
        self._lives = [0] * len(edges)
        self._failing = [0] * len(edges)  # probes of each that wait for their timeout
        self._answering = [0] * len(edges)  # answers of each that are under way
        self._number = 0  # of the next probe: so many rounds, and so many edges of this one
        self._keeper = Keeper(self._quiet, (self._arrive, self._answered, self._expire))

    # -- edges come and go ----------------------------------------------------------------------------
    def join(self, edge: int) -> None:
        """An edge has joined: it counts after its first success."""
        self._lives[edge] += 1
        self.healthy[edge], self._joined[edge], self._run[edge] = False, True, 0

    def leave(self, edge: int) -> None:
        """An edge is gone: what is under way says nothing of the one that may come."""
        self._lives[edge] += 1

    # -- probes ---------------------------------------------------------------------------------------
    def begin(self) -> None:
        """At t = 0: from now on probes are sent."""
        self._kernel.rest.add(self._keeper)
        self._schedule()

    def _schedule(self) -> None:
        number, place = divmod(self._number, len(self._order))
        at_s = max(self._due_s(self._order[place], number), self._clock.now)
        self._clock.push_call(at_s, self._send_next, self._keeper, SENDING)

    def _due_s(self, edge: int, number: int) -> float:
        return self._phases_s[edge] + number * self.policy.period_s

    def _send_next(self, _: Any) -> None:
        number, place = divmod(self._number, len(self._order))
        edge = self._order[place]
        self._number += 1
        if self._edges[edge].exists:
            self._send(edge, number)
        if place == len(self._order) - 1:
            self._pass_over(number + 1)
        self._schedule()

    def _send(self, edge: int, number: int) -> None:
        now = self._clock.now
        deadline_s = min(now + self.policy.timeout_s, self._due_s(edge, number + 1))
        probe = Probe(edge, self._lives[edge], deadline_s)
        delay_s = self._there[edge].transit(self._size_bytes, now)
        if delay_s <= 0.0:
            self._arrive(probe)
            return
        if now + delay_s > deadline_s:
            self._arm(probe)
        if delay_s < INFINITY:
            self._clock.push_call(now + delay_s, self._arrive, probe)

    def _arm(self, probe: Probe) -> None:
        """Unless its answer comes before, it will have failed at its deadline."""
        if not probe.armed:
            probe.armed = True
            self._failing[probe.edge] += 1
            self._clock.push_call(probe.deadline_s, self._expire, probe, LAST)

    def _arrive(self, probe: Probe) -> None:
        """A probe is at its edge."""
        edge = self._edges[probe.edge]
        if probe.life != self._lives[probe.edge] or not edge.exists:
            return
        if edge.down:
            if _resets(edge):
                self._refuse(probe)
            else:
                self._arm(probe)
            return
        if edge.pausing is not None:
            self._arm(probe)
            edge.pausing.message(self._arrive, probe)
            return
        now = self._clock.now
        delay_s = self._back[probe.edge].transit(self._size_bytes, now)
        if probe.over:
            return
        if now + delay_s > probe.deadline_s:
            self._arm(probe)
            return
        self._answering[probe.edge] += 1
        if delay_s <= 0.0:
            self._answered(probe)
        else:
            self._clock.push_call(now + delay_s, self._answered, probe)

    def _refuse(self, probe: Probe) -> None:
        """The edge is down, and its host says so: a failure as soon as that is heard."""
        now = self._clock.now
        delay_s = self._back[probe.edge].transit(self._size_bytes, now)
        if now + delay_s > probe.deadline_s:
            self._arm(probe)
            return
        self._failing[probe.edge] += 1
        if delay_s <= 0.0:
            self._expire(probe)
        else:
            self._clock.push_call(now + delay_s, self._expire, probe)

    def _answered(self, probe: Probe) -> None:
        """Its answer is there, in time."""
        self._answering[probe.edge] -= 1
        probe.over = True
        if probe.life == self._lives[probe.edge]:
            self._succeed(probe.edge)

    def _expire(self, probe: Probe) -> None:
        """Its deadline has come, or a reset."""
        self._failing[probe.edge] -= 1
        if probe.over:
            return
        probe.over = True
        if probe.life == self._lives[probe.edge] and self._edges[probe.edge].exists:
            self._fail(probe.edge)

    # -- results --------------------------------------------------------------------------------------
    def _succeed(self, edge: int) -> None:
        if self.healthy[edge]:
            self._run[edge] = 0
            return
        self._run[edge] += 1
        joined = self._joined[edge]
        if joined or self._run[edge] >= self.policy.rise:
            self.healthy[edge], self._joined[edge], self._run[edge] = True, False, 0
            self._on_passed(edge, joined)

    def _fail(self, edge: int) -> None:
        if not self.healthy[edge]:
            self._run[edge] = 0
            return
        self._run[edge] += 1
        if self._run[edge] >= self.policy.fall:
            self.healthy[edge], self._run[edge] = False, 0
            self._on_failed(edge)

    # -- rest -----------------------------------------------------------------------------------------
    def _quiet(self) -> bool:
        """Whether each edge will go on answering in time, or go on being silent, so that no belief changes."""
        longest_s = 0.0
        for index, edge in enumerate(self._edges):
            if not edge.exists:
                continue
            if self._run[index] or edge.pausing is not None or edge.down == self.healthy[index]:
                return False
            takes_s = self._certain_s(index)
            if edge.down:
                if self._answering[index] or isnan(takes_s):
                    return False
                longest_s = max(longest_s, self.policy.timeout_s)
                continue
            if self._failing[index] or not takes_s <= self.policy.timeout_s:
                return False
            longest_s = max(longest_s, takes_s)
        self._keeper.ahead_s = longest_s
        return True

    def _certain_s(self, edge: int) -> float:
        """Seconds that a probe and its answer will take for sure; NaN where that is not certain."""
        now, size = self._clock.now, self._size_bytes
        return self._there[edge].certain_s(size, now) + self._back[edge].certain_s(size, now)

    def _pass_over(self, number: int) -> None:
        """Before round `number`: the rounds that would change nothing are over at once, with all that they cause."""
        until_s = self._kernel.rest.until(self._keeper)
        if not 0.0 < until_s < INFINITY:
            return
        room_s = until_s - self._keeper.ahead_s - self._phases_s[self._order[-1]]
        rounds = floor(room_s / self.policy.period_s) - number
        if rounds <= 0:
            return
        self._number += rounds * len(self._order)
        for index, edge in enumerate(self._edges):
            if edge.exists:
                self._there[index].pass_over(rounds, self._size_bytes)
                if not edge.down or _resets(edge):
                    self._back[index].pass_over(rounds, self._size_bytes)


def _resets(edge: EdgeNode) -> bool:
    """Whether an edge that is down has a host which answers with resets."""
    return bool(getattr(edge, "resets", False))
