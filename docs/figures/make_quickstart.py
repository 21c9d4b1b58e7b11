"""Draws quickstart.svg, the picture in the README, from the bundled scenario. Run it after a change of results.

python docs/figures/make_quickstart.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from simulator import Scenario, run

CRASH_S = (60.0, 80.0)
COLOURS = {"adaptive": "#0072B2", "nearest": "#D55E00", "cookie": "#009E73", "random": "#CC79A7"}  # Okabe & Ito


def draw() -> Figure:
    """Run the scenario with its variants; L1 hits above, failed requests below, 3 s moving averages."""
    result = run(Scenario.load("quickstart"))
    rows = {"adaptive": result, **result.variants}
    figure = Figure(figsize=(9.0, 5.0), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    for name, one in rows.items():
        frame = one.timeseries
        table = frame[frame["label"] == ""].pivot_table(index="t_s", columns="metric", values="value")
        failed = table["failures.rate"] / (table["failures.rate"] + table["goodput"])
        for axes, values, shift in ((above, table["hit_ratio.l1"], SHIFTS_ABOVE), (below, failed, SHIFTS_BELOW)):
            percent: pd.Series = 100.0 * values.rolling(3, min_periods=1).mean()
            axes.plot(percent.index, percent, color=COLOURS[name], linewidth=1.6)
            axes.annotate(
                name, (percent.index[-1], percent.iloc[-1]), (6, shift.get(name, 0)), textcoords="offset points",
                color=COLOURS[name], va="center",
            )  # fmt: skip
    for axes, label in ((above, "L1 hits (%)"), (below, "failed requests (%)")):
        axes.axvspan(*CRASH_S, color="0.88", zorder=0)
        axes.set_ylabel(label)
        axes.set_ylim(bottom=0)
        axes.set_xlim(0, 100)
        axes.grid(visible=True, color="0.92", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    above.text(CRASH_S[0] + 0.5, 3, "one of Tokyo's two edges is down", color="0.35")
    below.set_xlabel("simulated time (s)")
    return figure


SHIFTS_ABOVE = {"nearest": 5, "cookie": -1}
SHIFTS_BELOW = {"adaptive": 16, "random": 4, "nearest": 28}


def main(folder: Path) -> None:
    """Write the picture."""
    mpl.rcParams["svg.hashsalt"] = "quickstart"  # the same bytes every time
    draw().savefig(folder / "quickstart.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
