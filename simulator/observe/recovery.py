"""How long the sessions of a crashed edge take to get their hit ratio back.

Before: the hit ratio at the edge over the minute before the crash. After: of the requests of the sessions that were
there (failures are no hits), in steps of a window with enough of them, until it is back at 95 %. The time counts from
the fault. The event of a crash whose sessions were not back at the end says in how many steps that was seen (`judged`):
0 where there were too few requests to tell, before or after.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.messages import Attempt, Operation, Outcome, Tier
from simulator.metrics.events import FAULT_BEGIN, RECOVERED

if TYPE_CHECKING:
    from simulator.world.world import World

LOOK_BACK_S = 60.0
SHARE = 0.95
ENOUGH = 50  # requests in a step: fewer say nothing about a ratio


@dataclass(slots=True)
class _Recovery:
    edge: str
    since_s: float
    sessions: set[int]
    goal: float
    known: bool  # whether enough requests were there before the crash to say what its hit ratio was
    step_began_s: float
    hits: int = 0
    requests: int = 0
    judged: int = 0  # steps that had enough requests and were below the goal


class RecoveryTracker:
    """Follows the affected sessions after each crash of an edge."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._history: deque[tuple[float, list[tuple[int, int]]]] = deque()
        self._open: list[_Recovery] = []

    def window(self) -> None:
        """Remember the counts of every edge (once per window), for the minute before a crash."""
        now = self.world.kernel.now
        self._history.append((now, [(edge.lookups, edge.hits) for edge in self.world.edges]))
        while len(self._history) > 2 and self._history[1][0] <= now - LOOK_BACK_S:
            self._history.popleft()

    def edge_crashes(self, index: int) -> None:
        """An edge is about to crash."""
        world = self.world
        edge = world.edges[index]
        past_lookups, past_hits = self._history[0][1][index] if self._history else (0, 0)
        lookups = edge.lookups - past_lookups
        if not lookups:
            return
        sessions = {
            client.session.session_id
            for group in world.groups
            for client in group.clients
            if client.session is not None and client.session.edge == index
        }
        if not sessions:
            return
        goal = SHARE * (edge.hits - past_hits) / lookups
        now = world.kernel.now
        self._open.append(_Recovery(edge.name, now, sessions, goal, lookups >= ENOUGH, now))

    @property
    def active(self) -> bool:
        """Whether any recovery is awaited."""
        return bool(self._open)

    def see(self, attempt: Attempt, now: float) -> None:
        """A request ended."""
        if attempt.operation > Operation.READ_LOCK:
            return
        session_id = attempt.session.session_id
        hit = attempt.outcome == Outcome.OK and attempt.tier == Tier.L1
        for recovery in self._open:
            if session_id in recovery.sessions:
                recovery.requests += 1
                recovery.hits += hit
        for recovery in self._open:
            if recovery.requests >= ENOUGH and now - recovery.step_began_s >= self.world.window_s:
                if recovery.hits >= recovery.goal * recovery.requests:
                    self._recovered(recovery, now)
                    return
                recovery.judged += recovery.known
                recovery.hits = recovery.requests = 0
                recovery.step_began_s = now

    def finish(self) -> None:
        """The run is over: note with each crash that was not recovered from in how many steps that was seen."""
        rows = self.world.log.rows
        for recovery in self._open:
            for row in rows:
                if (row["kind"], row["target"], row["t_s"]) == (FAULT_BEGIN, recovery.edge, recovery.since_s):
                    row["detail"]["judged"] = recovery.judged

    def _recovered(self, recovery: _Recovery, now: float) -> None:
        self._open.remove(recovery)
        self.world.recoveries_s.append(now - recovery.since_s)
        self.world.log.add(RECOVERED, recovery.edge, after_s=now - recovery.since_s)
