"""The nearest edge: the lowest measured round-trip time, before any measurement the lowest expected one.

Ties are broken once per client at random: by a key mixed from the client's salt and the edge. Among few edges each
pick looks at all of them; among many it looks at those that the client has measured and at a short list, made once
for each client, of the edges that it expects to be nearest. Where many clients are placed at once, those that share a
table of expectations are looked at together. All give the same edge.

May import: the directory, numpy. Does not model: how round-trip times are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from simulator.routing.directory import Directory

if TYPE_CHECKING:
    from simulator.agents.client import Client

_MASK = (1 << 64) - 1
_GOLDEN, _MIX_1, _MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_SAME_S = 1e-9  # round-trip times closer than this are a tie: sums of the same legs may round differently
_ROUNDING_S = _SAME_S / 4.0  # a group of times no wider is one tie, whatever the order in which they are compared
_AS_EXPECTED_S = _ROUNDING_S / 2.0  # a measurement so close to the expectation says nothing new
_APART_S = 3.0 * _SAME_S  # times further apart are no tie, nor linked by others that are
_FEW = 3  # edges: so many are looked at one by one
_LISTED = 16  # edges on a short list
_ORDERS = 16  # tables of expected round-trip times whose order is remembered
_TOGETHER = 1 << 16  # keys of ties that are mixed at once
_CLIENTS = 1 << 12  # clients that are looked at together


def tie_key(salt: int, edge: int) -> int:
    """A fixed pseudo-random number for one client and one edge (the finaliser of splitmix64)."""
    z = (salt + (edge + 1) * _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
    return z ^ (z >> 31)


def tie_keys(salt: int | np.ndarray, edges: np.ndarray) -> np.ndarray:
    """`tie_key` of many edges (int array in, uint64 array out), for one client or for a column of salts (uint64)."""
    z = np.uint64(salt) + (edges.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_MIX_1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_MIX_2)
    result: np.ndarray = z ^ (z >> np.uint64(31))
    return result


def first_edges(nearest: Callable[[Client, int], int], clients: Sequence[Client]) -> Iterable[int]:
    """`nearest(client, -1)` of each client: at once where that is `Nearest.pick`, else each when its turn comes."""
    owner = getattr(nearest, "__self__", None)
    if type(owner) is Nearest and nearest == owner.pick:
        return owner.first(clients)
    return map(nearest, clients, repeat(-1))  # a generator expression that is compiled asks all at once


def _least_keys(clients: Sequence[Client], edges: np.ndarray) -> np.ndarray:
    """For each client the place, among some edges, of the one with its least key."""
    if edges.size == 1:
        return np.zeros(len(clients), dtype=np.intp)
    salts = np.array([client.salt for client in clients], dtype=np.uint64)[:, np.newaxis]
    step = max(_TOGETHER // edges.size, 1)
    parts = [tie_keys(salts[begin : begin + step], edges).argmin(axis=1) for begin in range(0, len(salts), step)]
    return np.concatenate(parts)


class _Order:
    """The edges by expected round-trip time, as far as a short list reaches, in groups that are ties.

    `groups` is empty where times are neither ties nor clearly apart.
    """

    __slots__ = ("expected_s", "groups", "listed")

    def __init__(self, expected_s: Sequence[float]) -> None:
        self.expected_s = expected_s  # keeps the table, and with it its identity
        self.groups: list[np.ndarray] = []
        self.listed: tuple[int, ...] | None = None  # the short list, where no tie makes it differ among clients
        times_s = np.asarray(expected_s)
        order = np.argsort(times_s, kind="stable")
        times_s = times_s[order]
        begin, listed = 0, 0
        while begin < order.size and listed < _LISTED:
            end = int(np.searchsorted(times_s, times_s[begin] + _ROUNDING_S, side="right"))
            if end < order.size and not times_s[end] > times_s[end - 1] + _APART_S:
                self.groups = []
                return
            self.groups.append(order[begin:end])
            listed += end - begin
            begin = end
        if len(self.groups) == listed:
            self.listed = tuple(int(group[0]) for group in self.groups)


class Nearest:
    """The lowest measured round-trip time; before any measurement the lowest expected one."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._orders: dict[int, _Order] = {}  # by the identity of a table that its clients share
        self._near: dict[Client, tuple[int, ...]] = {}

    def pick(self, client: Client, current: int) -> int:
        """The nearest edge other than `current` (-1: of all); -1 where there is none."""
        healthy = self._directory.healthy
        if len(healthy) <= _FEW:
            return self._among(client, current, healthy)
        near = self._near.get(client)
        if near is None:
            near = self._near[client] = self._short_list(client)
        is_open, measured = self._directory.open, client.rtt_s
        for edge in near:
            if edge != current and is_open[edge]:
                if measured is None:
                    return edge
                rtt_s = measured.get(edge)
                if rtt_s is None or -_AS_EXPECTED_S <= rtt_s - client.expected_rtt_s[edge] <= _AS_EXPECTED_S:
                    return self._against(client, current, edge, measured)
        return self._among(client, current, healthy)

    def first(self, clients: Sequence[Client]) -> list[int]:
        """`pick(client, -1)` of many clients, of whom most may never be asked for again: short lists can wait."""
        picked: list[int] = []
        for begin in range(0, len(clients), _CLIENTS):
            some = clients[begin : begin + _CLIENTS]
            edges = [-1] * len(some)
            sharing: dict[int, list[int]] = {}
            for place, client in enumerate(some):
                sharing.setdefault(-1 if client.rtt_s else id(client.expected_rtt_s), []).append(place)
            for table, places in sharing.items():
                alike = [some[place] for place in places]
                found = self._expected_first(alike) if table >= 0 and len(alike) > 1 else None
                if found is None:
                    found = [self._once(client) for client in alike]
                for place, edge in zip(places, found, strict=True):
                    edges[place] = edge
            picked += edges
        return picked

    def _once(self, client: Client) -> int:
        """`pick(client, -1)`, without a short list where looking at all edges costs less than making one."""
        healthy = self._directory.healthy
        return self._among(client, -1, healthy) if len(healthy) <= _LISTED else self.pick(client, -1)

    def _expected_first(self, clients: Sequence[Client]) -> list[int] | None:
        """The same for clients that share a table and have measured nothing; None where it cannot be told from it."""
        is_open = np.array(self._directory.open)
        for group in self._order(clients[0].expected_rtt_s).groups:
            ties = group[is_open[group]]
            if ties.size:
                edges: list[int] = ties[_least_keys(clients, ties)].tolist()
                return edges
        return None

    def _against(self, client: Client, current: int, found: int, measured: dict[int, float]) -> int:
        """The nearest of `found`, the first of those that are as expected, and those measured to be otherwise."""
        is_open, expected_s = self._directory.open, client.expected_rtt_s
        found_s = expected_s[found]
        limit_s = found_s + _APART_S
        rivals = [
            (rtt_s, edge)
            for edge, rtt_s in measured.items()
            if rtt_s <= limit_s
            and edge != current
            and is_open[edge]
            and not -_AS_EXPECTED_S <= rtt_s - expected_s[edge] <= _AS_EXPECTED_S
        ]
        if not rivals:
            return found
        rivals.append((found_s, found))
        least_s, least = min(rivals)
        close = [(rtt_s, edge) for rtt_s, edge in rivals if rtt_s <= least_s + _APART_S]
        if len(close) == 1:
            return least
        if max(close)[0] > least_s + _ROUNDING_S:
            return self._among(client, current, self._directory.healthy)
        salt = client.salt
        return min((tie_key(salt, edge), edge) for _, edge in close)[1]

    def _among(self, client: Client, current: int, edges: Sequence[int]) -> int:
        """The nearest of some edges, looked at one by one."""
        measured, expected_s, salt = client.rtt_s, client.expected_rtt_s, client.salt
        best, best_s, best_key = -1, float("inf"), -1
        for edge in edges:
            if edge == current:
                continue
            rtt_s = expected_s[edge]
            if measured is not None and edge in measured:
                rtt_s = measured[edge]
            if rtt_s > best_s + _SAME_S:
                continue
            if rtt_s < best_s - _SAME_S or best < 0:
                best, best_s, best_key = edge, rtt_s, -1
                continue
            if best_key < 0:
                best_key = tie_key(salt, best)
            key = tie_key(salt, edge)
            if key < best_key:
                best, best_key = edge, key
        return best

    def _short_list(self, client: Client) -> tuple[int, ...]:
        """The edges that a client expects to be nearest, nearest first; none where that cannot be told in advance."""
        order = self._order(client.expected_rtt_s)
        if order.listed is not None:
            return order.listed
        listed: list[int] = []
        for group in order.groups:
            if group.size > _LISTED:
                keys = tie_keys(client.salt, group)
                listed += group[np.argsort(keys, kind="stable")[:_LISTED]].tolist()
            elif group.size > 1:
                listed += sorted(group.tolist(), key=partial(tie_key, client.salt))
            else:
                listed.append(int(group[0]))
        return tuple(listed[:_LISTED])

    def _order(self, expected_s: Sequence[float]) -> _Order:
        """The order of a table."""
        order = self._orders.get(id(expected_s))
        if order is None:
            if len(self._orders) >= _ORDERS:
                self._orders.clear()
            order = self._orders[id(expected_s)] = _Order(expected_s)
        return order
