"""What only the whole scenario can show: names that exist, parts that need each other, sane sizes.

May import: the schema, actors, tree and errors. Each check is a small generator of issues.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from simulator.scenario.actor_errors import no_actor, some
from simulator.scenario.actors import RESERVED, ActorNames, actors_of
from simulator.scenario.errors import Issue
from simulator.scenario.fault_checks import FAULT_CHECKS
from simulator.scenario.joining import joining
from simulator.scenario.sizes import LONGEST_S, Found, sizes
from simulator.scenario.spec import MOST_WINDOWS, ScenarioSpec
from simulator.scenario.traces import brings_operations, misplaced, unreadable
from simulator.scenario.tree import Node, Path, descend, dotted
from simulator.units import format_distance, format_duration, show

if TYPE_CHECKING:
    from simulator.metrics.names import ParsedMetric

FARTHEST_M = 20_015e3  # half the circumference of the Earth


def check(scenario: ScenarioSpec, tree: Node) -> list[Issue]:
    """Everything that is wrong with a scenario whose values are each valid."""
    oversized = [marked(tree, *found) for found in sizes(scenario)]
    if oversized:
        return oversized
    actors = actors_of(scenario)
    checks: Sequence[Callable[[ScenarioSpec, Node, ActorNames], Found]] = (
        _names, _sites, _matrix, _cores, _clients, _traces, _time, _routing, _balancers,
        *FAULT_CHECKS, _link_rules, _labels,
    )  # fmt: skip
    return [marked(tree, *found) for one in checks for found in one(scenario, tree, actors)]


def marked(tree: Node, path: Path, what: str, mend: str) -> Issue:
    """An issue at its place in the file."""
    node, taken = descend(tree, path)
    mark = node.mark
    if isinstance(node.value, (dict, list)) or mark is None:
        mark = node.key_mark or node.mark
    return Issue(what, mend, mark, dotted(taken or path))


def _names(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    del tree
    seen: dict[str, str] = dict.fromkeys(RESERVED, "the program itself")
    for section in ("clients", "balancers", "edges", "cores"):
        for name in getattr(scenario, section):
            if name in seen:
                yield (section, name), f"the name {show(name)} is taken by {seen[name]}", "rename one of them"
            seen[name] = section
    del actors
    nodes: set[str] = set()
    for section in ("balancers", "edges", "cores"):
        for group, spec in getattr(scenario, section).items():
            names = [name for name, _ in spec.nodes(group)]
            if not nodes.isdisjoint(names):
                twice = next(name for name in names if name in nodes)
                yield (section, group), f"two nodes would be called {show(twice)}", "rename a group"
            nodes.update(names)
    for number, edges in joining(scenario).items():
        for edge in edges:
            if edge.name in nodes:
                yield (
                    ("faults", number, scenario.faults[number].verb),
                    f"two nodes would be called {show(edge.name)}",
                    "rename a group",
                )
            nodes.add(edge.name)


def _sites(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    del tree, actors
    used: list[tuple[Path, str | None]] = []
    for section in ("clients", "balancers", "edges", "cores"):
        for name, group in getattr(scenario, section).items():
            used.append(((section, name, "site"), group.site))
            used += [((section, name, "at", site), site) for site in getattr(group, "at", None) or ()]
    for name, cores in scenario.cores.items():
        used.append((("cores", name, "standby", "site"), None if cores.standby is None else cores.standby.site))
    used.append((("storage", "site"), scenario.storage.site))
    if scenario.sam is not None:
        used.append((("sam", "site"), scenario.sam.site))
    yield from _lost_sites(scenario, {site for path, site in used if path[0] != "clients"})
    if scenario.health is not None:
        used.append((("health", "site"), scenario.health.site))
    used += [(("faults", i, *place), site) for i, fault in enumerate(scenario.faults) for place, site in fault.sites()]
    for path, site in used:
        if site is not None and site not in scenario.sites:
            close = difflib.get_close_matches(site, list(scenario.sites), 1)
            listed = ", ".join([*scenario.sites, site])
            mend = f"did you mean {close[0]}?" if close else f"add it: sites: [{listed}]"
            yield path, f"unknown site {show(site)}", mend


def _matrix(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    """Measured round trips are about the scenario's sites, all that is needed of them, and no faster than light."""
    del tree, actors
    matrix, sites = scenario.network.matrix, list(scenario.sites)
    path: Path = ("network", "matrix")
    if matrix is None:
        return
    lacking = [site for site in sites if site not in matrix.sites]
    if len(lacking) == len(sites):
        mend = f"add sites: [{', '.join(matrix.sites[:8])}]" if not sites else f"it has {some(matrix.sites)}"
        yield path, f"{matrix.path.name} measures none of the scenario's sites", mend
        return
    for name in matrix.sites:
        close = difflib.get_close_matches(name, lacking, 1, 0.8) if name not in sites else []
        if close:
            yield path, f"{matrix.path.name}: {show(name)} is no site of the scenario", f"did you mean {close[0]}?"
            return
    pairs = [(one, other) for one in sites for other in sites if one != other]
    if scenario.network.geo is None:
        unknown = next((pair for pair in pairs if matrix.one_way_s(*pair) is None), None)
        if unknown is not None:
            what = f"{matrix.path.name} has no round trip from {unknown[0]} to {unknown[1]}"
            yield path, what, "add it, or write network.geo: on for what was not measured"
            return
    plain = [pair for pair in pairs if pair in matrix.plain]
    faster = [pair for pair in plain if matrix.trips_s[pair] < _light_s(scenario, *pair)]
    if faster and all(matrix.trips_s[pair] < 0.001 for pair in plain):
        one, other = faster[0]
        trip = format_duration(matrix.trips_s[one, other])
        what = f"{matrix.path.name}: {trip} from {one} to {other} is faster than light"
        yield path, what, "plain numbers are milliseconds: write s in the first cell if these are seconds"


