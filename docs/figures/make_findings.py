"""Plays the three findings, draws their figures, and fills their numbers into docs/findings.md.

    python docs/figures/make_findings.py            # writes the figures, findings.md and the lines in docs/index.md
    python docs/figures/make_findings.py --check    # plays, writes nothing, exits with 1 where the page is not current

Every number of a simulation or of theory that the page states comes from here; its words are in findings.template.
It takes some two minutes. Colours are those of Okabe & Ito (2008).
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from string import Template

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from simulator import Result, Scenario, run
from simulator.verification.theory.stickiness import fixed_follow

HERE = Path(__file__).parent
BLUE, RED, GREEN, PINK, ORANGE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "0.45"
EDGES = 8
LOOKUPS = 0.9
"""Lookups a request in finding-freshness: a tenth of the requests acquire a lock, at the core."""
WEIGHTS = (50.0, 65.0, 75.0, 90.0, 100.0)
LEVELS = (0.5, 0.613, 0.7)
LOSS = 0.2
CRASHES = 5
"""Replications of quickstart: what a crash costs depends on when the queue of the survivor overflows."""
Numbers = dict[str, str]


def play(scenario: Scenario, *, variants: bool = True, replications: int | None = None) -> Result:
    """A run on all cores; the numbers do not depend on how many there are."""
    return run(scenario, jobs=os.cpu_count() or 1, variants=variants, replications=replications)


# -- 1: what does the weight buy? -----------------------------------------------------------------------
def weight() -> tuple[Figure, Numbers]:
    """L1 hits over the weight, the core's load in good health, and what a crash does to each."""
    result = play(Scenario.load("finding-weight"))
    crash = play(Scenario.load("quickstart"), replications=CRASHES)
    rows = {"65": result, "50": result.variants["weight-50"], "75": result.variants["weight-75"]}
    rows |= {"nearest": result.variants["nearest"], "cookie": result.variants["cookie"]}
    theory = {name: fixed_follow(float(name) / 100, EDGES, 2.5) if name.isdigit() else 2.5 / 3.5 for name in rows}
    hits = {name: float(row["hit_ratio.l1"]) for name, row in rows.items()}
    core = {name: float(row["core.requests.rate"]) for name, row in rows.items()}
    crashed = {"adaptive": crash, **crash.variants}
    failed = {name: row["failures.faults.ratio"] for name, row in crashed.items()}
    ranges = {name: (min(value.by_replication), max(value.by_replication)) for name, value in failed.items()}
    within = {name: float(row["within[200ms]"]) for name, row in crashed.items()}

    figure = Figure(figsize=(10.5, 3.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.5, 1.0, 1.0))
    weights = np.linspace(12.5, 100.0, 200)
    left.plot(weights, [100 * fixed_follow(w / 100, EDGES, 2.5) for w in weights], color=GREY, linewidth=1.4)
    left.annotate("theory", (28.0, 100 * fixed_follow(0.28, EDGES, 2.5)), (4, -13), **_POINTS, color=GREY)
    for name, at, colour, text in (
        ("50", 50, BLUE, "where it starts"), ("65", 65, BLUE, "published rule"), ("75", 75, BLUE, "its ceiling"),
        ("cookie", 100, GREEN, "nearest, cookie"),
    ):  # fmt: skip
        left.plot([at], [100 * hits[name]], "o", color=colour)
        label, under = f"{text} {100 * hits[name]:.1f} %", name == "65"
        place, side = ((8, -10), "left") if under else ((-8, 4), "right")
        left.annotate(label, (at, 100 * hits[name]), place, **_POINTS, ha=side, color=colour, fontsize="small")
    _frame(left, "Good health: L1 hits (dots: simulated)", "stickiness weight (0–100)", "L1 hits (%)")
    left.set_ylim(0, 85)
    left.set_xlim(10, 107)
    _bars(middle, {f"weight {n}" if n.isdigit() else n: v for n, v in sorted(core.items())}, "{:.0f}",
          {"weight 65": BLUE, "weight 50": BLUE, "weight 75": BLUE})  # fmt: skip
    _frame(middle, "Good health: core load", "core requests (1/s)")
    _bars(right, {name: 100 * value for name, value in failed.items()}, "", {"adaptive": BLUE})
    for place, (name, (low, high)) in enumerate(ranges.items()):
        right.plot([100 * low, 100 * high], [place, place], color="0.2", linewidth=1.2)
        words = f"{_percent(failed[name])} %"
        right.annotate(words, (100 * high, place), (5, 0), **_POINTS, va="center", fontsize="small")
    right.set_xlim(0, 130 * max(high for _, high in ranges.values()))
    _frame(right, "A site loses half its edges", "failed meanwhile (%, range)")

    numbers = {f"theory_{name}": f"{value:.3f}" for name, value in theory.items()}
    numbers |= {f"hits_{name}": f"{value:.3f}" for name, value in hits.items()}
    numbers |= {f"core_{name}": f"{value:.0f}" for name, value in core.items()}
    numbers |= {f"failed_{name}": _percent(value) for name, value in failed.items()}
    for name, (low, high) in ranges.items():
        numbers |= {f"least_{name}": _percent(low), f"most_{name}": _percent(high)}
    numbers |= {f"within_{name}": f"{100 * value:.1f}" for name, value in within.items()}
    numbers["core_more"] = f"{100 * (core['65'] / core['cookie'] - 1):.0f}"
    return figure, numbers


