"""watch.html out of what is played: one file with style, script, coasts and data, under a content security policy.

May import jinja2, the playback and coasts. The policy allows the page's own script and style by their digests, and no
request at all; what comes from a scenario (names, texts) goes in as escaped JSON or through autoescape.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from simulator.geography.coast import land

STYLES: Final = ("watch.css",)
SCRIPTS: Final = ("base.js", "layout.js", "stage.js", "dots.js", "timeline.js", "player.js")


def render(play: Mapping[str, Any]) -> str:
    """The page."""
    coast = land() if play["sites"] else {"scale": 1, "rings": []}
    return assembled(
        __package__, "watch.html.j2", STYLES, SCRIPTS, {"play": play, "coast": coast},
        title=play["name"] + (f": {play['variant']}" if play["variant"] else ""), play=play,
    )  # fmt: skip


def assembled(
    package: str, template: str, styles: Sequence[str], scripts: Sequence[str], data: Mapping[str, Any], **words: Any
) -> str:
    """A template of a package's assets/, filled in: `data` by name as JSON, its styles and scripts as one each."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    assets = files(package).joinpath("assets")

    def read(name: str) -> str:
        return assets.joinpath(name).read_text(encoding="utf-8")

    style, script = "".join(map(read, styles)), "".join(map(read, scripts))
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    frame = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    filled: str = frame.from_string(read(template)).render(
        policy=policy, style=Markup(style), script=Markup(script),
        data={name: Markup(as_json(value)) for name, value in data.items()}, **words,
    )  # fmt: skip
    return filled


def digest(text: str) -> str:
    """The source expression of a script or style in a content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def as_json(value: Any) -> str:
    """JSON that may stand in a script element: no `<`, and null for what is no number."""
    text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
