"""Sane sizes: what no machine could simulate is refused at once, not after an hour.

May import: the schema, units. Estimates from means; does not draw anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from simulator.scenario.clients import ClientGroupSpec
from simulator.scenario.spec import ScenarioSpec
from simulator.scenario.tree import Path
from simulator.units import format_duration

MOST_CLIENTS = 5_000_000
MOST_NODES = 10_000
MOST_SHARDS = 10_000
MOST_REPLICATIONS = 100_000
MOST_REQUESTS = 1e14  # a hundred years of computing
MOST_SESSIONS = 1e9  # opened one after the other: a day or more of computing
MOST_TICKS = 1e10
SCORING_COSTS = 100  # ticks of another kind
MOST_RING_POINTS = 10_000_000
LONGEST_S = 366 * 86400.0

Found = Iterator[tuple[Path, str, str]]
"""Path, what is wrong, how to mend it."""


def sizes(scenario: ScenarioSpec) -> Found:
    """What is too large or empty."""
    clients = sum(group.count or 0 for group in scenario.clients.values())
    if clients > MOST_CLIENTS:
        largest = max(scenario.clients, key=lambda name: scenario.clients[name].count or 0)
        what = f"{clients:,} clients in total are more than the {MOST_CLIENTS:,} that can be simulated"
        yield ("clients", largest, "count"), what, "simulate a sample of them, with edges scaled alike"
    elif scenario.duration <= LONGEST_S:
        yield from _requests(scenario)
    for section in ("balancers", "edges", "cores"):
        groups = getattr(scenario, section)
        counts = {name: group.size for name, group in groups.items()}
        if sum(counts.values()) > MOST_NODES:
            what = f"{sum(counts.values()):,} nodes are more than the {MOST_NODES:,} that can be simulated"
            yield (section, max(counts, key=lambda name: counts[name])), what, "simulate a sample of them"
    if scenario.sam is not None and scenario.sam.shards > MOST_SHARDS:
        what = f"{scenario.sam.shards:,} shards are more than the {MOST_SHARDS:,} that can be simulated"
        yield ("sam", "shards"), what, ""
    yield from _often(scenario)
    points = scenario.routing.virtual_nodes * sum(group.size for group in scenario.edges.values())
    if points > MOST_RING_POINTS:
        what = f"{points:,} points on a ring are more than the {MOST_RING_POINTS:,} that can be laid out"
        yield ("routing", "virtual_nodes"), what, "lower virtual_nodes: 1,000 for each edge are even within 3 %"
    if scenario.replications > MOST_REPLICATIONS:
        what = f"{scenario.replications:,} replications are more than {MOST_REPLICATIONS:,}"
        yield ("replications",), what, ""
    if not scenario.clients:
        yield ("clients",), "there are no clients", "add a group of clients"
    if not scenario.edges:
        yield ("edges",), "there are no edges", "add a group of edges"
    if not scenario.cores:
        yield ("cores",), "there are no cores", "add a group of cores, or leave cores out"


def _requests(scenario: ScenarioSpec) -> Found:
    """Too many requests of a group, else too many sessions, else too many in a crowd: one cause, one error."""
    alone = True
    for name, group in scenario.clients.items():
        path: Path = ("clients", name, "workload")
        expected = mean_rate(group, scenario.duration) * scenario.duration
        if group.session.arrivals is not None and group.session.arrivals * scenario.duration > MOST_REQUESTS:
            what = f"about {group.session.arrivals * scenario.duration:.2g} sessions cannot be simulated"
            yield ("clients", name, "session", "arrivals"), what, "lower the rate, or simulate a sample"
            alone = False
        elif expected > MOST_REQUESTS:
            what = f"about {expected:.2g} requests of {name} cannot be simulated"
            yield path, what, "lower the rate, or simulate a sample of the clients"
            alone = False
    for i, fault in enumerate(scenario.faults if alone else ()):
        factor = getattr(fault, "factor", 1.0) if fault.on_clients else 1.0
        rate = sum(mean_rate(group, scenario.duration) for group in scenario.clients.values())
        if factor * rate * scenario.duration > MOST_REQUESTS:
            yield ("faults", i, "factor"), f"a crowd of {factor:.2g} times the load cannot be simulated", "lower it"


def _often(scenario: ScenarioSpec) -> Found:
    """What happens again and again, however little is asked: sessions that open and close, ticks of control."""
    duration_s = min(scenario.duration, LONGEST_S)
    for name, group in scenario.clients.items():
        cycle_s = group.session.length.mean + group.session.pause.mean
        if group.count and cycle_s < math.inf and group.count * duration_s > MOST_SESSIONS * cycle_s:
            length = format_duration(group.session.length.mean)
            what = f"sessions of {length} are more than {MOST_SESSIONS:,.0f} in the run"
            yield ("clients", name, "session", "length"), what, "make them longer, or the pauses between them"
    ticks: list[tuple[Path, float, int]] = []
    edges = sum(group.size for group in scenario.edges.values())
    if scenario.sam is not None:
        ticks += [
            (("sam", "interval"), scenario.sam.interval, SCORING_COSTS),
            (("sam", "heartbeat", "period"), scenario.sam.heartbeat.period, edges),
        ]
        if scenario.sam.probes is not None:
            clients = sum(group.count or 0 for group in scenario.clients.values())
            ticks.append((("sam", "probes", "every"), scenario.sam.probes.every, clients))
    if scenario.health is not None and scenario.health.active is not None:
        ticks.append((("health", "active", "period"), scenario.health.active.period, edges))
    if scenario.health is not None and scenario.health.passive is not None:
        ticks.append((("health", "passive", "interval"), scenario.health.passive.interval, edges))
    if scenario.leases is not None:
        ticks.append((("leases", "batch_every"), scenario.leases.batch_every, edges))
    for path, every_s, many in ticks:
        if duration_s * many > MOST_TICKS * every_s:
            yield (
                path,
                f"every {format_duration(every_s)} is too often for {format_duration(duration_s)}",
                "make it longer",
            )


def mean_rate(group: ClientGroupSpec, duration_s: float) -> float:
    """Requests per second of a group whose clients all have a session; 0 where only a run can tell."""
    workload = group.workload
    total = getattr(workload, "total_rate", None)
    if total is not None:
        return float(total)
    clients = float(group.count or 0)
    if group.session.arrivals is not None:
        clients = group.session.arrivals * min(group.session.length.mean, duration_s)
    if hasattr(workload, "mean_rate"):
        return clients * float(workload.mean_rate())
    interarrival = getattr(workload, "interarrival", None)
    if interarrival is not None:
        return clients / interarrival.mean if interarrival.mean < math.inf else 0.0
    rate = getattr(workload, "rate", None)
    mean = getattr(rate, "mean", 0.0)
    return clients * mean if math.isfinite(mean) else 0.0
