"""watch.html out of what is played: the template with its style and scripts, the data and the coasts.

May import the frame of offline pages and coasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simulator.geography.coast import land
from simulator.report.offline import assembled, asset

STYLES: Final = ("theme.css", "watch.css")
SCRIPTS: Final = ("base.js", "layout.js", "stage.js", "dots.js", "timeline.js", "player.js")


def render(play: Mapping[str, Any]) -> str:
    """The page that plays what `playback` gives."""
    coast = land() if play["sites"] else {"scale": 1, "rings": []}
    return assembled(
        asset(__package__, "watch.html.j2"),
        style="".join(asset(__package__, name) for name in STYLES),
        script="".join(asset(__package__, name) for name in SCRIPTS),
        data={"play": play, "coast": coast},
        title=play["name"] + (f": {play['variant']}" if play["variant"] else ""),
        play=play,
    )
