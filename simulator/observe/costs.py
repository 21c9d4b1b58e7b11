"""What a run costs: the bill of its measured window, by part, per hour and per million requests.

Does not know where the counts come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.metrics.price import Price

HOUR_S: Final = 3600.0
MILLION: Final = 1e6
GIGABYTE: Final = 1e9


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used in a window: node-seconds (standbys included), operations, bytes, and the requests sent."""

    width_s: float
    edge_s: float
    core_s: float
    reads: float
    writes: float
    bytes_between_sites: float
    bytes_to_clients: float
    requests: float


def costs(price: Price, used: Usage) -> dict[str, float]:
    """`cost.per_hour` and `cost.per_million_requests`, in all and by part; NaN for the latter without requests."""
    bill = {
        "edges": price.edge_hour * used.edge_s / HOUR_S,
        "cores": price.core_hour * used.core_s / HOUR_S,
        "reads": price.million_storage_reads * used.reads / MILLION,
        "writes": price.million_storage_writes * used.writes / MILLION,
        "between_sites": price.gb_between_sites * used.bytes_between_sites / GIGABYTE,
        "to_clients": price.gb_to_clients * used.bytes_to_clients / GIGABYTE,
    }
    per_request = MILLION / used.requests if used.requests else float("nan")
    result = {}
    for base, factor in (("cost.per_hour", HOUR_S / used.width_s), ("cost.per_million_requests", per_request)):
        result[base] = sum(bill.values()) * factor
        result |= {f"{base}[{part}]": amount * factor for part, amount in bill.items()}
    return result
