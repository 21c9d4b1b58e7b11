"""What a scenario means, in words: its places, what stands there, how far apart they are, how much is asked.

May import: the scenario models, geography. Does not run anything.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.scenario.sizes import mean_rate
from simulator.units import format_duration
from simulator.workloads.trace import Trace

if TYPE_CHECKING:
    from simulator.scenario.network import SiteSpec
    from simulator.scenario.schema import Scenario

MOST_SITES = 8  # of a table of round trips that fits a page


def _place(name: str, site: SiteSpec) -> str:
    """Where a site is: "Frankfurt Am Main, DE (50.12, 8.68; the common name of AWS eu-central-1)"."""
    from simulator.geography.geo import place_at

    where = f"{site.lat:.2f}, {site.lon:.2f}"
    found = place_at(name, site.lat, site.lon)
    return f"({where})" if found is None else f"{found.title} ({where}; {found.rule})"


def meaning(scenario: Scenario) -> Iterator[str]:
    """Places, what stands at each, round trips between them, and how many requests are expected."""
    standing: dict[str, Counter[str]] = {name: Counter() for name in scenario.sites}
    for section in (scenario.balancers, scenario.edges, scenario.cores):
        for group, spec in section.items():
            for _, site in spec.nodes(group):
                if site in standing:
                    standing[site][group] += 1
    for group, cores in scenario.cores.items():
        if cores.standby is not None and cores.standby.site in standing:
            standing[cores.standby.site][f"standby of {group}"] += cores.size
    for name, clients in scenario.clients.items():
        if clients.site in standing:
            standing[clients.site][f"clients of {name}"] += clients.count or 0
    for name, position in scenario.sites.items():
        there = ", ".join(f"{count} {what}" if count else what for what, count in standing[name].items())
        yield f"{name}: {_place(name, position)}: {there or 'nothing stands there'}"
    yield from _round_trips(scenario)
    yield from _expected_requests(scenario)


def places(scenario: Scenario) -> Iterator[str]:
    """Each site that was given by a name, and the place that it was taken for."""
    for name, position in scenario.sites.items():
        yield f"{name}: {_place(name, position)}"


def _round_trips(scenario: Scenario) -> Iterator[str]:
    """Between sites, over distance or as `network.default` has it; and what the table leaves out."""
    from simulator.scenario.distances import Distances

    network = scenario.network
    geo, default = network.geo, network.default
    distances = Distances(scenario.sites, geo, network.matrix)
    same_s = 2.0 * (default.latency.mean + default.jitter.mean)
    shown = dict(list(scenario.sites.items())[:MOST_SITES])
    if geo is None and network.matrix is None:
        if scenario.sites or same_s > 0.0:
            yield f"round trips: {format_duration(round(same_s, 6))} between any two, as network.default has it"
    elif len(shown) > 1:
        width = max(len(name) for name in shown)
        yield f"round trips, ms: {' '.join(f'{name:>{max(len(name), 6)}}' for name in shown)}"
        for one in shown:
            row = []
            for other in shown:
                trip_s = distances.one_way_s(one, other) + distances.one_way_s(other, one)
                if not distances.given(one, other):
                    trip_s = 2.0 * default.latency.mean
                row.append(f"{1000.0 * (trip_s + 2.0 * default.jitter.mean):>{max(len(other), 6)}.1f}")
            yield f"{one:>{max(width, 16)}} {' '.join(row)}"
        if network.matrix is not None:
            pairs = [(one, other) for one in scenario.sites for other in scenario.sites if one != other]
            known = sum(distances.measured_s(*pair) is not None for pair in pairs)
            yield f"of these {known} of {len(pairs)} between sites are those of {network.matrix.path.name}"
        if len(shown) < len(scenario.sites):
            yield f"left out of this table: {', '.join(list(scenario.sites)[MOST_SITES:])}"
        if geo is not None and geo.last_mile.mean > 0.0:
            last_s = round(2.0 * geo.last_mile.mean, 6)
            yield f"to and from clients add {format_duration(last_s)} on average (last_mile)"
        groups = (*scenario.balancers.values(), *scenario.edges.values(), *scenario.cores.values())
        placed = [site for group in groups for _, site in group.nodes("")]
        placed += [clients.site for clients in scenario.clients.values()]
        if None in placed and same_s > 0.0:
            yield f"to what has no site: {format_duration(round(same_s, 6))}, as network.default has it"
    for rule in network.links:
        if rule.latency is not None or rule.jitter is not None:
            ends = f"from {', '.join(rule.from_)} to {', '.join(rule.to)}"
            parts = [("latency", rule.latency), ("jitter", rule.jitter)]
            told = " and ".join(f"{what} {format_duration(round(d.mean, 9))}" for what, d in parts if d is not None)
            yield f"{ends}: one way {told} on average, by a rule of network.links"


def _expected_requests(scenario: Scenario) -> Iterator[str]:
    """Requests of clients while they have a session, and the groups whose number only a run tells."""
    total = 0.0
    unknown = []
    for name, spec in scenario.clients.items():
        if isinstance(spec.workload, Trace):
            log = spec.workload.load(scenario.base_dir)
            yield f"{name} plays {log.summary()}"
            total += len(log.time_s)
            continue
        rate = mean_rate(spec, scenario.duration)
        if rate <= 0.0:
            unknown.append(name)
            continue
        length_s, pause_s = spec.session.length.mean, spec.session.pause.mean
        per_client = getattr(spec.workload, "total_rate", None) is None and spec.session.arrivals is None
        share = length_s / (length_s + pause_s) if per_client and length_s < math.inf else 1.0
        total += rate * share * scenario.duration
    rest = f"those of {', '.join(unknown)}, which only a run can count"
    duration = format_duration(scenario.duration)
    if len(unknown) < len(scenario.clients):
        yield f"about {total:,.0f} requests in {duration}{f', and {rest}' if unknown else ''}"
    else:
        yield f"requests in {duration}: {rest}"
