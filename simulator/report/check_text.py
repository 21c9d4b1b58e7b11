"""What a check found: for a terminal, for JUnit, and for GitHub (annotations and a Markdown summary).

May import check and formats. A failure says by how much, against what limit, what changed in the scenario, and
the command that accepts it.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from simulator.report.format import NOTHING, show, show_difference
from simulator.text.printable import printable, printable_lines

if TYPE_CHECKING:
    from simulator.experiment.checking.check import CheckOutcome, Finding, Report

_COLOURS: Final = {"PASS": "32", "FAIL": "31", "IMPROVED": "36", "INCONCLUSIVE": "33"}
_MANY: Final = 8


def as_text(report: Report, *, color: bool = False, verbose: bool = False, accept: str | None = None) -> str:
    """The report for a terminal; `accept` in place of the command that accepts what is now."""
    lines: list[str] = []
    for outcome in report.outcomes:
        status = outcome.status
        word = f"\x1b[{_COLOURS[status]}m{status}\x1b[0m" if color else status
        lines.append(f"{word}  {outcome.name}: {_because(outcome)}")
        for finding in outcome.findings:
            if finding.status == "PASS" and not verbose and not _moved(finding):
                continue
            lines += [f"  {line}" for line in _told(finding)]
        lines += [f"  changed: {text}" for text in _changes(outcome)]
        if status != "PASS":
            mend = _mend(report, outcome) if accept is None else accept.splitlines()
            lines += [f"  {line}" for line in mend]
    lines += ["", summary_line(report)]
    return "\n".join(lines) + "\n"


def summary_line(report: Report) -> str:
    """`3 checks against the baseline: 2 PASS, 1 FAIL`."""
    statuses = [outcome.status for outcome in report.outcomes]
    counts = [f"{statuses.count(status)} {status}" for status in _COLOURS if status in statuses]
    many = f"{len(statuses)} check{'s' * (len(statuses) != 1)}"
    return f"{many} against {report.against}: {', '.join(counts)} (family-wise {100 * report.suite.confidence:g} %)"


def accept_command(report: Report, name: str) -> str:
    """The command that makes what is now the baseline."""
    path = shlex.quote(str(report.suite.path))
    return f"simulator check {path} --only {name} --update-baseline --reason WHY"


def as_junit(report: Report) -> str:
    """JUnit XML: a test case a metric; FAIL is a failure, INCONCLUSIVE an error."""
    cases = [case for outcome in report.outcomes for case in _cases(report, outcome)]
    failures = sum("<failure" in case for case in cases)
    errors = sum("<error" in case for case in cases)
    head = f'tests="{len(cases)}" failures="{failures}" errors="{errors}"'
    lines = "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="simulator check" {head}>',
            f'  <testsuite name={quoteattr(report.suite.name)} {head} skipped="0">',
            *cases,
            "  </testsuite>",
            "</testsuites>",
            "",
        ]
    )
    return printable_lines(lines)  # XML knows no control characters


def as_annotations(report: Report) -> str:
    """GitHub workflow commands: an error a failure, a warning for what is not decided, a notice for gains."""
    kinds = {"FAIL": "error", "INCONCLUSIVE": "warning", "IMPROVED": "notice"}
    lines = []
    for outcome in report.outcomes:
        if outcome.problem:
            lines.append(_annotation(report, kinds[outcome.status], outcome.line, outcome.name, outcome.problem))
        for finding in outcome.findings:
            if finding.status in kinds:
                title = f"{outcome.name}: {finding.metric}"
                text = f"{finding.status}: {_sentence(finding)}\nAccept it with: {accept_command(report, outcome.name)}"
                lines.append(_annotation(report, kinds[finding.status], finding.line, title, text))
    return "".join(f"{line}\n" for line in lines)


def as_markdown(report: Report) -> str:
    """The summary for $GITHUB_STEP_SUMMARY."""
    lines = [f"### simulator check: {summary_line(report)}", ""]
    lines += ["| check | metric | before | after | difference | limit | |", "|---|---|--:|--:|--:|---|---|"]
    for outcome in report.outcomes:
        if outcome.problem:
            lines.append(f"| {outcome.name} | | | | | {_cell(outcome.problem)} | **{outcome.status}** |")
        for f in outcome.findings:
            status = f.status if f.status == "PASS" else f"**{f.status}**"
            cells = [outcome.name, f"`{f.metric}`", show(f.before, f.unit), show(f.after, f.unit), difference_text(f)]
            lines.append(f"| {' | '.join(cells)} | {_cell(f.note) or f.limit} | {status} |")
    for outcome in report.outcomes:
        changed = list(_changes(outcome))
        if changed:
            lines += [
                "",
                f"Changed in the scenario of {outcome.name}: "
                + "; ".join(f"`{c.replace('`', chr(39))}`" for c in changed),
            ]
        if outcome.status != "PASS":
            lines += ["", f"To accept {outcome.name}:", "```", accept_command(report, outcome.name), "```"]
    return "\n".join(lines) + "\n"


def _because(outcome: CheckOutcome) -> str:
    if outcome.problem:
        return outcome.problem
    if outcome.identical:
        return f"identical ({outcome.replications} replications)"
    return f"{len(outcome.findings)} metrics, {outcome.replications} replications"


def _told(finding: Finding) -> list[str]:
    return [f"{finding.status:<12}  {finding.metric}  {_sentence(finding, short=True)}", *_noted(finding)]


def _noted(finding: Finding) -> list[str]:
    return [f"{'':<12}  {finding.note}"] if finding.note and not math.isnan(finding.before) else []


def _sentence(finding: Finding, *, short: bool = False) -> str:
    """`71.2 % -> 70.6 %, -0.61 ± 0.08 points (may drop 0.5 points)`."""
    if math.isnan(finding.before):
        return finding.note
    arrow = f"{show(finding.before, finding.unit)} -> {show(finding.after, finding.unit)}"
    moved = difference_text(finding)
    return f"{moved} ({finding.limit})" if short else f"{arrow}, {moved} ({finding.limit})"


def difference_text(finding: Finding) -> str:
    """A finding's difference with its interval."""
    if math.isnan(finding.difference.mean):
        return NOTHING
    if finding.difference.mean == 0.0 and finding.difference.half_width == 0.0:
        return "±0"
    return show_difference(finding.difference.mean, finding.unit, finding.difference.half_width)


