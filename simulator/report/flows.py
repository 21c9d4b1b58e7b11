"""Where sessions went: phases of a run, and moves of sessions between edges as ribbons or a matrix.

A phase lasts from one change of the faults to the next. May import svg and series.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.report.format import show
from simulator.report.series import labels_of, series, shaded
from simulator.report.svg import LETTER, WIDTH, Chart, escape, num, pixels, short, time_unit
from simulator.report.written_faults import WrittenFault, merged_spans, written_faults

if TYPE_CHECKING:
    from simulator.results.result import Result

MOST_RIBBON_EDGES: Final = 14
_PHASES_SHOWN: Final = 3
_INSTANT_S: Final = 1e-6
_RED_RGB: Final = (213, 94, 0)
Point = tuple[float, float]
_COLOURS: Final = (0, 4, 2, 3, 5, 1, 7, 6)


@dataclass(frozen=True, slots=True)
class Phase:
    """A time without a change of the faults: rates (1/s) by (from, to); `faults` that were on, as (kind, target).

    `named` are those faults as the scenario writes them; a fault that was on for less than half of the phase (many
    changes make one phase) is named as such.
    """

    begin_s: float
    end_s: float
    rates: dict[tuple[str, str], float]
    faults: tuple[tuple[str, str], ...] = ()
    named: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """`60–80 s`, `120–130 min`."""
        seconds, unit = time_unit(self.end_s)
        return f"{self.begin_s / seconds:.4g}–{self.end_s / seconds:.4g} {unit}"

    @property
    def what(self) -> str:
        """`crash pop-1`, or `no fault` where none was on at any time."""
        words = list(self.named)
        return ", ".join(words[:2]) + (f" and {len(words) - 2} more" if len(words) > 2 else "") or "no fault"


def phases(result: Result, metric: str) -> list[Phase]:
    """The phases of "moves.rate", "served.rate" or "site.served.rate".

    Means over replications whose phases are the same; with random faults they differ, then those of the first.
    """
    by_start: dict[float, dict[tuple[str, str], float]] = {}
    differ = _differ(result)
    starts = _starts(result.replications[0].timeseries)
    for label in labels_of(result, metric):
        times, values = series(result, metric, label)
        shown = values[:1] if differ else values
        source, _, target = label.partition(">")
        for t, value in zip(times.tolist(), np.nan_to_num(shown).mean(axis=0).tolist(), strict=True):
            if value > 0.0:
                by_start.setdefault(t, {})[source, target] = value
    ordered = sorted(starts)
    ends = [*ordered[1:], result.facts.duration_s]
    found, faults = [], written_faults(result)
    for begin, end in zip(ordered, ends, strict=False):  # no phases, no end
        on = [what.partition(" ") for b, e, what in shaded(result) if min(e, end) - max(b, begin) > (end - begin) / 2.0]
        targets = tuple((kind, target) for kind, _, target in on)
        found.append(Phase(begin, end, by_start.get(begin, {}), targets, tuple(_named(faults, begin, end))))
    return found


def _named(faults: Sequence[WrittenFault], begin: float, end: float) -> Iterator[str]:
    """The faults that were on at any time from begin to end (s), those for most of it first."""
    shares: dict[str, float] = {}
    for fault in faults:
        on = sum(max(0.0, e - b) for b, e in merged_spans([WrittenFault("", "", tuple(
            (max(b, begin), min(e, end), what) for b, e, what in fault.spans if min(e, end) > max(b, begin)
        ))], end))  # fmt: skip
        if on > _INSTANT_S:
            shares[fault.name] = on / (end - begin)
    for name in sorted(shares, key=lambda one: -shares[one]):
        yield name if shares[name] >= 0.5 else f"{name} for a part"


def telling(found: Sequence[Phase]) -> list[Phase]:
    """At most three phases: the first, the one that differs most from it, the last."""
    if len(found) <= _PHASES_SHOWN:
        return list(found)
    first = found[0]

    def distance(phase: Phase) -> float:
        keys = {**first.rates, **phase.rates}
        return sum(abs(first.rates.get(key, 0.0) - phase.rates.get(key, 0.0)) for key in keys)

    middle = max(found[1:-1], key=distance)
    return [first, middle, found[-1]]


def moves_chart(result: Result, edges: Sequence[str]) -> str:
    """Moves of sessions: ribbons from the edge they left (left) to the one they went to (right), by phase."""
    shown = telling(phases(result, "moves.rate"))
    if not edges or not any(phase.rates for phase in shown):
        return ""
    if len(edges) > MOST_RIBBON_EDGES:
        return _matrices(shown, edges)
    names = [short(edge, 16) for edge in edges]
    margin = 10.0 + LETTER * max(map(len, names))
    chart = Chart("Moves of sessions between edges", height=48.0 + max(150.0, 21.0 * len(edges)), left=margin)
    chart.data |= {"ends": "edge", "acts": "site edge"}
    gap = 26.0
    width = (WIDTH - 2 * margin - gap * (len(shown) - 1)) / len(shown)
    most = max(sum(phase.rates.values()) for phase in shown)
    top, height = 36.0, chart.height - 44.0
    for place, phase in enumerate(shown):
        x = margin + place * (width + gap)
        chart.text(x + width / 2, 13, short(phase.title, int(width / LETTER) + 4), "key", anchor="middle")
        total = sum(phase.rates.values())
        chart.text(x + width / 2, 28, f"{show(total, '1/s')}", "tiny", anchor="middle")
        out_y, in_y = _ribbons(chart, phase, edges, (x, width), (top, height), most)
        if place == 0:
            _node_names(chart, names, out_y, margin - 6, "end")
        if place == len(shown) - 1:
            _node_names(chart, names, in_y, WIDTH - margin + 6, "start")
    return chart.render()


def _ribbons(
    chart: Chart, phase: Phase, edges: Sequence[str], across: tuple[float, float], down: tuple[float, float],
    most: float,
) -> tuple[list[float], list[float]]:  # fmt: skip
    """Draw one phase; returns the middles of the nodes on its left and right."""
    (x, width), (top, height) = across, down
    n = len(edges)
    matrix = np.array([[phase.rates.get((a, b), 0.0) for b in edges] for a in edges])
    room, space = height - 4.0 * n, 4.0
    scale = room / most
    outs, ins = matrix.sum(axis=1) * scale, matrix.sum(axis=0) * scale
    slack = (room - matrix.sum() * scale) / n
    out_at = top + np.arange(n) * (space + slack) + np.concatenate(([0.0], np.cumsum(outs)[:-1])) + slack / 2
    in_at = top + np.arange(n) * (space + slack) + np.concatenate(([0.0], np.cumsum(ins)[:-1])) + slack / 2
    down_targets = {target for _, target in phase.faults}
    for at, sizes, side in ((out_at, outs, x), (in_at, ins, x + width - 5)):
        for i, edge in enumerate(edges):
            mark = "mark" if edge in down_targets else f"f{_COLOURS[i % len(_COLOURS)]}"
            chart.rect(side, float(at[i]), 5, max(float(sizes[i]), 1.0), mark)
    begun, arrived = out_at.copy(), in_at.copy()
    a, b = x + 5, x + width - 5
    for i in range(n):
        for j in range(n):
            thick = float(matrix[i, j] * scale)
            if thick < 0.15:
                continue
            kind = f"ribbon f{_COLOURS[i % len(_COLOURS)]}"
            ends = f'data-from="{escape(edges[i])}" data-to="{escape(edges[j])}"'
            chart.add(_ribbon(kind, ends, (a, float(begun[i])), (b, float(arrived[j])), thick))
            begun[i] += thick
            arrived[j] += thick
    return (out_at + outs / 2).tolist(), (in_at + ins / 2).tolist()


def _ribbon(kind: str, ends: str, begin: Point, end: Point, thick: float) -> str:
    """A filled area between two bars, `thick` high everywhere; a stroke as thick as the gap would bulge out of it."""
    (a, y), (b, z) = begin, end
    middle = (a + b) / 2
    there = f"M{num(a)} {num(y)}C{num(middle)} {num(y)} {num(middle)} {num(z)} {num(b)} {num(z)}"
    back = f"V{num(z + thick)}C{num(middle)} {num(z + thick)} {num(middle)} {num(y + thick)} {num(a)} {num(y + thick)}Z"
    return f'<path class="{kind}" {ends} d="{there}{back}"/>'


def _node_names(chart: Chart, names: Sequence[str], at: Sequence[float], x: float, anchor: str) -> None:
    y = -math.inf
    for name, middle in zip(names, at, strict=True):
        y = max(y + 12.0, middle + 4.0)
        chart.text(x, y, name, "tiny", anchor=anchor)


def _matrices(shown: Sequence[Phase], edges: Sequence[str]) -> str:
    """For many edges: from (rows) and to (columns), the darker, the more."""
    chart = Chart("Moves of sessions between edges", height=212.0)
    size = min(150.0, (WIDTH - 20.0 * (len(shown) - 1)) / len(shown))
    most = max(rate for phase in shown for rate in phase.rates.values())
    for place, phase in enumerate(shown):
        x = place * (size + 15.0)
        matrix = np.array([[phase.rates.get((a, b), 0.0) for b in edges] for a in edges])
        chart.text(x, 13, short(phase.title, 24), "key")
        chart.text(x, 28, f"{show(sum(phase.rates.values()), '1/s')}, {short(phase.what, 16)}", "tiny")
        chart.rect(x, 36, size, size, "nothing")
        box = f'x="{num(x)}" y="36" width="{num(size)}" height="{num(size)}"'
        image = pixels(np.where(matrix > 0.0, 0.08 + 0.92 * matrix / most, 0.0), _RED_RGB)
        chart.add(f'<image {box} preserveAspectRatio="none" class="px" href="{image}"/>')
    chart.text(0, 204, f"rows: left this edge; columns: went there; darkest {show(most, '1/s')}", "tiny")
    return chart.render()


def _differ(result: Result) -> bool:
    """Whether the replications' phases begin at different times."""
    return len({tuple(sorted(_starts(r.timeseries))) for r in result.replications}) > 1


def _starts(columns: Mapping[str, Sequence[Any]]) -> set[float]:
    """When phases began: moves and requests served are given by the same ones."""
    names = ("moves.rate", "served.rate", "site.served.rate")
    return {float(t) for t, name in zip(columns["t_s"], columns["metric"], strict=True) if name in names}


def groups_of(resolved: Mapping[str, Any], section: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The groups of a section ("edges") of a resolved scenario, by name."""
    groups = resolved.get(section)
    return [(n, g) for n, g in groups.items() if isinstance(g, Mapping)] if isinstance(groups, Mapping) else []


def edge_sites(resolved: Mapping[str, Any]) -> dict[str, str]:
    """The site of every edge, by the names that the scenario gives them."""
    found: dict[str, str] = {}
    for name, group in groups_of(resolved, "edges"):
        at = group.get("at")
        if isinstance(at, Mapping):
            for site, count in at.items():
                found |= {f"{name}-{site}-{number + 1}": str(site) for number in range(int(count))}
        elif group.get("site"):
            found |= {f"{name}-{number + 1}": str(group["site"]) for number in range(int(group.get("count") or 1))}
    return found
