"""Plays stickiness-models and finding 3's sick edge, and writes the tables of docs/how-to/choose-a-stickiness-model.md.

    python docs/figures/make_stickiness_models.py [RESULT_FOLDER]

With the folder of a run of stickiness-models nothing of that is played again. It takes a few minutes on one core. Every
number of the page is a mean with its 95 % interval, written between the marks `<!-- NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from simulator import Result, Scenario, load_run, run
from simulator.results.summary import Estimate

PAGE = Path(__file__).parents[1] / "how-to" / "choose-a-stickiness-model.md"
SITUATIONS = ("none", "sick", "crash", "crowd", "deployment")
REPLICATIONS = 5
SICK = ("published", "cumulative", "hysteresis", "load_aware", "per_edge", "per_edge, error_high_step -50")


def interval(value: Estimate, scale: float = 1.0, digits: int = 1) -> str:
    """A mean and its 95 % interval."""
    return f"{scale * value.mean:.{digits}f} ± {scale * value.half_width:.{digits}f}"


def rows_of(result: Result) -> Mapping[str, Result]:
    """Everything that was played, by name."""
    return {"published": result, **result.variants}


def table(head: list[str], rows: Mapping[str, list[str]]) -> str:
    """A table, its first column names."""
    lines = [f"| {' | '.join(['', *head])} |", f"|---|{'--:|' * len(head)}"]
    lines += [f"| {' | '.join([name, *cells])} |" for name, cells in rows.items()]
    return "\n".join(lines)


def late(result: Result) -> str:
    """Requests not answered within 200 ms, percent, in each situation."""
    rows = {}
    for name, one in rows_of(result).items():
        cells = [one[f"within[200ms][fault:{situation}]"] for situation in SITUATIONS]
        rows[name] = [f"{100 - 100 * cell.mean:.1f} ± {100 * cell.half_width:.1f}" for cell in cells]
    return table(["health", "sick edge", "crash", "crowd", "deployment"], rows)


def costs(result: Result) -> str:
    """What it costs all the time."""
    columns: dict[str, Callable[[Result], str]] = {
        "failed %": lambda one: interval(one["failures.ratio"], 100, 2),
        "L1 hits %": lambda one: interval(one["hit_ratio.l1"], 100),
        "core requests /s": lambda one: interval(one["core.requests.rate"]),
        "moves /s": lambda one: interval(one["migrations.rate"]),
        "moves back /s": lambda one: interval(one["moves_back.rate"]),
        "cost per million": lambda one: interval(one["cost.per_million_requests"], 1, 2),
    }
    rows = {name: [cell(one) for cell in columns.values()] for name, one in rows_of(result).items()}
    return table(list(columns), rows)


def sick() -> str:
    """Finding 3's lossy edge under each model, for sessions that ask seldom and for a tenth of them that ask often."""
    seldom = Scenario.load("finding-sick-edge")
    often = seldom.with_overrides({"clients.session.count": 50, "clients.session.workload.rate": "5/s"})
    rows = {}
    for name in SICK:
        model, _, harsher = name.partition(", error_high_step ")
        changes = {"sam.model": model, **({"sam.error_high_step": float(harsher)} if harsher else {})}
        rows[name] = []
        for plain in (seldom, often):
            one = run(plain.with_overrides(changes), variants=False, replications=REPLICATIONS, jobs=1)
            sent = 100 / 0.8 / one["requests.rate"].mean  # four of five that were sent arrive
            rows[name] += [interval(one["edge.load[edge-1]"], sent), interval(one["failures.ratio"], 100, 2)]
    return table(["sent to it %, 0.5/s", "failed %", "sent to it %, 5/s", "failed %"], rows)


def fill(page: str, name: str, text: str) -> str:
    """The page with another text between two marks."""
    pattern = rf"(<!-- {name} -->\n).*?(\n<!-- end -->)"
    return re.sub(pattern, lambda m: f"{m[1]}\n{text}\n{m[2]}", page, count=1, flags=re.DOTALL)


def main() -> None:
    """Play, and write the page."""
    result = load_run(sys.argv[1]) if len(sys.argv) > 1 else run(Scenario.load("stickiness-models"), jobs=1)
    page = PAGE.read_text(encoding="utf-8")
    for name, text in (("late", late(result)), ("costs", costs(result)), ("sick", sick())):
        page = fill(page, name, text)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
