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

if TYPE_CHECKING:
    from simulator.scenario.network import Site
    from simulator.scenario.schema import Scenario

MOST_SITES = 8  # of a table of round trips that fits a page


def _place(name: str, site: Site) -> str:
    """Where a site is: "Frankfurt Am Main, DE (50.12, 8.68; the common name of AWS eu-central-1)"."""
    from simulator.geo import place_at

    where = f"{site.lat:.2f}, {site.lon:.2f}"
    found = place_at(name, site.lat, site.lon)
    return f"({where})" if found is None else f"{found.title} ({where}; {found.rule})"


def meaning(scenario: Scenario) -> Iterator[str]:
    """Places, what stands at each, round trips between them, and how many requests are expected."""
    standing: dict[str, Counter[str]] = {name: Counter() for name in scenario.sites}
    for section in (scenario.edges, scenario.cores):
        for group, spec in section.items():
            for _, site in spec.nodes(group):
                if site in standing:
                    standing[site][group] += 1
    for name, clients in scenario.clients.items():
        if clients.site in standing:
            standing[clients.site][f"clients of {name}"] += clients.count or 0
    for name, position in scenario.sites.items():
        there = ", ".join(f"{count} {what}" if count else what for what, count in standing[name].items())
        yield f"{name}: {_place(name, position)}: {there or 'nothing stands there'}"
    yield from _round_trips(scenario)
    expected = _expected_requests(scenario)
    if expected is not None:
        yield f"about {expected:,.0f} requests in {format_duration(scenario.duration)}"


def _round_trips(scenario: Scenario) -> Iterator[str]:
    from simulator.geo import great_circle_m, one_way_s

    geo, sites = scenario.network.geo, scenario.sites
    if geo is None or not 1 < len(sites) <= MOST_SITES:
        return
    width = max(len(name) for name in sites)
    yield f"round trips, ms: {' '.join(f'{name:>{max(len(name), 6)}}' for name in sites)}"
    for one, a in sites.items():
        row = []
        for other, b in sites.items():
            trip_s = 2.0 * float(one_way_s(great_circle_m(a.lat, a.lon, b.lat, b.lon), geo.inflation))
            row.append(f"{1000.0 * trip_s:>{max(len(other), 6)}.1f}")
        yield f"{one:>{max(width, 16)}} {' '.join(row)}"


def _expected_requests(scenario: Scenario) -> float | None:
    """Requests of clients while they have a session; None where a group's rate is known to a run only."""
    total = 0.0
    for spec in scenario.clients.values():
        rate = mean_rate(spec, scenario.duration)
        if rate <= 0.0:
            return None
        length_s, pause_s = spec.session.length.mean, spec.session.pause.mean
        per_client = getattr(spec.workload, "total_rate", None) is None and spec.session.arrivals is None
        share = length_s / (length_s + pause_s) if per_client and length_s < math.inf else 1.0
        total += rate * share * scenario.duration
    return total
