"""What happened to the messages of a path, in numbers that can be added and subtracted.

May import: the standard library. Does not count anything itself (a path does).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import add, sub
from typing import Any, NamedTuple


class PathCounters(NamedTuple):
    """Cumulative counts of a path; the difference of two is what happened between them."""

    sent: int
    """Messages offered, lost and dropped ones included."""
    lost: int
    """Messages lost by a loss process."""
    dropped_partition: int
    """Messages lost to a partition."""
    lossy_sent: int
    """Messages offered while a loss process was in force (`link.loss_ratio` = lost / lossy_sent)."""
    bursts: int
    """Runs of consecutive losses on one line (mean burst = lost / bursts)."""
    limited_sent: int
    """Messages that went through a transmit queue of finite bandwidth."""
    wait_sum_s: float
    """Sum of their waits for it, serialisation excluded (`link.wait.mean` = wait_sum_s / limited_sent)."""

    def since(self, earlier: PathCounters) -> PathCounters:
        """What was counted after `earlier`."""
        return _combine(sub, self, earlier)

    def plus(self, other: PathCounters) -> PathCounters:
        """The counts of two paths together."""
        return _combine(add, self, other)

    @property
    def loss_ratio(self) -> float:
        """Lost / offered to a loss process; nan if none was in force."""
        return self.lost / self.lossy_sent if self.lossy_sent else math.nan

    @property
    def mean_burst(self) -> float:
        """Mean length of a run of consecutive losses on one line; nan without losses."""
        return self.lost / self.bursts if self.bursts else math.nan

    @property
    def mean_wait_s(self) -> float:
        """Mean wait for the transmit queue; nan if bandwidth was unlimited throughout."""
        return self.wait_sum_s / self.limited_sent if self.limited_sent else math.nan


def _combine(operation: Callable[[Any, Any], Any], one: PathCounters, other: PathCounters) -> PathCounters:
    return PathCounters._make(map(operation, one, other))
