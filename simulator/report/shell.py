"""The shell of every page: a template, style and scripts out of files, and a policy under which it can load nothing.

May import svg's escaping. Files lie in static/ and templates/. Templates escape what they are given, except `Markup`.
The content security policy allows the very scripts that stand in the page, by their digests: text that came from a
scenario is never run, whatever it holds, and nothing is requested from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import jinja2

_ROOM: Final = Path(__file__).parent
_STYLES: Final = ("light.css", "dark.css", "chart.css", "page.css")


@cache
def asset(name: str) -> str:
    """The text of a file in static/: `page.css`, `uplot/uPlot.iife.min.js`."""
    return (_ROOM / "static" / name).read_text(encoding="utf-8").strip()


def figure_style() -> str:
    """The style of a figure in an SVG file of its own."""
    return asset("light.css") + asset("chart.css") + ".chart{background:var(--bg)}"


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    loader = jinja2.FileSystemLoader(_ROOM / "templates")
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=False, undefined=jinja2.StrictUndefined)


def render(template: str, **values: Any) -> str:
    """A template of templates/ with its values, which are escaped unless they are `Markup`."""
    return _environment().get_template(template).render(values)


def data_text(data: object) -> str:
    """JSON that may stand in a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def document(
    title: str, body: Iterable[str], *,
    styles: Sequence[str] = (), scripts: Sequence[str] = (), data: object = None,
) -> str:  # fmt: skip
    """A whole page.

    Args:
        title: heading and title, escaped here.
        body: parts of HTML; empty ones are left out.
        styles: files of static/ beside those that every page has, in their order.
        scripts: files of static/ that run at the end of the page, in their order.
        data: what scripts read from `JSON.parse(document.getElementById("data").textContent)`.
    """
    from markupsafe import Markup

    theme, found = asset("theme.js"), [asset(name) for name in scripts]
    return render(
        "page.html",
        title=title,
        policy=Markup(_policy([theme, *found])),
        style=Markup("\n".join(asset(name) for name in (*_STYLES, *styles))),
        theme=Markup(theme),
        body=[Markup(part) for part in body if part],
        data=None if data is None else Markup(data_text(data)),
        scripts=[Markup(script) for script in found],
    )


def _policy(scripts: Iterable[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}; img-src data:"
