"""One HTML file that loads nothing: a template with its style, script and data, under a content security policy.

May import jinja2. The policy allows the page's own style and script by their digests, and no request at all. What comes
from a scenario (names, texts) goes in through autoescape, or as JSON that cannot end its element.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def asset(package: str, name: str) -> str:
    """The text of a file in a package's assets/."""
    return files(package).joinpath("assets", name).read_text(encoding="utf-8")


def assembled(template: str, *, style: str, script: str, data: Mapping[str, Any], **words: Any) -> str:
    """The page: `template` sees `policy`, `style`, `script`, `data` (by name, as JSON) and `words`."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    frame = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return frame.from_string(template).render(
        policy=policy, style=Markup(style), script=Markup(script),
        data={name: Markup(as_json(value)) for name, value in data.items()}, **words,
    )  # fmt: skip


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
