"""The `health` section: health checks as load balancers do them, in place of the SAM's heartbeats.

May import: units, fields. Does not check anything (see simulator.health).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, GetJsonSchemaHandler, PlainSerializer, WithJsonSchema, model_validator
from pydantic_core import CoreSchema

from simulator.plugins.fields import Bool, GroupName, OrOff, choice
from simulator.plugins.spec import Spec
from simulator.units import (
    DURATION,
    Count,
    Factor,
    Number,
    PositiveDuration,
    QuantityError,
    Ratio,
    format_duration,
    format_ratio,
    parse_count,
    parse_duration,
    parse_ratio,
    show,
)


def _or_off(parse: Callable[[object], float]) -> BeforeValidator:
    def checked(value: object) -> float | None:
        if value is None or value is False or value == "off":
            return None
        try:
            return parse(value)
        except QuantityError as error:
            raise QuantityError(error.what, f"{error.mend}, or off".removeprefix(", ")) from None

    return BeforeValidator(checked)


def _positive_duration(value: object) -> float:
    duration_s = parse_duration(value)
    if duration_s <= 0:
        raise QuantityError(f"{show(value)} is too short", "must be above 0s")
    return duration_s


def _off_or(text: Callable[[Any], Any]) -> PlainSerializer:
    return PlainSerializer(lambda value: "off" if value is None else text(value))


_OFF = {"enum": ["off", False]}
CountOrOff = Annotated[
    int | None,
    _or_off(parse_count),
    _off_or(int),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, _OFF]}),
]
"""A whole number >= 1, or None for `off`."""
DurationOrOff = Annotated[
    float | None,
    _or_off(_positive_duration),
    _off_or(format_duration),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": DURATION.pattern(), "examples": ["10s"]}, _OFF]}),
]
"""Seconds, > 0, or None for `off`."""
LONGEST_TIMEOUT_S = 1.0  # that nobody chose
CONSECUTIVE = 5  # where nothing else ejects
LONGEST_EJECTION_S = 300.0  # that nobody chose, unless the first one is longer


class ActiveSpec(Spec):
    """Probes: `health` asks each edge again and again, over links of its own."""

    period: PositiveDuration = 2.0
    """Each edge is asked this often; edges are asked at different times."""
    timeout: PositiveDuration = LONGEST_TIMEOUT_S
    """A probe has failed when its answer is not back by then; left out: 1s, or the period where that is shorter."""
    fall: Count = 3
    """So many failures in a row make an edge unhealthy."""
    rise: Count = 2
    """So many successes in a row make it healthy again; of an edge that joins the first one does."""

    @model_validator(mode="after")
    def _in_time(self) -> ActiveSpec:
        if "timeout" not in self.model_fields_set:
            self.__dict__["timeout"] = min(LONGEST_TIMEOUT_S, self.period)
        if self.timeout > self.period:
            what = f"a timeout of {format_duration(self.timeout)} is longer than the period"
            raise QuantityError(what, f"at most {format_duration(self.period)}").inside("timeout")
        return self


class SuccessRateSpec(Spec):
    """Edges that answer fewer of their requests than the others, in a way that stands out."""

    stdev: Number = 1.9
    """Ejected below the mean of the edges' success rates less so many standard deviations of them."""
    minimum_hosts: Count = 5
    """Only where so many edges have enough requests."""
    minimum_requests: Count = 100
    """So many in the interval are enough."""

    @model_validator(mode="after")
    def _not_negative(self) -> SuccessRateSpec:
        if self.stdev < 0:
            raise QuantityError(f"{show(self.stdev)} is negative", "write for example 1.9").inside("stdev")
        return self


class _OrThreshold:
    """Lets a ratio alone stand for the section."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        section = handler(schema)
        ratio = {"type": "string", "pattern": r"^\s*[0-9.]+(?:[eE][+-]?[0-9]+)?\s*%?\s*$", "examples": ["85%"]}
        number = {"type": "number", "minimum": 0, "maximum": 1}
        return {"anyOf": [*section.get("anyOf", [section]), ratio, number]}


class FailurePercentageSpec(Spec):
    """Edges whose requests fail too often; the threshold alone may be written in place of the section."""

    threshold: Ratio = 0.85
    """Ejected where so large a share of requests failed, or a larger one."""
    minimum_hosts: Count = 5
    """Only where so many edges have enough requests."""
    minimum_requests: Count = 50
    """So many in the interval are enough."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return value if isinstance(value, (Mapping, FailurePercentageSpec)) else {"threshold": value}


class LatencySpec(Spec):
    """Edges that answer much later than the others."""

    factor: Factor = 3.0
    """Ejected where the mean time from send to answer is more than so many times that of the median edge."""
    minimum_hosts: Count = 5
    """Only where so many edges have enough requests; left out: as of success_rate."""
    minimum_requests: Count = 100
    """So many in the interval are enough; left out: as of success_rate."""


