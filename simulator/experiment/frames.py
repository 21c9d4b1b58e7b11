"""Answers as pandas frames: what `compare`, `find`, `sensitivity` and `check` found, a row for each number.

May import the answers' types and, inside functions, pandas. Numbers are SI; what has no value is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

    from simulator.experiment.check import Report
    from simulator.experiment.compare import Change, Compared
    from simulator.experiment.find import Found
    from simulator.experiment.sensitivity import Sensitivity

_INTERVAL: Final = ("difference", "ci_low", "ci_high", "n")
_CHANGE: Final = ("side", "metric", "unit", "better", "before", "after", *_INTERVAL, "paired", "margin")


def differences(found: Compared) -> pd.DataFrame:
    """A row for each side and metric: both means and their difference."""
    rows = [(*_change(change), change.verdict) for change in found.changes]
    return _frame(rows, (*_CHANGE, "verdict"))


def gates(found: Compared) -> pd.DataFrame:
    """A row for each side and gate."""
    return _frame([(*_change(gate.change), gate.status) for gate in found.gates], (*_CHANGE, "status"))


def causes(found: Compared) -> pd.DataFrame:
    """A row for each part of each change that is explained."""
    rows = [
        (side, one.what, part.name, one.unit, part.change.mean, part.change.low, part.change.high, part.change.n)
        for side, explanations in found.explanations.items()
        for one in explanations.values()
        for part in one.parts
    ]
    return _frame(rows, ("side", "what", "cause", "unit", *_INTERVAL))


def probes(found: Found) -> pd.DataFrame:
    """A row for each value that was tried."""
    from simulator.experiment.sweep_folder import quantity

    metric = found.condition.metric.name
    rows = []
    for probe in found.probes:
        estimate, value = probe.outcome.estimates[metric], quantity(probe.text)
        rows.append((
            probe.number if value is None else value, probe.text, estimate.mean, estimate.low, estimate.high,
            estimate.n, estimate.unit, probe.holds, probe.verdict,
        ))  # fmt: skip
    return _frame(rows, ("value", "text", "mean", "ci_low", "ci_high", "n", "unit", "holds", "verdict"))


def effects(found: Sensitivity) -> pd.DataFrame:
    """A row for each metric, input and direction; inputs with larger effects come first."""
    rows: list[tuple[Any, ...]] = []
    for metric in found.sweep.metrics:
        if metric not in found.base.estimates:
            continue
        base = found.base.estimates[metric]
        for effect in found.effects(metric):
            for side, text, d in (("down", effect.low, effect.down), ("up", effect.high, effect.up)):
                if d is not None:
                    rows.append((metric, base.unit, effect.path, effect.value, side, text, base.mean,
                                 d.mean, d.low, d.high, d.decided))  # fmt: skip
    columns = ("metric", "unit", "input", "written", "side", "moved_to", "as_written", *_INTERVAL[:3], "decided")
    return _frame(rows, columns)


def findings(found: Report) -> pd.DataFrame:
    """A row for each metric of each check; one without a metric for a check that has a problem."""
    nan = float("nan")
    rows: list[tuple[Any, ...]] = []
    for outcome in found.outcomes:
        if outcome.problem:
            rows.append((outcome.name, "", "", nan, nan, nan, nan, nan, "", outcome.status, outcome.problem))
        for one in outcome.findings:
            d = one.difference
            rows.append((outcome.name, one.metric, one.unit, one.before, one.after, d.mean, d.low, d.high, one.limit,
                         one.status, one.note))  # fmt: skip
    columns = ("check", "metric", "unit", "before", "after", *_INTERVAL[:3], "limit", "status", "note")
    return _frame(rows, columns)


def _change(change: Change) -> tuple[Any, ...]:
    d = change.difference
    return (
        change.row, change.metric, change.unit, change.better, change.before, change.after, d.mean, d.low, d.high,
        d.n, change.paired, change.margin_si,
    )  # fmt: skip


def _frame(rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))
