"""The projection of the report's map, and the coasts in it as the path of an SVG.

May import coasts and svg. The map is equidistant cylindrical, true to scale at the middle latitude of the sites, and
cut where they leave the widest gap.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.geography.coast import land
from simulator.report.svg import Floats

_STEP: Final = 1.2  # units between points of a coast that are kept
_LEAST: Final = 2.0  # units that an island must extend in one direction
_MARGIN: Final = 3.0  # units beyond the map where coasts are cut, so that the cut is not seen


@dataclass(frozen=True, slots=True)
class View:
    """Where a place lies on the map, in units of the chart: `x = left + scale * squeeze * degrees east of west`.

    Attributes:
        west: longitude at which the map begins, degrees.
        squeeze: width of a degree of longitude in degrees of latitude.
        scale: units per degree of latitude.
        left: units from the left edge to `west`.
        north: latitude of the upper edge, degrees.
    """

    west: float
    squeeze: float
    scale: float
    left: float
    north: float

    def place(self, lat: float, lon: float) -> tuple[float, float]:
        """Units to the right of the left edge and below the upper one."""
        return self.left + ((lon - self.west) % 360.0) * self.squeeze * self.scale, (self.north - lat) * self.scale


def fitted(sites: Sequence[tuple[float, float]], width: float, height: float) -> View:
    """The view in which sites (lat, lon in degrees) fill a box of that size: east to the right, north up."""
    lons = np.sort(np.array([lon % 360.0 for _, lon in sites]))
    gaps = np.diff(np.append(lons, lons[0] + 360.0))
    west = float(lons[(int(gaps.argmax()) + 1) % lons.size])
    lats = [lat for lat, _ in sites]
    squeeze = max(0.2, math.cos(math.radians(sum(lats) / len(lats))))
    across = max((lon - west) % 360.0 for _, lon in sites) * squeeze
    scale = min(width / max(across, 1e-6), height / max(max(lats) - min(lats), 1e-6))
    return View(west, squeeze, scale, (width - across * scale) / 2.0, max(lats))


def coastline(view: View, offset: tuple[float, float], size: tuple[float, float]) -> str:
    """The land that shows in a box of that size, as a path; its upper left corner is `offset` before that of the view.

    The path is filled by the even-odd rule: lakes are rings inside rings.
    """
    parts = []
    for lon, lat in _rings():
        y = (view.north - lat) * view.scale + offset[1]
        if y.max() < 0.0 or y.min() > size[1]:
            continue
        for turn in (-360.0, 0.0, 360.0, 720.0):  # rings are not cut at 180 degrees: some reach far beyond
            x = view.left + (lon + turn - view.west) * view.squeeze * view.scale + offset[0]
            if x.max() < 0.0 or x.min() > size[0] or max(np.ptp(x), np.ptp(y)) < _LEAST:
                continue
            ring = _cut(np.column_stack((x, y)), size)
            parts.append(_path(ring))
    return "".join(parts)


def _rings() -> Iterator[tuple[Floats, Floats]]:
    """Longitudes and latitudes (degrees) of every ring of land."""
    coast = land()
    for ring in coast["rings"]:
        places = np.cumsum(np.array(ring, dtype=float).reshape(-1, 2), axis=0) / coast["scale"]
        yield places[:, 0], places[:, 1]


def _cut(ring: Floats, size: tuple[float, float]) -> Floats:
    """The part of a ring in the box and its margin (Sutherland and Hodgman, 1974)."""
    for axis, bound, sign in ((0, -_MARGIN, 1.0), (0, size[0] + _MARGIN, -1.0), (1, -_MARGIN, 1.0),
                              (1, size[1] + _MARGIN, -1.0)):  # fmt: skip
        if not len(ring):
            break
        inside = sign * (ring[:, axis] - bound) >= 0.0
        if inside.all():
            continue
        kept = []
        for k, point in enumerate(ring):
            before = ring[k - 1]
            if inside[k] != inside[k - 1]:
                share = (bound - before[axis]) / (point[axis] - before[axis])
                kept.append(before + share * (point - before))
            if inside[k]:
                kept.append(point)
        ring = np.array(kept).reshape(-1, 2)
    return ring


def _path(ring: Floats) -> str:
    """Straight lines between the points of a ring that are `_STEP` apart, in tenths of a unit, by steps."""
    kept: list[tuple[int, int]] = []
    for x, y in np.rint(10.0 * ring).astype(int).tolist():
        if not kept or math.hypot(x - kept[-1][0], y - kept[-1][1]) >= 10.0 * _STEP:
            kept.append((x, y))
    if len(kept) < 3:
        return ""
    (x, y), *rest = kept
    steps = []
    for u, v in rest:
        steps.append(f"{_tenths(u - x)} {_tenths(v - y)}")
        x, y = u, v
    return f"M{_tenths(kept[0][0])} {_tenths(kept[0][1])}l{' '.join(steps)}z".replace(" -", "-")


def _tenths(value: int) -> str:
    return f"{value / 10:g}".replace("0.", ".", 1) if abs(value) < 10 else f"{value / 10:g}"
