"""The frontier of two settings in words and as a table.

May import the frontier and the tables of sweeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.experiment.studies.design import short_names
from simulator.metrics.names import unit_of
from simulator.report.format import NOTHING, show
from simulator.report.sweep_tables import clip, estimate_texts, grid, played, wrap

if TYPE_CHECKING:
    from simulator.experiment.studies.frontier import Frontier


def render(found: Frontier, *, width: int = 80) -> str:
    """Question, limits, knee."""
    head, rows = table(found)
    notes = [wrap(line, width) for line in (*doubts(found), knee_line(found))]
    body = grid([clip(name, 40) for name in head], rows, left=4, width=width)
    top = [clip(found.sweep.name, width), wrap(question(found), width), wrap(played(found.sweep), width)]
    return "\n".join([*top, "", body, "", *notes]) + "\n"


def question(found: Frontier) -> str:
    """What was asked."""
    over, of = names(found)
    return f"The {found.side} {of} with {found.condition.text}, for each {over}"


def names(found: Frontier) -> tuple[str, str]:
    """The two settings as they are called here: by the last part of their paths, where that tells them apart."""
    over, of = (path.rpartition(".")[2] for path in (found.over, found.of))
    shorts = short_names(found.sweep.paths)
    return (over, of) if over != of else (shorts[found.over], shorts[found.of])


def table(found: Frontier) -> tuple[list[str], list[list[str]]]:
    """Head and rows: value, limit, the swept values between which it lies, and metrics at the limit."""
    along = [found.knee.along] if found.knee.along != found.of else []
    metrics = list(dict.fromkeys([*along, found.condition.metric.name]))
    known = [one.cell for one in found.limits if one.cell is not None]
    columns = [iter(estimate_texts(known, name)) for name in metrics]
    rows = []
    for one in found.limits:
        numbers = [next(column) if one.cell is not None else NOTHING for column in columns]
        ends = [text or NOTHING for text in (one.fails, one.sure)]
        rows.append([clip(one.value), found.limit_of(one) or "none", *ends, *numbers])
    beyond = ("above", "at most") if found.side == "smallest" else ("below", "at least")
    return [*names(found), *beyond, *metrics], rows


def doubts(found: Frontier) -> list[str]:
    """What to know of the limits."""
    lines = []
    if found.sweep.replications < 2:
        lines.append("One replication: limits by its values alone. --replications 5 tells how sure they are.")
    else:
        lines.append("Limits are by the mean; between what they surely lie, by the cells' 95 % intervals.")
    return lines + [
        f"{one.value}: {', '.join(one.scattered)} meets it too, a value between does not."
        for one in found.limits
        if one.scattered
    ]


def knee_line(found: Frontier) -> str:
    """The knee in a sentence, or why none is told."""
    knee, place = found.knee, found.knee.place
    over, of = names(found)
    along = of if knee.along == found.of else knee.along
    if place is None:
        return f"No knee: that takes three limits, over numbers of {over}."
    at = f"{over} {place.value}, {of} {found.limit_of(place)}"
    if not knee.sure:
        hint = "a finer sweep" if knee.along == found.of else "--replications 5"
        return (
            f"No knee for sure: {along} may be a straight line over {over}; {hint} tells more. Farthest from it: {at}."
        )
    side = "below" if knee.saved.mean > 0.0 else "above"
    far = show(abs(knee.saved.mean), unit_of(knee.along), knee.saved.half_width) if knee.along != found.of else ""
    tied = f" Perhaps it is at {', '.join(knee.others)}." if knee.others else ""
    return f"Knee of {along}: {at}, {f'{far} {side}'.strip()} the straight line between the ends.{tied}"
