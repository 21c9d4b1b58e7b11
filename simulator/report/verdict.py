"""The table of variants and the one sentence that says what wins, on what, and at what price.

May import the comparison, the contest and formats. Plain text and cells; the terminal and HTML reports draw them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.experiment.comparing.comparison import Comparison, compare
from simulator.metrics.expectations import parse_expectation
from simulator.metrics.names import parse_metric
from simulator.report.contest import AS_WRITTEN, FAILED, contest_of
from simulator.report.cost_front import priced
from simulator.report.format import NOTHING, column_decimals, fixed, fixed_half, scale_for, show, show_difference
from simulator.results.summary import JudgedExpectation, judge

if TYPE_CHECKING:
    from simulator.results.result import Result

_BASE: Final = ("within[200ms]", "latency.p99", "hit_ratio.l1", "core.requests.rate")
_WORDS: Final = {
    "hit_ratio.l1": ("L1 hits", "L1 hits"),
    "core.requests.rate": ("core requests", "core load"),
    "latency.p99": ("p99", "p99"),
    "within[200ms]": ("within 200ms", "requests within 200ms"),
    "cost.per_hour": ("cost per hour", "cost per hour"),
    "cost.per_million_requests": ("cost per million", "cost per million requests"),
    "failures.ratio": ("failed", "failures"),
    "failures.faults.ratio": ("failed in faults", "failures during faults"),
}
_EQUAL: Final = 0.01  # of one replication: a smaller relative difference is no lead
_COLUMNS: Final = ("hit_ratio.l1", "core.requests.rate", "latency.p99", "within[200ms]")


@dataclass(frozen=True, slots=True)
class TableCell:
    """One value of the table: text, whether it leads its column beyond its interval, its verdict, the number itself."""

    text: str
    best: bool
    verdict: str = ""
    value: float = math.nan


@dataclass(frozen=True, slots=True)
class Table:
    """The table of variants: headings with their units, and a row of cells for each."""

    headings: list[str]
    rows: list[tuple[str, list[TableCell]]]


def comparison_of(result: Result) -> Comparison:
    """The scenario as written and its variants, by the metrics that the table shows."""
    rows = {AS_WRITTEN: result.replications}
    rows.update({name: part.replications for name, part in result.variants.items()})
    return compare(rows, _metrics(result))


def answer(result: Result) -> str:
    """Which rows win (see `contest`), what that leaves out, and which rows meet the scenario's expectations."""
    return " ".join(part for part in (_winner(result), expected_line(result)) if part)


def expected_line(result: Result) -> str:
    """Which of the scenario as written and its variants meet the scenario's expectations; "" without any."""
    judged = _judged(result)
    count = len(result.facts.expect)
    if not count:
        return ""
    met: list[str] = []
    undecided: dict[str, list[str]] = {}
    missing: dict[str, list[str]] = {}  # what is missed -> by which rows
    for row, found in judged.items():
        missed = [one.text for one in found if one.verdict == "missed"]
        open_ = [one.text for one in found if one.verdict == "undecided"]
        if missed:
            missing.setdefault(_some(missed), []).append(row)
        elif open_:
            undecided.setdefault(_some(open_), []).append(row)
        else:
            met.append(row)
    all_of = "the expectation" if count == 1 else f"all {count} expectations"
    if met and len(met) == len(judged):
        return f"{'Both' if len(met) == 2 else f'All {len(met)}'} meet {all_of}."
    told = [f"{_names(met)} {'meets' if len(met) == 1 else 'meet'} {all_of}" if met else f"None meets {all_of}"]
    told += [
        f"{_names(rows)} {'is' if len(rows) == 1 else 'are'} undecided on {what}" for what, rows in undecided.items()
    ]
    told += [f"{_names(rows)} {'misses' if len(rows) == 1 else 'miss'} {what}" for what, rows in missing.items()]
    return f"{'; '.join(told)}."


def _names(rows: Sequence[str]) -> str:
    return rows[0] if len(rows) == 1 else f"{', '.join(rows[:-1])} and {rows[-1]}"


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts) if len(texts) <= 2 else f"{texts[0]} and {len(texts) - 1} more"


def _judged(result: Result) -> dict[str, list[JudgedExpectation]]:
    """The scenario's own expectations, judged for each row."""
    rows = {AS_WRITTEN: result.replications, **{name: part.replications for name, part in result.variants.items()}}
    return {row: judge(replications, result.facts.expect) for row, replications in rows.items()}


def _winner(result: Result) -> str:
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
    """What is compared: what the scenario expects something of, the usual metrics, and failures, which come last."""
    failed = "failures.faults.ratio" if "failures.faults.ratio" in result.estimates else "failures.ratio"
    asked = [parse_expectation(text).metric for text in result.facts.expect]
    own = [m.name for m in asked if m.better != "none" and m.name not in ("availability", *FAILED)]
    return [*dict.fromkeys([*own, *_BASE, *priced(result)]), failed]


def table_of(result: Result) -> Table:
    """A column for each expectation, judged for every row; then the usual metrics that nothing is expected of.

    One unit and one precision a column, so that figures can be read down; what leads is marked among the contestants.
    """
    comparison, leads = comparison_of(result), contest_of(result, _metrics(result)).comparison.leads
    judged = _judged(result)
    headings: list[str] = []
    rows: list[tuple[str, list[TableCell]]] = [(row, []) for row in comparison.rows]

    def add(heading: str, metric: str, values: Mapping[str, tuple[float, float]], verdicts: Mapping[str, str]) -> None:
        known = [pair for pair in values.values() if math.isfinite(pair[0])]
        scale = scale_for(parse_metric(metric).unit, max((abs(v) for v, _ in known), default=None))
        decimals = column_decimals(known, scale)
        headings.append(f"{heading} {scale.symbol}".strip() if not verdicts else heading)
        lead = leads.get(metric)
        for row, cells in rows:
            value, half = values.get(row, (math.nan, math.nan))
            text = fixed(value / scale.factor, decimals)
            if text != NOTHING and verdicts and scale.symbol:
                text += f" {scale.symbol}"
            if half_text := fixed_half(value, half, scale, decimals):
                text += f" ±{half_text}"
            best = lead is not None and lead.decided and lead.best == row
            cells.append(TableCell(text, best, verdicts.get(row, ""), value))

    for place, expected in enumerate(judged[AS_WRITTEN]):
        column = {row: found[place] for row, found in judged.items()}
        values = {row: (_number(one.mean), _half(one)) for row, one in column.items()}
        add(expected.text, expected.metric, values, {row: one.verdict for row, one in column.items()})
    shown = {one.metric for one in judged[AS_WRITTEN]}
    for metric in (*_COLUMNS, *priced(result), comparison.metrics[-1]):
        if metric not in shown:
            estimates = {row: comparison.estimates.get((row, metric)) for row in comparison.rows}
            pairs = {row: (float(one), one.half_width) for row, one in estimates.items() if one is not None}
            add(_WORDS[metric][0], metric, pairs, {})
    return Table(headings, rows)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _half(one: JudgedExpectation) -> float:
    return math.nan if one.ci_low is None or one.ci_high is None else (one.ci_high - one.ci_low) / 2.0


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
    return _WORDS[metric][1] if metric in _WORDS else metric


def _list(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{'; '.join(parts[:-1])} and {parts[-1]}" if len(parts) == 2 else f"{'; '.join(parts)}"
