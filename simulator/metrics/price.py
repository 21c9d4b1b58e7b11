"""The `price` section: what nodes, storage and traffic cost, in one currency.

May import: units. Does not count anything (see simulator.observe.costs).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from simulator.plugins.spec import Spec
from simulator.units import QuantityError, parse_number, show


def _amount(value: object) -> float:
    amount = parse_number(value)
    if amount < 0:
        raise QuantityError(f"{show(value)} is negative", "a price is a plain number, 0 or more")
    return amount


Amount = Annotated[float, BeforeValidator(_amount), WithJsonSchema({"type": "number", "minimum": 0})]
"""A plain number >= 0; whose currency it is, the user knows."""


class Price(Spec):
    """What things cost; what is left out costs nothing."""

    edge_hour: Amount = 0.0
    """Of an edge, for each hour that it exists, down or not."""
    core_hour: Amount = 0.0
    """Of a core shard, for each hour; a standby costs one more."""
    million_storage_reads: Amount = 0.0
    """Of a million reads of the persistent storage."""
    million_storage_writes: Amount = 0.0
    """Of a million writes."""
    gb_between_sites: Amount = 0.0
    """Of 10^9 bytes sent between actors at different sites, lost ones too; clients are not among them."""
    gb_to_clients: Amount = 0.0
    """Of 10^9 bytes that edges send to clients."""
