"""The answer of `optimise`: in words and as text for a terminal.

May import the answer, the tables of sweeps and formats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from simulator.experiment.studies.design import short_names
from simulator.metrics.names import unit_of
from simulator.report.format import NOTHING, show, show_column, show_difference
from simulator.report.sweep_tables import clip, grid, wrap
from simulator.text.printable import printable

if TYPE_CHECKING:
    from simulator.experiment.studies.optimum import JudgedTrial, Optimum, Three

_CLOSEST: Final = 3


def render(found: Optimum, *, width: int = 80) -> str:
    """The answer, the finalists, and what to know."""
    parts = [wrap(line, width) for line in answer_lines(found)]
    rows = found.judged or closest(found)
    if rows:
        title = "Finalists, on fresh replications" if found.judged else "The closest of those that were tried"
        parts += ["", title, grid(*table(found, rows), left=1 + len(found.sweep.paths), width=width)]
    parts += ["", *(wrap(f"Note: {printable(note)}", width) for note in found.notes)] if found.notes else []
    return "\n".join(parts) + "\n"


def table(found: Optimum, rows: Sequence[JudgedTrial]) -> tuple[list[str], list[list[str]]]:
    """Heading and rows: settings, what is to be said, metrics with intervals, how far behind the best."""
    shorts, first = short_names(found.sweep.paths), found.objectives[0]
    behind = bool(found.judged) and len(found.objectives) == 1
    head = ["", *(clip(shorts[path]) for path in found.sweep.paths), *found.names]
    head += ["behind by"] if behind else []
    columns = [show_column([_half(one.metrics[name]) for one in rows], unit_of(name)) for name in found.names]
    body = []
    for place, one in enumerate(rows):
        cells = [one.state or one.feasible, *(clip(one.values[path]) for path in found.sweep.paths)]
        cells += [column[place] for column in columns]
        if behind:
            mean, half = _half(one.behind)
            shown = show_difference(mean, unit_of(first.metric), half) if mean else "0"
            cells.append(NOTHING if math.isnan(mean) else shown)
        body.append(cells)
    return head, body


def answer_lines(found: Optimum) -> list[str]:
    """The answer in words."""
    asked = " and ".join(objective.text for objective in found.objectives)
    given = f" subject to {', '.join(found.constraints)}" if found.constraints else ""
    tried = f"all {len(found.trials)} combinations" if found.everything else f"{len(found.trials)} settings"
    played = f"Tried: {tried}, {found.sweep.replications} replications each on the same arrivals"
    fresh = max((one.n for one in found.judged), default=0)
    played += f"; finalists on up to {fresh} fresh ones." if found.judged else "."
    lines = [_first(found), *_how_sure(found), f"Asked: {asked}{given}.", played]
    if not found.everything and found.status != "infeasible":
        lines.append("Of settings that were not tried nothing is known: --trials tries more.")
    return lines


def closest(found: Optimum) -> list[JudgedTrial]:
    """The trials that break their constraints least, where no setting keeps them."""
    from simulator.metrics.expectations import parse_expectation

    conditions = [parse_expectation(text) for text in found.constraints]

    def broken(one: JudgedTrial) -> float:
        total = 0.0
        for c in conditions:
            short = (c.value - one.metrics[c.metric.name][0]) * (1.0 if c.op in (">=", ">") else -1.0)
            total += math.inf if math.isnan(short) else max(0.0, short) / (abs(c.value) or 1.0)
        return total

    return sorted(found.trials, key=lambda one: (broken(one), one.number))[:_CLOSEST]


def setting(found: Optimum, one: JudgedTrial) -> str:
    """`count=4 policy=nearest`."""
    shorts = short_names(found.sweep.paths)
    return printable(" ".join(f"{shorts[path]}={one.values[path]}" for path in found.sweep.paths))


def value_text(three: Three, metric: str) -> str:
    """A mean with half of its interval."""
    return show(*_with_unit(three, metric))


def _with_unit(three: Three, metric: str) -> tuple[float, str, float]:
    mean, half = _half(three)
    return mean, unit_of(metric), half


def _half(three: Three) -> tuple[float, float]:
    return three[0], (three[2] - three[1]) / 2.0


def _first(found: Optimum) -> str:
    what, first = found.objectives[0].text, found.objectives[0].metric
    if found.status == "infeasible" or found.winner is None:
        return f"None of the settings that were tried keeps {', '.join(found.constraints)}."
    if found.status == "frontier":
        count = len(found.on_frontier)
        return (
            f"{count} setting{'s' * (count != 1)} on the frontier of {' and '.join(o.text for o in found.objectives)}."
        )
    name = setting(found, found.winner)
    value = value_text(found.winner.metrics[first], first)
    if found.status == "best":
        return f"{name} is the best: {first} {value}."
    if found.status == "tied":
        tied = sum(one.state in ("best", "tied", "undecided") for one in found.judged)
        return f"Tied: {tied} settings cannot be told apart; {name} has the best mean ({what}: {value})."
    return f"Undecided: no setting surely keeps {', '.join(found.constraints) or 'all that is asked'}; closest: {name}."


def _how_sure(found: Optimum) -> list[str]:
    if found.status == "best":
        against = len(found.judged) - 1
        if not against:
            return ["It keeps the constraints with 95 % confidence; no other finalist was left."]
        them = f"{against} other finalist{'s' * (against != 1)}"
        return [f"95 % confidence against the {them} (paired, all differences and constraints together)."]
    if found.status == "tied":
        alike = sum(one.state == "tied" and one.behind[1:] == (0.0, 0.0) for one in found.judged)
        are = "is" if alike == 1 else "are"
        same = f"{alike} of them {are} exactly as good as it in every replication."
        return [*([same] if alike else []), "--rounds, or --replications, plays them on."]
    if found.status == "undecided":
        return ["Its interval reaches over a bound: --rounds, or --replications, narrows it."]
    if found.status == "frontier":
        sure = sum(one.state == "on the frontier" for one in found.judged)
        return [f"{sure} of them surely (95 %, all together); of the others another finalist may be better in both."]
    return ["Each surely breaks a constraint (95 % interval)."]
