"""Where things are: names of places, distances on the globe, and how long light in fibre takes for them.

`find_site` knows cities of at least 15,000 inhabitants (GeoNames) and the regions of AWS, Google Cloud and
Azure, all bundled. Positions are degrees north and east, distances metres, on a sphere of the mean Earth
radius (the ellipsoid differs by at most 0.56 %).

May import: numpy and the standard library. Does not model cable routes: `inflation`
stands for their detours, and for routers.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth (IUGG R1)."""
FIBRE_M_PER_S = 200_000_000.0
"""Speed of light in fibre: 200,000 km/s."""

_PLAIN = str.maketrans(
    {"ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "ħ": "h", "Ħ": "h",
     "ı": "i", "ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th",
     "ə": "a", "Ə": "a"}
    | dict.fromkeys("ʻʼ’‘'`.", "")
    | dict.fromkeys("-_,()/–", " ")
)  # fmt: skip
_LONGEST_NAME = 100
_COUNTRIES = {"uk": "gb"}
"""Customary suffixes that are no ISO 3166 code."""


class Site(NamedTuple):
    """A position, in degrees."""

    lat: float
    lon: float


class UnknownSite(ValueError):  # noqa: N818 (it reads as what it says: an unknown site)
    """No bundled place has this name; `suggestions` are names that are close."""

    def __init__(self, name: str, suggestions: tuple[str, ...]) -> None:
        hint = f"did you mean {' or '.join(suggestions)}?" if suggestions else "write {lat: ..., lon: ...}"
        super().__init__(f"unknown site {_shown(name)}: {hint}")
        self.name = name
        self.suggestions = suggestions


def _shown(name: str) -> str:
    return f"'{name}'" if len(name) <= _LONGEST_NAME else f"'{name[:_LONGEST_NAME]}…'"


def fold_name(name: str) -> str:
    """What counts in a name: no case, no accents, a space for hyphen and underscore, `saint` for `st`."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_PLAIN)).casefold()
    folded = " ".join("".join(ch for ch in decomposed if not unicodedata.combining(ch)).split())
    return f"saint {folded[3:]}" if folded.startswith("st ") else folded


def find_site(name: str) -> Site:
    """Position of a cloud region (`eu-central-1`) or a city (`frankfurt`, `são paulo`, `paris-us`).

    Names are compared as `fold_name` gives them. A city's main name goes before other names of other cities,
    and among cities of one name the most populous is meant; a country code at the end chooses another. Raises
    UnknownSite, with names that are close.
    """
    wanted = fold_name(name[:_LONGEST_NAME])
    region = _regions().get(wanted) or _regions().get(wanted.replace(" ", ""))
    if region is not None:
        return region
    found = _find_city(wanted) if re.fullmatch(r"[a-z0-9 ]+", wanted) else None
    if found is None:
        raise UnknownSite(name, _close_names(wanted))
    return found


def _find_city(wanted: str) -> Site | None:
    city, _, suffix = wanted.rpartition(" ")
    readings = [(wanted, "[A-Z]{2}")]
    if city and len(suffix) == 2:
        readings.append((city, _COUNTRIES.get(suffix, suffix).upper()))
    for name, country in readings:
        for names in (rf"{name}(?:;[^,\n]*)?", rf"[^,\n]*;{name}(?:;[^,\n]*)?"):
            match = re.search(rf"^{names},{country},([-.0-9]+),([-.0-9]+)$", _cities_text(), re.MULTILINE)
            if match:
                return Site(float(match[1]), float(match[2]))
    return None


def _close_names(wanted: str) -> tuple[str, ...]:
    """Up to three names that are like `wanted`: of regions and large cities, else of any city."""
    large: list[str] = list(_regions())
    small: list[str] = []
    for line in _lines(_cities_text()):
        main, *others = line.split(",", 1)[0].split(";")
        (large if others else small).append(main)
        large.extend(others)
    for names in (large, small):
        similar = [name for name in names if name[0] == wanted[:1] and abs(len(name) - len(wanted)) <= 2]
        close = difflib.get_close_matches(wanted, dict.fromkeys(similar), n=3, cutoff=0.7)
        if close:
            return tuple(name.replace(" ", "-") for name in close)
    return ()


@cache
def _cities_text() -> str:
    return files("simulator").joinpath("places", "cities.csv").read_text(encoding="ascii")


@cache
def _regions() -> dict[str, Site]:
    text = files("simulator").joinpath("places", "cloud_regions.csv").read_text(encoding="ascii")
    regions = {}
    for line in _lines(text):
        _, name, lat, lon, _ = line.split(",", 4)
        regions[fold_name(name)] = Site(float(lat), float(lon))
    return regions


def _lines(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if not line.startswith("#"))


def great_circle_m(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> NDArray[np.float64]:
    """Distance over the sphere in metres between positions in degrees; arrays broadcast.

    Source: the haversine formula, R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984); its
    square is clipped to 1, so that antipodes are exact to rounding.
    """
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_lat = np.sin((phi2 - phi1) / 2)
    half_lon = np.sin((np.radians(lon2) - np.radians(lon1)) / 2)
    square = half_lat**2 + np.cos(phi1) * np.cos(phi2) * half_lon**2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(square, 1.0))), dtype=np.float64)


def one_way_s(distance_m: ArrayLike, inflation: float = 1.0) -> NDArray[np.float64]:
    """Seconds that a signal in fibre takes for a distance: inflation x distance / 200,000 km/s."""
    return np.asarray(distance_m, dtype=np.float64) * (inflation / FIBRE_M_PER_S)


def spread_positions(
    rng: np.random.Generator, lat: float, lon: float, radius_m: float, n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw n positions, uniform by area in the disc (spherical cap) of `radius_m` around a position.

    Returns (lat[n], lon[n]) in degrees with lon in [-180, 180). Two uniform draws a position, whatever the
    radius: the height of a cap is proportional to its area (Archimedes), which gives the angle from the
    centre; the bearing is uniform. Raises ValueError for a radius that is negative or longer than half the
    circumference.
    """
    cap = radius_m / EARTH_RADIUS_M
    if not 0 <= cap <= math.pi:
        raise ValueError(f"a spread must lie between 0 m and half the circumference, not {radius_m} m")
    share, turn = rng.random((n, 2)).T
    half = np.arcsin(np.sqrt(share) * math.sin(cap / 2))
    angle, bearing = 2 * half, 2 * math.pi * turn
    phi = math.radians(lat)
    sin_lat = math.sin(phi) * np.cos(angle) + math.cos(phi) * np.sin(angle) * np.cos(bearing)
    new_lat = np.arcsin(np.clip(sin_lat, -1.0, 1.0))
    east = np.sin(bearing) * np.sin(angle) * math.cos(phi)
    north = np.cos(angle) - math.sin(phi) * sin_lat
    new_lon = math.radians(lon) + np.arctan2(east, north)
    return np.degrees(new_lat), (np.degrees(new_lon) + 180.0) % 360.0 - 180.0
