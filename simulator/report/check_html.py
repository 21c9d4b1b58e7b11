"""What a check found, as HTML without a page around it (notebooks show it). Everything is escaped.

May import check, its text and the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.report.check_text import difference_text, summary_line
from simulator.report.format import show
from simulator.report.page import cell, header, kept

if TYPE_CHECKING:
    from simulator.experiment.checking.check import Report

_CLASSES: Final = {"PASS": "met", "FAIL": "missed", "IMPROVED": "met", "INCONCLUSIVE": "undecided"}


def fragment(report: Report) -> str:
    """The verdict in a line, and a row for each metric."""
    rows = []
    for outcome in report.outcomes:
        if outcome.problem:
            texts = "".join(cell(text) for text in (outcome.name, "", "", "", ""))
            rows.append(f"<tr>{texts}{cell(outcome.status, _CLASSES[outcome.status])}{cell(outcome.problem)}</tr>")
        for one in outcome.findings:
            numbers = (show(one.before, one.unit), show(one.after, one.unit), difference_text(one))
            texts = cell(outcome.name) + cell(one.metric) + "".join(cell(text, "n") for text in numbers)
            more = cell(one.note or one.limit, "dim")
            rows.append(f"<tr>{texts}{cell(one.status, _CLASSES[one.status])}{more}</tr>")
    heads = header(["check", "metric"]).removesuffix("</tr>")
    heads += (
        "".join(f'<th class="n">{name}</th>' for name in ("before", "after", "difference")) + "<th></th><th></th></tr>"
    )
    table = f'<div class="wide"><table>{heads}{"".join(rows)}</table></div>'
    return f'<div class="stickysim"><p class="answer">{kept(summary_line(report))}</p>{table}</div>'