# -- 2: stickiness buys freshness -----------------------------------------------------------------------
def ratio(weight: float, ttl_s: float) -> float:
    """The hit ratio that theory gives in finding-freshness: 1 request/s, of which `LOOKUPS` look up."""
    found = fixed_follow(weight / 100, EDGES, ttl_s)
    mean = LOOKUPS * found / (1.0 - found)
    return mean / (1.0 + mean)


def ttl_for(weight: float, level: float) -> float:
    """The TTL (s) with that hit ratio, by bisection."""
    low, high = 0.01, 200.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if ratio(weight, middle) < level else (low, middle)
    return high


def freshness() -> tuple[Figure, Numbers]:
    """Curves of equal hit ratio over weight and TTL, and the stale reads along them."""
    base = Scenario.load("finding-freshness")
    found: dict[tuple[float, float], Result] = {}
    for level in LEVELS:
        for at in WEIGHTS:
            ttl = {"routing.weight": at, "edges.edge.l1.ttl": f"{1000 * ttl_for(at, level):.0f}ms"}
            found[level, at] = play(base.with_overrides(ttl), variants=False)
    invalidate = play(base.variant("invalidate"), variants=False)
    hits = {key: float(row["hit_ratio.l1"]) for key, row in found.items()}
    stale = {key: float(row["stale_reads.rate"]) for key, row in found.items()}
    core = {key: float(row["core.requests.rate"]) for key, row in found.items()}

    figure = Figure(figsize=(10.5, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.35, 1.0))
    weights = np.linspace(50.0, 100.0, 60)
    for level, colour in zip(LEVELS, (ORANGE, BLUE, GREEN), strict=True):
        left.plot(weights, [ttl_for(w, level) for w in weights], color=colour, linewidth=1.4)
        left.annotate(f"{100 * level:.3g} %", (100, ttl_for(100, level)), (8, -3), **_POINTS, color=colour)
        for at in WEIGHTS:
            left.plot([at], [ttl_for(at, level)], "o", color=colour)
            shown = f"{100 * hits[level, at]:.1f}"
            place = (-9, 6) if at == 100.0 else (3, 5)
            left.annotate(shown, (at, ttl_for(at, level)), place, **_POINTS, fontsize="x-small", color="0.3")
        rates = [stale[level, at] for at in WEIGHTS]
        right.plot(WEIGHTS, rates, "o-", color=colour, linewidth=1.4)
        right.annotate(f"{100 * level:.3g} % hits", (50, rates[0]), (9, 4), **_POINTS, color=colour)
    left.set_yscale("log")
    left.yaxis.set_major_locator(FixedLocator([1, 2, 3, 5, 10, 20]))
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_locator(NullLocator())
    left.set_xlim(48, 109)
    _frame(left, "Same L1 hits (lines: theory; dots, %: simulated)", "stickiness weight (0–100)", "L1 TTL (s)")
    right.set_ylim(0, 1.12 * max(stale.values()))
    right.set_xlim(48, 102)
    _frame(right, "Stale reads along each line", "stickiness weight (0–100)", "stale lock reads (1/s)")

    weak, full = (0.613, 65.0), (0.613, 100.0)
    numbers = {
        "ttl_65": f"{ttl_for(65, 0.613):.1f}", "ttl_100": f"{ttl_for(100, 0.613):.2f}",
        "same_65": f"{hits[weak]:.3f}", "same_100": f"{hits[full]:.3f}",
        "stale_65": f"{stale[weak]:.1f}", "stale_100": f"{stale[full]:.1f}",
        "stale_factor": f"{stale[weak] / stale[full]:.1f}", "load_65": f"{core[weak]:.0f}",
        "load_100": f"{core[full]:.0f}", "farthest": f"{max(abs(h - key[0]) for key, h in hits.items()):.3f}",
        "stale_invalidate": f"{float(invalidate['stale_reads.rate']):.2f}",
        "load_invalidate": f"{100 * (float(invalidate['core.requests.rate']) / core[weak] - 1):.0f}",
    }  # fmt: skip
    return figure, numbers


