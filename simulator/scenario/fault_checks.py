"""What only the whole scenario can show of faults: when they come, what they strike, the edges that they add."""

from __future__ import annotations

from typing import Final

from simulator.faults import Fault
from simulator.scenario.actor_errors import nearest, no_actor
from simulator.scenario.actors import PROBER, ActorNames
from simulator.scenario.sizes import MOST_NODES, Found
from simulator.scenario.spec import ScenarioSpec
from simulator.scenario.tree import Node, Path
from simulator.units import format_duration, show

MOST_TIMES = 100_000  # that a fault comes


def _additions(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    """Edges that join are of a group that there is, at a site where it is given by sites."""
    del tree, actors
    for i, fault in enumerate(scenario.faults):
        joins = fault.joins
        if joins is None:
            continue
        path: Path = ("faults", i, fault.verb)
        group = scenario.edges.get(joins.edges)
        if group is None:
            what = f"there is no group of edges {show(joins.edges)}"
            yield (*path, "edges"), what, nearest(joins.edges, list(scenario.edges))
        elif group.at is not None and joins.site is None:
            yield path, f"the edges of {joins.edges} stand at sites: at which do these?", "add site: NAME"
        if getattr(fault, "drain", 0.0) and fault.for_ is None:
            yield ("faults", i, "drain"), "edges that stay are not drained", "add for: 10min, or remove drain"
        if joins.count > MOST_NODES:
            what = f"{joins.count:,} nodes are more than the {MOST_NODES:,} that can be simulated"
            yield (*path, "count"), what, "simulate a sample of them"


def _fault_times(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    del tree
    for i, fault in enumerate(scenario.faults):
        if fault.at >= scenario.duration:
            what = f"this fault begins at {format_duration(fault.at)}, when the run is over"
            yield ("faults", i, "at"), what, f"duration is {format_duration(scenario.duration)}"
        if fault.every is not None:
            yield from _calendar(scenario, ("faults", i, "every"), fault, fault.every, actors)
    seen: dict[str, int] = {}
    for i, fault in enumerate(scenario.faults):
        if fault.name is not None and seen.setdefault(fault.name, i) != i:
            what = f"two faults are called {show(fault.name)}"
            yield ("faults", i, "name"), what, "rename one: what metrics say of a name is of one fault"


def _calendar(scenario: ScenarioSpec, path: Path, fault: Fault, every_s: float, actors: ActorNames) -> Found:
    """A fault that comes again and again is over before it does, and does not come without end."""
    patterns = [pattern for _, patterns in fault.targets() for pattern in patterns]
    lasts_s = fault.lasts_s(len(actors.match(patterns)))
    if lasts_s is None:
        yield path, "a fault that lasts until the end cannot come again", "add for: 10min, or remove every"
    elif lasts_s >= every_s:
        what = f"this fault lasts {format_duration(lasts_s)} and would come again before it is over"
        yield path, what, f"make every longer than {format_duration(lasts_s)}"
    elif scenario.duration / every_s > MOST_TIMES:
        what = f"this fault would come about {scenario.duration / every_s:,.0f} times"
        yield path, what, f"make every longer: at most {MOST_TIMES:,} times"


def _fault_targets(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    del tree
    for i, fault in enumerate(scenario.faults):
        for place, patterns in fault.targets():
            for pattern in patterns:
                wrong = _wrong_target(fault, pattern, actors)
                if wrong is not None:
                    yield ("faults", i, *place), *wrong


def _resets(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    """A reset is asked for where somebody can answer with one."""
    del tree
    for i, fault in enumerate(scenario.faults):
        if fault.asks_for_resets:
            patterns = [pattern for _, patterns in fault.targets() for pattern in patterns]
            targets = actors.match(patterns)
            if targets and {*actors.edges, *actors.balancers}.isdisjoint(targets):
                what = "only connections to edges and balancers are reset, and this fault strikes none"
                yield ("faults", i, "connections"), what, "remove connections"


def _wrong_target(fault: Fault, pattern: str, actors: ActorNames) -> tuple[str, str] | None:
    if fault.on_clients:
        if actors.match_groups([pattern]):
            return None
        return f"{show(pattern)} matches no client group", nearest(pattern, list(actors.clients))
    if fault.on_links:
        found = bool(actors.match([pattern]) or actors.match_groups([pattern]))
        return None if found else no_actor(pattern, actors)
    servers = [name for name in actors.match([pattern]) if name != PROBER]
    if not servers:
        return no_actor(pattern, actors)
    return _of_wrong_kind(fault, pattern, set(servers), actors)


def _of_wrong_kind(fault: Fault, pattern: str, servers: set[str], actors: ActorNames) -> tuple[str, str] | None:
    """What is wrong with targets of a fault that strikes some kinds of nodes only."""
    if fault.only_edges and not servers <= set(actors.edges):
        return f"only an edge can be {fault.only_edges}, and {show(pattern)} is none", ""
    if fault.only_servers and not servers <= {*actors.edges, *actors.cores, *actors.balancers}:
        return f"only edges and cores can {fault.only_servers}, and {show(pattern)} is neither", ""
    shards = {name for name in actors.others if name.startswith("sam-")}
    if fault.on_whole_sam and servers & shards and "sam" not in servers:
        return "a shard of the SAM cannot stand still alone", f"write {fault.verb}: sam"
    return None


FAULT_CHECKS: Final = (_additions, _fault_times, _fault_targets, _resets)
"""All of them, in the order in which they are told."""
