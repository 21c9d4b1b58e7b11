"""The answer of `find`: as text for a terminal, and its curve as a figure.

May import the search's result and the tables of sweeps; matplotlib comes with the axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.experiment.sweep_folder import quantity
from simulator.report.format import scale_for, show
from simulator.report.plots import COLOURS
from simulator.report.sweep_tables import clip, grid, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.experiment.find import Found

_ASSUMED = "(the search assumes that the metric moves one way between them)"


def render(found: Found, *, width: int = 80) -> str:
    """The answer, its interval and the curve around it."""
    metric = found.condition.metric
    parts = [wrap(line, width) for line in answer_lines(found)]
    rows = []
    for probe in found.probes:
        estimate = probe.outcome.estimates[metric.name]
        mark = "<" if found.answer is not None and probe.number == found.answer.number else ""
        rows.append([clip(probe.text), show(estimate, estimate.unit, estimate.half_width), probe.verdict, mark])
    table = grid([clip(found.path, 40), metric.name, "", ""], rows, left=1, width=width)
    notes = [wrap(f"Note: {note}", width) for note in found.notes]
    return "\n".join([*parts, "", table, *(["", *notes] if notes else [])]) + "\n"


def answer_lines(found: Found) -> list[str]:
    """The answer in words."""
    condition, sweep = found.condition.text, found.sweep
    played = f"{len(found.probes)} values tried, {sweep.replications} replications each on the same arrivals"
    ends = found.probes[0].text, found.probes[-1].text
    if found.answer is None:
        perhaps = [probe.text for probe in found.probes if probe.verdict == "undecided"]
        doubt = [f"Undecided at {', '.join(perhaps[:4])}: --replications tells more."] if perhaps else []
        what = f"neither end, {ends[0]} nor {ends[1]}, gives {condition}"
        return [f"No value of {found.path} found: {what} {_ASSUMED}.", *doubt, played]
    if found.everywhere:
        return [f"Both ends of {found.path}, {ends[0]} and {ends[1]}, give {condition} {_ASSUMED}.", played]
    head = f"{found.path} = {found.answer.text} is the {found.side} value with {condition}"
    return [f"{head}.", _interval_line(found), played]


def _interval_line(found: Found) -> str:
    if found.sweep.replications < 2:
        return "One replication: no interval. --replications 5 gives one."
    low, high = found.low, found.high
    if low is not None and low == high:
        return "95 % interval of the answer: this value alone."
    if low is not None and high is not None:
        return f"95 % interval of the answer: {low} to {high}."
    if low is None and high is None:
        return "No value is surely enough nor surely too little: --replications narrows it."
    return f"95 % interval of the answer: {low or 'below what was tried'} to {high or 'beyond what was tried'}."


def draw_curve(found: Found, axes: Axes) -> Axes:
    """The metric over the values, its intervals, the bound, and the interval of the answer."""
    metric = found.condition.metric
    numbers = [quantity(probe.text) or probe.number for probe in found.probes]
    estimates = [probe.outcome.estimates[metric.name] for probe in found.probes]
    scale = scale_for(metric.unit, max(abs(float(e)) for e in estimates))
    axes.plot(numbers, [e / scale.factor for e in estimates], "o-", color=COLOURS[0], markersize=4)
    low, high = [e.low / scale.factor for e in estimates], [e.high / scale.factor for e in estimates]
    axes.fill_between(numbers, low, high, color=COLOURS[0], alpha=0.2, linewidth=0)
    axes.axhline(found.condition.value / scale.factor, color=COLOURS[1], linestyle="--", label=found.condition.text)
    if found.answer is not None and not found.everywhere:
        ends = [quantity(text) for text in (found.low, found.high) if text is not None]
        known = [end for end in ends if end is not None]
        if len(known) == 2:
            axes.axvspan(known[0], known[1], color="0.9", zorder=0, label="95 % interval of the answer")
        axes.axvline(quantity(found.answer.text) or found.answer.number, color="0.4", linewidth=0.8)
    if numbers and min(numbers) > 0.0 and max(numbers) > 20.0 * min(numbers):
        axes.set_xscale("log")
    axes.set_xlabel(f"{found.path} (SI)" if found.answer and not found.answer.text.isdecimal() else found.path)
    axes.set_ylabel(f"{metric.name} ({scale.symbol})" if scale.symbol else metric.name)
    axes.legend(fontsize="small", frameon=False)
    axes.grid(visible=True, color="0.9", linewidth=0.6)
    return axes
