"""The `sam`, `routing` and `leases` sections: what decides where a session is served, and for how long.

May import: units, families. Does not apply any rule (see simulator.sam, simulator.routing, simulator.leases).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, get_args

from pydantic import model_validator

from simulator.plugins.fields import AutoOrDuration, Bool, GroupName, OrOff, WeightOrMeasured, choice
from simulator.plugins.named import MemberName, Named
from simulator.plugins.spec import Spec
from simulator.scenario.inside import ROUTING, SAM
from simulator.units import (
    Count,
    CountOrUnlimited,
    Duration,
    DurationOrNever,
    FactorOrUnlimited,
    Number,
    PositiveDuration,
    PositiveDurationOrNever,
    QuantityError,
    Rate,
    Ratio,
    ShareOrUnlimited,
    Switch,
    Weight,
    format_duration,
    show,
)


def _routing() -> type[Spec]:
    return RoutingSpec


def _sam() -> type[Spec]:
    return SamSpec


RoutingPolicy = Annotated[Named, MemberName("simulator.routing", ROUTING, _routing)]
"""A routing policy: its name, or its name with its settings."""
SamModel = Annotated[Named, MemberName("simulator.sam", SAM, _sam)]
"""A stickiness model, likewise."""


class HeartbeatSpec(Spec):
    """How edges are found to have failed."""

    period: PositiveDuration = 1.0
    """Each edge sends one this often."""
    misses: Count = 3
    """Heartbeats missed in a row until an edge is believed failed."""
    slack: AutoOrDuration = "auto"
    """How much longer it waits, for jitter; auto: the 99.99th percentile of the link's latency less its least."""


class ProbesSpec(Spec):
    """Agents measure the network by probes as well as by their requests."""

    every: PositiveDuration = 5.0
    """Each client with an open session measures one edge, in turn, this often."""


class SamSpec(Spec):
    """The session affinity manager: its rule with every threshold and step, and its failure detector."""

    model: SamModel = Named("published")
    """How weights are made from what was measured."""
    interval: PositiveDuration = 1.0
    """How often it scores."""
    window: PositiveDuration = 10.0
    """Over which measurements; a multiple of the interval."""
    initial_weight: WeightOrMeasured = 50.0
    """Of a new session; `measured`: by the rule, from the round trip of one probe."""
    latency: Annotated[Literal["network", "response"], *choice("network", "response")] = "network"
    """The latency that is scored: of the network alone, or with queue and service."""
    heartbeat: HeartbeatSpec = HeartbeatSpec()
    """The failure detector."""
    propagation: Duration = 0.05
    """From a new weight to the earliest answer that carries it."""
    shards: Count = 1
    """Parts of the manager, each with its sessions, that can fail apart."""
    site: GroupName | None = None
    """Where it is, for the latency of heartbeats."""
    client_reports: Bool = False
    """Clients' timeouts count as evidence of a failed edge."""
    probes: Annotated[ProbesSpec | None, *OrOff] = None
    """Whether clients measure edges that they do not use."""
    base: Weight = 50.0
    """Where the published rule starts from, every time."""
    latency_low: Duration = 0.05
    """Below this latency the weight grows."""
    latency_high: Duration = 0.2
    """Above this latency it shrinks."""
    rate_low: Rate = 10.0
    """Below this rate of a session's requests it shrinks."""
    rate_high: Rate = 100.0
    """Above this rate it grows."""
    error_low: Ratio = 0.01
    """Below this share of failed attempts it grows."""
    error_high: Ratio = 0.05
    """Above this share it shrinks."""
    latency_low_step: Number = 10.0
    """Added below latency_low."""
    latency_high_step: Number = -10.0
    """Added above latency_high."""
    rate_low_step: Number = -5.0
    """Added below rate_low."""
    rate_high_step: Number = 5.0
    """Added above rate_high."""
    error_low_step: Number = 10.0
    """Added below error_low."""
    error_high_step: Number = -15.0
    """Added above error_high."""

    @model_validator(mode="after")
    def _consistent(self) -> SamSpec:
        ratio = self.window / self.interval
        if ratio < 1 - 1e-9 or abs(ratio - round(ratio)) > 1e-9 * ratio:
            raise QuantityError(
                f"a window of {format_duration(self.window)} is no multiple of the interval of "
                f"{format_duration(self.interval)}",
                "choose one that is",
            ).inside("window")
        for term in ("latency", "rate", "error"):
            if getattr(self, f"{term}_low") > getattr(self, f"{term}_high"):
                raise QuantityError(f"{term}_low is above {term}_high", "swap them").inside(f"{term}_low")
        return self


def _is_prime(n: int) -> bool:
    return n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))


Assign = Literal["nearest", "random", "round_robin", "least_outstanding", "least_sessions", "power_of_two"]


