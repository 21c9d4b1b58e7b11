"""What nodes count of the requests of one client group: its own row among the counters, beside that of each node.

May import: nothing of the model. Does not count: what clients see.
"""

from __future__ import annotations


class Tally:
    """The requests of one group, as edges and balancers met them, whatever became of them.

    Lookups and what L1 had for them are counted from the start on; `spared` (lookups that missed L1 and were answered
    without storage) and `retried` (attempts that a balancer tried again) of the measured window, seconds.
    """

    __slots__ = ("_begin_s", "_end_s", "delayed", "hits", "lookups", "retried", "spared", "stale_reads")

    def __init__(self, begin_s: float, end_s: float) -> None:
        self._begin_s, self._end_s = begin_s, end_s
        self.lookups = self.hits = self.delayed = self.stale_reads = 0
        self.spared = self.retried = 0

    def spare_storage(self, started_s: float) -> None:
        """A lookup, in service since `started_s`, missed L1 and is answered without storage."""
        if self._begin_s <= started_s < self._end_s:
            self.spared += 1

    def retry(self, intended_s: float) -> None:
        """A balancer tries a request again that was due at `intended_s`."""
        if intended_s >= self._begin_s:
            self.retried += 1
