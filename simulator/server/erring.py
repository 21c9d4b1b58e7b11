"""Errors that a node answers at once, without service: a share of its requests, while faults say so.

May import: samplers. Does not know when, nor what a request is.
"""

from __future__ import annotations

from simulator.engine.samplers import Sampler


class Erring:
    """Several holds compose: each request is thrown for by one after the other, so that 1 - prod(1 - ratio) err."""

    def __init__(self, uniform: Sampler) -> None:
        self._uniform = uniform
        self._holds: list[tuple[float, float]] = []

    def __bool__(self) -> bool:
        return bool(self._holds)

    def add(self, ratio: float, after_s: float) -> None:
        """A share of requests errs from now on, each after so many seconds."""
        self._holds.append((ratio, after_s))

    def remove(self, ratio: float, after_s: float) -> None:
        """One of the holds is over."""
        self._holds.remove((ratio, after_s))

    def strikes(self) -> float:
        """Throw for a request: after how many seconds it is answered with an error; below 0 if it is not."""
        for ratio, after_s in self._holds:
            if self._uniform.next() < ratio:
                return after_s
        return -1.0
