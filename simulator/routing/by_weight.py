"""Where a session that leaves goes when edges have weights: at random by weight, or to the least loaded by weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.routing.directory import Directory
from simulator.routing.weights import INFINITY, Weights, weighted

if TYPE_CHECKING:
    from simulator.agents.client import Client


class DrawnByWeight:
    """Any other edge, each as likely as its weight says."""

    def __init__(self, directory: Directory, weights: Weights, uniform: Callable[[], float]) -> None:
        self._directory = directory
        self._weights = weights
        self._uniform = uniform

    def pick(self, client: Client, current: int) -> int:  # noqa: ARG002 (the contract's signature)
        """An edge other than `current`, by weight; one that counts nothing yet only where all do."""
        others = [edge for edge in self._directory.healthy if edge != current]
        if not others:
            return -1
        weights = [self._weights.of(edge) for edge in others]
        total = sum(weights)
        if total <= 0.0:
            return others[int(self._uniform() * len(others))]
        drawn = self._uniform() * total
        for edge, weight in zip(others, weights, strict=True):
            drawn -= weight
            if drawn < 0.0:
                return edge
        return others[-1]


class LeastByWeight:
    """The other edge with the least load by weight, (n + 1) / weight; ties at random."""

    def __init__(
        self,
        directory: Directory,
        weights: Weights,
        uniform: Callable[[], float],
        load: Callable[[Client, int], int],
    ) -> None:
        self._directory = directory
        self._weights = weights
        self._uniform = uniform
        self._load = load

    def pick(self, client: Client, current: int) -> int:
        """The least loaded edge other than `current`."""
        best: list[int] = []
        least = INFINITY
        for edge in self._directory.healthy:
            if edge == current:
                continue
            load = weighted(self._load(client, edge), self._weights.of(edge))
            if not best or load < least:
                best, least = [edge], load
            elif load == least:
                best.append(edge)
        if len(best) < 2:
            return best[0] if best else -1
        return best[int(self._uniform() * len(best))]
