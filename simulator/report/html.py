"""report.html: one file that works offline: verdict, what happened, numbers, figures, and what was played.

May import sections, the verdict, the story and the figures. Everything from a scenario (names, texts) is escaped. The
page loads nothing: figures are inline SVG, style and script are in it. Figures also go to figures/ as files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.report import page
from simulator.report.figures import VARIANTS, Figure, figures
from simulator.report.format import show, show_duration
from simulator.report.page import cell, folded, header, kept
from simulator.report.sections import expectation_rows, measured_rows, played, read_lines, sections, tally
from simulator.report.shell import figure_style
from simulator.report.story import story
from simulator.report.svg import escape
from simulator.report.verdict import answer, table_of
from simulator.results.places import write_whole

if TYPE_CHECKING:
    from simulator.results.result import Result


def write_report(result: Result, folder: Path, *, variant: str = "") -> Path:
    """Write figures/*.svg and report.html into `folder`; returns the page's path. Raises OSError."""
    drawn = figures(result)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for figure in drawn:
        write_whole(folder / "figures" / f"{figure.name}.svg", standalone(figure))
    for old in {file.stem for file in (folder / "figures").glob("*.svg")} - {figure.name for figure in drawn}:
        (folder / "figures" / f"{old}.svg").unlink()
    path = folder / "report.html"
    write_whole(path, document(result, drawn, variant=variant))
    return path


def standalone(figure: Figure) -> str:
    """A figure as an SVG file of its own."""
    begin = figure.svg.index(">") + 1
    title = f"<title>{escape(figure.title)}</title><style>{figure_style()}</style>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{figure.svg[:begin]}{title}{figure.svg[begin:]}\n'


def document(result: Result, drawn: list[Figure], *, variant: str = "") -> str:
    """The whole page."""
    title = f"{result.name}: {variant}" if variant else result.name
    parts = [
        _head(result),
        _troubles(result),
        _verdict(result),
        _story(result),
        _comparison(result),
        _figures(drawn, only=VARIANTS),
        _figures(drawn, first=True),
        _numbers(result),
        _measured(result),
        _figures(drawn),
        "<h2>What was played</h2>",
        _provenance(result),
        folded("The resolved scenario", f"<pre>{escape(_yaml(result))}</pre>"),
        folded("The scenario file", f"<pre>{escape(result.facts.source)}</pre>" if result.facts.source else ""),
        _all_metrics(result),
    ]
    return page.document(title, parts)


def fragment(result: Result, *, heading: bool = True) -> str:
    """The summary as HTML without a page around it (notebooks show it)."""
    parts = [f"<h3>{escape(result.name)}</h3>"] if heading else []
    parts += [_head(result), _troubles(result), _verdict(result), _story(result), _comparison(result)]
    parts += [_numbers(result), _measured(result)]
    return '<div class="stickysim">' + "\n".join(part for part in parts if part) + "</div>"


def _head(result: Result) -> str:
    facts = result.facts
    parts = [f'<p class="question">{escape(facts.question)}</p>'] if facts.question else []
    if facts.description:
        parts.append(f"<p>{escape(facts.description)}</p>")
    return "".join([*parts, *(f'<p class="dim">{escape(text)}</p>' for text in (played(result), *read_lines(result)))])


def _verdict(result: Result) -> str:
    rows = expectation_rows(result)
    if not rows:
        return ""
    verdicts = {row[0] for row in rows}
    worst = next(v for v in ("missed", "undecided", "met") if v in verdicts)
    body = "".join(
        f'<tr><td class="{verdict}">{verdict}</td>{cell(text)}{cell(value, "n")}{cell(note, "dim")}</tr>'
        for verdict, text, value, note in rows
    )
    told = f'<p class="answer">{escape(tally(result))}</p>' if tally(result) else ""
    return f'<div class="verdict {worst}"><table>{body}</table>{told}</div>'


def _story(result: Result) -> str:
    lines = story(result)
    if not lines:
        return ""
    which = " (as written)" if result.variants else ""
    body = "".join(f"<li><strong>{kept(first)}</strong> {kept(' '.join(rest))}</li>" for first, *rest in lines)
    return f'<h2>What happened{which}</h2><ul class="story">{body}</ul>'


def _comparison(result: Result) -> str:
    if not result.variants or not result.replications:
        return ""
    content = table_of(result)
    body = "".join(
        "<tr>"
        + cell(name)
        + "".join(
            cell(f"{c.text} {c.verdict}".strip(), f"n {c.verdict or ('best' if c.best else '')}".strip()) for c in cells
        )
        + "</tr>"
        for name, cells in content.rows
    )
    table = f"<table>{header(['', *content.headings], numbers_from=1)}{body}</table>"
    told = f'<p class="answer">{kept(answer(result))}</p>'
    return f'<h2>The variants on the same arrivals</h2>{told}<div class="wide">{table}</div>'


def _figures(drawn: list[Figure], *, only: str = "", first: bool = False) -> str:
    """Figures under their headings: those of one group, the first other group, or the rest."""
    groups = list(dict.fromkeys(figure.group for figure in drawn if figure.group != VARIANTS))
    wanted = [only] if only else groups[:1] if first else groups[1:]
    parts = []
    for group in wanted:
        mine = [figure for figure in drawn if figure.group == group]
        if mine:
            heading = "" if only else f"<h2>{escape(group)}</h2>"
            parts.append(heading + page.grid([page.figure(f.name, f.title, f.caption, f.svg) for f in mine]))
    return "".join(parts)


def _numbers(result: Result) -> str:
    if not result.replications:
        return ""
    parts = []
    for section in sections(result):
        rows = "".join(
            f"<tr>{cell(row.label)}{cell(row.value, 'n')}{cell(row.note, 'dim')}</tr>" for row in section.rows
        )
        parts.append(f"<div><h3>{escape(section.title)}</h3><table>{rows}</table></div>")
    which = " (as written)" if result.variants else ""
    return f'<h2>In numbers{which}</h2><div class="grid numbers">{"".join(parts)}</div>' if parts else ""


def _measured(result: Result) -> str:
    rows = "".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in measured_rows(result))
    if not rows:
        return ""
    heading = header(["metric", "model", "measured", "difference"])
    return f'<h2>Against reality</h2><div class="wide"><table>{heading}{rows}</table></div>'


def _troubles(result: Result) -> str:
    lines = [f"{failure.item} gave no result: {failure.message}" for failure in result.failures]
    lines += [f"a safety invariant broke: {v['violation']}" for v in result.invariants["violations"]]
    if result.interrupted:
        lines.insert(0, "Interrupted: the numbers are of what was finished.")
    if not lines:
        return ""
    return '<div class="trouble">' + "<br>".join(escape(line) for line in lines) + "</div>"


def _provenance(result: Result) -> str:
    facts = result.facts
    rows = [
        ("command", " ".join(result.argv)),
        ("seed", str(facts.seed)),
        ("replications", f"{len(result.replications)} of {facts.replications}"),
        ("measured window", f"{show_duration(facts.warmup_s)} to {show_duration(facts.duration_s)}"),
        ("scenario (sha256)", facts.scenario_hash),
        ("fingerprints", ", ".join(result.fingerprints)),
        ("invariants checked", str(result.invariants.get("checked", 0))),
        ("intervals", "95 % over replications (Student's t); one replication has none"),
    ]
    rows = [row for row in rows if row[1]]
    body = "".join(f"<tr>{cell(name)}<td><code>{escape(value)}</code></td></tr>" for name, value in rows)
    return folded("Provenance", f"<table>{body}</table>")


def _yaml(result: Result) -> str:
    import yaml

    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(dict(result.facts.resolved), Dumper=dumper, sort_keys=False, allow_unicode=True))


def _all_metrics(result: Result) -> str:
    rows = "".join(
        f"<tr>{cell(name)}{cell(show(value, value.unit, value.half_width), 'n')}</tr>"
        for name, value in result.estimates.items()
    )
    heading = header(["metric", "mean"], numbers_from=1)
    return folded("All metrics", f'<div class="wide"><table>{heading}{rows}</table></div>' if rows else "")
