"""The `network` and `sites` sections: where things are, and what the links between them are like.

May import: units, distribution fields, simulator.links (for loss models), simulator.geography.geo (for known cities).
Does not move messages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from simulator.laws.distributions import Constant, Distribution, Lognormal
from simulator.laws.fields import DurationDist
from simulator.links import Bernoulli, Loss, LossModel
from simulator.plugins.fields import Globs, OrOff, group_name
from simulator.plugins.spec import Spec
from simulator.scenario.matrix import MatrixFile
from simulator.units import Bandwidth, Factor, QuantityError, Size, format_number, parse_number, show


class SiteSpec(Spec):
    """A place on Earth, in degrees."""

    lat: float
    """North of the equator."""
    lon: float
    """East of Greenwich."""


def _degrees(value: object, limit: int) -> float:
    number = parse_number(value)
    if abs(number) > limit:
        raise QuantityError(f"{show(value)} is out of range", f"degrees, -{limit}..{limit}")
    return number


def _known_site(name: str) -> SiteSpec:
    from simulator.geography.geo import find_site

    try:
        found = find_site(name)
    except ValueError as error:
        raise QuantityError.of(str(error)) from None
    return SiteSpec(lat=float(found.lat), lon=float(found.lon))


def _site(value: object, name: str) -> SiteSpec:
    if isinstance(value, SiteSpec):
        return value
    if not isinstance(value, Mapping) or not value:
        raise QuantityError(f"{show(value)} is not a place", "write {lat: 50.11, lon: 8.68}")
    for key in value:
        if key not in ("lat", "lon"):
            raise QuantityError(f"a site has no {show(key)}", "it has lat and lon").inside(str(key))
    place = {}
    for key, limit in (("lat", 90), ("lon", 180)):
        if key not in value:
            raise QuantityError(f"site {show(name)} has no {key}", "write {lat: 50.11, lon: 8.68}")
        try:
            place[key] = _degrees(value[key], limit)
        except QuantityError as error:
            raise error.inside(key) from None
    return SiteSpec(**place)


def _sites(value: object) -> dict[str, SiteSpec]:
    """A list of known places, or a mapping of names to coordinates (an empty value: a known place)."""
    if not isinstance(value, (list, tuple, Mapping)):
        raise QuantityError(f"{show(value)} is not a list of sites", "write [frankfurt, london]")
    sites: dict[str, SiteSpec] = {}
    rows = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, item in rows:
        name, place = (key, item) if isinstance(value, Mapping) else (item, None)
        try:
            name = group_name(name)
            if name in sites:
                raise QuantityError(f"site {show(name)} is named twice", "remove one")
            sites[name] = _known_site(name) if place is None else _site(place, name)
        except QuantityError as error:
            raise error.inside(key) from None
    return sites


def _sites_plain(sites: Mapping[str, SiteSpec]) -> dict[str, Any]:
    return {name: {"lat": format_number(site.lat), "lon": format_number(site.lon)} for name, site in sites.items()}


def _degrees_schema(limit: int, about: str) -> dict[str, Any]:
    return {"type": "number", "minimum": -limit, "maximum": limit, "description": about}


Sites = Annotated[
    dict[str, SiteSpec],
    PlainValidator(_sites),
    PlainSerializer(_sites_plain),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {
                    "type": "object",
                    "additionalProperties": {
                        "anyOf": [
                            {"type": "null"},
                            {
                                "type": "object",
                                "properties": {
                                    "lat": _degrees_schema(90, "North of the equator."),
                                    "lon": _degrees_schema(180, "East of Greenwich."),
                                },
                                "required": ["lat", "lon"],
                                "additionalProperties": False,
                            },
                        ]
                    },
                },
            ]
        }
    ),
]
"""Known cities and cloud regions by name, or coordinates."""


class GeoSpec(Spec):
    """Latency from geography, for links between sites: inflation * distance / 200,000 km/s + last_mile."""

    inflation: Factor = 1.6
    """How much longer than the great circle the path is."""
    last_mile: DurationDist = Lognormal(0.006, 0.4)
    """Added at a client's end of a link."""


class LinkDefaultsSpec(Spec):
    """What a link is like where no rule says otherwise."""

    latency: DurationDist = Constant(0.0)
    """One way; between sites, geography takes its place."""
    jitter: DurationDist = Constant(0.0)
    """Added to the latency, drawn for each message."""
    loss: Loss = Bernoulli(ratio=0.0)
    """Share of messages lost, or a loss model."""
    bandwidth: Bandwidth = math.inf
    """Messages queue for it, one after the other."""


class LinkRuleSpec(Spec):
    """What links from one set of actors to another are like; keys left out are inherited."""

    from_: Globs = Field(alias="from")
    """Names or globs of actors, or group names."""
    to: Globs
    """Names or globs of actors, or group names."""
    latency: DurationDist | None = None
    """In place of geography and of the default."""
    jitter: DurationDist | None = None
    """Added to the latency, drawn for each message."""
    loss: Loss | None = None
    """Share of messages lost, or a loss model."""
    bandwidth: Bandwidth | None = None
    """Messages queue for it, one after the other."""

    @model_validator(mode="after")
    def _does_something(self) -> LinkRuleSpec:
        values: tuple[Distribution | LossModel | float | None, ...] = (
            self.latency, self.jitter, self.loss, self.bandwidth,
        )  # fmt: skip
        if all(value is None for value in values):
            raise QuantityError("this rule sets nothing", "add latency, jitter, loss or bandwidth")
        return self


class MessageSizesSpec(Spec):
    """Sizes of control messages."""

    control: Size = 128.0
    """Lookups, heartbeats, closes."""
    metadata: Size = 1024.0
    """Complete session records."""
    batch: Size = 64.0
    """A renewal batch without its leases."""
    batch_lease: Size = 32.0
    """Each lease in a batch."""


class NetworkSpec(Spec):
    """All links."""

    geo: Annotated[GeoSpec | None, *OrOff] = None
    """Left out: on where there are sites and no `default.latency`."""
    matrix: MatrixFile | None = None
    """A CSV file of measured round trips, site by site, which come before geography."""
    default: LinkDefaultsSpec = LinkDefaultsSpec()
    """Every link, where no rule says otherwise."""
    links: tuple[LinkRuleSpec, ...] = ()
    """Later rules override earlier ones."""
    messages: MessageSizesSpec = MessageSizesSpec()
    """Sizes of control messages."""
