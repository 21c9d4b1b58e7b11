"""The policies that the clients of a group share: when they give up and try again, and what they want with locks.

May import: samplers. Does not act.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.engine.samplers import Sampler

INFINITY: Final = float("inf")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When an agent gives an attempt up and tries again. Times in seconds; infinity for never."""

    timeout_s: float = INFINITY
    limit: int = 0
    backoff_s: float = 0.0
    cap_s: float = INFINITY
    jitter: bool = False
    budget_ratio: float = INFINITY
    budget_burst: float = 10.0
    cancel_on_timeout: bool = False
    to: str = "other"
    on: frozenset[int] | None = None
    """The outcomes that are retried; None: all but denied."""


@dataclass(frozen=True, slots=True)
class LockPolicy:
    """Which locks an agent asks for, and for how long it holds them."""

    group: int
    own: int = 1
    pool: int = 0
    hold_s: Sampler | None = None
    exclusive: bool = True
    waits: bool = False


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """What nodes may know of a client: which group it is of, when it gives up, and what it wants with locks.

    `number` is the place of the group in the scenario, by which nodes keep what they have of each group.
    """

    name: str
    number: int
    retry: RetryPolicy
    locks: LockPolicy


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of control messages, bytes."""

    lookup: float = 128.0
    metadata: float = 1024.0
    batch: float = 64.0
    batch_lease: float = 32.0
