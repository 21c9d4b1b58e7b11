"""Rotations: the edge after the one before, by turns.

Where edges have weights, a rotation is NGINX's smooth weighted round robin: each edge gains its weight at every turn,
the richest one is taken, and pays what all gained together. With weights 5, 1, 1 that is a a b a c a a.

May import: the directory, weights. Does not model: who shares a rotation.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Protocol

from simulator.routing.directory import Directory

if TYPE_CHECKING:
    from simulator.agents.client import Client
    from simulator.routing.weights import Weights


class Rotation(Protocol):
    """Takes turns among the healthy edges."""

    def next(self) -> int:
        """The next edge; -1 where none is healthy."""


class Plain:
    """The next healthy edge. One that fails is passed over, and comes again in its old place."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._last = -1
        self._place = -1  # of the last edge among the healthy ones
        self._version = directory.version

    def next(self) -> int:
        """The next edge; the first one begins."""
        directory = self._directory
        healthy = directory.healthy
        if self._version != directory.version:
            self._version = directory.version
            self._place = bisect_right(healthy, self._last) - 1
        place = self._place + 1
        if place >= len(healthy):
            if not healthy:
                return -1
            place = 0
        self._place = place
        self._last = healthy[place]
        return self._last


class Smooth:
    """The next healthy edge, by weight."""

    def __init__(self, directory: Directory, weights: Weights) -> None:
        self._directory = directory
        self._weights = weights
        self._credit = [0.0] * directory.size

    def next(self) -> int:
        """The edge with the most credit, the first of those that have as much."""
        best, total = -1, 0.0
        credit = self._credit
        for edge in self._directory.healthy:
            weight = self._weights.of(edge)
            total += weight
            credit[edge] += weight
            if best < 0 or credit[edge] > credit[best]:
                best = edge
        if best >= 0:
            credit[best] -= total
        return best


def rotation(directory: Directory) -> Rotation:
    """The rotation of these edges, by weight where they have weights."""
    return Plain(directory) if directory.weights is None else Smooth(directory, directory.weights)


class InTurn:
    """The next edge in turn, as a way of choosing."""

    def __init__(self, directory: Directory) -> None:
        self._rotation = rotation(directory)

    def pick(self, client: Client, current: int) -> int:  # noqa: ARG002 (the contract's signature)
        """The next edge other than `current`; -1 where there is no other."""
        edge = self._rotation.next()
        if edge == current:
            edge = self._rotation.next()
        return -1 if edge == current else edge
