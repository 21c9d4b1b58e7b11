"""report.html: one file that works offline: verdict, what happened, numbers, figures, and what was played.

May import sections, the verdict, the story and the figures. What is said is gathered here, markup is in templates/:
everything from a scenario (names, texts) is escaped there. Figures also go to figures/ as files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulator.report import page, sorting, tables
from simulator.report.figures import VARIANTS, Figure, edges_of, figures
from simulator.report.flows import edge_sites
from simulator.report.format import show, show_duration, unbroken
from simulator.report.offline import assembled, render
from simulator.report.page_data import page_data
from simulator.report.sections import Section, expectation_rows, measured_rows, played, read_lines, sections, tally
from simulator.report.story import story
from simulator.report.svg import escape
from simulator.report.verdict import answer
from simulator.report.written_faults import written_faults
from simulator.results.folder import place_of_variant
from simulator.results.places import write_whole

if TYPE_CHECKING:
    from simulator.results.result import Result


_STYLES: Final = (*page.STYLES, sorting.STYLE, "static/uplot/uPlot.min.css", "static/report/report.css")
_SCRIPTS: Final = (
    "static/uplot/uPlot.iife.min.js",
    *(f"static/report/{name}.js" for name in ("state", "charts", "trace", "controls")),
    sorting.SCRIPT,
)
AS_WRITTEN: Final = "as written"


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
    some = bool(result.replications)
    groups = list(dict.fromkeys(figure.group for figure in drawn if figure.group != VARIANTS))
    return assembled(
        "templates/run.html",
        styles=_STYLES if some else page.STYLES,
        scripts=_SCRIPTS if some else (),
        early=page.EARLY,
        data={"run": page_data(result)} if some else None,
        title=f"{result.name}: {variant}" if variant else result.name,
        run=_run(result, links or {}),
        parts=_parts(result),
        played=some,
        choices=_choices(result) if some else (),
        of_variants=[_shown(result, figure) for figure in drawn if figure.group == VARIANTS],
        groups=[(group, [_shown(result, one) for one in drawn if one.group == group]) for group in groups],
        provenance=_provenance(result),
        resolved=_yaml(result),
        source=result.facts.source,
        metrics=[(name, show(value, value.unit, value.half_width)) for name, value in result.estimates.items()],
    )


def fragment(result: Result, *, heading: bool = True) -> str:
    """The summary as HTML without a page around it (notebooks show it)."""
    return render("templates/fragment.html", run=_run(result, {}), heading=heading)


def _run(result: Result, links: dict[str, str]) -> dict[str, Any]:
    """What templates/parts.html says of a result."""
    facts = result.facts
    return {
        "name": result.name,
        "question": facts.question,
        "description": facts.description,
        "lines": [played(result), *read_lines(result)],
        "troubles": _troubles(result),
        "verdict": _verdict(result),
        "which": f" ({AS_WRITTEN})" if result.variants else "",
        "story": _story(result),
        "sections": _sections(result),
        "comparison": _comparison(result, links),
        "measured": measured_rows(result),
    }


def _parts(result: Result) -> list[dict[str, Any]]:
    """What is said of each variant: sentences, numbers, tables; the page shows those of the variant in view."""
    every = {AS_WRITTEN: result, **result.variants}
    return [
        {
            "which": f" ({name})" if result.variants else "",
            "story": _story(one),
            "sections": _sections(one),
            "breakdowns": tables.breakdowns(one),
        }
        for name, one in every.items()
    ]


def _story(result: Result) -> list[tuple[str, str]]:
    return [(unbroken(first), unbroken(" ".join(rest))) for first, *rest in story(result)]


def _sections(result: Result) -> list[Section]:
    return sections(result) if result.replications else []


def _verdict(result: Result) -> dict[str, Any] | None:
    rows = expectation_rows(result)
    if not rows:
        return None
    verdicts = {row[0] for row in rows}
    worst = next(verdict for verdict in ("missed", "undecided", "met") if verdict in verdicts)
    return {"rows": rows, "worst": worst, "told": tally(result)}


def _comparison(result: Result, links: dict[str, str]) -> dict[str, str] | None:
    if not result.variants or not result.replications:
        return None
    return {"told": unbroken(answer(result)), "table": tables.by_variant(result, links)}


def _choices(result: Result) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """What the bar of controls offers: (name, label, what no choice is called, (value, words) of each)."""
    choices: list[tuple[str, str, str, list[tuple[str, str]]]] = []
    if result.variants:
        names = [AS_WRITTEN, *result.variants]
        variants = [(str(place), name) for place, name in enumerate(names)]
        choices.append(("variant", "Variant", "", [*variants, ("all", "all, side by side")]))
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
    return choices


def _shown(result: Result, figure: Figure) -> dict[str, Any]:
    """A figure: scripts draw it if it is over time; else the SVG of each variant, by its name."""
    drawings = [(AS_WRITTEN, figure.svg)]
    if figure.chart is None and figure.group != VARIANTS:
        for name, part in result.variants.items():
            drawings.append((name, next((one.svg for one in figures(part) if one.name == figure.name), "")))
    return {
        "name": figure.name, "title": figure.title, "caption": unbroken(figure.caption),
        "over_time": figure.chart is not None, "drawings": drawings,
    }  # fmt: skip


def _troubles(result: Result) -> list[str]:
    lines = [f"{failure.item} gave no result: {failure.message}" for failure in result.failures]
    lines += [f"a safety invariant broke: {v['violation']}" for v in result.invariants["violations"]]
    if result.interrupted:
        lines.insert(0, "Interrupted: the numbers are of what was finished.")
    return lines


def _provenance(result: Result) -> list[tuple[str, str]]:
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
    return [row for row in rows if row[1]]


def _yaml(result: Result) -> str:
    import yaml

    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(dict(result.facts.resolved), Dumper=dumper, sort_keys=False, allow_unicode=True))
