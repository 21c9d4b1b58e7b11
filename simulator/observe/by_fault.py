"""Requests by the named faults that were on when they were due, and by `none` where none of any name was.

Above and below the line are the same requests: those of the measured window that were due while the fault was on. Spans
are half-open; a fault is on while at least one of its targets is. Changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.messages import Outcome
from simulator.metrics.events import FAULT_BEGIN, FAULT_END
from simulator.metrics.labels import TIERS
from simulator.metrics.names import FAULT
from simulator.observe.binned import Binned
from simulator.observe.codes import edges_and_tiers
from simulator.observe.histogram import Histogram
from simulator.observe.values import histogram_metrics
from simulator.observe.window import ratio

if TYPE_CHECKING:
    from simulator.clients.ledger import Ledger
    from simulator.observe.counters import FloatArray
    from simulator.world.world import World

NONE: Final = "none"
"""The label of requests that were due while no fault was on, named or not."""


@dataclass(slots=True)
class _Spans:
    """When something is on: begin, end, begin, ... in seconds."""

    on: int = 0
    bounds_s: list[float] = field(default_factory=list)

    def turn(self, begins: bool, now: float) -> None:
        """One more of it is on, or one less."""
        was_on, self.on = self.on > 0, self.on + (1 if begins else -1)
        if was_on != (self.on > 0):
            self.bounds_s.append(now)

    def holds(self, times_s: FloatArray) -> np.ndarray:
        """At which times it was on."""
        result: np.ndarray = np.searchsorted(np.array(self.bounds_s), times_s, side="right") % 2 == 1
        return result

    def measured_s(self, from_s: float, until_s: float) -> float:
        """For how much of a time it was on, seconds."""
        ends = [*self.bounds_s, math.inf]
        return math.fsum(
            max(min(end, until_s) - max(begin, from_s), 0.0) for begin, end in zip(ends[::2], ends[1::2], strict=False)
        )


@dataclass(slots=True)
class _Counts:
    """Requests of one group under one label."""

    answered: int = 0
    denied: int = 0
    retries: int = 0
    failed: dict[int, int] = field(default_factory=dict)  # by outcome
    histograms: dict[str, Histogram] = field(default_factory=dict)  # of latencies: "", and by tier and edge

    def add(self, label: str, binned: Binned) -> None:
        """Latencies under another label beside."""
        self.histograms.setdefault(label, Histogram()).add_binned(binned)


class ByFault:
    """Counts and latencies of requests for each named fault and for none; nothing where no fault has a name."""

    def __init__(self, world: World, label_edges: bool) -> None:
        self._world = world
        self._edges = [edge.name for edge in world.edges] if label_edges and len(world.edges) > 1 else []
        self._any = _Spans()
        self._named = {name: _Spans() for name in world.fault_names.values()}
        labels = [*self._named, NONE] if self._named else []
        self._counts = {label: [_Counts() for _ in world.groups] for label in labels}

    def hear(self, kind: str, number: int | None) -> None:
        """An event of fault `number` was noted in the log."""
        if kind in (FAULT_BEGIN, FAULT_END) and self._counts:
            spans = [self._any]
            name = None if number is None else self._world.fault_names.get(number)
            if name is not None:
                spans.append(self._named[name])
            for one in spans:
                one.turn(kind == FAULT_BEGIN, self._world.kernel.now)

    # -- counting -------------------------------------------------------------------------------------
    def take(self, number: int, ledger: Ledger, values: FloatArray, codes: np.ndarray) -> None:
        """Count what a group collected since the last time, of which `values` are the latencies."""
        self._take_answered(number, ledger, values, codes)
        self._take_failed(number, ledger)
        for label, mask in self._masks(ledger.hedged_due_s.take()):
            self._counts[label][number].retries += int(mask.sum())

    def _take_answered(self, number: int, ledger: Ledger, values: FloatArray, codes: np.ndarray) -> None:
        due_s, retries, denied = (
            ledger.due_s.take(),
            ledger.retries.take(),
            ledger.outcomes.take() == int(Outcome.DENIED),
        )
        for label, mask in self._masks(due_s):
            counts = self._counts[label][number]
            counts.answered += int(mask.sum())
            counts.denied += int(denied[mask].sum())
            counts.retries += int(retries[mask].sum())
            binned, (edges, tiers) = Binned(values[mask]), edges_and_tiers(codes[mask])
            counts.add("", binned)
            for tier, part in binned.split(tiers):
                counts.add(TIERS[tier], part)
            for edge, part in binned.split(edges) if self._edges else ():
                counts.add(self._edges[edge], part)

    def _take_failed(self, number: int, ledger: Ledger) -> None:
        due_s, retries, outcomes = (
            ledger.failed_due_s.take(), ledger.failed_retries.take(), ledger.failed_outcomes.take(),
        )  # fmt: skip
        for label, mask in self._masks(due_s):
            counts = self._counts[label][number]
            counts.retries += int(retries[mask].sum())
            for outcome in outcomes[mask].tolist():
                counts.failed[outcome] = counts.failed.get(outcome, 0) + 1

    def _masks(self, due_s: FloatArray) -> Iterator[tuple[str, np.ndarray]]:
        """Which of some requests are under each label that has any."""
        for label in self._counts if len(due_s) else ():
            mask = ~self._any.holds(due_s) if label == NONE else self._named[label].holds(due_s)
            if mask.any():
                yield label, mask

    # -- results --------------------------------------------------------------------------------------
    def _wholes(self) -> Iterator[tuple[str, str, list[int]]]:
        """(label of a fault, label beside it or "", numbers of groups)."""
        groups = self._world.groups
        for fault in self._counts:
            yield fault, "", list(range(len(groups)))
            for number, group in enumerate(groups):
                yield fault, f"[{group.name}]", [number]
            for site, numbers in self._world.client_sites.items():
                yield fault, f"[{site}]", numbers

    def histograms(self) -> dict[str, Histogram]:
        """Latencies of answered requests: "latency[fault:sick]", "latency[europe][fault:sick]", by tier and edge."""
        result: dict[str, Histogram] = {}
        for fault, beside, numbers in self._wholes():
            counts = self._counts[fault]
            parts = [counts[number].histograms for number in numbers]
            labels = dict.fromkeys(["", *(label for part in parts for label in part)]) if not beside else {"": None}
            for label in labels:
                name = f"latency{f'[{label}]' if label else beside}[{FAULT}{fault}]"
                result[name] = Histogram.merged(part[label] for part in parts if label in part)
        return result

    def totals(self) -> dict[str, int]:
        """Counts of requests: "requests[fault:sick]", "requests[europe][fault:sick]"."""
        result: dict[str, int] = {}
        for fault, beside, numbers in self._wholes():
            answered, failed, _, _ = self._sums(fault, numbers)
            result[f"requests{beside}[{FAULT}{fault}]"] = answered + sum(failed.values())
            result[f"failed{beside}[{FAULT}{fault}]"] = sum(failed.values())
        return result

    def metrics(self) -> dict[str, float]:
        """What is told of requests, by fault."""
        world = self._world
        result: dict[str, float] = {}
        for name, histogram in self.histograms().items():
            result |= histogram_metrics("latency", histogram, name[len("latency[") : -1])
        for fault, beside, numbers in self._wholes():
            answered, failed, denied, retries = self._sums(fault, numbers)
            requests = answered + sum(failed.values())
            spans = self._any if fault == NONE else self._named[fault]
            on_s = spans.measured_s(world.warmup_s, world.duration_s)
            if fault == NONE:
                on_s = world.duration_s - world.warmup_s - on_s
            label = f"{beside}[{FAULT}{fault}]"
            result |= {
                f"availability{label}": ratio(answered, requests),
                f"failures.ratio{label}": ratio(sum(failed.values()), requests),
                f"denied.ratio{label}": ratio(denied, requests),
                f"attempts.per_request{label}": ratio(requests + retries, requests),
                f"goodput{label}": ratio(answered, on_s),
            }
            if not beside:
                for outcome in Outcome:
                    if world.can_fail_by(outcome):
                        cause = f"failures.ratio[{outcome.name.lower()}]{label}"
                        result[cause] = ratio(failed.get(int(outcome), 0), requests)
        return result

    def _sums(self, fault: str, numbers: Sequence[int]) -> tuple[int, dict[int, int], int, int]:
        """(answered, failed by outcome, denied, retries) of some groups."""
        rows = [self._counts[fault][number] for number in numbers]
        failed: dict[int, int] = {}
        for row in rows:
            for outcome, count in row.failed.items():
                failed[outcome] = failed.get(outcome, 0) + count
        answered, denied, retries = (
            sum(getattr(row, name) for row in rows) for name in ("answered", "denied", "retries")
        )
        return answered, failed, denied, retries
