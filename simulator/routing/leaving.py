"""Where a request goes that leaves its edge: `routing.leave_to`, one small class an answer.

The nearest has a file of its own. May import: the directory. Does not model: whether a request leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from simulator.routing.by_weight import DrawnByWeight, LeastByWeight
from simulator.routing.directory import Directory
from simulator.routing.near import Nearest
from simulator.routing.rotation import InTurn
from simulator.routing.weights import weighted

if TYPE_CHECKING:
    from simulator.agents.client import Client

_TRIES = 16  # draws in search of an idle edge, before all are looked at


class Leaving(Protocol):
    """Chooses among the edges believed healthy."""

    def pick(self, client: Client, current: int) -> int:
        """An edge other than `current`; -1 where there is none."""


class Uniform:
    """Any other, each as likely."""

    def __init__(self, directory: Directory, uniform: Callable[[], float]) -> None:
        self._directory = directory
        self._uniform = uniform

    def pick(self, client: Client, current: int) -> int:  # noqa: ARG002 (the contract's signature)
        """An edge other than `current`, uniformly."""
        healthy = self._directory.healthy
        if current >= 0 and self._directory.open[current]:
            others = len(healthy) - 1
            if others < 1:
                return -1
            if others + 1 == self._directory.size:
                edge = int(self._uniform() * others)
                return edge + 1 if edge >= current else edge
            edge = healthy[int(self._uniform() * others)]
            return healthy[others] if edge == current else edge
        return healthy[int(self._uniform() * len(healthy))] if healthy else -1


class LeastOutstanding:
    """The least loaded other, in the view that the scenario chose; ties at random.

    Among many edges some are drawn in search of an idle one first, as idle ones are the least loaded.
    """

    def __init__(self, directory: Directory, uniform: Callable[[], float], load: Callable[[Client, int], int]) -> None:
        self._directory = directory
        self._uniform = uniform
        self._load = load

    def pick(self, client: Client, current: int) -> int:
        """The least loaded edge other than `current`."""
        healthy, load_of, uniform = self._directory.healthy, self._load, self._uniform
        n = len(healthy)
        for _ in range(min(n // 2 - 1, _TRIES)):
            edge = healthy[int(uniform() * n)]
            if edge != current and load_of(client, edge) <= 0:
                return edge
        best: list[int] = []
        least = 0
        for edge in healthy:
            if edge == current:
                continue
            load = load_of(client, edge)
            if not best or load < least:
                best, least = [edge], load
            elif load == least:
                best.append(edge)
        if len(best) < 2:
            return best[0] if best else -1
        return best[int(uniform() * len(best))]


class PowerOfTwo:
    """The less loaded of two others, each drawn from all (Azar et al. 1999; Mitzenmacher 2001).

    The draws are independent, as in theory, so that both can be the same edge. Weights change what is compared, and not
    what is drawn.
    """

    def __init__(self, directory: Directory, uniform: Callable[[], float], load: Callable[[Client, int], int]) -> None:
        self._any = Uniform(directory, uniform).pick
        self._load = load
        self._weights = directory.weights

    def pick(self, client: Client, current: int) -> int:
        """The less loaded of two edges other than `current`; of equally loaded ones the first drawn."""
        one = self._any(client, current)
        if one < 0:
            return -1
        two = self._any(client, current)
        if two == one:
            return one
        load_one, load_two, weights = self._load(client, one), self._load(client, two), self._weights
        if weights is not None:
            return two if weighted(load_two, weights.of(two)) < weighted(load_one, weights.of(one)) else one
        return two if load_two < load_one else one


def make_leaving(
    name: str, directory: Directory, uniform: Callable[[], float], load: Callable[[Client, int], int]
) -> Leaving:
    """The class behind a value of `routing.leave_to`."""
    if name == "nearest":
        return Nearest(directory)
    if name == "uniform":
        return any_other(directory, uniform)
    if name == "least_outstanding":
        return least_loaded(directory, uniform, load)
    return PowerOfTwo(directory, uniform, load)


def any_other(directory: Directory, uniform: Callable[[], float]) -> Leaving:
    """Any other edge, by weight where edges have weights."""
    weights = directory.weights
    return Uniform(directory, uniform) if weights is None else DrawnByWeight(directory, weights, uniform)


def make_assigning(
    name: str, directory: Directory, uniform: Callable[[], float], load: Callable[[Client, int], int]
) -> Leaving:
    """The class behind a value of `routing.assign`: where a session without a cookie goes."""
    if name == "random":
        return any_other(directory, uniform)
    if name == "round_robin":
        return InTurn(directory)
    if name == "least_sessions":
        return least_sessions(directory, uniform)
    return make_leaving(name, directory, uniform, load)


def least_sessions(directory: Directory, uniform: Callable[[], float]) -> Leaving:
    """The other edge at which the fewest open sessions stand, by weight where edges have weights."""
    return least_loaded(directory, uniform, lambda _, edge: directory.standing[edge])


def least_loaded(
    directory: Directory, uniform: Callable[[], float], load: Callable[[Client, int], int]
) -> Leaving:  # fmt: skip
    """The least loaded other edge, by weight where edges have weights."""
    weights = directory.weights
    if weights is None:
        return LeastOutstanding(directory, uniform, load)
    return LeastByWeight(directory, weights, uniform, load)