# -- 3: a sick edge ---------------------------------------------------------------------------------------
def kept(result: Result, illness: str) -> float:
    """The share of all requests sent that goes to edge-1.

    A lossy edge is reached by those that were not lost; at a dead one every request fails, and none elsewhere.
    """
    if illness == "dead":
        return float(result["failures.ratio"])
    reached = float(result["edge.load[edge-1]"]) / float(result["requests.rate"])
    return reached / (1.0 - LOSS) if illness == "lossy" else reached


def sick_edge() -> tuple[Figure, Numbers]:
    """The traffic that a lossy, a slow and a dead edge keep, and what retries and heartbeats do about a dead one."""
    result = play(Scenario.load("finding-sick-edge"))
    rows = {**result.variants, "published-lossy": result}
    rules, illnesses = ("published", "cumulative", "cookie"), ("lossy", "slow", "dead")
    shares = {(rule, ill): kept(rows[f"{rule}-{ill}"], ill) for rule in rules for ill in illnesses}
    failover = {
        "published weights": "published-dead", "cumulative weights": "cumulative-dead", "cookie": "cookie-dead",
        "cookie + a retry": "cookie-dead-retry", "cookie + heartbeats": "cookie-dead-heartbeat",
    }  # fmt: skip
    failed = {name: 100 * float(rows[row]["failures.ratio"]) for name, row in failover.items()}
    slow = {name: 100 * (1.0 - float(rows[row]["within[200ms]"])) for name, row in failover.items()}

    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1.0))
    for place, (rule, colour) in enumerate(zip(rules, (BLUE, PINK, GREEN), strict=True)):
        xs = np.arange(3) + 0.27 * (place - 1)
        values = [100 * shares[rule, ill] for ill in illnesses]
        left.bar(xs, values, 0.25, color=colour)
        for x, value in zip(xs, values, strict=True):
            inside = value > 2.0
            left.annotate(f"{value:.1f}", (x, value), (0, -11 if inside else 3), **_POINTS, ha="center",
                          fontsize="small", color="white" if inside else "0.3")  # fmt: skip
        left.text(xs[1], 0.5, rule, rotation=90, ha="center", va="bottom", color="white", fontsize="small")
    left.axhline(100 / EDGES, color=GREY, linewidth=1.0, linestyle="--", zorder=0)
    left.annotate("a healthy edge's share", (-0.45, 100 / EDGES), (0, 12), **_POINTS, color=GREY, fontsize="small")
    left.set_xticks(range(3), [f"{ill}\n({how})" for ill, how in zip(illnesses, _ILLNESSES, strict=True)])
    left.set_ylim(0, 17.5)
    _frame(left, "Requests sent to the sick edge (%)", "", "share of all (%)")
    left.grid(visible=False, axis="x")
    names = list(failover)
    ys = np.arange(len(names))
    right.barh(ys, [failed[n] for n in names], 0.62, color=[RED] * len(names))
    right.barh(ys, [slow[n] - failed[n] for n in names], 0.62, left=[failed[n] for n in names], color=ORANGE)
    for y, name in zip(ys, names, strict=True):
        words = f"{failed[name]:.2g} % failed" if failed[name] >= 0.05 else "none failed"
        late = slow[name] - failed[name]
        words += f", {late:.2g} % late" if late >= 0.05 else ""
        right.annotate(words, (slow[name], y), (4, 0), **_POINTS, va="center", fontsize="small", color="0.25")
    right.set_yticks(ys, names)
    right.invert_yaxis()
    right.set_xlim(0, 29)
    _frame(right, "Dead edge: failed (red) or above 200 ms (orange)", "share of requests (%)")
    right.grid(visible=False, axis="y")

    numbers = {f"{rule}_{ill}": f"{100 * share:.1f}" for (rule, ill), share in shares.items()}
    numbers |= {f"dead_failed_{row}".replace("-", "_"): f"{failed[name]:.2g}" for name, row in failover.items()}
    numbers["retry_late"] = f"{slow['cookie + a retry'] - failed['cookie + a retry']:.1f}"
    numbers |= {f"lossy_failed_{rule}": f"{100 * float(rows[f'{rule}-lossy']['failures.ratio']):.2g}" for rule in rules}
    return figure, numbers


