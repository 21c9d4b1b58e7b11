"""Whether and when an agent tries again, and whether at the same edge: the retries of one group, with their budget.

May import: samplers, outcomes. Does not know which other edge a retry goes to; routing does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.messages import Outcome

if TYPE_CHECKING:
    from simulator.agents.policies import RetryPolicy
    from simulator.engine.samplers import Sampler

INFINITY: Final = float("inf")
SESSION_EXPIRED: Final = int(Outcome.SESSION_EXPIRED)
LAST_DOUBLING: Final = 1000  # 2.0 ** 1024 is no float any more


class Retries:
    """The retry policy of a group at work: a token bucket, and growing waits."""

    __slots__ = ("_excludes_tried", "_jitter", "_last_apart", "_stays", "_tokens", "policy")

    def __init__(self, policy: RetryPolicy, jitter: Sampler) -> None:
        self.policy = policy
        self._jitter = jitter
        self._tokens = policy.budget_burst
        self._stays = policy.to in ("same", "other_last")
        self._last_apart = policy.to == "other_last"
        self._excludes_tried = policy.to != "any"

    def earn(self) -> None:
        """A request was issued: the budget grows by its ratio."""
        policy = self.policy
        if self._tokens < policy.budget_burst:
            self._tokens = min(self._tokens + policy.budget_ratio, policy.budget_burst)

    def granted(self, tries: int, outcome: int) -> bool:
        """Whether an attempt that failed so after `tries` retries is tried again; if so, the budget has paid for it.

        An expired session is always established anew, at the cost of a retry.
        """
        policy = self.policy
        if tries >= policy.limit:
            return False
        if policy.on is not None and outcome not in policy.on and outcome != SESSION_EXPIRED:
            return False
        return self.pay()

    def pay(self) -> bool:
        """Whether the budget pays for one attempt more; if so, it has."""
        policy = self.policy
        if policy.budget_ratio < INFINITY:
            if self._tokens < 1.0 or policy.budget_ratio <= 0.0:
                return False
            self._tokens -= 1.0
        return True

    def at_same(self, tries: int) -> bool:
        """Whether retry number `tries` (from 1) goes to the edge that was tried, whatever is believed of it."""
        return self._stays and not (self._last_apart and tries == self.policy.limit)

    def besides(self, tried: int) -> int:
        """The edge that the choice of another leaves out: the one that was tried, or none (-1)."""
        return tried if self._excludes_tried else -1

    def wait_s(self, tries: int) -> float:
        """Seconds before retry number `tries` (from 0): exponential backoff, up to the cap, with full jitter or none.

        (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.)
        """
        policy = self.policy
        bound_s = min(policy.cap_s, policy.backoff_s * 2.0 ** min(tries, LAST_DOUBLING))
        return bound_s * self._jitter.next() if policy.jitter else bound_s
