"""What to say of a name or glob that means no actor, and which one it may mean."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from simulator.scenario.actors import PROBER, ActorNames
from simulator.units import show


def no_actor(pattern: str, actors: ActorNames) -> tuple[str, str]:
    """What is wrong with a pattern that means no server, and how to mend it."""
    if pattern == "sam" and "sam" not in actors.others:
        return "'sam' cannot be meant: the SAM is off", "switch it on or remove this"
    if pattern == PROBER:
        if PROBER in actors.others:
            return "'health' is the sender of probes, which this fault cannot strike", "partition it from the edges"
        return "'health' cannot be meant: nobody probes", "add health: {active: {...}}, or remove this"
    if actors.match_groups([pattern]):
        return f"{show(pattern)} means clients, which this fault cannot strike", _servers(actors)
    return f"{show(pattern)} matches no actor", nearest(pattern, [*actors.servers[:200], *actors.clients])


def _servers(actors: ActorNames) -> str:
    return f"it strikes {some([name for name in actors.servers if name != PROBER])}"


def some(names: Sequence[str]) -> str:
    """The first few of the names."""
    return f"{', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"


def nearest(pattern: str, names: Sequence[str]) -> str:
    """The name that is most like the pattern, or what names there are."""
    close = difflib.get_close_matches(pattern, names, 1, 0.5)
    if close:
        return f"did you mean {close[0]}?"
    return f"there are {some(names)}"
