"""The `edges`, `cores` and `storage` sections: the nodes that answer, and their caches.

May import: units, distribution fields, families. Does not build nodes (see simulator.nodes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    GetJsonSchemaHandler,
    ValidatorFunctionWrapHandler,
    WrapSerializer,
    WrapValidator,
    model_validator,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from simulator.laws.distributions import Constant
from simulator.laws.fields import DURATION, DurationDist, parse_distribution
from simulator.plugins.fields import Bool, ExtendOrDuration, GroupName, OrOff, choice
from simulator.plugins.named import Named
from simulator.plugins.spec import Spec
from simulator.scenario.families import CachePolicy
from simulator.units import (
    Count,
    CountOrUnlimited,
    Duration,
    PlacesOrUnlimited,
    PositiveDuration,
    PositiveNumber,
    QuantityError,
    show,
)

_READ = parse_distribution({"lognormal": {"median": "8ms", "p99": "40ms"}}, DURATION)
_WRITE = parse_distribution({"lognormal": {"median": "12ms", "p99": "80ms"}}, DURATION)


class TierSpec(Spec):
    """A cache: how much it holds, what it gives up, and how long an entry is valid."""

    capacity: CountOrUnlimited = None
    """In sessions."""
    policy: CachePolicy = Named("lru")
    """What is evicted when the tier is full."""
    ttl: DurationDist = Constant(5.0)
    """An entry is valid iff now < expiry; `never` for no expiry, `0ms` for a tier that keeps nothing."""
    ttl_mode: Annotated[Literal["fixed", "sliding"], *choice("fixed", "sliding")] = "fixed"
    """Whether the TTL counts from the fill or from the last hit."""


class L1Spec(TierSpec):
    """An edge's cache."""

    inherit_ttl: Bool = False
    """An entry gets the smaller of its own TTL and what is left of L2's."""


class L2Spec(TierSpec):
    """A core's cache."""

    ttl: DurationDist = Constant(600.0)
    """An entry is valid iff now < expiry; `never` for no expiry, `0ms` for a tier that keeps nothing."""


class NodeGroupSpec(Spec):
    """Nodes of one make: either `at: {site: how many}`, or `count` of them (at one `site`)."""

    at: dict[GroupName, Count] | None = None
    """Site -> number of nodes there, named GROUP-SITE-1 and so on."""
    count: Count | None = None
    """Number of nodes, named GROUP-1 and so on; left out: 1."""
    site: GroupName | None = None
    """Where all of `count` are."""

    @model_validator(mode="after")
    def _at_or_count(self) -> NodeGroupSpec:
        if self.at is not None and (self.count is not None or self.site is not None):
            other = "count" if self.count is not None else "site"
            raise QuantityError(f"at and {other} exclude each other", f"keep at, or {other}")
        if self.at is not None and not self.at:
            raise QuantityError("at names no site", "write at: {frankfurt: 3} or count: 3")
        return self

    @property
    def size(self) -> int:
        """Number of nodes."""
        return sum(self.at.values()) if self.at is not None else self.count or 1

    def nodes(self, group_name: str) -> list[tuple[str, str | None]]:
        """(name, site) of each node: pop-frankfurt-1 ... where sites are given by `at`, else pop-1 ..."""
        return list(self._nodes(group_name))

    def _nodes(self, group: str) -> Iterator[tuple[str, str | None]]:
        if self.at is None:
            for i in range(1, self.size + 1):
                yield f"{group}-{i}", self.site
            return
        for site, many in self.at.items():
            for i in range(1, many + 1):
                yield f"{group}-{site}-{i}", site


class ShedSpec(Spec):
    """Refuse what waited too long, in place of serving it late (load shedding)."""

    wait: PositiveDuration
    """A request whose service would begin after more than this wait is refused when it has waited so long."""


class EdgeGroupSpec(NodeGroupSpec):
    """Edge nodes."""

    workers: CountOrUnlimited = 1
    """Requests in service at once, each node."""
    queue: PlacesOrUnlimited = 1000
    """Waiting places (those in service not counted); beyond them a request is refused."""
    service_time: DurationDist = Constant(0.001)
    """Of one request, at one worker."""
    l1: L1Spec = L1Spec()
    """The cache of each edge."""
    weight: PositiveNumber = 1.0
    """How much each node counts in choices among edges: random ones, rotations, comparisons of load."""
    shed: Annotated[ShedSpec | None, *OrOff] = None
    """Refuse requests that waited too long; establishments are never shed."""
    rebuild_time: DurationDist = Constant(0.0)
    """What a miss costs a worker besides the fetch: loading a session, recomputing what it held."""
    hold_worker_on_miss: Bool = False
    """Whether a worker waits for the core's answer."""
    coalesce: Bool = True
    """Misses for a session that is being fetched wait for that fetch."""
    fetch_timeout: PositiveDuration = 1.0
    """After this time an edge whose question to the core, or the answer to it, was lost asks again."""


class StandbySpec(Spec):
    """The standby of each shard."""

    site: GroupName | None = None
    """Where it stands; left out: beside its primary."""


def _standby(value: object, validate: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, (Mapping, StandbySpec)):
        return validate(value)
    if not isinstance(value, bool):
        raise QuantityError(f"{show(value)} is no standby", "write true, false or {site: london}")
    return StandbySpec() if value else None


def _standby_text(value: StandbySpec | None, dump: SerializerFunctionWrapHandler) -> Any:
    return value is not None if value is None or value.site is None else dump(value)


class _StandbySchema:
    """`true` and `false` may stand for the section."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        options = handler(schema)["anyOf"]
        return {"anyOf": [{"type": "boolean"}, *(option for option in options if option != {"type": "null"})]}


class CoreGroupSpec(NodeGroupSpec):
    """Core nodes: one shard of the sessions each."""

    shard_by: Annotated[Literal["session", "site"], *choice("session", "site")] = "session"
    """Whether sessions are dealt to all shards by their numbers, or each to those nearest to its client."""
    standby: Annotated[StandbySpec | None, WrapValidator(_standby), WrapSerializer(_standby_text), _StandbySchema()] = (
        StandbySpec()
    )
    """Whether each shard has a standby that takes over when it crashes; `{site: london}` stands elsewhere."""
    takeover: Duration = 3.0
    """From the detection of a crash until the standby serves."""
    grace: ExtendOrDuration = "extend"
    """After a takeover leases are extended, or for this long only reclaims are served."""
    workers: CountOrUnlimited = 1
    """Requests in service at once, each node."""
    service_time: DurationDist = Constant(0.002)
    """Of one request, at one worker."""
    l2: L2Spec = L2Spec()
    """The cache of each shard."""


class StorageSpec(Spec):
    """The source of truth."""

    site: GroupName | None = None
    """Left out: beside each core."""
    read: DurationDist = _READ
    """Time of reading a session's record."""
    write: DurationDist = _WRITE
    """Time of a durable write."""