class PassiveSpec(Spec):
    """What requests tell: an edge whose requests fail is ejected for a while. A criterion left out is off."""

    consecutive: CountOrOff = None
    """So many failed attempts in a row eject an edge; left out: 5 where nothing else does, else off."""
    window: DurationOrOff = None
    """With it, `consecutive` counts the failures of the trailing window, and no answer ends the count."""
    half_open: Bool = False
    """Whether, when an ejection ends, one request is let through first, and decides."""
    interval: PositiveDuration = 10.0
    """What edges are compared over; with each of them in service an edge's next ejection gets shorter."""
    ejection: PositiveDuration = 30.0
    """How long an edge's first ejection lasts; the k-th lasts k times as long."""
    max_ejection: PositiveDuration = LONGEST_EJECTION_S
    """No ejection lasts longer; left out: 5min, or as long as the first one."""
    max_ejected: Ratio = 0.1
    """No more of the edges are ejected at a time, but for one."""
    success_rate: Annotated[SuccessRateSpec | None, *OrOff] = None
    """Ejects edges whose success rate is far below the others'."""
    failure_percentage: Annotated[FailurePercentageSpec | None, _OrThreshold(), *OrOff] = None
    """Ejects edges whose requests fail too often: a share, or with its minima."""
    latency: Annotated[LatencySpec | None, *OrOff] = None
    """Ejects edges that answer much later than the others."""

    @model_validator(mode="after")
    def _complete(self) -> PassiveSpec:
        written = self.model_fields_set
        if "consecutive" not in written and not (self.success_rate or self.failure_percentage or self.latency):
            self.__dict__["consecutive"] = CONSECUTIVE
        if "max_ejection" not in written:
            self.__dict__["max_ejection"] = max(LONGEST_EJECTION_S, self.ejection)
        if self.max_ejection < self.ejection:
            what = f"no ejection would last longer than {format_duration(self.max_ejection)}"
            mend = f"at least {format_duration(self.ejection)}, as ejection says"
            raise QuantityError(what, mend).inside("max_ejection")
        if self.latency is not None and self.success_rate is not None:
            minima = {
                key: getattr(self.success_rate, key)
                for key in ("minimum_hosts", "minimum_requests")
                if key not in self.latency.model_fields_set
            }
            self.__dict__["latency"] = self.latency.model_copy(update=minima)
        return self


class SlowStartSpec(Spec):
    """An edge that comes, or comes back, is chosen seldom at first."""

    window: PositiveDuration = 30.0
    """From then on until it counts in full."""
    min: Ratio = 0.1
    """What it counts at first."""
    aggression: Number = 1.0
    """It counts (t / window)^(1 / aggression) after t: above 1 it gains fast at first, below 1 slowly."""
    when: Annotated[Literal["both", "recovery", "join"], *choice("both", "recovery", "join")] = "both"
    """Whether this is for edges that are believed healthy again, for those that join, or for both."""

    @model_validator(mode="after")
    def _growing(self) -> SlowStartSpec:
        if self.aggression <= 0:
            raise QuantityError(f"{show(self.aggression)} is too small", "must be above 0").inside("aggression")
        return self


def _panic(value: object) -> float | int:
    """`50%` or `0.5` -> 0.5, a share; `2` -> 2, so many edges."""
    if isinstance(value, int) and not isinstance(value, bool):
        return parse_count(value, 0)
    if isinstance(value, float) and value >= 1.0:
        raise QuantityError(f"{show(value)} what?", f"write {value:.0f} for a number of edges, or {value:g}%")
    try:
        return float(parse_ratio(value))
    except QuantityError as error:
        raise QuantityError(error.what, f"{error.mend}, or a number of edges".removeprefix(", ")) from None


def _panic_text(value: float) -> Any:
    return value if isinstance(value, int) else format_ratio(value)


PanicBelow = Annotated[
    float | int,
    BeforeValidator(_panic),
    PlainSerializer(_panic_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\s*[0-9.]+(?:[eE][+-]?[0-9]+)?\s*%?\s*$", "examples": ["50%"]},
                {"type": "number", "minimum": 0},
            ]
        }
    ),
]
"""A share of edges (a float 0..1), or a number of them (an int)."""


class HealthSpec(Spec):
    """How edges are believed healthy or not, by all clients at once; without any of it all always are."""

    site: GroupName | None = None
    """Where the prober stands; left out: where the SAM does."""
    active: Annotated[ActiveSpec | None, *OrOff] = None
    """Probes; `off`: none."""
    passive: Annotated[PassiveSpec | None, *OrOff] = None
    """What requests tell; `off`: nothing."""
    panic_below: PanicBelow = 0.0
    """Where a smaller share of the edges (or a smaller number) is believed healthy, all of them are candidates."""
    slow_start: Annotated[SlowStartSpec | None, *OrOff] = None
    """Whether edges that come back get their share bit by bit."""
