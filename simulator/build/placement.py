"""Makes the clients of a group: where they are, which paths they share, what they expect before they measure.

Part of building a world: may import scenario models, wiring and the client. Does not run anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.agents.client import Client
from simulator.agents.policies import GroupPolicy
from simulator.build.wiring import Wiring, class_of
from simulator.engine.columns import Vector, vector
from simulator.engine.streams import whole_numbers
from simulator.geography.geo import position_stream, spread_positions
from simulator.links import Line, Path
from simulator.links.ends import CLIENT, Endpoint
from simulator.routing.scope import SiteScope
from simulator.scenario.clients import ClientGroupSpec as GroupSpec
from simulator.server.home_shards import Homes, HomeShards

_Paths = tuple[list[Path], list[Path], Vector, Vector, list[float], list[float], str | None]


class Placing:
    """Makes the clients of one group: their places, paths and expectations."""

    def __init__(
        self,
        wiring: Wiring,
        edge_ends: Sequence[Endpoint],
        group: GroupPolicy,
        spec: GroupSpec,
        scope: SiteScope | None,
        shards: HomeShards | None,
    ) -> None:
        self.wiring = wiring
        self.edge_ends = edge_ends
        self.group = group
        self.name = name = group.name
        self.spec = spec
        self.scope = scope
        self.shards = shards
        self.homes: list[Homes] = []  # of each client, where sessions are at home
        self.every, self.some = wiring.selective_patterns(name)
        self._classes: dict[frozenset[str], _Paths] = {}
        salts = wiring.streams.generator(f"clients.{name}", "salt")
        self._salts = whole_numbers(lambda n: salts.integers(1 << 63, size=n))
        self._positions = position_stream(wiring.streams, name)
        self._rows: list[tuple[np.ndarray, np.ndarray]] = []  # places to come: latencies over distance, there and back
        self._shifts: dict[frozenset[str], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = {}
        self.sites = [end.site for end in edge_ends]
        self._core_sites = [] if shards is None else shards.sites
        self.spread = bool(spec.spread > 0 and spec.site is not None and wiring.scenario.network.geo is not None)
        self._to_cores_s = self._expected_to_cores_s()

    def client(self, index: int) -> Client:
        """Client `index`; clients are made in order."""
        matched = self.every
        if self.some:
            matched = class_of(f"{self.name}-{index + 1}", self.every, self.some)
        up, down, base_s, back_s, expected_s, there_s, near_site = self.paths(matched)
        if self.spread:
            base_s, back_s, expected_s, there_s = self.placed(matched, base_s, back_s, expected_s, there_s)
            near_site = self._nearest_site(expected_s)
        salt = int(self._salts())
        if self.scope is not None:
            near_site = self.scope.enter(salt, self.spec.site, there_s)
        if self.shards is not None:
            self.homes.append(self.shards.nearest(self.spec.site, self._to_cores_s))
        return Client(self.group, index, salt, up, down, base_s, back_s, expected_s, (Line(), Line()), near_site)

    def paths(self, matched: frozenset[str]) -> _Paths:
        """Paths to and from every edge, constant latencies there and back, expected both ways and there, near site."""
        known = self._classes.get(matched)
        if known is None:
            label = self.name if matched == self.every else f"{self.name}[{' '.join(sorted(matched))}]"
            here = Endpoint(CLIENT, label, self.name, self.spec.site, matched)
            wiring, spec = self.wiring, self.spec
            ups = [wiring.connect(here, end, spec.request_size.mean) for end in self.edge_ends]
            downs = [wiring.connect(end, here, spec.response_size.mean) for end in self.edge_ends]
            base_s, back_s = _ways([up.base_s for up in ups], [down.base_s for down in downs])
            expected_s = [up.expected_s + down.expected_s for up, down in zip(ups, downs, strict=True)]
            known = self._classes[matched] = (
                [up.path for up in ups], [down.path for down in downs], base_s, back_s,
                expected_s, [up.expected_s for up in ups], self._nearest_site(expected_s),
            )  # fmt: skip
        return known

    def _nearest_site(self, expected_s: Sequence[float]) -> str | None:
        """The site of the first edge with the least expected round trip."""
        return self.sites[min(range(len(expected_s)), key=expected_s.__getitem__)]

    def placed(
        self,
        matched: frozenset[str],
        base_s: Vector,
        back_s: Vector,
        expected_s: list[float],
        there_s: list[float],
    ) -> tuple[Vector, Vector, list[float], list[float]]:
        """The same for a client with a place of its own in the disc around the group's site."""
        site = self.spec.site
        assert site is not None
        if not self._rows:
            self._rows = self._next_places(site)
        row, row_back = self._rows.pop()
        n = len(self.sites)
        if self.shards is not None:
            self._to_cores_s = self._expected_to_cores_s(row[n:])
        row, row_back = row[:n], row_back[:n]
        if matched not in self._shifts:
            here, ends, wiring = Endpoint(CLIENT, self.name, self.name, site, matched), self.edge_ends, self.wiring
            self._shifts[matched] = (
                np.array([wiring.distances.one_way_s(site, end.site) for end in ends]),
                np.array([wiring.distances.one_way_s(end.site, site) for end in ends]),
                np.array([wiring.uses_distance(here, end) for end in ends], dtype=float),
                np.array([wiring.uses_distance(end, here) for end in ends], dtype=float),
            )
        centre_s, centre_back_s, there, back = self._shifts[matched]
        change = (row - centre_s) * there
        change_back = (row_back - centre_back_s) * back
        new_base = (np.array(base_s) + change).tolist()
        new_back = (np.array(back_s) + change_back).tolist()
        expected = np.array(expected_s) + (change + change_back)
        expected_there = there_s if self.scope is None else (np.array(there_s) + change).tolist()
        return *_ways(new_base, new_back), expected.tolist(), expected_there

    def _expected_to_cores_s(self, over_s: np.ndarray | None = None) -> list[float]:
        """Expected latencies to the home shards, if there are any; `over_s` are those over a client's own distance."""
        distances, own = self.wiring.distances, self.spec.site
        default_s = self.wiring.scenario.network.default.latency.mean
        if over_s is None:
            over_s = np.array([distances.one_way_s(own, site) for site in self._core_sites])
        given = [distances.given(own, site) for site in self._core_sites]
        return [float(one_s) if known else default_s for one_s, known in zip(over_s, given, strict=True)]

    def _next_places(self, site: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """The latencies over distance of the next places, last one first: to edges and home shards, and back."""
        distances, centre = self.wiring.distances, self.wiring.scenario.sites[site]
        lat, lon = spread_positions(self._positions, centre.lat, centre.lon, self.spec.spread, 1024)
        targets = [*self.sites, *self._core_sites]
        there = distances.from_places_s(lat, lon, site, targets)
        back = distances.from_places_s(lat, lon, site, targets, back=True) if distances.one_sided else there
        return list(zip(there[::-1], back[::-1], strict=True))


def _ways(there_s: list[float], back_s: list[float]) -> tuple[Vector, Vector]:
    """Latencies there and back as clients keep them: once where they are the same."""
    there = vector(there_s)
    return there, there if back_s == there_s else vector(back_s)