def _light_s(scenario: ScenarioSpec, one: str, other: str) -> float:
    """The round trip of light in a vacuum between two sites, seconds."""
    from simulator.geography.geo import great_circle_m

    a, b = scenario.sites[one], scenario.sites[other]
    return 2.0 * float(great_circle_m(a.lat, a.lon, b.lat, b.lon)) / 299_792_458.0


def _cores(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    del tree, actors
    first, *others = scenario.cores
    for name in others:
        sharding = scenario.cores[first].shard_by
        if scenario.cores[name].shard_by != sharding:
            what = f"sessions are dealt to all cores alike, and those of {first} have shard_by: {sharding}"
            yield ("cores", name, "shard_by"), what, f"write shard_by: {sharding} here too"


def _lost_sites(scenario: ScenarioSpec, standing: set[str | None]) -> Found:
    """A site can be lost where something stands that can: clients do not go."""
    for i, fault in enumerate(scenario.faults):
        if fault.loses in scenario.sites and fault.loses not in standing:
            what = f"nothing stands at {show(fault.loses)} that could be lost"
            yield ("faults", i, fault.verb), what, "name the site of edges, cores, the SAM or storage"


def _clients(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    del actors
    for name, group in scenario.clients.items():
        path: Path = ("clients", name)
        session = group.session
        if group.from_trace:
            says_op = group.workload.kind == "trace" and brings_operations(group.workload, scenario.base_dir)
            for key in ("count", "session", "operations") if says_op else ("count", "session"):
                if descend(tree, (*path, key))[1] == (*path, key):
                    brought = "clients, sessions and operations" if key == "operations" else "clients and sessions"
                    what = f"a trace brings its own {brought}: it takes no {key}"
                    yield (*path, key), what, f"remove {key}"
            if group.workload.kind != "trace":
                yield from _trace_file(path, scenario, group.workload)
            continue
        if session.arrivals is None and group.count is None:
            yield path, "this group has no count", "add count: 100, or session: {arrivals: 0.5/s, ...}"
        if session.arrivals is not None:
            yield from _open_sessions(path, scenario, name)
        decided = {op for op, share in group.operations.items() if share > 0} - {"lookup", "update"}
        if decided and group.locks.per_session + group.locks.shared_pool == 0:
            what = f"{sorted(decided)[0]} needs a lock, and this group has none"
            yield (*path, "operations"), what, "set locks.per_session or locks.shared_pool"
        if group.spread > 0 and group.site is None:
            yield (*path, "spread"), "spread needs a site to spread around", "add site: NAME"
        if group.spread > FARTHEST_M:
            what = f"a spread of {format_distance(group.spread)} reaches beyond the other side of the Earth"
            yield (*path, "spread"), what, f"at most {format_distance(FARTHEST_M)}"


def _traces(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    del tree, actors
    yield from unreadable(scenario)
    yield from misplaced(scenario)


def _trace_file(path: Path, scenario: ScenarioSpec, workload: object) -> Found:
    name = getattr(workload, "file", None)
    if name is not None and not (scenario.base_dir / name).is_file():
        what = f"there is no file {show(name, 80)}"
        yield (*path, "workload", "file"), what, "the path is relative to the scenario"


def _open_sessions(path: Path, scenario: ScenarioSpec, name: str) -> Found:
    group = scenario.clients[name]
    session = group.session
    if group.count is not None:
        yield (*path, "count"), "count and session.arrivals exclude each other", "remove one of them"
    if session.established:
        yield (
            (*path, "session", "established"),
            "sessions that arrive cannot be established at t = 0",
            "remove one",
        )
    for key in ("pause", "start"):
        if getattr(session, key).mean > 0:
            yield (
                (*path, "session", key),
                f"each client of open sessions comes once: no {key}",
                f"remove {key}",
            )
    if getattr(group.workload, "needs_count", False) or getattr(group.workload, "total_rate", None) is not None:
        what = "this workload needs a fixed number of clients"
        yield (*path, "workload"), what, "give count in place of session.arrivals"


def _time(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    del tree, actors
    if scenario.duration > LONGEST_S:
        yield ("duration",), f"{format_duration(scenario.duration)} is longer than 366 days", "simulate less"
    if not isinstance(scenario.warmup, str) and scenario.warmup >= scenario.duration:
        warmup, duration = format_duration(scenario.warmup), format_duration(scenario.duration)
        what = f"a warmup of {warmup} leaves nothing of {duration}"
        yield ("warmup",), what, "make it shorter than duration"
    if scenario.record.window > scenario.duration:
        yield ("record", "window"), "the window is longer than the duration", "make it shorter"
    elif LONGEST_S >= scenario.duration > MOST_WINDOWS * scenario.record.window:
        yield ("record", "window"), "this makes more than a million windows", "make it longer"


def _routing(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    del actors
    if scenario.routing.policy == "adaptive" and scenario.sam is None:
        mend = "choose another, for example nearest, cookie or {policy: static, weight: 75}"
        if descend(tree, ("routing", "policy"))[1] == ("routing", "policy"):
            yield ("routing", "policy"), "adaptive routing takes its weights from the SAM, which is off", mend
        else:
            yield (
                ("sam",),
                "with sam: off the routing must be chosen (adaptive, its default, needs the SAM)",
                mend,
            )


def _balancers(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    """What clients cannot do where balancers do it."""
    del tree, actors
    if scenario.balancers and scenario.sam is not None and scenario.sam.probes is not None:
        yield ("sam", "probes"), "with balancers clients reach no edge that they could probe", "write probes: off"
    for name, clients in scenario.clients.items():
        if scenario.balancers and clients.hedge is not None:
            what = "a balancer decides where a request goes, so that no client can send a twin to another edge"
            yield ("clients", name, "hedge"), what, "remove hedge, or balancers"


def _link_rules(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    del tree
    for i, rule in enumerate(scenario.network.links):
        for key, patterns in (("from", rule.from_), ("to", rule.to)):
            for pattern in patterns:
                if not actors.match([pattern]) and not actors.match_groups([pattern]):
                    yield ("network", "links", i, key), *no_actor(pattern, actors)


def _fault_mend(name: str, faults: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, faults, 1, 0.5)
    if close:
        return f"did you mean {close[0]}?"
    return f"there are {some(faults)}" if faults else f"name one: {{name: {name}, at: 2min, crash: pop-1}}"


def _labels(scenario: ScenarioSpec, tree: Node, actors: ActorNames) -> Found:
    """The labels of the metrics that the scenario names: of something that exists."""
    del tree
    from simulator.metrics.expectations import parse_expectation
    from simulator.metrics.names import is_fixed_label, parse_metric

    named: list[tuple[Path, ParsedMetric]] = [
        (("expect", i), parse_expectation(text).metric) for i, text in enumerate(scenario.expect)
    ]
    named += [(("measured", name), parse_metric(name)) for name in scenario.measured]
    sites = {group.site for group in scenario.clients.values() if group.site is not None}
    known = [*actors.clients, *actors.edges, *actors.cores, *actors.balancers, *(sites if len(sites) > 1 else ())]
    faults = [fault.name for fault in scenario.faults if fault.name is not None]
    for path, metric in named:
        if metric.fault is not None and metric.fault not in (*faults, "none"):
            yield (
                path,
                f"`{metric.name}`: no fault here is called {show(metric.fault)}",
                _fault_mend(metric.fault, faults),
            )
        elif metric.fault is not None and not faults:
            yield path, f"`{metric.name}`: no fault here has a name", "name one: {name: sick, at: 2min, crash: pop-1}"
        label = metric.label
        if label is not None and label not in known and not is_fixed_label(label):
            close = difflib.get_close_matches(label, known, 1, 0.5)
            mend = f"did you mean {metric.base}[{close[0]}]?" if close else f"there are {some(known)}"
            yield path, f"`{metric.name}`: nothing here is called {show(label)}", mend
