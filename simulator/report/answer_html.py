"""What stands first on the page of `find`, `optimise` and `sensitivity`: the answer, its figure, and what was tried.

May import the searches, their views and the page. Everything from a scenario is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.experiment.studies.find import found_of
from simulator.experiment.studies.optimum import optimum_of
from simulator.experiment.studies.sensitivity import Sensitivity as Analysis
from simulator.experiment.studies.sensitivity import sensitivity_of
from simulator.report import optimum_html, page
from simulator.report.find_view import answer_lines, curve_chart, near_answer
from simulator.report.format import NOTHING, show, show_difference
from simulator.report.page import PageFigure, cell, folded, header, kept
from simulator.report.svg import escape
from simulator.report.sweep_tables import estimate_text, played
from simulator.report.tornado import leaders_line, title_line, tornado_chart

if TYPE_CHECKING:
    from simulator.experiment.studies.find import Found, TriedValue
    from simulator.experiment.studies.sensitivity import Sensitivity
    from simulator.experiment.studies.sweep_result import SweepResult
    from simulator.statistics.intervals import Difference


def figures(result: SweepResult) -> list[PageFigure]:
    """The curve of a search, a tornado for each metric of a sensitivity analysis, or what was tried."""
    optimum = optimum_of(result)
    if optimum is not None:
        return optimum_html.figures(optimum)
    found, analysis = found_of(result), sensitivity_of(result)
    if found is not None:
        caption = "A point a value that was tried, with its 95 % interval where there is one; dashed: the condition."
        name, near = found.condition.metric.name, near_answer(found)
        drawn = [PageFigure("curve", f"{name} over {found.path}", caption, curve_chart(found, found.probes))]
        if near:
            drawn.append(PageFigure("curve-near", "The same near the answer", "", curve_chart(found, near)))
        return drawn
    if analysis is None:
        return []
    caption = (
        "Bars: the change when this input alone is moved by the share, and whiskers its interval (paired, "
        "95 % for all differences of the study together). "
        "The labels are the values that it was moved to."
    )
    metrics = [m for m in result.metrics if m in analysis.base.estimates]
    drawn = [PageFigure(f"tornado-{m}", f"What moves {m}", caption, tornado_chart(analysis, m), m) for m in metrics]
    return [one for one in drawn if one.svg]


def parts(result: SweepResult, drawn: Sequence[PageFigure]) -> list[str]:
    """The page below its title; empty where there is no answer (an interrupted search, or another study)."""
    optimum = optimum_of(result)
    if optimum is not None:
        return optimum_html.parts(optimum, drawn)
    found, analysis = found_of(result), sensitivity_of(result)
    if found is not None:
        return _search(found, drawn)
    return _analysis(analysis, drawn) if analysis is not None else []


def fragment(answer: Found | Sensitivity) -> str:
    """The answer without a page around it and without figures (notebooks show it)."""
    body = _analysis(answer, []) if isinstance(answer, Analysis) else _search(answer, [])
    return '<div class="stickysim">' + "\n".join(part for part in body if part) + "</div>"


# -- find ---------------------------------------------------------------------------------------------
def _search(found: Found, drawn: Sequence[PageFigure]) -> list[str]:
    first, *rest = answer_lines(found)
    kind = "met" if found.answer is not None else "missed"
    more = "".join(f"<p>{kept(line)}</p>" for line in rest)
    asked = (
        f"<p>Condition: <code>{escape(found.condition.text)}</code>, by the value of <code>{escape(found.path)}</code>"
    )
    return [
        f'<div class="verdict {kind}"><p class="answer">{kept(first)}</p>{more}</div>',
        f"{asked}, in <code>{escape(found.sweep.name)}</code>, seed {found.sweep.seed}.</p>",
        *(f"<p>Note: {kept(note)}</p>" for note in found.notes),
        page.grid([page.figure(one.name, one.title, one.caption, one.svg) for one in drawn]),
        "<h2>Values tried</h2>",
        _tried(found),
    ]


def _tried(found: Found) -> str:
    metric = found.condition.metric.name
    rows = [f'<tr><th>{escape(found.path)}</th><th class="n">{escape(metric)}</th><th>condition</th></tr>']
    for probe in found.probes:
        bold = " best" if found.answer is not None and probe.text == found.answer.text else ""
        rows.append(
            f'<tr><td class="{bold.strip()}">{_linked(probe, found.sweep)}</td>'
            f"{cell(estimate_text(probe.outcome, metric), f'n{bold}')}{cell(probe.verdict, probe.verdict)}</tr>"
        )
    meaning = (
        "met: the whole 95 % interval meets the condition; missed: none of it does; undecided: part of it does."
        if found.sweep.replications > 1
        else "One replication: no intervals."
    )
    meaning += " Bold: the answer." if found.answer is not None else ""
    return f'<div class="wide"><table>{"".join(rows)}</table></div><p class="dim">{kept(meaning)}</p>'


def _linked(probe: TriedValue, sweep: SweepResult) -> str:
    text, name = escape(probe.text), escape(probe.outcome.cell.name)
    return f'<a href="cells/{name}/summary.json">{text}</a>' if sweep.path is not None else text


# -- sensitivity --------------------------------------------------------------------------------------
def _analysis(found: Sensitivity, drawn: Sequence[PageFigure]) -> list[str]:
    sweep = found.sweep
    lines = [leaders_line(found, metric) for metric in sweep.metrics if metric in found.base.estimates]
    said = "".join(f'<p class="answer">{kept(line)}.</p>' for line in lines)
    body = [
        f'<div class="verdict">{said}</div>',
        f'<p class="question">{escape(sweep.question)}</p>' if sweep.question else "",
        f'<p class="dim">{kept(played(sweep))}</p>',
    ]
    for metric in sweep.metrics:
        if metric in found.base.estimates:
            body.append(f"<h2>{escape(metric)}</h2><p>{kept(title_line(found, metric))}.</p>")
            body.append(page.grid([page.figure(one.name, one.title, one.caption, one.svg)
                                   for one in drawn if one.metric == metric]))  # fmt: skip
            body.append(folded(f"All inputs and {metric}", _effects(found, metric)))
    left = "".join(f"<tr>{cell(path)}{cell(why)}</tr>" for path, why in found.left_out.items())
    body.append(folded("Inputs that were not moved", f'<div class="wide"><table>{left}</table></div>' if left else ""))
    return body


def _effects(found: Sensitivity, metric: str) -> str:
    unit = found.base.estimates[metric].unit
    rows = [header(["input", "as written", f"-{found.by:.0%} to", "moves it by", f"+{found.by:.0%} to", "moves it by"])]
    for effect in found.effects(metric):
        cells = [cell(effect.path), cell(effect.value)]
        for text, difference in ((effect.low, effect.down), (effect.high, effect.up)):
            cells += [cell(text or NOTHING), cell(_change(difference, unit), "n" if _decided(difference) else "n dim")]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    note = (
        '<p class="dim">Grey: may be chance (the intervals hold for all differences of the study together, 95 %).</p>'
        if found.sweep.replications > 1
        else ""
    )
    return f'<div class="wide"><table>{"".join(rows)}</table></div>{note}'


def _change(difference: Difference | None, unit: str) -> str:
    if difference is None:
        return NOTHING
    return show_difference(difference.mean, unit, difference.half_width) if difference.mean else show(0.0, unit)


def _decided(difference: Difference | None) -> bool:
    return difference is not None and difference.decided
