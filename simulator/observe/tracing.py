"""Rows of single requests (`--trace`): a sample, drawn from a stream of its own, so that results stay the same.

A request is seen for every few microseconds of a run, so what is read of it is only packed, by loops of C; columns are
made of many rows at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.messages import Attempt, Operation, Outcome, Tier
from simulator.observe.result import Texts

if TYPE_CHECKING:
    from simulator.world.world import World

HOPS = ("retry_s", "network_s", "edge_wait_s", "edge_service_s", "core_s")
"""Where the time of a request goes; the columns add up to `latency_s`."""
TOGETHER: Final = 1024
"""How many rows are packed before columns are made of them."""
WITH_ANSWER: Final = (int(Outcome.OK), int(Outcome.DENIED))
SENT: Final = {
    "intended_s": "d", "client.index": "q", "session.session_id": "q", "operation": "q", "edge": "q", "tries": "q",
}  # fmt: skip
"""What is read of every attempt, and how it is packed: d is a float, q a whole number."""
ANSWERED: Final = {
    "tier": "q", "sent_s": "d", "up_s": "d", "arrived_s": "d", "started_s": "d", "left_s": "d", "down_s": "d",
}  # fmt: skip
"""What is read of an answered one besides. Of others it may not be set, or still change: their answer can come late."""

_ROW = np.dtype([*SENT.items(), *ANSWERED.items()])
_read_answered, _pack_answered = attrgetter(*SENT, *ANSWERED), Struct("".join((SENT | ANSWERED).values())).pack
_read_failed, _pack_failed = attrgetter(*SENT), Struct("".join(SENT.values()) + f"{8 * len(ANSWERED)}x").pack


class RequestTrace:
    """Columns of the sampled requests, one row each, in the order in which they ended.

    `t_s` is the intended send time, `latency_s` until the end (answer or giving up), `edge` and `tier` those of the
    last attempt (empty where there was none), times in seconds. Where the time went is told for answered requests
    and adds up to `latency_s`: earlier tries, network between client and edge, the edge's queue, its service, and
    the way to core and storage and back (with waiting for another's fetch).
    """

    def __init__(self, world: World, share: float) -> None:
        self._share = share
        self._uniform = world.streams.uniforms("trace", "sample").next
        self._group_names = [group.name for group in world.groups]
        self._words: dict[str, Sequence[str]] = {
            "operation": _lower(Operation),
            "edge": ["", *(edge.name for edge in world.edges)],
            "outcome": _lower(Outcome),
            "tier": ["", *_lower(Tier)],
        }
        self._kept: dict[str, list[NDArray[Any]]] = {}
        self._begin()

    def _begin(self) -> None:
        self._rows = bytearray()
        self._numbers: list[int] = []  # of client groups
        self._outcomes: list[int] = []
        self._ended_s: list[float] = []

    def see(self, attempt: Attempt, now: float) -> None:
        """A request ended."""
        if self._share < 1.0 and self._uniform() >= self._share:
            return
        outcome = attempt.outcome
        if outcome in WITH_ANSWER:
            self._rows += _pack_answered(*_read_answered(attempt))
        else:
            self._rows += _pack_failed(*_read_failed(attempt))
        self._numbers.append(attempt.client.group.number)
        self._outcomes.append(outcome)
        self._ended_s.append(now)
        if len(self._outcomes) >= TOGETHER:
            self._unpack()

    def columns(self) -> dict[str, Any]:
        """What was seen so far: `Texts`, and arrays of numbers."""
        self._unpack()
        for name, parts in self._kept.items():
            self._kept[name] = [np.concatenate(parts)]
        columns = {name: column for name, (column,) in self._kept.items()}
        words = dict(self._words)
        columns["client"], words["client"] = self._names(columns["client"])
        return {name: Texts(column, words[name]) if name in words else column for name, column in columns.items()}

    def _unpack(self) -> None:
        """Make columns of what is packed, and begin anew."""
        rows, ended_s = np.frombuffer(self._rows, dtype=_ROW), np.array(self._ended_s, dtype=np.float64)
        group = np.array(self._numbers, dtype=np.int64)
        outcome = np.array(self._outcomes, dtype=np.int8)
        ok = np.isin(outcome, WITH_ANSWER)
        self._begin()
        columns = {
            "t_s": rows["intended_s"].copy(),
            "client": rows["client.index"] * len(self._group_names) + group,
            "session": rows["session.session_id"].copy(),
            "operation": rows["operation"].astype(np.int8),
            "edge": (rows["edge"] + 1).astype(np.min_scalar_type(-len(self._words["edge"]))),
            "outcome": outcome,
            "tier": np.where(ok, rows["tier"] + 1, 0).astype(np.int8),
            "tries": rows["tries"].copy(),
            "latency_s": ended_s - rows["intended_s"],
        }
        for hop, seconds in zip(HOPS, _spent(rows, ended_s), strict=True):
            columns[hop] = np.where(ok, seconds, 0.0)
        for name, column in columns.items():
            self._kept.setdefault(name, []).append(column)

    def _names(self, clients: NDArray[np.int64]) -> tuple[NDArray[np.int32], list[str]]:
        """The clients that were met, numbered from 0, and their names."""
        met = np.flatnonzero(np.bincount(clients))
        numbers = np.zeros(met[-1] + 1 if met.size else 0, dtype=np.int32)
        numbers[met] = np.arange(met.size)
        groups = self._group_names
        return numbers[clients], [f"{groups[n % len(groups)]}-{n // len(groups) + 1}" for n in met.tolist()]


def _lower(names: type[Operation] | type[Outcome] | type[Tier]) -> list[str]:
    return [member.name.lower() for member in names]


def _spent(rows: NDArray[Any], ended_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Seconds of each hop of answered requests, in the order of HOPS."""
    began_s, answered_s = rows["started_s"], ended_s - rows["down_s"]
    served_s = np.minimum(rows["left_s"], answered_s)
    return (
        rows["sent_s"] - rows["intended_s"],
        rows["up_s"] + rows["down_s"],
        began_s - rows["arrived_s"],
        served_s - began_s,
        answered_s - served_s,
    )
