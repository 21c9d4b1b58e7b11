"""How plots look: fresh axes, colours, names at the ends of lines, faults shaded.

May import series and, inside functions, matplotlib. Colours are those of Okabe & Ito (2008), "Color universal
design"; lines differ in style as well. Without `ax` a new pyplot figure is made (so that notebooks show it).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.report.fault_labels import fault_labels
from simulator.report.series import mean_of, series, shades
from simulator.report.svg import time_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.results.result import Result

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
FAULT_COLOUR: Final = "#6A3DE8"  # violet: of no line and no layer
_STYLES: Final = ("-", "--", "-.", ":")
_GAP_POINTS: Final = 10.5
_LETTER: Final = 0.0095  # of the width of usual axes


def fresh(ax: Axes | None, size: tuple[float, float] = (7.2, 3.4)) -> Axes:
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    _, made = plt.subplots(figsize=size, layout="constrained")
    return made


def look(place: int) -> dict[str, Any]:
    """Colour and style of the line with that number."""
    style = _STYLES[(place // len(COLOURS) + place) % len(_STYLES)]
    return {"color": COLOURS[place % len(COLOURS)], "linestyle": style}


def plain(name: str) -> str:
    """A label that matplotlib neither hides (leading `_`) nor reads as a formula (`$`)."""
    return f" {name}".replace("$", r"\$") if name.startswith("_") else name.replace("$", r"\$")


def draw_line(
    axes: Axes, result: Result, metric: str, label: str, name: str, place: int,
    *, scale: float = 1.0, band: bool = True,
) -> None:  # fmt: skip
    """The mean over replications, with a band from the smallest to the largest."""
    times, values = series(result, metric, label)
    if not times.size:
        return
    style = look(place)
    seconds, _ = time_unit(result.facts.duration_s)
    axes.plot(times / seconds, scale * mean_of(values), label=plain(name), linewidth=1.5, **style)
    if band and len(values) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a window without lookups has no ratio
            low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        axes.fill_between(times / seconds, scale * low, scale * high, color=style["color"], alpha=0.15, linewidth=0)


def over_time(
    axes: Axes, result: Result, unit: str, title: str,
    *, bottom: float | None = 0.0, top: float | None = None, words: str = "0.35",
) -> Axes:  # fmt: skip
    """The time axis, shaded and named faults (in the colour `words`), the warm-up, units; then `finish`."""
    facts = result.facts
    seconds, name = time_unit(facts.duration_s)
    for begin, end in shades(result):
        axes.axvspan(begin / seconds, end / seconds, color=FAULT_COLOUR, alpha=0.13, zorder=0, linewidth=0)
    for begin, what in fault_labels(result, _LETTER * facts.duration_s):
        axes.annotate(
            plain(what), (begin / seconds, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -3),
            textcoords="offset points", va="top", fontsize="x-small", color=words, annotation_clip=True,
        )  # fmt: skip
    if facts.warmup_s:
        axes.axvspan(0.0, facts.warmup_s / seconds, color="0.93", zorder=0, linewidth=0)
    if facts.duration_s > 0.0:
        axes.set_xlim(0.0, facts.duration_s / seconds)
    if bottom is not None:
        axes.set_ylim(bottom, top) if top is not None else axes.set_ylim(bottom)
    axes.set_xlabel(f"simulated time ({name})")
    axes.set_ylabel(unit)
    axes.set_title(title, loc="left", fontsize="medium")
    return finish(axes)


def finish(axes: Axes, *, direct: bool = True) -> Axes:
    """Grid, frame, and names: at the ends of lines where there are no more than eight, else a legend."""
    axes.grid(visible=True, color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    shown = [(handle, label) for handle, label in zip(handles, labels, strict=True) if label.strip()]
    lines = [line for line in axes.lines if str(line.get_label()).strip() and not str(line.get_label()).startswith("_")]
    if direct and len(shown) == len(lines) and 0 < len(lines) <= 8:
        _names_at_ends(axes, lines)
    elif shown:
        outside: dict[str, Any] = (
            {"loc": "upper left", "bbox_to_anchor": (1.0, 1.02)} if axes.collections or axes.patches else {}
        )
        keys, names = [handle for handle, _ in shown[::-1]], [label for _, label in shown[::-1]]
        axes.legend(keys, names, fontsize="small", frameon=False, **outside)
    return axes


def _names_at_ends(axes: Axes, lines: list[Any]) -> None:
    """Write each line's name beside its last value, far enough from one another."""
    height = axes.get_window_extent().height * 72.0 / axes.figure.dpi or 1.0
    low, high = axes.get_ylim()
    ends: list[tuple[float, float, Any]] = []
    for line in lines:
        values = np.asarray(line.get_ydata(), dtype=float)
        known = np.flatnonzero(np.isfinite(values))
        if known.size:
            value = values[known[-1]]
            if axes.get_yscale() == "log":
                share = (np.log(max(value, 1e-300)) - np.log(low)) / (np.log(high) - np.log(low))
            else:
                share = (value - low) / ((high - low) or 1.0)
            ends.append((float(np.clip(share, 0.0, 1.0)) * height, float(value), line))
    place = -_GAP_POINTS
    for at, _, line in sorted(ends, key=lambda end: (end[0], end[1])):
        place = max(at, place + _GAP_POINTS)
        axes.annotate(
            str(line.get_label()).strip(), (1.0, 0.0), xycoords="axes fraction", xytext=(5, place), va="center",
            textcoords="offset points", fontsize="small", color=line.get_color(), fontweight="bold",
        )  # fmt: skip