_ILLNESSES = ("a fifth is lost", "10 x slower", "no answer")
_POINTS = {"textcoords": "offset points"}


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.1f}" if ratio < 0.0995 else f"{100 * ratio:.0f}"


def _frame(axes: Axes, title: str, x: str, y: str = "") -> None:
    axes.set_title(title, loc="left", fontsize="medium")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _bars(axes: Axes, values: dict[str, float], form: str, colours: dict[str, str]) -> None:
    """Horizontal bars with their numbers at the ends; GREEN unless said."""
    names = list(values)
    bars = axes.barh(names, list(values.values()), color=[colours.get(name, GREEN) for name in names])
    if form:
        axes.bar_label(bars, labels=[form.format(values[name]) for name in names], padding=3, fontsize="small")
    axes.invert_yaxis()
    axes.set_xlim(0, 1.25 * max(values.values()))


FINDINGS = {"weight": weight, "freshness": freshness, "sick-edge": sick_edge}


def main(*, check: bool) -> int:
    """Play, draw, write; or only compare the page. Returns the exit code."""
    numbers: Numbers = {}
    for name, make in FINDINGS.items():
        mpl.rcParams["svg.hashsalt"] = name  # the same bytes every time
        figure, found = make()
        numbers |= found
        if not check:
            figure.savefig(HERE / f"finding-{name}.svg", metadata={"Date": None})
    stale = []
    for template, page in (("findings.template", "findings.md"),):
        text = Template((HERE / template).read_text(encoding="utf-8")).substitute(numbers)
        target = HERE.parent / page
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            stale.append(page)
            if not check:
                target.write_text(text, encoding="utf-8")
    for page in stale if check else ():
        sys.stderr.write(f"{page} is not current: python docs/figures/make_findings.py\n")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
