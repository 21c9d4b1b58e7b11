"""The `balancers` section: actors between clients and edges that decide where requests go.

May import: units, distribution fields, nodes' common part. Does not build balancers (see simulator.server.balancer).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import PlainValidator, WithJsonSchema

from simulator.laws.distributions import Constant
from simulator.laws.fields import DurationDist
from simulator.plugins.fields import Bool, choice
from simulator.plugins.spec import Spec
from simulator.scenario.retried import BY_BALANCERS, RetriedByBalancers
from simulator.scenario.tiers import NodeGroupSpec
from simulator.units import CountOrUnlimited, Duration, PositiveDurationOrNever, parse_count

_Whole = Annotated[
    int, PlainValidator(lambda value: parse_count(value, 0)), WithJsonSchema({"type": "integer", "minimum": 0})
]


class BalancerRetrySpec(Spec):
    """What a balancer does about a request that its edge did not answer; the clients' retries come on top."""

    timeout: PositiveDurationOrNever = math.inf
    """Of one try, from its sending until the answer is back at the balancer."""
    max: _Whole = 0
    """Retries after the first try."""
    to: Annotated[Literal["other", "same", "other_last"], *choice("other", "same", "other_last")] = "other"
    """other: another edge, as the routing policy says; same: the same one, until it is believed failed; other_last:
    the same, and another at the last retry."""
    turnaround: Duration = 1.0
    """How long a retry of the same edge waits; one of another edge does not."""
    on: RetriedByBalancers = BY_BALANCERS
    """The outcomes that are retried: timeout (what was lost in a crash included), reset, refused, error."""


class BalancerGroupSpec(NodeGroupSpec):
    """Balancers: every message between a client and an edge goes through one."""

    workers: CountOrUnlimited = None
    """Requests in service at once, each balancer; the others wait."""
    service_time: DurationDist = Constant(0.0)
    """Of one request, at one worker, on its way to the edge; answers pass."""
    retry: BalancerRetrySpec = BalancerRetrySpec()
    """What it does about a request that was not answered; left out: it waits for ever."""
    abort_on_close: Bool = False
    """Whether what a client gave up is dropped if it has not been sent on; else it is sent all the same."""
    max_outstanding: CountOrUnlimited = None
    """Requests outstanding at one edge at once, of each balancer; beyond them requests wait at the balancer."""
    queue_timeout: PositiveDurationOrNever = 5.0
    """How long a request waits for its edge at most; then it is refused."""
