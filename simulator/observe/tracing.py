"""Rows of single requests (`--trace`): a sample, drawn from a stream of its own, so that results stay the same.

May import: the world (to read it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.request import Attempt, Operation, Outcome, Tier

if TYPE_CHECKING:
    from simulator.world import World

_OPERATIONS = [operation.name.lower() for operation in Operation]
_OUTCOMES = [outcome.name.lower() for outcome in Outcome]
_TIERS = [tier.name.lower() for tier in Tier]
HOPS = ("retry_s", "network_s", "edge_wait_s", "edge_service_s", "core_s")
"""Where the time of a request goes; the columns add up to `latency_s`."""


class RequestTrace:
    """Columns of the sampled requests, one row each, in the order in which they ended.

    `t_s` is the intended send time, `latency_s` until the end (answer or giving up), `edge` and `tier` those of the
    last attempt (empty where there was none), times in seconds. Where the time went is told for answered requests
    and adds up to `latency_s`: earlier tries, network between client and edge, the edge's queue, its service, and
    the way to core and storage and back (with waiting for another's fetch).
    """

    def __init__(self, world: World, share: float) -> None:
        self._names = [edge.name for edge in world.edges]
        self._share = share
        self._uniform = world.streams.uniforms("trace", "sample").next
        self.columns: dict[str, list[Any]] = {
            name: []
            for name in ("t_s", "client", "session", "operation", "edge", "outcome", "tier", "tries", "latency_s")
        } | {name: [] for name in HOPS}

    def see(self, attempt: Attempt, now: float) -> None:
        """A request ended."""
        if self._share < 1.0 and self._uniform() >= self._share:
            return
        columns = self.columns
        ok = attempt.outcome == Outcome.OK
        columns["t_s"].append(attempt.intended_s)
        columns["client"].append(f"{attempt.client.group.name}-{attempt.client.index + 1}")
        columns["session"].append(attempt.session.session_id)
        columns["operation"].append(_OPERATIONS[attempt.operation])
        columns["edge"].append(self._names[attempt.edge] if attempt.edge >= 0 else "")
        columns["outcome"].append(_OUTCOMES[attempt.outcome])
        columns["tier"].append(_TIERS[attempt.tier] if ok else "")
        columns["tries"].append(attempt.tries)
        columns["latency_s"].append(now - attempt.intended_s)
        spent = _spent(attempt, now) if ok else (0.0,) * len(HOPS)
        for name, seconds in zip(HOPS, spent, strict=True):
            columns[name].append(seconds)


def _spent(attempt: Attempt, now: float) -> tuple[float, ...]:
    """Seconds of each hop of an answered request, in the order of HOPS."""
    began_s, answered_s = attempt.started_s, now - attempt.down_s
    served_s = min(attempt.left_s, answered_s)
    return (
        attempt.sent_s - attempt.intended_s,
        attempt.up_s + attempt.down_s,
        began_s - attempt.arrived_s,
        served_s - began_s,
        answered_s - served_s,
    )
