"""What came of the suite: a table for the terminal, JSON, and the page docs/verification.md with its figures.

May import: rich, matplotlib and the formulas inside functions. Does not run cases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.results.places import write_whole
from simulator.verification.case import Judgement, Verdict
from simulator.verification.runner import CaseOutcome

if TYPE_CHECKING:
    from rich.table import Table

INTRODUCTION = """# Verification: the simulator against theory

This page is written by `simulator verify --all --write docs`; do not edit it. Each case is a scenario, or a direct
drive of one part, whose answer is known from a formula (`simulator/verification/theory`) or from an independent
program.

A number agrees when, over at least 20 replications, |simulated - theory| <= max(5 standard errors, 0.1 % of theory),
and the standard error itself is below the cap of its case, so that nothing passes by being vague. Where a tolerance
is absolute it replaces the 5 standard errors. A right program misses one such number by chance with probability 8e-5.
"""


def number(value: float) -> str:
    """Four significant digits, plainly."""
    if not math.isfinite(value):
        return str(value)
    if value == 0.0 or 1e-4 <= abs(value) < 1e6:
        return f"{value:.5g}"
    return f"{value:.3e}"


def simulated(judged: Judgement) -> str:
    """The mean with half of its 95 % interval."""
    low, high = judged.interval
    half = (high - low) / 2.0
    return number(judged.mean) + (f" ± {half:.2g}" if half > 0.0 else "")


def expected(judged: Judgement) -> str:
    """Theory's number, or the range that a statement allows."""
    bounds = judged.check.between
    if bounds is None:
        return number(judged.check.expected)
    low, high = bounds
    if high == math.inf:
        return f">= {number(low)}"
    return number(low) if number(low) == number(high) else f"{number(low)} .. {number(high)}"


def as_table(outcomes: Sequence[CaseOutcome]) -> Table:
    """Case, theory, simulated with interval, verdict."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("case", overflow="fold")
    table.add_column("", overflow="fold")
    table.add_column("theory", justify="right")
    table.add_column("simulated (95 %)", justify="right")
    table.add_column("")
    for outcome in outcomes:
        key = f"{outcome.case.row}: {outcome.case.title}"
        if outcome.error:
            table.add_row(Text(key), "", "", "", Text("failed", "red"))
        for one in outcome.judged:
            verdict = Text(one.verdict.value, "green" if one.ok else "red")
            table.add_row(Text(key), Text(one.check.name), expected(one), simulated(one), verdict)
            key = ""
    return table


def as_json_object(outcomes: Sequence[CaseOutcome]) -> dict[str, Any]:
    """The same for programs; SI units."""
    return {
        "schema": 1,
        "ok": all(outcome.ok for outcome in outcomes),
        "cases": [
            {
                "key": outcome.case.key, "row": outcome.case.row, "title": outcome.case.title,
                "theory": outcome.case.theory, "ok": outcome.ok, "error": outcome.error, "wall_s": outcome.wall_s,
                "checks": [_check_object(one) for one in outcome.judged],
            }
            for outcome in outcomes
        ],
    }  # fmt: skip


def _check_object(judged: Judgement) -> dict[str, Any]:
    low, high = judged.interval
    values = {
        "name": judged.check.name, "expected": judged.check.expected, "mean": judged.mean, "ci_low": low,
        "ci_high": high, "standard_error": judged.standard_error, "allowed": judged.allowed,
        "verdict": judged.verdict.value,
    }  # fmt: skip
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


# -- the page -----------------------------------------------------------------------------------------
def write_page(outcomes: Sequence[CaseOutcome], folder: Path) -> Path:
    """Write `verification.md` and `figures/verification-*.svg` into a folder; returns the page."""
    from simulator.verification.figures import draw

    folder.mkdir(parents=True, exist_ok=True)
    figures = draw(outcomes, folder / "figures")
    page = folder / "verification.md"
    write_whole(page, _page(outcomes, figures))
    return page


def _page(outcomes: Sequence[CaseOutcome], figures: dict[str, list[str]]) -> str:
    checks = [one for outcome in outcomes for one in outcome.judged]
    agree = sum(one.ok for one in checks)
    parts = [INTRODUCTION, f"**{agree} of {len(checks)} numbers of {len(outcomes)} cases agree.**\n"]
    groups = list(dict.fromkeys(outcome.case.group for outcome in outcomes))
    for group in groups:
        parts.append(f"## {group}\n")
        parts += [f"![{name}](figures/{name})\n" for name in figures.get(group, ())]
        parts.append("| row | case | theory (source) | | expected | simulated (95 %) | verdict |")
        parts.append("|---|---|---|---|---:|---:|---|")
        parts += [line for outcome in outcomes if outcome.case.group == group for line in _lines(outcome)]
        parts.append("")
    return "\n".join(parts)


def _lines(outcome: CaseOutcome) -> list[str]:
    case = outcome.case
    if outcome.error:
        return [f"| {case.row} | {case.title} | {case.theory} | | | | **failed**: {_cell(outcome.error)} |"]
    lines = []
    for i, one in enumerate(outcome.judged):
        head = f"{case.row} | {_cell(case.title)} | {_cell(case.theory)}; {case.size}" if i == 0 else " | | "
        verdict = one.verdict.value if one.verdict is Verdict.AGREES else f"**{one.verdict.value}**"
        lines.append(f"| {head} | {_cell(one.check.name)} | {expected(one)} | {simulated(one)} | {verdict} |")
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
