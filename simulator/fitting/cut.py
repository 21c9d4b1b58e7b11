"""A log cut into sessions, as the trace workload cuts it: what the estimators need to know of each client.

A silence of a client that is longer than the gap ends its session. Requests of a log that tells whole seconds are
spread over their second first, as `within_second: spread` does.

May import: numpy, logs, the trace workload. Does not model: anything; it counts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from simulator.logs import Log
from simulator.workloads.trace import spread

Floats = NDArray[np.float64]
_SPREAD_SEED = 1


@dataclass(frozen=True, eq=False)
class Clients:
    """One entry for each client, shape (clients,)."""

    requests: Floats
    sessions: Floats
    inside_s: Floats
    """Time from the first to the last request of each session, summed."""
    ended: Floats
    """Sessions that are followed by a silence longer than the gap."""
    silent_s: Floats
    """Silence before the end of the log where it is too short to say that the session ended; else NaN."""

    def __len__(self) -> int:
        return len(self.requests)

    def take(self, which: NDArray[np.int64]) -> Clients:
        """Some of them."""
        return Clients(*(getattr(self, one.name)[which] for one in fields(self)))


@dataclass(frozen=True, eq=False)
class Cut:
    """All requests by client, within a client by time; arrays of shape (requests,) unless said."""

    time_s: Floats
    """Since the start of the log."""
    client: NDArray[np.int64]
    first: NDArray[np.bool_]
    """Whether a session begins with it."""
    span_s: float
    gap_s: float
    clients: Clients

    @property
    def gaps_s(self) -> Floats:
        """Time between neighbours of one session; shape (requests - sessions,)."""
        return np.diff(self.time_s)[~self.first[1:]]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Index of the first request of each session."""
        return np.flatnonzero(self.first)


def cut(log: Log, gap_s: float) -> Cut:
    """Cut a log into sessions.

    Args:
        log: at least one request; its time 0 is taken for the start.
        gap_s: the longest silence within a session, seconds (infinity: one session a client).
    """
    time_s = log.time_s - log.time_s[0]
    if log.whole_seconds:
        time_s = spread(np.floor(time_s), log.client, np.random.default_rng(_SPREAD_SEED))
    span_s = float(time_s.max())
    order = np.lexsort((time_s, log.client))
    time_s, client = time_s[order], log.client[order].astype(np.int64)
    between_s = np.diff(time_s)
    other = np.diff(client) != 0
    first = np.ones(len(time_s), dtype=bool)
    first[1:] = other | (between_s > gap_s)
    _, who = np.unique(client, return_inverse=True)
    number = int(who.max()) + 1
    within = ~first[1:]
    last_s = time_s[np.append(other, True)]
    tail_s = span_s - last_s
    sessions = np.bincount(who, first, number).astype(np.float64)
    open_still = tail_s <= gap_s
    counted = Clients(
        requests=np.bincount(who, minlength=number).astype(np.float64),
        sessions=sessions,
        inside_s=np.bincount(who[1:][within], between_s[within], number).astype(np.float64),
        ended=sessions - open_still,
        silent_s=np.where(open_still, tail_s, np.nan),
    )
    return Cut(time_s, who.astype(np.int64), first, span_s, gap_s, counted)
