"""The `clients` section: the agents that send requests, in sessions, their operations, and what they do on failure.

May import: units, distribution fields, families. Does not build agents (see simulator.agents.client).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapSerializer,
    WrapValidator,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from simulator.laws.distributions import Constant
from simulator.laws.fields import DurationDist, SizeDist
from simulator.laws.fields import PositiveDurationDist as PositiveDist
from simulator.plugins.fields import Bool, GroupName, OrOff, choice
from simulator.plugins.named import unknown_name
from simulator.plugins.spec import Spec
from simulator.scenario.families import Workload
from simulator.scenario.retried import RetriedByClients
from simulator.units import (
    Count,
    Distance,
    Duration,
    DurationOrNever,
    PositiveDurationOrNever,
    PositiveRate,
    QuantityError,
    ShareOrUnlimited,
    format_ratio,
    number_text,
    parse_count,
    parse_ratio,
    parse_share_or_unlimited,
    show,
)

OPERATIONS = ("lookup", "update", "read_lock", "acquire", "release")
_Whole = Annotated[int, BeforeValidator(lambda v: parse_count(v, 0)), WithJsonSchema({"type": "integer", "minimum": 0})]


class SessionSpec(Spec):
    """When a client has a session. Requests are sent only while it is open."""

    length: PositiveDist = Constant(math.inf)
    """From opening to close; `forever` for no end."""
    pause: DurationDist = Constant(0.0)
    """From one session's end to the next one's opening."""
    established: Bool = False
    """Sessions exist at t = 0 already: in storage, with leases of random age, caches empty."""
    start: DurationDist = Constant(0.0)
    """Delay of a client's first session."""
    arrivals: PositiveRate | None = None
    """Sessions open at this rate, each by a new client (in place of the group's `count`)."""


class LocksSpec(Spec):
    """The locks that acquire, release and read_lock work on."""

    per_session: _Whole = 1
    """Locks of each session's own."""
    shared_pool: _Whole = 0
    """Locks for which all sessions of the group contend."""
    mode: Annotated[Literal["exclusive", "shared"], *choice("exclusive", "shared")] = "exclusive"
    """exclusive: one holder at a time; shared: never a conflict."""
    conflict: Annotated[Literal["deny", "wait"], *choice("deny", "wait")] = "deny"
    """What an acquire of a lock that somebody else holds meets."""
    hold: PositiveDist = Constant(math.inf)
    """A grant is released by its client after this time; `unlimited`: by a release operation only."""


class BudgetSpec(Spec):
    """How many retries a group may send: a token bucket that starts full."""

    ratio: ShareOrUnlimited = math.inf
    """Each request adds so much of a retry; 0% grants none at all."""
    burst: Count = 10
    """Retries that a full bucket lets through at once."""


_BURST = BudgetSpec().burst


def _budget(value: object, validate: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, (Mapping, BudgetSpec)):
        return validate(value)
    return BudgetSpec.model_construct(ratio=parse_share_or_unlimited(value))


def _budget_text(value: BudgetSpec, dump: SerializerFunctionWrapHandler) -> Any:
    return format_ratio(value.ratio) if value.burst == _BURST else dump(value)


