"""Figures of theory against simulation: the curve is the formula, the points are cases with their intervals.

May import: the formulas; matplotlib inside functions. Does not run cases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.results.places import write_whole_by
from simulator.verification.runner import CaseOutcome
from simulator.verification.theory import stickiness

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
TABLE = (
    ("sliding follow", stickiness.sliding_follow, BLUE, "o"), ("fixed follow", stickiness.fixed_follow, ORANGE, "s"),
    ("sliding home", stickiness.sliding_home, GREEN, "^"), ("fixed home", stickiness.fixed_home, PINK, "D"),
)  # fmt: skip


def draw(outcomes: Sequence[CaseOutcome], folder: Path) -> dict[str, list[str]]:
    """Draw what the outcomes suffice for; file names by group of cases."""
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, list[str]] = {}
    if any(outcome.case.row in {row for row, *_ in TABLE} for outcome in outcomes):
        name = "verification-stickiness.svg"
        _save(folder / name, lambda axes: _stickiness(axes, outcomes))
        made["Stickiness and L1"] = [name]
    for group in dict.fromkeys(outcome.case.group for outcome in outcomes):
        name = f"verification-{group.split()[0].lower()}-errors.svg"
        _save(folder / name, lambda axes, group=group: _errors(axes, group, outcomes))  # type: ignore[misc]
        made.setdefault(group, []).append(name)
    return made


def _save(path: Path, fill: Callable[[Axes], None]) -> None:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "stickysim", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(7.0, 3.4), layout="constrained")
        FigureCanvasSVG(figure)
        fill(figure.add_subplot())
        write_whole_by(path, lambda scratch: figure.savefig(scratch, format="svg", metadata={"Date": None}))


def _stickiness(axes: Axes, outcomes: Sequence[CaseOutcome]) -> None:
    p = np.linspace(0.25, 0.9999, 150)
    for row, formula, colour, marker in TABLE:
        axes.plot(100 * p, [formula(float(x), 4, 5.0) for x in p], color=colour, lw=1.2, label=f"{row}: theory")
        points = [
            (float(key[-1]), outcome.judged[0].mean)
            for outcome in outcomes
            if outcome.case.row == row and outcome.judged and len(key := outcome.case.key.split()) == 4
        ]
        if points:
            xs, ys = zip(*points, strict=True)
            axes.plot([100 * x for x in xs], ys, marker, color=colour, ms=4.5, label=f"{row}: simulated")
    axes.axhline(stickiness.sliding_follow(0.25, 4, 5.0), color="0.6", lw=0.8, ls=":")
    axes.set(xlabel="stickiness p (%)", ylabel="L1 hit ratio", title="n = 4 edges, λ 1/s, TTL 5 s")
    axes.legend(fontsize=7, ncols=2)


def _errors(axes: Axes, group: str, outcomes: Sequence[CaseOutcome]) -> None:
    """Distance from theory in units of what the rule allows: all points belong within -1..1."""
    rows: list[Any] = [
        (outcome.case.row, (one.mean - one.check.expected) / one.allowed)
        for outcome in outcomes
        if outcome.case.group == group
        for one in outcome.judged
        if one.check.between is None and one.allowed > 0
    ]
    axes.axhspan(-1, 1, color=GREEN, alpha=0.12, lw=0)
    axes.axhline(0, color="0.4", lw=0.8)
    names = list(dict.fromkeys(row for row, _ in rows))
    axes.plot([names.index(row) for row, _ in rows], [value for _, value in rows], "o", color=BLUE, ms=4, alpha=0.7)
    slanted = len(names) > 8
    axes.set_xticks(range(len(names)), names, rotation=45 if slanted else 0, ha="right" if slanted else "center")
    axes.set(ylim=(-1.5, 1.5), ylabel="(simulated - theory) / allowed", xlabel="row", title=group)
