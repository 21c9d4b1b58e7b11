"""What a scenario means, in words: its places, what stands there, how far apart they are, how much is asked.

May import: the scenario models, geography. Does not run anything.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from simulator.units import format_duration

if TYPE_CHECKING:
    from simulator.geo import Site as Position
    from simulator.scenario.network import Site
    from simulator.scenario.schema import Scenario

MOST_SITES = 8  # of a table of round trips that fits a page


def place_of(name: str, site: Site | Position) -> str:
    """What was taken for a site: "Frankfurt Am Main, DE (50.12, 8.68; the common name of AWS eu-central-1)"."""
    from simulator.geo import find_place

    where = f"{site.lat:.2f}, {site.lon:.2f}"
    try:
        found = find_place(name)
    except ValueError:
        return f"({where})"
    if not (math.isclose(found.site.lat, site.lat) and math.isclose(found.site.lon, site.lon)):
        return f"({where})"  # coordinates were given
    return f"{found.title} ({where}; {found.rule})"


def places_meant(resolved: Mapping[str, Any]) -> str:
    """One sentence about the sites of a resolved scenario that were given by name; empty where there are none."""
    from simulator.geo import Site as Position

    told = []
    for name, site in (resolved.get("sites") or {}).items():
        text = place_of(name, Position(float(site["lat"]), float(site["lon"])))
        if not text.startswith("("):
            told.append(f"{name} is {text.partition(' (')[0]}")
    return f"Places: {', '.join(told)}." if told else ""


def places(sites: Mapping[str, Site]) -> list[str]:
    """A line for each site."""
    return [f"{name}: {place_of(name, site)}" for name, site in sites.items()]


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
    for name, line in zip(scenario.sites, places(scenario.sites), strict=True):
        there = ", ".join(f"{count} {what}" if count else what for what, count in standing[name].items())
        yield f"{line}: {there or 'nothing stands there'}"
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
    """Requests while sessions are open all the time; None where a workload does not say its rate."""
    total = 0.0
    for spec in scenario.clients.values():
        workload = spec.workload
        if getattr(workload, "total_rate", None) is not None:
            total += workload.total_rate * scenario.duration
            continue
        rate, session = getattr(workload, "rate", None), spec.session
        if rate is None or not spec.count:
            return None
        per_s = rate if isinstance(rate, (int, float)) else rate.mean
        length_s, pause_s = session.length.mean, session.pause.mean
        share = 1.0 if math.isinf(length_s) else length_s / (length_s + pause_s)
        total += spec.count * per_s * share * scenario.duration
    return total
