"""From the names of outcomes, as scenarios have them, to outcomes."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.messages import Outcome


def outcomes(names: Iterable[str]) -> frozenset[int]:
    """The outcomes that are meant; a timeout is one that met a crash, too."""
    meant = {int(Outcome[name.upper()]) for name in names}
    return frozenset(meant | {int(Outcome.CRASHED)} if int(Outcome.TIMEOUT) in meant else meant)
