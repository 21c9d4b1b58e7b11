"""watch.html out of what is played: the template with its style and scripts, the data and the coasts.

May import the frame of offline pages and coasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simulator.geography.coast import land
from simulator.report.offline import assembled

STYLES: Final = tuple(f"watch/assets/{name}.css" for name in ("theme", "watch"))
SCRIPTS: Final = tuple(f"watch/assets/{name}.js" for name in ("base", "layout", "stage", "dots", "timeline", "player"))


def render(play: Mapping[str, Any]) -> str:
    """The page that plays what `playback` gives."""
    coast = land() if play["sites"] else {"scale": 1, "rings": []}
    return assembled(
        "watch/assets/watch.html.j2",
        styles=STYLES,
        scripts=SCRIPTS,
        data={"play": play, "coast": coast},
        title=play["name"] + (f": {play['variant']}" if play["variant"] else ""),
        play=play,
    )
