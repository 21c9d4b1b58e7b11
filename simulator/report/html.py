"""report.html: one file that works offline: verdict, what happened, numbers, figures, and what was played.

May import sections, the verdict, the story and the figures. Everything from a scenario (names, texts) is escaped. The
page loads nothing: figures are inline SVG, style and script are in it. Figures also go to figures/ as files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulator.report import page, tables
from simulator.report.figures import VARIANTS, Figure, edges_of, figures
from simulator.report.flows import edge_sites
from simulator.report.format import show, show_duration
from simulator.report.offline import render
from simulator.report.page import cell, folded, header, kept
from simulator.report.page_data import page_data
from simulator.report.sections import expectation_rows, measured_rows, played, read_lines, sections, tally
from simulator.report.story import story
from simulator.report.svg import escape
from simulator.report.verdict import answer
from simulator.report.written_faults import written_faults
from simulator.results.folder import place_of_variant
from simulator.results.places import write_whole

if TYPE_CHECKING:
    from simulator.results.result import Result


_STYLES: Final = ("static/uplot/uPlot.min.css", "static/report/report.css")
_SCRIPTS: Final = (
    "static/uplot/uPlot.iife.min.js",
    *(f"static/report/{name}.js" for name in ("state", "charts", "trace", "controls")),
)


def write_report(result: Result, folder: Path, *, variant: str = "") -> Path:
    """Write figures/*.svg and report.html into `folder`; returns the page's path. Raises OSError."""
    drawn = figures(result)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for figure in drawn:
        write_whole(folder / "figures" / f"{figure.name}.svg", standalone(figure))
    for old in {file.stem for file in (folder / "figures").glob("*.svg")} - {figure.name for figure in drawn}:
        (folder / "figures" / f"{old}.svg").unlink()
    path = folder / "report.html"
    write_whole(path, document(result, drawn, variant=variant, links=_links(result, folder)))
    return path


def _links(result: Result, folder: Path) -> dict[str, str]:
    """Where the reports of variants will stand, relative to the page: those whose folders are there."""
    from urllib.parse import quote

    places = {name: place_of_variant(name) for name in result.variants}
    return {name: f"{quote(str(place))}/report.html" for name, place in places.items() if (folder / place).is_dir()}


def standalone(figure: Figure) -> str:
    """A figure as an SVG file of its own."""
    begin = figure.svg.index(">") + 1
    title = f"<title>{escape(figure.title)}</title><style>{page.figure_style()}</style>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{figure.svg[:begin]}{title}{figure.svg[begin:]}\n'


def document(result: Result, drawn: list[Figure], *, variant: str = "", links: dict[str, str] | None = None) -> str:
    """The whole page; `links` says where the reports of variants stand, relative to it."""
    title = f"{result.name}: {variant}" if variant else result.name
    parts = [
        _head(result),
        _troubles(result),
        _verdict(result),
        _story(result),
        _comparison(result, links or {}),
        _controls(result),
        _figures(result, drawn, only=VARIANTS),
        _figures(result, drawn, first=True),
        _numbers(result),
        _breakdowns(result),
        _measured(result),
        _figures(result, drawn),
        render("templates/requests.html") if result.replications else "",
        "<h2>What was played</h2>",
        _provenance(result),
        folded("The resolved scenario", f"<pre>{escape(_yaml(result))}</pre>"),
        folded("The scenario file", f"<pre>{escape(result.facts.source)}</pre>" if result.facts.source else ""),
        _all_metrics(result),
    ]
    if not result.replications:
        return page.document(title, parts)
    return page.document(title, parts, styles=_STYLES, scripts=_SCRIPTS, data={"run": page_data(result)})


def fragment(result: Result, *, heading: bool = True) -> str:
    """The summary as HTML without a page around it (notebooks show it)."""
    parts = [f"<h3>{escape(result.name)}</h3>"] if heading else []
    parts += [_head(result), _troubles(result), _verdict(result), _story(result), _comparison(result, {})]
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


def _comparison(result: Result, links: dict[str, str]) -> str:
    if not result.variants or not result.replications:
        return ""
    told = f'<p class="answer">{kept(answer(result))}</p>'
    return f"<h2>The variants on the same arrivals</h2>{told}{tables.by_variant(result, links)}"


def _breakdowns(result: Result) -> str:
    found = tables.breakdowns(result)
    if not found:
        return ""
    which = " (as written)" if result.variants else ""
    body = "".join(f"<h3>{escape(heading)}</h3>{table}" for heading, table in found)
    return f"<h2>Side by side{which}</h2>{body}"


def _controls(result: Result) -> str:
    """The bar that says what charts and tables show."""
    if not result.replications:
        return ""
    choices: list[tuple[str, str, str, list[tuple[str, str]]]] = []
    if result.variants:
        names = ["as written", *result.variants]
        options = [(str(place), name) for place, name in enumerate(names)]
        choices.append(("variant", "Variant", "", [*options, ("all", "all, side by side")]))
    resolved, places = result.facts.resolved, edge_sites(result.facts.resolved)
    groups = list(resolved.get("clients") or ())
    faults = [(str(place), fault.name) for place, fault in enumerate(written_faults(result))]
    for name, label, options in (
        ("site", "Site", [(str(site), str(site)) for site in resolved.get("sites") or ()]),
        ("group", "Clients", [(str(group), str(group)) for group in groups]),
        ("edge", "Edge", [(edge, edge) for edge in (*places, *(e for e in edges_of(result) if e not in places))]),
        ("fault", "Fault", faults),
    ):
        if len(options) > (0 if name == "fault" else 1):
            choices.append((name, label, "all" if name != "fault" else "whole run", options))
    return render("templates/controls.html", choices=choices)


def _figures(result: Result, drawn: list[Figure], *, only: str = "", first: bool = False) -> str:
    """Figures under their headings: those of one group, the first other group, or the rest."""
    groups = list(dict.fromkeys(figure.group for figure in drawn if figure.group != VARIANTS))
    wanted = [only] if only else groups[:1] if first else groups[1:]
    parts = []
    for group in wanted:
        mine = [figure for figure in drawn if figure.group == group]
        if mine:
            heading = "" if only else f"<h2>{escape(group)}</h2>"
            shown = [page.figure(f.name, f.title, f.caption, _drawing(result, f)) for f in mine]
            parts.append(heading + page.grid(shown))
    return "".join(parts)


def _drawing(result: Result, figure: Figure) -> str:
    """The place of a chart over time, which scripts draw; else the SVG, and those of the variants, hidden at first."""
    if figure.chart is not None:
        return f'<div data-chart="{escape(figure.name)}"></div>'
    if figure.group == VARIANTS or not result.variants:
        return figure.svg
    parts = [f'<div data-variant="0"><h4>as written</h4>{figure.svg}</div>']
    for place, (name, part) in enumerate(result.variants.items(), 1):
        svg = next((one.svg for one in figures(part) if one.name == figure.name), "")
        body = svg or '<p class="dim">Nothing to show of this variant.</p>'
        parts.append(f'<div data-variant="{place}" hidden><h4>{escape(name)}</h4>{body}</div>')
    return f'<div class="svgs">{"".join(parts)}</div>'


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
