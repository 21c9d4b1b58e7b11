"""The report's map: coasts where they are in the world, cut at the frame, in a size that a page can bear."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from simulator.report.coastline import coastline, fitted
from simulator.report.site_map import map_chart
from simulator.report.svg import WIDTH
from simulator.results.result import Result
from tests.report.fakes import replication, result

SVG = "{http://www.w3.org/2000/svg}"
LAND = {"kyiv": (50.45, 30.52), "astana": (51.17, 71.43), "ulaanbaatar": (47.92, 106.92), "munich": (48.14, 11.58)}
WATER = {"sea of japan": (40.0, 134.5), "yellow sea": (36.0, 123.5), "black sea": (43.3, 34.0), "biscay": (45.5, -5.0)}


def rings(path: str) -> list[list[tuple[float, float]]]:
    """The corners of a path of `Mx yldx dy...z`."""
    found = []
    for part in path.split("z")[:-1]:
        start, _, steps = part[1:].partition("l")
        numbers = [[float(v) for v in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", text)] for text in (start, steps)]
        corners = [(numbers[0][0], numbers[0][1])]
        for dx, dy in zip(numbers[1][::2], numbers[1][1::2], strict=True):
            corners.append((corners[-1][0] + dx, corners[-1][1] + dy))
        found.append(corners)
    return found


def inside(place: tuple[float, float], outline: list[list[tuple[float, float]]]) -> bool:
    """By the even-odd rule, with a ray to the right."""
    x, y = place
    crossed = 0
    for ring in outline:
        for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if (y0 > y) != (y1 > y):
                crossed += x0 + (y - y0) / (y1 - y0) * (x1 - x0) > x
    return crossed % 2 == 1


def test_land_is_land_and_water_is_water():
    """The scale is read off the dots of the two sites, whose coordinates are known; cities and seas from an atlas."""
    resolved = result().facts.resolved | {"edges": {"pop": {"at": {"frankfurt": 2, "tokyo": 1}}}}
    series = replication()
    names = {"europe>pop-1": "europe>pop-frankfurt-1", "europe>pop-3": "europe>pop-tokyo-1"}
    series.timeseries["label"] = [names.get(label, label) for label in series.timeseries["label"]]
    root = ElementTree.fromstring(map_chart(Result(result(resolved=resolved).facts, [series], {}), "Map"))
    frame = next(iter(root.findall(f"{SVG}svg")))
    top, tall = float(frame.get("y", "")), float(frame.get("height", ""))
    circles = [circle for circle in root.iter(f"{SVG}circle") if circle.get("r") == "5"]
    dots = [(float(circle.get("cx", "")) - 0.5, float(circle.get("cy", "")) - top) for circle in circles]
    (x0, y0), (x1, y1) = sorted(dot for dot in dots if dot[1] < tall)  # of the first phase
    across, down = (x1 - x0) / (139.7 - 8.7), (y1 - y0) / (50.1 - 35.7)

    def place(lat: float, lon: float) -> tuple[float, float]:
        return x0 + (lon - 8.7) * across, y0 + (50.1 - lat) * down

    outline = rings(frame[0].get("d", ""))
    assert {name for name, at in LAND.items() if inside(place(*at), outline)} == set(LAND)
    assert {name for name, at in WATER.items() if inside(place(*at), outline)} == set()


def test_many_edges_have_a_map_by_their_series_of_sites():
    """35 requests a second from Europe to Tokyo, 99 at home: one line, one disc, in each of the phases shown."""
    series = replication()
    keep = [k for k, metric in enumerate(series.timeseries["metric"]) if metric not in ("served.rate", "moves.rate")]
    rows = {name: [column[k] for k in keep] for name, column in series.timeseries.items()}
    for begin in (10.0, 40.0):
        for label, rate in (("europe>frankfurt", 99.0), ("europe>tokyo", 35.0)):
            for column, value in (("t_s", begin), ("metric", "site.served.rate"), ("label", label), ("value", rate)):
                rows[column].append(value)
    series.timeseries = rows
    resolved = result().facts.resolved | {"edges": {"pop": {"at": {"frankfurt": 60, "tokyo": 40}}}}
    root = ElementTree.fromstring(map_chart(Result(result(resolved=resolved).facts, [series], {}), "Map"))
    ends = [(one.get("class"), one.get("data-from"), one.get("data-to")) for one in root.iter() if one.get("data-from")]
    assert ends == [("home", "frankfurt", "frankfurt"), ("flow", "frankfurt", "tokyo")] * 2
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert words.count("35.0 /s to tokyo") == 2
    assert words.count("frankfurt (60)") == 2


@pytest.mark.parametrize(
    "sites",
    [
        [(50.1, 8.7), (48.9, 2.4)],  # near
        [(-33.9, 151.2), (37.8, -122.4)],  # across the Pacific
        [(51.5, -0.1), (35.7, 139.7), (40.7, -74.0), (-33.9, 151.2), (-23.6, -46.6)],  # everywhere
    ],
)
def test_coasts_stay_near_the_frame_and_small(sites):
    view = fitted(sites, WIDTH - 96.0, 190.0)
    path = coastline(view, (48.0, 36.0), (WIDTH, 260.0))
    corners = [corner for ring in rings(path) for corner in ring]
    assert corners
    assert len(path) < 24_000
    assert all(-4.0 <= x <= WIDTH + 4.0 and -4.0 <= y <= 264.0 for x, y in corners)
    xs, ys = zip(*(view.place(*site) for site in sites), strict=True)
    assert min(xs) >= -1e-9
    assert max(xs) <= WIDTH - 96.0 + 1e-9
    assert min(ys) >= -1e-9
    assert max(ys) <= 190.0 + 1e-9
