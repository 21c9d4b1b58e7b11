"""How long messages take from site to site: as it was measured (`network.matrix`), else over the great circle.

A round trip that was measured takes half of it each way. A client with a place of its own around its site is as much
farther from, or nearer to, another site as the great circle says: the matrix then tells how much longer than that the
path between the two sites is. May import: scenario models, geography. Does not know links.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from simulator.geography.geo import great_circle_m, one_way_s
from simulator.scenario.matrix import RoundTripMatrix
from simulator.scenario.network import GeoSpec, SiteSpec


class Distances:
    """One-way latencies between sites, in seconds.

    Args:
        sites: by name.
        geo: how distance becomes latency; None where it takes no time.
        matrix: measured round trips, which come first.
    """

    def __init__(self, sites: Mapping[str, SiteSpec], geo: GeoSpec | None, matrix: RoundTripMatrix | None) -> None:
        self._sites = sites
        self._geo = geo
        self._matrix = matrix

    def measured_s(self, one: str | None, other: str | None) -> float | None:
        """What was measured, one way; None where nothing was."""
        if self._matrix is None or one is None or other is None:
            return None
        return self._matrix.one_way_s(one, other)

    def given(self, one: str | None, other: str | None) -> bool:
        """Whether it follows from the two sites how long a message takes."""
        if one is None or other is None:
            return False
        return self._geo is not None or self.measured_s(one, other) is not None

    def one_way_s(self, one: str | None, other: str | None) -> float:
        """From one site to another; 0 where nothing is known."""
        measured_s = self.measured_s(one, other)
        if measured_s is not None:
            return measured_s
        geo, sites = self._geo, self._sites
        if geo is None or one is None or other is None:
            return 0.0
        a, b = sites[one], sites[other]
        return float(one_way_s(great_circle_m(a.lat, a.lon, b.lat, b.lon), geo.inflation))

    def from_places_s(
        self, lat: np.ndarray, lon: np.ndarray, home: str, targets: Sequence[str | None], *, back: bool = False
    ) -> np.ndarray:
        """From places around `home` to sites (`back`: the other way), shape (places, targets); 0 without a site."""
        geo, sites = self._geo, self._sites
        result = np.zeros((len(lat), len(targets)))
        for column, name in enumerate(targets):
            if geo is None or name is None:
                continue
            site = sites[name]
            over_s = one_way_s(great_circle_m(lat, lon, site.lat, site.lon), geo.inflation)
            measured_s = self.measured_s(name, home) if back else self.measured_s(home, name)
            if measured_s is not None:
                here = sites[home]
                between_s = float(one_way_s(great_circle_m(here.lat, here.lon, site.lat, site.lon), geo.inflation))
                over_s = over_s * (measured_s / between_s) if between_s > 0.0 else over_s + measured_s
            result[:, column] = over_s
        return result

    @property
    def one_sided(self) -> bool:
        """Whether it may take longer there than back."""
        return self._matrix is not None
