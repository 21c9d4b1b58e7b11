"""Settings that balancers leave without effect: links between clients and edges, and some of their own.

May import: the schema, actors. Judges as simulator.scenario.unused does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simulator.scenario.actors import ActorNames, actors_of
from simulator.scenario.tree import Path

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario

_WHY = "with balancers there is no link between clients and edges: name the balancers in place of either"


def balancers_use(scenario: Scenario) -> Iterator[tuple[Path, bool, str]]:
    """(setting, whether it is of use, why not)."""
    if not scenario.balancers:
        return
    for group, balancers in scenario.balancers.items():
        path: Path = ("balancers", group)
        for key in ("to", "turnaround", "on"):
            yield (*path, "retry", key), balancers.retry.max > 0, "retry.max is 0: nothing is tried again"
        bounded = balancers.max_outstanding is not None
        yield (*path, "queue_timeout"), bounded, "max_outstanding is unlimited, so that nothing waits for its edge"
    for name, clients in scenario.clients.items():
        if clients.retry is not None:
            yield ("clients", name, "retry", "to"), False, "balancers decide where a retry goes, too"
    actors = actors_of(scenario)
    for number, rule in enumerate(scenario.network.links):
        yield ("network", "links", number, "to"), not _between(actors, rule.from_, rule.to), _WHY
    for number, fault in enumerate(scenario.faults):
        sets = [globs for _, globs in fault.targets()]
        if fault.on_links and len(sets) == 2:
            place = fault.targets()[0][0]
            yield ("faults", number, place[0]), not _between(actors, *sets), _WHY


def _between(actors: ActorNames, some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether these are clients on the one side and edges on the other, and nobody else."""
    sides = [(bool(actors.match_groups(globs)), set(actors.match(globs))) for globs in (some, others)]
    for (clients, servers), (more_clients, edges) in (sides, sides[::-1]):
        if clients and not servers and not more_clients and edges and edges <= set(actors.edges):
            return True
    return False
