"""The page to explore a sweep with, as one offline file.

May import the frame of offline pages, cells, and the colours of the replay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.report.explore.cells import explored
from simulator.report.offline import assembled

if TYPE_CHECKING:
    from simulator.experiment.studies.sweep_result import SweepResult


def render(result: SweepResult) -> str:
    """The page."""
    sweep = explored(result)
    return assembled(
        "explore/assets/explore.html.j2",
        styles=("watch/assets/theme.css", "explore/assets/explore.css"),
        scripts=("explore/assets/explore.js", "explore/assets/charts.js"),
        data={"sweep": sweep},
        sweep=sweep,
    )