class _BudgetSchema:
    """A ratio may stand for the whole section."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        section = handler(schema)
        return {"anyOf": [handler.resolve_ref_schema(section)["properties"]["ratio"], section]}


class RetrySpec(Spec):
    """What a client does about a request that was not answered."""

    timeout: PositiveDurationOrNever = math.inf
    """Of one attempt."""
    max: _Whole = 0
    """Retries after the first attempt."""
    backoff: Duration = 0.05
    """Retry j (from 0) waits min(cap, backoff * 2**j)."""
    cap: PositiveDurationOrNever = math.inf
    """No wait is longer."""
    jitter: Annotated[Literal["full", "none"], *choice("full", "none")] = "full"
    """full: uniform between 0 and that wait; none: exactly it."""
    budget: Annotated[BudgetSpec, WrapValidator(_budget), WrapSerializer(_budget_text), _BudgetSchema()] = BudgetSpec()
    """Retries as a share of requests, over the group, or `{ratio: 20%, burst: 10}`."""
    to: Annotated[Literal["other", "same", "any", "other_last"], *choice("other", "same", "any", "other_last")] = (
        "other"
    )
    """other: another edge, as the routing policy says; same: the same, believed failed or not; any: the tried one too;
    other_last: the same, and another at the last retry."""
    on: RetriedByClients | None = None
    """Which outcomes are retried; left out, all but denied. An expired session always is."""
    cancel_on_timeout: Bool = False
    """A timeout also cancels the work at the server, if it has not begun."""


class HedgeSpec(Spec):
    """A second try beside the first, at another edge: the first good answer counts. Of lookup and read_lock only."""

    after: DurationOrNever
    """An attempt that has no answer by then gets its twin; 0s: both are sent at once."""
    cancel: Bool = True
    """Whether the twin that was not needed is dropped at its edge, if its service has not begun."""


def _operations(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping) or not value:
        raise QuantityError(f"{show(value)} is not a mix of operations", "write {lookup: 90%, update: 10%}")
    mix: dict[str, float] = {}
    for name, share in value.items():
        if name not in OPERATIONS:
            raise unknown_name("operation", name, OPERATIONS).inside(str(name))
        try:
            mix[name] = parse_ratio(share)
        except QuantityError as error:
            raise error.inside(name) from None
    total = math.fsum(mix.values())
    if abs(total - 1) > 1e-9:
        raise QuantityError(f"the operations sum to {number_text(round(total * 100, 7))}%", "they must sum to 100%")
    return mix


def _operations_plain(mix: Mapping[str, float]) -> dict[str, str]:
    return {name: format_ratio(share) for name, share in mix.items()}


_MEANING = {
    "lookup": "Reads the session.",
    "update": "Changes the session's data.",
    "read_lock": "Reads the state of a lock.",
    "acquire": "Asks for a lock.",
    "release": "Gives a lock back.",
}
_SHARE = {"anyOf": [{"type": "string"}, {"type": "number"}]}
Operations = Annotated[
    dict[str, float],
    PlainValidator(_operations),
    PlainSerializer(_operations_plain),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {name: {**_SHARE, "description": _MEANING[name]} for name in OPERATIONS},
            "additionalProperties": False,
            "minProperties": 1,
        }
    ),
]
"""Shares of the operations, which sum to one."""


def _count(value: object) -> object:
    if isinstance(value, str) and value == "unlimited":
        raise QuantityError("'unlimited' cannot be a number of clients", "write a whole number")
    return value


class ClientGroupSpec(Spec):
    """Clients that share a site, a workload and habits."""

    count: Annotated[Count | None, BeforeValidator(_count)] = None
    """Number of clients; left out for open sessions (`session.arrivals`) and for traces."""
    site: GroupName | None = None
    """Where the clients are."""
    spread: Distance = 0.0
    """Clients lie uniformly in a disc of this radius around their site."""
    workload: Workload
    """When they send requests."""
    session: SessionSpec = SessionSpec()
    """When they have sessions."""
    operations: Operations = Field(default_factory=lambda: {"lookup": 1.0})
    """The mix of what requests ask for; the shares sum to 100%."""
    locks: LocksSpec = LocksSpec()
    """The locks that the operations work on."""
    request_size: SizeDist = Constant(1024.0)
    """What a request weighs on a link."""
    response_size: SizeDist = Constant(4096.0)
    """What an answer weighs on a link."""
    retry: RetrySpec | None = None
    """Left out: no timeout, no retries."""
    hedge: Annotated[HedgeSpec | None, *OrOff] = None
    """Send a request that is slow to be answered to another edge too; each hedge takes a token of `retry.budget`."""

    @property
    def from_trace(self) -> bool:
        """Whether clients and their sessions come from the workload itself."""
        return bool(getattr(self.workload, "brings_clients", False) or self.workload.kind == "trace")

    def workload_plain(self) -> dict[str, Any]:
        """The workload as YAML writes it."""
        return dict(self.workload.model_dump(mode="json", by_alias=True))
