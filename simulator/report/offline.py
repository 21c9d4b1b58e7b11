"""Every page is one HTML file that loads nothing: a template with its style, scripts and data, under a policy.

May import jinja2. Templates and assets lie beside this file; names are relative to its folder. The content security
policy allows the very style and scripts that stand in the page, by their digests, and no request at all. What comes
from a scenario (names, texts) goes in through autoescape, or as JSON that cannot end its element.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import jinja2

_ROOM: Final = Path(__file__).parent


@cache
def asset(name: str) -> str:
    """The text of a file: `static/page.css`, `watch/assets/player.js`."""
    return (_ROOM / name).read_text(encoding="utf-8").strip()


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ROOM), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


def render(template: str, **values: Any) -> str:
    """A template (`templates/table.html`) with its values, which are escaped unless they are `Markup`."""
    return _environment().get_template(template).render(values)


def assembled(
    template: str, *, styles: Sequence[str], scripts: Sequence[str] = (), early: str = "",
    data: Mapping[str, Any] | None = None, **values: Any,
) -> str:  # fmt: skip
    """A whole page.

    Args:
        template: extends `templates/frame.html`.
        styles: files of CSS, in their order.
        scripts: files of JavaScript that run as one module when the page has been read, in their order.
        early: a file of JavaScript that runs before the body is drawn.
        data: by name, what scripts read from `JSON.parse(document.getElementById("data-NAME").textContent)`.
        **values: what the template sees besides.
    """
    from markupsafe import Markup

    style = "\n".join(map(asset, styles))
    script = "\n".join(map(asset, scripts))
    first = asset(early) if early else ""
    return render(
        template,
        policy=Markup(policy(style, [text for text in (first, script) if text])),
        style=Markup(style),
        early=Markup(first),
        script=Markup(script),
        data={name: Markup(as_json(value)) for name, value in (data or {}).items()},
        **values,
    )


def policy(style: str, scripts: Sequence[str]) -> str:
    """The content security policy of a page with this style and these scripts."""
    allowed = " ".join(f"'{digest(script)}'" for script in scripts) or "'none'"
    return (
        f"default-src 'none'; style-src '{digest(style)}'; script-src {allowed}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def digest(text: str) -> str:
    """The source expression of a script or style in a content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def as_json(value: Any) -> str:
    """JSON that may stand in a script element: no `<`, and null for what is no number."""
    text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.replace("<", "\\u003c")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
