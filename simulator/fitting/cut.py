"""A log cut into sessions, as the trace workload cuts it: what the estimators need to know of each client.

A silence of a client that is longer than the gap ends its session. Requests of a log that tells whole seconds are
spread over their second first, as `within_second: spread` does.

May import: numpy, logs, the trace workload. Does not model: anything; it counts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from simulator.fitting.windows import Windows
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
    """Silence before the end of the log, or of a window of one, where it is too short to say that the session ended.

    Shape (clients, most of any client); the rest is NaN.
    """

    def __len__(self) -> int:
        return len(self.requests)

    def take(self, which: NDArray[np.int64]) -> Clients:
        """Some of them."""
        return Clients(*(getattr(self, one.name)[which] for one in fields(self)))


@dataclass(frozen=True, eq=False)
class Cut:
    """All requests by client, within a client by time; arrays of shape (requests,) unless said."""

    time_s: Floats
    """Since the start of the log, on record."""
    client: NDArray[np.int64]
    first: NDArray[np.bool_]
    """Whether a session begins with it."""
    span_s: float
    """Time on record."""
    gap_s: float
    clients: Clients
    window: NDArray[np.int64]
    """In which window each lies; 0 in a log that was written all the time."""
    lengths_s: Floats
    """Of the windows; shape (windows,)."""

    @property
    def gaps_s(self) -> Floats:
        """Time between neighbours of one session; shape (requests - sessions,)."""
        return np.diff(self.time_s)[~self.first[1:]]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Index of the first request of each session."""
        return np.flatnonzero(self.first)


def cut(log: Log, gap_s: float, windows: Windows | None = None) -> Cut:
    """Cut a log into sessions.

    Args:
        log: at least one request; its time 0 is taken for the start.
        gap_s: the longest silence within a session, seconds (infinity: one session a client).
        windows: when it was written (left out: all the time); a session ends with its window, unseen, unless the gap
            is infinite.
    """
    time_s = even_times(log)
    window = np.zeros(len(time_s), dtype=np.int64)
    if windows is None:
        time_s = time_s - log.time_s[0]
        lengths_s = np.array([time_s.max()])
    else:
        window, time_s, lengths_s = windows.number(time_s), windows.observed(time_s), windows.lengths_s
    span_s = float(lengths_s.sum())
    order = np.lexsort((time_s, log.client))
    time_s, client, window = time_s[order], log.client[order].astype(np.int64), window[order]
    between_s = np.diff(time_s)
    other = np.diff(client) != 0
    if gap_s < np.inf:
        other |= np.diff(window) != 0
    first = np.ones(len(time_s), dtype=bool)
    first[1:] = other | (between_s > gap_s)
    _, who = np.unique(client, return_inverse=True)
    number = int(who.max()) + 1
    within = ~first[1:]
    last = np.append(other, True)
    until_s = np.cumsum(lengths_s)[window[last]] if gap_s < np.inf else span_s
    silent_s = _by_client(who[last], until_s - time_s[last], gap_s, number)
    sessions = np.bincount(who, first, number).astype(np.float64)
    counted = Clients(
        requests=np.bincount(who, minlength=number).astype(np.float64),
        sessions=sessions,
        inside_s=np.bincount(who[1:][within], between_s[within], number).astype(np.float64),
        ended=sessions - np.count_nonzero(~np.isnan(silent_s), axis=1),
        silent_s=silent_s,
    )
    return Cut(time_s, who.astype(np.int64), first, span_s, gap_s, counted, window, lengths_s)


def even_times(log: Log) -> Floats:
    """Log time of each request; those of a log that tells whole seconds are spread over their second."""
    if not log.whole_seconds:
        return log.time_s
    start_s = float(log.time_s[0])
    found: Floats = start_s + spread(np.floor(log.time_s - start_s), log.client, np.random.default_rng(_SPREAD_SEED))
    return found


def _by_client(who: NDArray[np.int64], tail_s: Floats, gap_s: float, number: int) -> Floats:
    """Silences that are no longer than the gap, in a row for each client; `who` is in order."""
    short = tail_s <= gap_s
    who, tail_s = who[short], tail_s[short]
    many = np.bincount(who, minlength=number)
    place = np.arange(len(who)) - np.repeat(np.cumsum(many) - many, many)
    found = np.full((number, max(int(many.max(initial=0)), 1)), np.nan)
    found[who, place] = tail_s
    return found
