"""The two ends of a path, as rules and faults name them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from simulator.links.path import Path

CLIENT, EDGE, CORE, SAM, STORAGE, HEALTH = "client", "edge", "core", "sam", "storage", "health"
BALANCER = "balancer"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a path: an actor, or a class of clients that rules and faults do not tell apart."""

    role: str
    name: str
    group: str
    site: str | None = None
    matched: frozenset[str] = frozenset()  # patterns that match all of a class's clients
    which: str = ""  # of two nodes of one name: rules and faults mean both, random numbers are apart

    def matches(self, patterns: Iterable[str]) -> bool:
        """Whether one of the globs names it (or its group)."""
        if self.role == CLIENT:
            return any(pattern in self.matched for pattern in patterns)
        return any(fnmatchcase(self.name, pattern) or pattern == self.group for pattern in patterns)


class PathRecord(NamedTuple):
    """A path with its ends."""

    path: Path
    source: Endpoint
    target: Endpoint