def _moved(finding: Finding) -> bool:
    return finding.difference.mean != 0.0


def _changes(outcome: CheckOutcome) -> Iterator[str]:
    yield from map(printable, outcome.changed[:_MANY])
    if len(outcome.changed) > _MANY:
        yield f"and {len(outcome.changed) - _MANY} more values"


def _mend(report: Report, outcome: CheckOutcome) -> list[str]:
    if report.against != "the baseline":
        return []
    lead = "to accept it:" if outcome.status != "IMPROVED" else "to keep the gain:"
    return [lead, f"  {accept_command(report, outcome.name)}"]


def _cases(report: Report, outcome: CheckOutcome) -> Iterator[str]:
    suite = f"{report.suite.name}.{outcome.name}"
    if outcome.problem:
        yield _case(suite, "baseline", outcome.status, outcome.problem, accept_command(report, outcome.name))
    for finding in outcome.findings:
        more = "" if finding.status == "PASS" else accept_command(report, outcome.name)
        yield _case(suite, finding.metric, finding.status, _sentence(finding), more)


def _case(suite: str, name: str, status: str, text: str, more: str) -> str:
    begin = f"    <testcase classname={quoteattr(suite)} name={quoteattr(name)}"
    tag = {"FAIL": "failure", "INCONCLUSIVE": "error"}.get(status)
    if tag is None:
        return f"{begin}><system-out>{escape(f'{status}: {text}')}</system-out></testcase>"
    body = escape(f"{text}\nTo accept it: {more}")
    return f"{begin}><{tag} type={quoteattr(status)} message={quoteattr(text)}>{body}</{tag}></testcase>"


def _annotation(report: Report, kind: str, line: int, title: str, text: str) -> str:
    place = f"file={_property(str(report.suite.path))}" + (f",line={line}" if line else "")
    return f"::{kind} {place},title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    """A workflow command's message, escaped as GitHub wants it."""
    return printable_lines(text).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|")
