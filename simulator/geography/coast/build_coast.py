"""Makes land.json out of world-atlas: the outline of all land, thinned and rounded, as small whole numbers.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m simulator.geography.coast.build_coast package/land-50m.json

Rings are simplified (Douglas & Peucker, 1973); islets and Antarctica are left out. What is left is plenty for a map of
a page's width.
May import the standard library. Runs when somebody wants newer coasts, never in a simulation.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

TOLERANCE_DEG: Final = 0.1
LEAST_AREA_DEG2: Final = 0.12
SCALE: Final = 20  # steps per degree: about 5 km
Point = tuple[float, float]
Ring = list[Point]


def rings_of(topology: dict[str, Any]) -> Iterator[Ring]:
    """Every ring of a TopoJSON of land, as (longitude, latitude) in degrees."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[Ring] = []
    for arc in topology["arcs"]:
        x, y, points = 0, 0, []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    for shape in topology["objects"]["land"]["geometries"]:
        polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        for ring in (ring for polygon in polygons for ring in polygon):
            points = []
            for number in ring:
                piece = arcs[number] if number >= 0 else arcs[~number][::-1]
                points += piece if not points else piece[1:]
            yield _unbroken(points)


def _unbroken(ring: Ring) -> Ring:
    """The ring without jumps from 180 to -180 degrees: it may leave that range instead."""
    found, turns = [ring[0]], 0.0
    for (x0, _), (x1, y1) in pairwise(ring):
        turns += 360.0 if x1 - x0 < -180.0 else -360.0 if x1 - x0 > 180.0 else 0.0
        found.append((x1 + turns, y1))
    return found


def area_deg2(ring: Ring) -> float:
    """The area of a ring (shoelace), in square degrees."""
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(math.fsum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2.0


def simplified(ring: Ring, tolerance: float) -> Ring:
    """The ring without the points that are nearer than `tolerance` to the line between those that are kept."""
    keep, spans = {0, len(ring) - 1}, [(0, len(ring) - 1)]
    while spans:
        first, last = spans.pop()
        far, place = 0.0, 0
        for number in range(first + 1, last):
            distance = _distance(ring[number], ring[first], ring[last])
            if distance > far:
                far, place = distance, number
        if far > tolerance:
            keep.add(place)
            spans += [(first, place), (place, last)]
    return [ring[place] for place in sorted(keep)]


def _distance(point: Point, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    share = 0.0 if length2 == 0.0 else ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / length2
    share = max(0.0, min(1.0, share))
    return math.hypot(point[0] - a[0] - share * dx, point[1] - a[1] - share * dy)


def packed(ring: Ring) -> list[int]:
    """The ring as x, y, dx, dy, dx, dy, ... in steps of 1/SCALE degree."""
    steps = [(round(x * SCALE), round(y * SCALE)) for x, y in ring]
    found = [*steps[0]]
    for (x0, y0), (x1, y1) in pairwise(steps):
        if (x0, y0) != (x1, y1):
            found += [x1 - x0, y1 - y0]
    return found


def main(source: str) -> None:
    """Write land.json beside this file."""
    topology = json.loads(Path(source).read_text(encoding="utf-8"))
    closed = [
        ring for ring in rings_of(topology) if abs(ring[0][0] - ring[-1][0]) < 1.0
    ]  # Antarctica goes round the pole
    kept = [ring for ring in closed if area_deg2(ring) >= LEAST_AREA_DEG2]
    rings = [packed(simplified(ring, TOLERANCE_DEG)) for ring in kept]
    content = {"scale": SCALE, "rings": [ring for ring in rings if len(ring) >= 8]}
    text = json.dumps(content, separators=(",", ":"))
    Path(__file__).with_name("land.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
