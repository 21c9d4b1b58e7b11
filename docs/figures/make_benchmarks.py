"""Draws benchmarks.svg and writes the tables of docs/scale.md from the newest (or a named) file of benchmarks/results.

Run it after `python -m benchmarks`:

python docs/figures/make_benchmarks.py [FILE]
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scale_tables import TABLES

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "benchmarks" / "results"
OURS, THEIRS = "#0072B2", "0.62"
GOAL = "#D55E00"


def newest() -> Path:
    """The last results that are kept."""
    return max(RESULTS.glob("*.json"))


def draw(figures: dict[str, Any]) -> Figure:
    """Peers on the left; on the right cost against size and memory, as far as they were measured."""
    figure = Figure(figsize=(9.0, 5.6), layout="constrained")
    panels = {"cost_by_clients": _by_clients, "cost_by_edges": _by_edges, "memory": _memory}
    taken = [name for name in panels if len(figures.get(name, ())) > 1]
    grid = figure.add_gridspec(max(1, len(taken)), 2, width_ratios=[1.2, 1.0 if taken else 0.01])
    _peers(figure.add_subplot(grid[:, 0]), figures["peers"])
    for row, name in enumerate(taken):
        panels[name](figure.add_subplot(grid[row, 1]), figures[name])
    machine = figures["machine"]
    figure.supxlabel(
        f"{figures['date']}, {machine['processor']}, Python {machine['python']}, numpy {machine['numpy']}",
        fontsize="small", color="0.4",
    )  # fmt: skip
    return figure


def _peers(axes: Axes, rows: list[dict[str, Any]]) -> None:
    rows = [row for row in rows if "requests_per_heap_operation" in row]
    rows.sort(key=lambda row: row["requests_per_heap_operation"])
    values = [100 * row["requests_per_heap_operation"] for row in rows]
    colours = [OURS if row["name"].startswith("stickysim") else THEIRS for row in rows]
    bars = axes.barh([row["name"].replace(", ", ",\n") for row in rows], values, color=colours)
    axes.bar_label(bars, [f"{value:.2g}" for value in values], padding=3)
    axes.set_title("three hops: requests simulated per\n100 raw heap operations", loc="left", fontsize="medium")
    axes.margins(x=0.15)
    _plain(axes)


def _by_clients(axes: Axes, costs: dict[str, dict[str, float]]) -> None:
    _cost(axes, costs, "clients", 1.5)


def _by_edges(axes: Axes, costs: dict[str, dict[str, float]]) -> None:
    _cost(axes, costs, "edges", 1.3)


def _cost(axes: Axes, costs: dict[str, dict[str, float]], what: str, goal: float) -> None:
    points = sorted((int(count), cost["request"]) for count, cost in costs.items())
    axes.plot([x for x, _ in points], [y for _, y in points], "o-", color=OURS, markersize=4)
    axes.axhline(goal, color=GOAL, linewidth=1, linestyle="--")
    axes.annotate("goal", (points[0][0], goal), (0, 3), textcoords="offset points", color=GOAL, fontsize="small")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_title(f"cost of a request by {what} (times)", loc="left", fontsize="medium")
    _plain(axes)


def _memory(axes: Axes, rows: list[dict[str, int]]) -> None:
    axes.plot(
        [row["requests"] for row in rows], [row["peak_rss_bytes"] / 1e6 for row in rows], "o-", color=OURS, markersize=4
    )
    axes.axhline(400, color=GOAL, linewidth=1, linestyle="--")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_title("peak memory (MB) by requests", loc="left", fontsize="medium")
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)


def with_tables(page: str, figures: dict[str, Any]) -> str:
    """The page with its date and its tables, which stand between comments, from the figures."""
    page = re.sub(r"of \d{4}-\d\d-\d\d", f"of {figures['date']}", page)
    for name, table in TABLES.items():
        pattern = rf"(<!-- {name} -->\n\n).*?(\n\n<!-- end -->)"
        text = table(figures)
        page = re.sub(pattern, lambda found, text=text: found[1] + text + found[2], page, flags=re.DOTALL)
    return page


def main(source: Path) -> None:
    """Write the picture and the tables."""
    figures = json.loads(source.read_text(encoding="utf-8"))
    mpl.rcParams["svg.hashsalt"] = "benchmarks"  # the same bytes every time
    draw(figures).savefig(HERE / "benchmarks.svg", metadata={"Date": None})
    page = HERE.parent / "scale.md"
    page.write_text(with_tables(page.read_text(encoding="utf-8"), figures), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else newest())
