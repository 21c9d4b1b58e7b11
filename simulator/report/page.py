"""Small parts of HTML that pages share: figures, tables, cells, folds. Everything that comes from outside is escaped.

May import the frame of offline pages and escaping.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.report import sorting
from simulator.report.format import unbroken
from simulator.report.offline import assembled, asset
from simulator.report.svg import escape

STYLES: Final = tuple(f"static/{name}.css" for name in ("light", "dark", "chart", "page"))
EARLY: Final = "static/theme.js"


@dataclass(frozen=True, slots=True)
class PageFigure:
    """A figure: file name, title, caption, SVG; `metric` is the heading under which it stands, or ""."""

    name: str
    title: str
    caption: str
    svg: str
    metric: str = ""


def document(title: str, body: Iterable[str], *, sorts: bool = False) -> str:
    """A whole page; `body` holds HTML, of which empty parts are left out. `sorts`: it has tables that sort."""
    from markupsafe import Markup

    parts = [Markup(part) for part in body if part]
    styles, scripts = ((*STYLES, sorting.STYLE), (sorting.SCRIPT,)) if sorts else (STYLES, ())
    return assembled("templates/page.html", styles=styles, scripts=scripts, early=EARLY, title=title, body=parts)


def figure_style() -> str:
    """The style of a figure in an SVG file of its own."""
    return asset("static/light.css") + asset("static/chart.css") + ".chart{background:var(--bg)}"


def kept(text: str) -> str:
    """Escaped prose in which numbers stay with their units."""
    return escape(unbroken(text))


def figure(name: str, title: str, caption: str, svg: str) -> str:
    """A figure with its heading and caption."""
    said = f"<figcaption>{kept(caption)}</figcaption>" if caption else ""
    begin = f'<figure id="{escape(name)}" aria-labelledby="{escape(name)}-title"><h3 id="{escape(name)}-title">'
    return f"{begin}{escape(title)}</h3>{said}{svg}</figure>"


def grid(figures: Sequence[str]) -> str:
    """Figures beside one another where there is room."""
    return f'<div class="grid">{"".join(figures)}</div>' if figures else ""


def folded(summary: str, body: str) -> str:
    """What is shown on a click; nothing for an empty body."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>" if body else ""


def header(names: Sequence[str], *, numbers_from: int = 99) -> str:
    """The first row of a table; from `numbers_from` on, columns of numbers."""
    cells = (
        f'<th class="n">{escape(name)}</th>' if place >= numbers_from else f"<th>{escape(name)}</th>"
        for place, name in enumerate(names)
    )
    return f"<tr>{''.join(cells)}</tr>"


def cell(text: object, kind: str = "") -> str:
    """One escaped cell of a table."""
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"
