"""The published rule, with errors and latency held against the edge where they happened."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from simulator.sam.models.base import ModelContext, Reports, Seen, StickinessModel, register
from simulator.sam.rule import FloatArray


@register("per_edge")
class PerEdge(StickinessModel):
    """The published rule for each pair of a session and an edge; the weight is that of the current edge.

    Latency and errors are those of the session's attempts at that edge in the window, the rate is the session's at all
    edges. A pair without an attempt in the window keeps its weight; at its first visit it has the initial weight.
    """

    by_edge = True

    def __init__(self, context: ModelContext) -> None:
        super().__init__(context)
        self._edges = context.edges
        self._weights = np.full((1, context.edges), np.nan)  # by slot and edge; NaN before the first visit
        self._window: deque[tuple[np.ndarray, np.ndarray]] = deque(maxlen=round(context.window_s / context.interval_s))

    def note(self, reports: Reports) -> None:
        """Keep the sums of each pair."""
        known = (reports.slots >= 0) & (reports.edges >= 0)
        pairs = reports.slots[known] * self._edges + reports.edges[known]
        columns = (np.ones(len(reports.slots)), reports.failed, reports.sampled, reports.latency_s)
        self._window.append(_sums(pairs, np.stack([column[known] for column in columns])))

    def weights(self, seen: Seen) -> FloatArray:
        """The weights of the current edges."""
        self._make_room(int(seen.slots.max()) + 2)
        pairs, sums = _sums(
            np.concatenate([pairs for pairs, _ in self._window]),
            np.concatenate([sums for _, sums in self._window], axis=1),
        )
        if len(pairs):
            self._score(seen, pairs // self._edges, pairs % self._edges, sums)
        edges = seen.edges()
        kept: FloatArray = self._weights[seen.slots, np.maximum(edges, 0)]
        first = np.where(np.isnan(kept), self.context.initial_weight, kept)
        current: FloatArray = np.where(edges >= 0, first, seen.previous)
        return current

    def _score(self, seen: Seen, slots: np.ndarray, edges: np.ndarray, sums: np.ndarray) -> None:
        """The rule for each pair with attempts in the window."""
        rate_per_s = np.zeros(len(self._weights))
        rate_per_s[seen.slots] = seen.rate_per_s
        attempts, failures, samples, latency_sum_s = sums
        with np.errstate(invalid="ignore", divide="ignore"):
            latency_s = np.round(latency_sum_s / samples, 12)
        rule = self.rule
        self._weights[slots, edges] = rule.weights(rule.base, latency_s, rate_per_s[slots], failures / attempts)

    def weight_at(self, slot: int, edge: int) -> float:
        """What the pair has; the initial weight before it was ever scored."""
        self._make_room(slot + 2)
        weight = float(self._weights[slot, edge])
        return self.context.initial_weight if math.isnan(weight) else weight

    def admitted(self, slot: int) -> None:
        """It has been nowhere."""
        self._make_room(slot + 2)
        self._weights[slot] = np.nan

    def moved(self, slot: int, failed: int, edge: int) -> None:
        """The weight at the failed edge is 0; at the other one the session starts anew."""
        self._make_room(slot + 2)
        self._weights[slot, failed] = 0.0
        self._weights[slot, edge] = np.nan

    def _make_room(self, room: int) -> None:
        more = room - len(self._weights)
        if more > 0:  # the last row, -1, is nobody's
            self._weights = np.concatenate((self._weights, np.full((more + room, self._edges), np.nan)))


def _sums(pairs: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct pairs, and the sums of their rows in each column."""
    distinct, rows = np.unique(pairs, return_inverse=True)
    sums = [np.bincount(rows, weights=column, minlength=len(distinct)) for column in columns]
    return distinct, np.stack(sums)
