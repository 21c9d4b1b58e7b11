"""What must be true of the metrics of every run: ratios lie in 0..1, rows add up to their total.

Checked on each replication like the invariants of the model: a metric that does not add up is a fault of the counting,
and no number beside it can be trusted. May import: the catalogue, the world (to read names). Changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from simulator.metrics.catalogue import CATALOGUE, UNBOUNDED
from simulator.metrics.labels import CAUSE_LABELS

if TYPE_CHECKING:
    from simulator.world.world import World

TOLERANCE: Final = 1e-9  # of sums of floats, relative
BY_GROUP: Final = (
    "requests.rate", "goodput", "migrations.rate", "moves_back.rate", "lookups.l1.rate", "misses.l1.rate",
    "sessions.open.mean", "sessions.established.rate",
)  # fmt: skip
BY_EDGE: Final = (
    "lookups.l1.rate", "misses.l1.rate", "stale_reads.rate", "edge.load", "wasted_work.rate", "renewals.rate",
    "renewal_batches.rate", "lease.lapses.rate",
)  # fmt: skip
BY_CORE: Final = (
    "lookups.l2.rate", "misses.l2.rate", "core.requests.rate", "lease.expiries.rate", "invalidations.rate",
)  # fmt: skip


def checks(metrics: Mapping[str, float], world: World) -> Iterator[tuple[bool, str]]:
    """(holds, what is wrong if it does not) for each thing that must be true of the metrics of a replication."""
    for name, value in metrics.items():
        entry = CATALOGUE.get(name.partition("[")[0])
        if entry is not None and entry.unit == "ratio" and not math.isnan(value):
            most = math.inf if entry.name in UNBOUNDED else 1.0 + TOLERANCE
            yield -TOLERANCE <= value <= most, f"{name} is {value!r}, outside 0..1"
    families: tuple[tuple[Iterable[str], list[str]], ...] = (
        (BY_GROUP, [group.name for group in world.groups]),
        (BY_EDGE, [edge.name for edge in world.edges]),
        (("stale_reads.rate",) if "stale_reads.ratio" in metrics else (), [group.name for group in world.groups]),
        (BY_CORE, [core.name for core in world.cores]),
        *(((base,), [c for c in causes if f"{base}[{c}]" in metrics]) for base, causes in CAUSE_LABELS.items()),
    )
    for bases, labels in families:
        for base in bases:
            yield from _adds_up(metrics, base, labels)
    whole = metrics.get("availability", math.nan) + metrics.get("failures.ratio", math.nan)
    yield math.isnan(whole) or abs(whole - 1.0) <= TOLERANCE, f"availability + failures.ratio is {whole!r}, not 1"


def _adds_up(metrics: Mapping[str, float], base: str, labels: list[str]) -> Iterator[tuple[bool, str]]:
    total = metrics.get(base, math.nan)
    if math.isnan(total):  # that part is switched off, or there was nothing to share out
        return
    rows = math.fsum(metrics[f"{base}[{label}]"] for label in labels)
    same = math.isclose(rows, total, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    yield same, f"rows of {base} add up to {rows!r}, not {total!r}"
