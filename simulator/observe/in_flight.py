"""Where the requests are that have not ended: found by looking everywhere, only at the end of runs that leave some.

Independent of the counters: a request that was forgotten is nowhere.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

from simulator.agents.client import Session
from simulator.engine.node import Node
from simulator.messages import Attempt, Batch, Call, Operation
from simulator.server.tries import Carried, Try

if TYPE_CHECKING:
    from simulator.world.world import World


def renewals_in_flight(world: World) -> dict[int, int]:
    """How many leases of each edge are in renewal messages: under way, in a core's queue or in service there."""
    found = dict.fromkeys(range(len(world.edges)), 0)
    messages = [argument for _, _, _, argument in world.kernel.clock.events.entries()]
    for core in world.cores:
        messages += core.waiting
    messages += _held(world)
    for message in messages:
        if isinstance(message, Batch):
            found[message.edge] += len(message.leases)
    return found


def requests_in_flight(world: World) -> dict[str, int]:
    """How many requests of each group are under way, in a queue, in service, waiting or about to be retried."""
    found = dict.fromkeys((group.name for group in world.groups), 0)
    for attempt in attempts_in_flight(world):
        found[attempt.client.group.name] += 1
    return found


def _held(world: World) -> list[Any]:
    """What waits at nodes that stand still."""
    nodes: list[Node] = [*world.edges, *world.cores, *world.balancers, world.storage]
    pauses = [node.pausing for node in nodes]
    return [thing for pause in pauses if pause is not None for thing in pause.things()]


def attempts_in_flight(world: World) -> list[Attempt]:
    """The attempts that stand for these requests, one each."""
    search = _Search(world)
    for _, _, handler, argument in world.kernel.clock.events.entries():
        search.look(argument, retries=getattr(handler.function, "__name__", "") == "_retry")
    for edge in world.edges:
        for attempt in edge.waiting:
            search.look(attempt)
        for call in edge.fetching.under_way.values():
            search.look(call)
        search.timers(edge.fetching.timers)
    for thing in chain(_held(world), *(balancer.held for balancer in world.balancers)):
        search.look(thing)
    for core in world.cores:
        for message in core.waiting:
            search.look(message)
    for line in world.cores[0].locks.table._lines.values():
        for _, _, ticket in line.values():
            search.look(ticket)
    for entry in world.storage._waiting:
        for thing in entry:
            search.look(thing)
    for group in world.groups:
        search.timers(group.access.timers)
        search.timers(None if group.hedging is None else group.hedging.waiting)
    return list(search.found.values())


class _Search:
    """Requests by the attempt that stands for them."""

    def __init__(self, world: World) -> None:
        self._groups = world.groups
        self.found: dict[int, Attempt] = {}
        self._seen: set[int] = set()

    def timers(self, timers: Any) -> None:
        """What waits for a time-out."""
        for item in () if timers is None else timers:
            self.look(item)

    def look(self, thing: Any, retries: bool = False) -> None:
        """Note what a message, a session or an attempt stands for."""
        if isinstance(thing, Try):
            self.look(thing.origin)
        elif isinstance(thing, Carried):
            self.look(thing.attempt)
        elif isinstance(thing, Attempt):
            if thing.operation == Operation.ESTABLISH:
                self.look(thing.session)
            elif retries or not thing.done:
                hedging = self._groups[thing.client.group.number].hedging
                stands = thing if hedging is None else hedging.request_of(thing)  # twins are one request
                self.found[id(stands)] = stands
        elif isinstance(thing, Call):
            if id(thing) in self._seen:
                return
            self._seen.add(id(thing))
            for part in (thing.attempt, thing.origin, *thing.waiters):
                self.look(part)
        elif isinstance(thing, Session):
            for attempt in self._groups[thing.client.group.number].sessions.waiting(thing):
                self.look(attempt)


def groups_due_now(world: World) -> list[str]:
    """The client groups that something due at this instant is about, most first; for a world that stands still."""
    now, found = world.kernel.now, Counter[str]()
    sources = {id(source): group.name for source, group in zip(world.sources, world.groups, strict=True)}
    for time_s, _, handler, argument in world.kernel.clock.events.entries():
        if time_s > now:
            continue
        owner = handler.owner
        if isinstance(argument, Attempt | Call) and argument.session is not None:
            found[argument.session.client.group.name] += 1
        elif id(owner) in sources:
            found[sources[id(owner)]] += 1
    return [name for name, _ in found.most_common()]