class RoutingSpec(Spec):
    """Where a request goes. Settings that the chosen policy does not use wait for a variant that does."""

    policy: RoutingPolicy = Named("adaptive")
    """What decides."""
    weight: Weight | None = None
    """Of the static policy."""
    leave_to: Annotated[
        Literal["nearest", "uniform", "least_outstanding", "power_of_two"],
        *choice("nearest", "uniform", "least_outstanding", "power_of_two"),
    ] = "nearest"
    """Which of the other edges a request that leaves goes to."""
    after_leaving: Annotated[Literal["stay", "return"], *choice("stay", "return")] = "stay"
    """Whether the session lives on where its request went."""
    view: Annotated[Literal["shared", "own"], *choice("shared", "own")] = "shared"
    """Whose knowledge of load counts."""
    scope: Annotated[Literal["global", "site"], *choice("global", "site")] = "global"
    """Which edges are candidates: all, or those of a client's nearest site, and of the next where that is not well."""
    subset: CountOrUnlimited = None
    """Each client knows so many edges only (deterministic subsetting); of every policy but those that hash."""
    overprovision: FactorOrUnlimited = 1.4
    """Of scope: site. So many times the share of its edges believed healthy is what a site carries of its load."""
    duration: PositiveDurationOrNever = math.inf
    """Of a cookie."""
    idle: PositiveDurationOrNever = math.inf
    """A cookie unused for this long is void."""
    refresh: Annotated[Literal["never", "request"], *choice("never", "request")] = "never"
    """Whether the duration of a cookie counts from its giving, or from its last request."""
    assign: Annotated[Assign, *choice(*get_args(Assign))] = "nearest"
    """Which edge gives a session its cookie, its establishment included."""
    on_down: Annotated[Literal["reassign", "return", "strict"], *choice("reassign", "return", "strict")] = "reassign"
    """What becomes of a cookie whose edge is believed failed: another one is given; or its requests go elsewhere until
    the edge is back; or no other edge is asked."""
    on_failed_attempt: Annotated[Literal["excursion", "reassign", "stay"], *choice("excursion", "reassign", "stay")] = (
        "excursion"
    )
    """What a retry does while its cookie's edge is not believed failed: it goes elsewhere, and the cookie stands; or
    another cookie is given; or it goes to the same edge."""
    virtual_nodes: Count = 100
    """Points a node, of consistent_hash."""
    load_bound: ShareOrUnlimited = math.inf
    """Of consistent_hash: no edge above (1 + this) times the mean load."""
    table_size: Count = 65537
    """Of maglev; a prime."""
    hash_salt: Annotated[Literal["replication", "fixed"], *choice("replication", "fixed")] = "replication"
    """Whether each replication has positions on rings and tables, and subsets, of its own, or all have the same."""

    @model_validator(mode="after")
    def _complete(self) -> RoutingSpec:
        if self.policy == "static" and self.weight is None:
            raise QuantityError("the static policy needs a weight", "add weight: 75")
        if self.table_size > 2**24 or not _is_prime(self.table_size):
            what = f"{show(self.table_size)} cannot be the size of a maglev table"
            raise QuantityError(what, "choose a prime such as 65537, at most 16 million").inside("table_size")
        return self


class LeasesSpec(Spec):
    """How long an edge may serve a session, and how it renews."""

    length: PositiveDuration = 30.0
    """From a grant or renewal to the expiry."""
    renew_before: Duration = 10.0
    """Renewal is due when this much or less is left."""
    batch_every: PositiveDuration = 1.0
    """How often an edge looks for leases that are due."""
    phase: Annotated[Literal["common", "spread"], *choice("common", "spread")] = "common"
    """Of these ticks: all edges look at the same instants, or each later by a time of its own, drawn from one tick."""
    max_batch: CountOrUnlimited = 256
    """Leases in one message."""
    batching: Switch = True
    """Whether one message renews many leases; `off`: one message per lease."""
    idle_after: DurationOrNever = 60.0
    """Sessions without a request for this long are not renewed."""
    lock_delay: Duration = 15.0
    """From a lease's end until its locks are free."""
    clock_skew: Duration = 0.0
    """Bound on the difference of two nodes' clocks."""

    @model_validator(mode="after")
    def _in_time(self) -> LeasesSpec:
        if self.renew_before >= self.length:
            what = f"renew_before ({format_duration(self.renew_before)}) is not below length"
            raise QuantityError(what, f"length is {format_duration(self.length)}").inside("renew_before")
        if self.clock_skew >= self.length:
            what = f"clock_skew ({format_duration(self.clock_skew)}) is not below length"
            raise QuantityError(what, f"length is {format_duration(self.length)}").inside("clock_skew")
        return self
