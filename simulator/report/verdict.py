"""The table of variants and the one sentence that says what wins, on what, and at what price.

May import the comparison, the contest and formats. Plain text and cells; the terminal and HTML reports draw them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.experiment.comparison import Comparison, compare
from simulator.observe.metrics import parse_metric
from simulator.report.contest import AS_WRITTEN, contest_of
from simulator.report.format import NOTHING, negligible, scale_for, show, show_difference

if TYPE_CHECKING:
    from simulator.experiment.result import Result

_BASE: Final = ("within[200ms]", "latency.p99", "hit_ratio.l1", "core.requests.rate")
_WORDS: Final = {
    "hit_ratio.l1": ("L1 hits", "L1 hits"),
    "core.requests.rate": ("core requests", "core load"),
    "latency.p99": ("p99", "p99"),
    "within[200ms]": ("within 200ms", "requests within 200ms"),
    "failures.ratio": ("failed", "failures"),
    "failures.faults.ratio": ("failed in faults", "failures during faults"),
}
_EQUAL: Final = 0.01  # of one replication: a smaller relative difference is no lead
_COLUMNS: Final = ("hit_ratio.l1", "core.requests.rate", "latency.p99", "within[200ms]")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the table: text, and whether it leads its column beyond its interval."""

    text: str
    best: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The table of variants: headings with their units, and a row of cells for each."""

    headings: list[str]
    rows: list[tuple[str, list[Cell]]]


def comparison_of(result: Result) -> Comparison:
    """The scenario as written and its variants, by the metrics that the table shows."""
    rows = {AS_WRITTEN: result.replications}
    rows.update({name: part.replications for name, part in result.variants.items()})
    return compare(rows, _metrics(result))


def answer(result: Result) -> str:
    """The sentence about the rows that may win (see `contest`), and what it leaves out."""
    contest = contest_of(result, _metrics(result))
    worlds, rows = contest.elsewhere, contest.comparison.rows
    if len(rows) < 2 and worlds:
        return "No winner is named: every variant changes the faults or the network, and is another world."
    only_survivors = contest.survivors and not contest.comparison.leads
    told = ["Nobody leads."] if only_survivors else [sentence_of(contest.comparison, contest.first)]
    told += [
        f"{_words(metric)} is of requests that succeeded: that of {row} leaves out what it failed."
        for metric, row in contest.survivors.items()
    ]
    if worlds:
        them = "1 variant changes" if len(worlds) == 1 else f"{len(worlds)} variants change"
        told.append(f"({them} the faults or the network: another world, left out of this sentence.)")
    return " ".join(told)


def _metrics(result: Result) -> list[str]:
    failed = "failures.faults.ratio" if "failures.faults.ratio" in result.estimates else "failures.ratio"
    return [*_BASE, failed]


def table_of(result: Result) -> Table:
    """The table: one unit a column, so that figures can be read down; what leads is marked among the contestants."""
    comparison, leads = comparison_of(result), contest_of(result, _metrics(result)).comparison.leads
    headings: list[str] = []
    rows: list[tuple[str, list[Cell]]] = [(row, []) for row in comparison.rows]
    failed = comparison.metrics[-1]
    for metric in (*_COLUMNS, failed):
        unit = parse_metric(metric).unit
        values = {row: comparison.estimates.get((row, metric)) for row in comparison.rows}
        known = [v for v in values.values() if v is not None]
        scale = scale_for(unit, max(known, default=None, key=abs))
        heading = _WORDS[metric][0]
        headings.append(f"{heading} {scale.symbol}".strip())
        lead = leads.get(metric)
        for row, cells in rows:
            value = values[row]
            text = scale.number(value, value.half_width) if value is not None else NOTHING
            if value is not None and math.isfinite(value.half_width) and not negligible(value.half_width, value):
                text += f" ±{scale.number(value.half_width, value.half_width)}"
            cells.append(Cell(text, lead is not None and lead.decided and lead.best == row))
    return Table(headings, rows)


def sentence_of(comparison: Comparison, first: Sequence[str] = ()) -> str:
    """What wins, on what, at what price; or that nothing is decided. Leads on the `first` metrics count most."""
    n = min((len(r) for r in comparison.replications.values()), default=0)
    if n == 0:
        return "Nothing to compare: no replication was finished by all."
    if not comparison.leads:
        return "No difference: every variant gives the same numbers."
    if n == 1:
        return _one_replication(comparison, first)
    winner = _most_wins(comparison, first)
    if winner is None:
        metric = min(comparison.leads, key=lambda name: _distance(comparison.leads[name].difference))
        lead = comparison.leads[metric]
        return (
            f"Nothing is decided after {n} replications: each lead may be chance. "
            f"Closest to a decision: {_words(metric)}, {lead.best} against {lead.second} "
            f"{_difference_text(comparison, metric, lead.second, lead.best)}."
        )
    wins = [_win(comparison, metric) for metric in comparison.wins(winner)]
    price = _price(comparison, winner)
    cost = f"; its price: {_list(price)}" if price else "; nothing here is decidedly worse with it"
    return f"{winner} wins on {_list(wins)}{cost}."


def _one_replication(comparison: Comparison, first: Sequence[str]) -> str:
    """The same without intervals: what differs by less than one per cent is taken for equal."""
    ahead = {metric: _leaders(comparison, metric) for metric in comparison.leads}
    ahead = {metric: rows for metric, rows in ahead.items() if len(rows) < len(_known(comparison, metric))}
    if not ahead:
        return "No difference to speak of: every variant gives nearly the same numbers."
    winner = max(
        comparison.rows,
        key=lambda row: (
            sum(row in ahead.get(metric, ()) for metric in first),
            sum(row in rows for rows in ahead.values()),
        ),
    )
    alike = [
        row
        for row in comparison.rows
        if row != winner and all((row in rows) == (winner in rows) for rows in ahead.values())
    ]
    wins, price = [], []
    for metric, rows in ahead.items():
        if winner in rows:
            others = [row for row in _known(comparison, metric) if row not in rows]
            other = AS_WRITTEN if AS_WRITTEN in others else _best(comparison, metric, others)
            wins.append(f"{_words(metric)} ({_values(comparison, metric, winner, other)})")
        elif (winner, metric) in comparison.estimates:
            price.append(f"{_words(metric)} ({_values(comparison, metric, winner, rows[0])})")
    cost = f"; its price: {_list(price)}" if price else ""
    names = f"{winner} (as does {', '.join(alike)})" if alike else winner
    return f"{names} leads on {_list(wins)}{cost}. One replication decides nothing: --replications 5 gives intervals."


def _leaders(comparison: Comparison, metric: str) -> list[str]:
    """The rows that are as good as the best one, the best first."""
    known = _known(comparison, metric)
    best = _best(comparison, metric, known)
    goal = float(comparison.estimates[best, metric])
    others = [
        row
        for row in known
        if row != best and math.isclose(float(comparison.estimates[row, metric]), goal, rel_tol=_EQUAL)
    ]
    return [best, *others]


def _known(comparison: Comparison, metric: str) -> list[str]:
    return [row for row in comparison.rows if (row, metric) in comparison.estimates]


def _best(comparison: Comparison, metric: str, rows: list[str]) -> str:
    pick = max if parse_metric(metric).better == "higher" else min
    known = [row for row in rows if (row, metric) in comparison.estimates] or rows
    return pick(known, key=lambda row: comparison.estimates.get((row, metric), 0.0))


def _most_wins(comparison: Comparison, first: Sequence[str]) -> str | None:
    """The row that leads most of the `first` metrics, then most metrics, then the metric listed first."""
    wins = {row: comparison.wins(row) for row in comparison.rows}
    winners = [row for row in comparison.rows if wins[row]]
    order = {m: place for place, m in enumerate(comparison.metrics)}
    return min(
        winners,
        key=lambda row: (-sum(m in first for m in wins[row]), -len(wins[row]), min(order[m] for m in wins[row])),
        default=None,
    )


def _win(comparison: Comparison, metric: str) -> str:
    """Against the scenario as written, which is what people know; against the next best where it wins."""
    lead = comparison.leads[metric]
    known = lead.best != AS_WRITTEN and (AS_WRITTEN, metric) in comparison.estimates
    other = AS_WRITTEN if known else lead.second
    return f"{_words(metric)} ({_values(comparison, metric, lead.best, other)})"


def _price(comparison: Comparison, winner: str) -> list[str]:
    """Where the winner is worse than the best, beyond the interval of their difference."""
    found: list[str] = []
    for metric, lead in comparison.leads.items():
        if lead.best == winner or (winner, metric) not in comparison.estimates:
            continue
        if comparison.difference(metric, lead.best, winner).decided:
            found.append(f"{_words(metric)} ({_values(comparison, metric, winner, lead.best)})")
    return found


def _values(comparison: Comparison, metric: str, row: str, other: str) -> str:
    unit = parse_metric(metric).unit
    mine, theirs = comparison.estimates.get((row, metric)), comparison.estimates.get((other, metric))
    half = None
    if mine is not None and theirs is not None:
        half = comparison.difference(metric, other, row).half_width
    text = f"{show(mine, unit)} against {show(theirs, unit)} {_with(other)}"
    if mine is None or theirs is None or half is None or not math.isfinite(half):
        return text
    return f"{text}, {show_difference(mine - theirs, unit, half)}"


def _difference_text(comparison: Comparison, metric: str, a: str, b: str) -> str:
    found = comparison.difference(metric, a, b)
    return show_difference(found.mean, parse_metric(metric).unit, found.half_width)


def _distance(found: object) -> float:
    """How many half-widths a difference's interval reaches beyond zero: smaller is closer to a decision."""
    mean, half = getattr(found, "mean", math.nan), getattr(found, "half_width", math.nan)
    return half / abs(mean) if mean and not math.isnan(half) else math.inf


def _with(row: str) -> str:
    return row if row == AS_WRITTEN else f"with {row}"


def _words(metric: str) -> str:
    return _WORDS[metric][1]


def _list(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{'; '.join(parts[:-1])} and {parts[-1]}" if len(parts) == 2 else f"{'; '.join(parts)}"
