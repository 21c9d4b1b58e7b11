"""Snapshots of everything that a world counts: actors keep sums of what they did, and here they are read.

Which counters are read follows from the catalogue of metrics: those that its formulas name, and a few besides. The
difference of two snapshots is a `Window`. Changes nothing: results are the same however often it looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from simulator.links.counters import PathCounters
from simulator.metrics.catalogue import CATALOGUE, SERIES
from simulator.metrics.formula import COUNTED_BY

if TYPE_CHECKING:
    from simulator.world.world import World

FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

MISSES: Final = "misses"
"""The last counter of edges and cores: the sum of their misses by cause, in a window."""
WITH_MISSES: Final = ("edge", "core")
BESIDES: Final[dict[str, tuple[str, ...]]] = {
    "edge": ("sojourn_sum_s", "fetches", "fetch_sum_s", "core_link_sum_s"),
    "lease": ("idle_lapses",),
    "core": ("wait_sum_s", "reply_link_sum_s"),
    "group": ("issued", "bytes_moved", "retry_sum_s", "bytes_answered"),
    "storage": ("read_sum_s",),
}
"""Counters that are read although no formula names them: for hops, costs, and metrics that are more than a quotient."""
AREAS: Final = {
    "edge.in_system": ("in_system", "arrival_sum_s", "departure_sum_s"),
    "edge.busy": ("busy", "start_sum_s", "departure_sum_s"),
    "core.busy": ("busy", "start_sum_s", "departure_sum_s"),
    "balancer.busy": ("busy", "start_sum_s", "departure_sum_s"),
}
"""Time integrals by name here: a number present, and the sums of the times at which each began and ended."""
PARTS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "edge": {"fetching": ("fetches", "fetch_sum_s", "core_link_sum_s")},
    "group": {
        "measuring": ("answered", "attempts_ended", "late", "rtt_sum_s", "loss_sum", "bandwidths", "bandwidth_sum"),
        "access": ("bytes_moved", "bytes_answered"),
        "sessions": ("establishments", "establish_sum_s", "sessions_begun"),
        "books": ("ended", "ok", "denied", "retry_sum_s"),
    },
}
"""Which parts of an actor have which of its counters; the others are its own."""
SESSIONS: Final = "group.sessions"
NO_COUNTS: Final = PathCounters(0, 0, 0, 0, 0, 0, 0.0)


class NamedActor(Protocol):
    """An actor."""

    @property
    def name(self) -> str:
        """As results have it."""


@dataclass(slots=True)
class Snapshot:
    """Cumulative counts at `t_s`.

    Attributes:
        counts: for each key of COUNTED_BY a row per actor and a column per counter that is read.
        by_cause: misses of edges ("edge") and cores ("core") by cause, retries of balancers ("balancer") by outcome.
        areas_s: time integrals (seconds x number), an entry per actor: those of AREAS, and SESSIONS that are open.
        bytes_between_sites: sent over links between sites, where that has a price.
    """

    t_s: float
    counts: dict[str, FloatArray]
    by_cause: dict[str, FloatArray]
    areas_s: dict[str, FloatArray]
    bytes_between_sites: float


class Counters:
    """Reads the counters of one world.

    Attributes:
        places: for each key of COUNTED_BY its counters, and the column of each in a window's counts.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._columns = counters_by_actor()
        self.places = {
            one: {name: place for place, name in enumerate((*columns, MISSES) if one in WITH_MISSES else columns)}
            for one, columns in self._columns.items()
        }
        self._attributes = {
            actor: tuple(_attribute(actor, counter) for counter in counters)
            for actor, counters in self._columns.items()
        }
        groups = world.groups
        self._actors: dict[str, Sequence[object]] = {
            "edge": world.edges,
            "lease": [edge.leases for edge in world.edges if edge.leases is not None],
            "core": world.cores,
            "group": groups,
            "moves": [group.moves for group in groups],
            "tally": [group.tally for group in groups],
            "balancer": world.balancers,
            "storage": [world.storage],
        }

    def look(self) -> Snapshot:
        """Read all counters now, but those of links."""
        world, now = self._world, self._world.kernel.now
        areas_s = {name: _area(_rows(self._actors[name.partition(".")[0]], sums), now) for name, sums in AREAS.items()}
        areas_s[SESSIONS] = np.array([group.sessions.open_s for group in world.groups])
        return Snapshot(
            t_s=now,
            counts={one: _rows(self._actors[one], names) for one, names in self._attributes.items()},
            by_cause={
                "edge": np.array([edge.misses for edge in world.edges], dtype=float),
                "core": np.array([core.misses for core in world.cores], dtype=float),
                "balancer": np.array([one.retried_after for one in world.balancers], dtype=float),
            },
            areas_s=areas_s,
            bytes_between_sites=sum(link.bytes_sent for link in world.between_sites),
        )

    def links(self) -> dict[str, PathCounters]:
        """Cumulative counts by kind of link, such as "client>edge". Asks thousands of paths: not for every window."""
        totals: dict[str, PathCounters] = {}
        for path, source, target in self._world.paths:
            kind = f"{source.role}>{target.role}"
            totals[kind] = totals.get(kind, NO_COUNTS).plus(path.counters())
        return totals


def actors(world: World) -> dict[str, Sequence[NamedActor]]:
    """All that metrics are told by, by the kind of label."""
    return {"group": world.groups, "edge": world.edges, "core": world.cores, "balancer": world.balancers}


def counters_by_actor() -> dict[str, tuple[str, ...]]:
    """For each key of COUNTED_BY the counters that are read of it."""
    found: dict[str, dict[str, None]] = {one: dict.fromkeys(BESIDES.get(one, ())) for one in COUNTED_BY}
    for one, name in _named():
        found[one][name] = None
    for one in WITH_MISSES:
        found[one].pop(MISSES, None)
    return {one: tuple(names) for one, names in found.items()}


def _named() -> Iterator[tuple[str, str]]:
    for entry in (*CATALOGUE.values(), *SERIES.values()):
        for formula in entry.formulas:
            for name in formula.counters:
                yield formula.counted_by, name


def _attribute(actor: str, counter: str) -> str:
    """Where an actor has a counter."""
    parts = PARTS.get(actor, {})
    return next((f"{part}.{counter}" for part, counters in parts.items() if counter in counters), counter)


def _rows(actors: Sequence[object], columns: tuple[str, ...]) -> FloatArray:
    """A row per actor, a column per attribute (at least two)."""
    flat = chain.from_iterable(map(attrgetter(*columns), actors))
    return np.fromiter(flat, dtype=float).reshape(-1, len(columns))


def _area(rows: FloatArray, now: float) -> FloatArray:
    """Integrals of a number present, from the sums of the times at which each began and ended."""
    present, began_sum_s, ended_sum_s = rows.T
    areas: FloatArray = present * now - (began_sum_s - ended_sum_s)
    return areas
