"""Rest: while nothing else is due, housekeeping that has nothing to do passes over its ticks.

A keeper (the SAM's scoring, heartbeats, renewal ticks, the recorder) ticks at n * period. Before it schedules its next
tick it asks here when anything is due but the ticks of keepers that are quiet; nothing can change before that, so the
ticks until then would change nothing, and are accounted for at once. Results are what they are with every tick taken.
May import: the clock. Does not know what keepers do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from simulator.engine.clock import ARITY, Clock, FutureEvents

INFINITY = float("inf")
MOST_ENTRIES = 4096  # a world with more to come is not searched: it is hardly idle
FEW_PUSHES = 256  # more entries than these since a keeper's last tick are no idleness


class Keeper:
    """One that ticks, and may pass over ticks.

    Args:
        quiet: whether its ticks do nothing until something else happens.
        causes: functions that its ticks schedule, and that change nothing either while it is quiet.
        needs_s: when it has something to do by itself, seconds; infinity for never.

    Whoever ticks keeps the event of the next one in `tick`.
    """

    def __init__(
        self,
        quiet: Callable[[], bool],
        causes: Sequence[Callable[[Any], None]] = (),
        needs_s: Callable[[], float] = lambda: INFINITY,
    ) -> None:
        self.quiet = quiet
        self.causes = causes
        self.needs_s = needs_s
        self.ahead_s = 0.0  # how long after a tick what it causes is over
        self.tick: object = self
        self.seen = 0  # order of the clock when it asked last


class Rest:
    """The keepers of one world, and how long they may sleep."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keepers: list[Keeper] = []

    def add(self, keeper: Keeper) -> None:
        """One more that ticks."""
        self._keepers.append(keeper)

    def next_tick(self, keeper: Keeper, number: int, period_s: float) -> int:
        """The next tick that `keeper` has to take, `number` or a later one: tick n is at n * `period_s`.

        The ticks before it are over, with what they cause, before anything else is due.
        """
        until_s = self.until(keeper) - keeper.ahead_s
        if until_s < INFINITY and until_s > number * period_s:
            later = math.ceil(until_s / period_s)
            while (later - 1) * period_s >= until_s:
                later -= 1
            while later * period_s < until_s:
                later += 1
            number = max(number, later)
        return number

    def until(self, keeper: Keeper) -> float:
        """When anything is due but ticks that do nothing, seconds; 0 if `keeper` cannot rest, infinity for never."""
        clock = self._clock
        pushes, keeper.seen = clock.order - keeper.seen, clock.order
        if pushes > FEW_PUSHES or len(clock.events) > MOST_ENTRIES or not keeper.quiet():
            return 0.0
        resting = [other for other in self._keepers if other is keeper or other.quiet()]
        needs_s = min(other.needs_s() for other in resting)
        return min(needs_s, _first_s(clock.events, resting))


def _first_s(events: FutureEvents, resting: Sequence[Keeper]) -> float:
    """When the first entry is due that belongs to nobody who rests, seconds; infinity if there is none.

    Entries are in a heap: below one that counts none is due earlier, and only below those that rest is looked on.
    """
    first_s = INFINITY
    places = [0]
    while places:
        place = places.pop()
        if place >= len(events):
            continue
        time_s, _, handler, argument = events.entry(place)
        if time_s >= first_s:
            continue
        if any(argument is keeper.tick or handler.function in keeper.causes for keeper in resting):
            places += range(ARITY * place + 1, ARITY * place + ARITY + 1)
        else:
            first_s = time_s
    return first_s
