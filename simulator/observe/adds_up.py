"""What must be true of the metrics of every run: ratios lie in 0..1, rows add up to their total.

Checked on each replication like the invariants of the model: a metric that does not add up is a fault of the counting,
and no number beside it can be trusted. Changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from simulator.metrics.catalogue import CATALOGUE, UNBOUNDED
from simulator.metrics.labels import CAUSE_LABELS
from simulator.observe.counters import actors

if TYPE_CHECKING:
    from simulator.world.world import World

TOLERANCE: Final = 1e-9  # of sums of floats, relative


def checks(metrics: Mapping[str, float], world: World) -> Iterator[tuple[bool, str]]:
    """(holds, what is wrong if it does not) for each thing that must be true of the metrics of a replication."""
    for name, value in metrics.items():
        entry = CATALOGUE.get(name.partition("[")[0])
        if entry is not None and entry.unit == "ratio" and not math.isnan(value):
            most = math.inf if entry.name in UNBOUNDED else 1.0 + TOLERANCE
            yield -TOLERANCE <= value <= most, f"{name} is {value!r}, outside 0..1"
    for base, labels in _families(metrics, world):
        yield from _adds_up(metrics, base, labels)
    whole = metrics.get("availability", math.nan) + metrics.get("failures.ratio", math.nan)
    yield math.isnan(whole) or abs(whole - 1.0) <= TOLERANCE, f"availability + failures.ratio is {whole!r}, not 1"


def _families(metrics: Mapping[str, float], world: World) -> Iterator[tuple[str, list[str]]]:
    """Metrics whose rows make up the whole, and the labels of these rows."""
    names = {family: [actor.name for actor in some] for family, some in actors(world).items()}
    for entry in CATALOGUE.values():
        for family in entry.labels if entry.adds_up else ():
            labels = names.get(family, [])
            if labels and f"{entry.name}[{labels[0]}]" in metrics:
                yield entry.name, labels
    for base, causes in CAUSE_LABELS.items():
        yield base, [cause for cause in causes if f"{base}[{cause}]" in metrics]


def _adds_up(metrics: Mapping[str, float], base: str, labels: list[str]) -> Iterator[tuple[bool, str]]:
    total = metrics.get(base, math.nan)
    if math.isnan(total):  # that part is switched off, or there was nothing to share out
        return
    rows = math.fsum(metrics[f"{base}[{label}]"] for label in labels)
    same = math.isclose(rows, total, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    yield same, f"rows of {base} add up to {rows!r}, not {total!r}"
