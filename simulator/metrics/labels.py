"""Labels that mean the same in every scenario: causes, tiers, hops, parts of the bill."""

from __future__ import annotations

from typing import Final

MISS_CAUSES: Final = (
    "cold",
    "ttl_expired",
    "lease_expired",
    "evicted",
    "migrated",
    "invalidated",
    "node_restart",
)
FAILURE_CAUSES: Final = ("timeout", "refused", "crashed", "session_expired", "unroutable", "error", "reset")
LAPSE_CAUSES: Final = ("idle", "lost")
RETRY_CAUSES: Final = ("timeout", "crashed", "reset", "refused", "error")
CAUSE_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "misses.l1.rate": MISS_CAUSES,
    "misses.l2.rate": MISS_CAUSES,
    "failures.ratio": FAILURE_CAUSES,
    "lease.lapses.rate": LAPSE_CAUSES,
    "balancer.retries.rate": RETRY_CAUSES,
}
"""Metrics that are zero, not unknown, for a cause that never occurred."""
TIERS: Final = ("l1", "l1_delayed", "l2", "storage", "core")
HOPS: Final = (
    "client_link", "edge_queue", "edge_service", "core_link", "core_queue", "core_service", "storage", "retries",
    "other",
)  # fmt: skip
COST_PARTS: Final = ("edges", "cores", "reads", "writes", "between_sites", "to_clients")
FIXED_LABELS: Final = frozenset((*MISS_CAUSES, *FAILURE_CAUSES, *LAPSE_CAUSES, *TIERS, *HOPS, *COST_PARTS))
"""Labels that no scenario chooses; links between kinds of actors have labels too, such as `edge>core`."""
