"""Who is served where, on a map with coasts, by phases.

May import svg, the phases and coasts. Sites are dots, clients' requests are lines to the sites that answer them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.report.coastline import coastline, fitted
from simulator.report.flows import Phase, Point, edge_sites, groups_of, phases, telling
from simulator.report.format import show
from simulator.report.series import labels_of
from simulator.report.svg import LETTER, WIDTH, Chart, escape, num, short

if TYPE_CHECKING:
    from simulator.results.result import Result

Box = tuple[float, float, float, float]


def map_chart(result: Result, title: str) -> str:
    """Sites with the requests that clients (rings) had answered at edges (dots), by phase: first and telling."""
    resolved = result.facts.resolved
    sites = _coordinates(resolved.get("sites"))
    clients = {name: str(group.get("site")) for name, group in groups_of(resolved, "clients")}
    places = {edge: site for edge, site in edge_sites(resolved).items() if site in sites}
    clients = {name: site for name, site in clients.items() if site in sites}
    by_site = {site: site for site in sites}  # of many edges, series tell the site
    every = telling(phases(result, "served.rate" if labels_of(result, "served.rate") else "site.served.rate"))
    shown = every[:2]
    used: list[str] = sorted({*places.values(), *clients.values()})
    if len(used) < 2 or not clients or not any(phase.rates for phase in shown):
        return ""
    cores = {group.get("site") for _, group in groups_of(resolved, "cores")}
    view = fitted([sites[site] for site in used], WIDTH - 96.0, 190.0)
    where = {site: view.place(*sites[site]) for site in used}
    tall = max(y for _, y in where.values()) + 92.0
    coast = coastline(view, (47.5, 35.5), (WIDTH - 1, tall - 20.0))
    chart = Chart(title, height=tall * len(shown) + 6.0)
    chart.data |= {"ends": "site", "acts": "site group edge"}
    most = max(rate for phase in shown for rate in phase.rates.values())
    for row, phase in enumerate(shown):
        base = row * tall
        at = {site: (x + 48.0, y + base + 54.0) for site, (x, y) in where.items()}
        chart.rect(0.5, base + 18.5, WIDTH - 1, tall - 20.0, "sea")
        box = f'x="0.5" y="{num(base + 18.5)}" width="{num(WIDTH - 1)}" height="{num(tall - 20.0)}"'
        chart.add(f'<svg {box}><path class="land" d="{coast}"/></svg>' if coast else "")
        chart.text(2, base + 12, f"{phase.title}: {short(phase.what, 44)}", "key")
        words = _map_flows(chart, phase, clients, by_site | places, at, most)
        _map_sites(chart, phase, places, cores, at, words)
    return chart.render()


def _map_flows(
    chart: Chart, phase: Phase, clients: Mapping[str, str], places: Mapping[str, str],
    at: Mapping[str, Point], most: float,
) -> list[tuple[Point, str]]:  # fmt: skip
    """Draw who is served where; returns the places and words of what may be written beside the lines."""
    sums: dict[tuple[str, str], float] = {}
    for (group, edge), rate in phase.rates.items():
        if group in clients and edge in places:
            key = (clients[group], places[edge])
            sums[key] = sums.get(key, 0.0) + rate
    largest = max([*sums.values(), most])
    words: list[tuple[Point, str]] = []
    for (source, target), rate in sorted(sums.items(), key=lambda item: -item[1]):
        (x, y), (u, v) = at[source], at[target]
        width = max(0.6, 13.0 * rate / largest)
        ends = f'data-from="{escape(source)}" data-to="{escape(target)}"'
        if source == target:
            chart.add(f'<circle class="home" {ends} cx="{num(x)}" cy="{num(y)}" r="{num(6.0 + width)}"/>')
            continue
        length = math.hypot(u - x, v - y) or 1.0
        bend = min(40.0, 0.22 * length)
        mx, my = (x + u) / 2 + bend * (v - y) / length, (y + v) / 2 - bend * (u - x) / length
        path = f"M{num(x)} {num(y)}Q{num(mx)} {num(my)} {num(u)} {num(v)}"
        chart.add(f'<path class="flow" {ends} stroke-width="{num(width)}" d="{path}"/>')
        if length > 60.0 and rate > 0.05 * largest:
            text = f"{show(rate, '1/s')} to {short(target, 14)}"
            words.append((((mx + (x + u) / 2) / 2, (my + (y + v) / 2) / 2 - 4), text))
    return words


def _map_sites(
    chart: Chart, phase: Phase, places: Mapping[str, str], cores: set[Any], at: Mapping[str, Point],
    words: Sequence[tuple[Point, str]],
) -> None:  # fmt: skip
    """Dots and names of sites, then what fits of the words beside the lines."""
    broken = {places[target] for _, target in phase.faults if target in places}
    taken: list[Box] = [(x - 9, y - 9, x + 9, y + 9) for x, y in at.values()]
    for site, (x, y) in sorted(at.items(), key=lambda item: item[1]):
        edges = sum(1 for other in places.values() if other == site)
        if edges:
            chart.add(f'<circle class="{"mark" if site in broken else "f0"}" cx="{num(x)}" cy="{num(y)}" r="5"/>')
        if site in cores:
            chart.rect(x - 3, y - 3, 6, 6, "coremark")
        name = f"{short(site, 18)} ({edges})" if edges else short(site, 18)
        wide = 0.9 * LETTER * len(name)
        spots = [(x, y + 25), (x, y - 16), (x + 14 + wide / 2, y + 4), (x - 14 - wide / 2, y + 4)]
        spots += [(x + sx * (8 + wide / 2), y + sy) for sx in (1, -1) for sy in (16, -10)]
        spots += [(x, y + 36), (x, y - 28)]
        best = min(spots, key=lambda spot: _crowding(_box(spot, wide), taken))
        taken.append(_box(best, wide))
        chart.text(*best, name, "tiny", anchor="middle")
    for spot, text in words:
        box = _box(spot, 0.9 * LETTER * len(text))
        if not _crowding(box, taken):
            taken.append(box)
            chart.text(*spot, text, "tiny", anchor="middle")


def _box(middle: Point, wide: float) -> Box:
    return middle[0] - wide / 2, middle[1] - 10, middle[0] + wide / 2, middle[1] + 3


def _crowding(box: Box, taken: Sequence[Box]) -> float:
    """How much of a box is covered by others or outside, in square units."""
    left, top, right, bottom = box
    outside = max(0.0, 2.0 - left) + max(0.0, right - WIDTH + 2.0)
    return 20.0 * outside + sum(
        max(0.0, min(right, x1) - max(left, x0)) * max(0.0, min(bottom, y1) - max(top, y0)) for x0, y0, x1, y1 in taken
    )


def _coordinates(sites: object) -> dict[str, tuple[float, float]]:
    if not isinstance(sites, Mapping):
        return {}
    return {
        str(name): (float(site["lat"]), float(site["lon"]))
        for name, site in sites.items()
        if isinstance(site, Mapping) and "lat" in site and "lon" in site
    }
