"""Where things are: names of places, distances on the globe, and how long light in fibre takes for them.

`find_site` knows cities of at least 15,000 inhabitants (GeoNames) and the regions of AWS, Google Cloud and
Azure, all bundled. Positions are degrees north and east, distances metres, on a sphere of the mean Earth
radius (the ellipsoid differs by at most 0.56 %).

May import: numpy, the standard library and the bundled places. Does not model cable routes: `inflation`
stands for their detours, and for routers.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulator.errors import InputError
from simulator.geography.places.countries import COUNTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from simulator.engine.streams import Streams

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


class Place(NamedTuple):
    """What a name was taken for: `title` ("Frankfurt am Main, DE") and `rule`, the kind of name that it is."""

    site: Site
    title: str
    rule: str


class _City(NamedTuple):
    names: tuple[str, ...]
    country: str
    site: Site
    people: int

    @property
    def title(self) -> str:
        return f"{self.names[0].title()}, {self.country}"


class _Region(NamedTuple):
    provider: str
    code: str
    site: Site
    place: str


_LARGE = 500_000  # inhabitants of a city whose name needs no country
_TIMES_THE_NEXT = 5
_NEAR_M = 100_000.0
_PROVIDERS = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure"}
_COMMON_NAMES = {  # of regions, where they are others than the place in the table
    "us-east-1": ("virginia", "n virginia", "north virginia"), "us-west-1": ("california", "n california"),
    "eu-west-1": ("ireland",), "eu-south-2": ("spain",), "me-central-1": ("uae",),
    "ca-central-1": ("canada",), "mx-central-1": ("mexico",),
    "us-central1": ("iowa",), "us-east1": ("south carolina",), "europe-west1": ("belgium",),
    "europe-west4": ("netherlands",), "europe-north1": ("finland",), "asia-east1": ("taiwan",),
}  # fmt: skip
_AWS_AREAS = {  # before the place in AWS's long names, "US East (Ohio)", by the beginning of the code
    "us-east": "us east", "us-west": "us west", "ca-central": "canada", "ca-west": "canada west", "mx": "mexico",
    "sa": "south america", "eu": "europe", "il": "israel", "me": "middle east", "af": "africa", "ap": "asia pacific",
    "cn": "china", "us-gov-east": "aws govcloud us east", "us-gov-west": "aws govcloud us west",
}  # fmt: skip
_STATES = re.compile(  # of the USA, which people write where a country is read
    r"a[lkzr]|c[aot]|d[ec]|fl|ga|hi|i[dlna]|k[sy]|la|m[edainsot]|n[evhjmycd]|o[hkr]|pa|ri|s[cd]|t[nx]|ut|v[ta]|w[aviy]"
)
_NOT_REGIONS = {"washington"}  # Azure's West US 2 is in that state; the name alone means the city


class AmbiguousSite(InputError):  # noqa: N818 (it reads as what it says: an ambiguous site)
    """Several cities have this name, and none is beyond doubt; the message lists them, the most populous first.

    With the country named already, or where they lie in one, each is told with its coordinates.
    """

    def __init__(self, name: str, cities: list[_City]) -> None:
        alike = len({city.country for city in cities[:2]}) == 1
        told = "; ".join(_described(city, alike) for city in cities[:6])
        more = f"; and {len(cities) - 6} more" if len(cities) > 6 else ""
        first = cities[0].site
        mend = f"write the one that is meant, as in {{lat: {first.lat:.2f}, lon: {first.lon:.2f}}}"
        mend = mend if alike else "add the country"
        super().__init__(f"{_shown(name)} can be any of {len(cities)} cities: {told}{more}: {mend}")


class UnknownSite(InputError):  # noqa: N818 (it reads as what it says: an unknown site)
    """No bundled place has this name; `suggestions` are names that are close."""

    def __init__(self, name: str, suggestions: tuple[str, ...], hint: str = "") -> None:
        if not hint:
            hint = f"did you mean {' or '.join(suggestions)}?" if suggestions else "write {lat: ..., lon: ...}"
        super().__init__(f"unknown site {_shown(name)}: {hint}")
        self.name = name
        self.suggestions = suggestions


def _described(city: _City, located: bool) -> str:
    where = f"{city.site.lat:.2f}, {city.site.lon:.2f}; " if located else ""
    return f"{city.title} ({where}{city.people:,} inhabitants)"


def _shown(name: str) -> str:
    return f"'{name}'" if len(name) <= _LONGEST_NAME else f"'{name[:_LONGEST_NAME]}…'"


def fold_name(name: str) -> str:
    """What counts in a name: no case, no accents, a space for hyphen and underscore, `saint` for `st`."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_PLAIN)).casefold()
    folded = " ".join("".join(ch for ch in decomposed if not unicodedata.combining(ch)).split())
    return f"saint {folded[3:]}" if folded.startswith("st ") else folded


def find_site(name: str) -> Site:
    """Position of what `find_place` finds; raises what it raises."""
    return find_place(name).site


@lru_cache(maxsize=1000)  # a sweep asks for the same sites in each cell
def find_place(name: str) -> Place:
    """What a name means, in this order.

    A cloud region's code (`eu-central-1`); the common name of a region as its provider writes it (`n. virginia`,
    `oregon`; of AWS, then Google, then Azure); a city with an ISO country code (`paris, us`); a city's name alone, if
    one city of that name is beyond doubt: the only one with half a million inhabitants, or five times the next. A main
    name goes before other names of other cities. Names are compared as `fold_name` gives them.

    Raises:
        AmbiguousSite: several cities have the name; the message lists them.
        UnknownSite: none has; with names that are close.
    """
    wanted = fold_name(name[:_LONGEST_NAME])
    region = _regions().get(wanted) or _regions().get(wanted.replace(" ", ""))
    if region is not None and not ("(" in name and wanted in _common_names()):  # AWS writes Canada (Central)
        title = f"{region.place} ({_PROVIDERS[region.provider]} {region.code})"
        return Place(region.site, title, "a cloud region's code")
    region = _common_names().get(wanted)
    if region is not None:
        return _common(region, wanted)
    if re.fullmatch(r"[a-z0-9 ]+", wanted):
        city, _, suffix = wanted.rpartition(" ")
        if city and len(suffix) == 2:
            country = _COUNTRIES.get(suffix, suffix).upper()
            there = [found for found in _cities_named(city) if found.country == country]
            if there:
                return _beyond_doubt(name, there, "a city with its country")
        cities = _cities_named(wanted)
        if cities:
            return _beyond_doubt(name, cities, "a city's name")
    raise _unknown(name, wanted)


def _unknown(name: str, wanted: str) -> UnknownSite:
    """The error for a name of no place: a country, a city with what is no country of it, or a slip."""
    country = COUNTRIES.get(wanted)
    if country is not None:
        lines = (line for line in _lines(_cities_text()) if line.split(",", 2)[1] == country)
        largest = [_city(line).names[0].replace(" ", "-") for line in islice(lines, 3)]
        hint = f"a country is no place: write a city in it, such as {' or '.join(largest)}"
        return UnknownSite(name, tuple(largest), hint)
    city, _, suffix = wanted.rpartition(" ")
    there = _cities_named(city) if city and len(suffix) == 2 else []
    if there:
        told = "; ".join(_described(found, located=True) for found in there[:6])
        likely = [found for found in there if found.country == "US"] if _STATES.fullmatch(suffix) else there[:1]
        example = ", ".join(f"{city.replace(' ', '-')}-{one.country.lower()}" for one in likely[:1] if len(likely) == 1)
        hint = f"there is none in {suffix.upper()}, which is read as a country's ISO code, but {told}"
        return UnknownSite(name, (), f"{hint}: write {f'{example} or ' if example else ''}{{lat: ..., lon: ...}}")
    return UnknownSite(name, _close_names(wanted))


def place_at(name: str, lat: float, lon: float) -> Place | None:
    """What a site's name was taken for; None where it is no place's name, or coordinates were given that are others."""
    try:
        found = find_place(name)
    except ValueError:
        return None
    same = math.isclose(found.site.lat, lat) and math.isclose(found.site.lon, lon)
    return found if same else None


def _common(region: _Region, wanted: str) -> Place:
    """A region by its common name; where that is a city's, the city is where it is."""
    rule = f"the common name of {_PROVIDERS[region.provider]} {region.code}"
    for city in _cities_named(wanted):
        if great_circle_m(*city.site, *region.site) < _NEAR_M:
            return Place(city.site, city.title, rule)
    return Place(region.site, region.place, rule)


def _beyond_doubt(name: str, cities: list[_City], rule: str) -> Place:
    first, people = cities[0], [city.people for city in cities]
    if len(cities) > 1:
        only_large = people[0] >= _LARGE > people[1]
        if not only_large and people[0] < _TIMES_THE_NEXT * people[1]:
            raise AmbiguousSite(name, cities)
    return Place(first.site, first.title, rule)


def _cities_named(wanted: str) -> list[_City]:
    """The cities with that main name, else those with that other name, the most populous first."""
    text = _cities_text()
    for before in ("\n", ";"):
        found = []
        at = text.find(f"{before}{wanted}")
        while at >= 0:
            if text[at + 1 + len(wanted)] in ",;":
                found.append(_city(text[text.rfind("\n", 0, at + 1) + 1 : text.find("\n", at + 1)]))
            at = text.find(f"{before}{wanted}", at + 1)
        if found:
            return found
    return []


def _city(line: str) -> _City:
    names, country, lat, lon, people = line.split(",")
    return _City(tuple(names.split(";")), country, Site(float(lat), float(lon)), int(people))


def _close_names(wanted: str) -> tuple[str, ...]:
    """Up to three names that are like `wanted`: of regions and large cities, else of any city."""
    large: list[str] = list(_regions())
    small: list[str] = []
    cities: dict[str, str] = {}
    for line in _lines(_cities_text()):
        main, *others = line.split(",", 1)[0].split(";")
        for name in (main, *others):
            cities.setdefault(name, line)
        (large if others else small).append(main)
        large.extend(others)
    for names in (large, small):
        similar = [name for name in names if name[0] == wanted[:1] and abs(len(name) - len(wanted)) <= 2]
        close = difflib.get_close_matches(wanted, dict.fromkeys(similar), n=6, cutoff=0.7)
        if close:
            once = {cities.get(name, name): name for name in reversed(close)}  # the closest name of each city
            least = difflib.SequenceMatcher(None, close[0], wanted).ratio() - 0.05  # a slip is like one name above all
            near = (name for name in close if difflib.SequenceMatcher(None, name, wanted).ratio() >= least)
            return tuple(name.replace(" ", "-") for name in near if name in once.values())[:3]
    return ()


@cache
def _cities_text() -> str:
    return files("simulator").joinpath("geography", "places", "cities.csv").read_text(encoding="ascii")


@cache
def _regions() -> dict[str, _Region]:
    """By code, in the order of the table: AWS, Google, Azure."""
    text = files("simulator").joinpath("geography", "places", "cloud_regions.csv").read_text(encoding="ascii")
    regions = {}
    for line in _lines(text):
        provider, code, lat, lon, place = line.split(",", 4)
        regions[fold_name(code)] = _Region(provider, code, Site(float(lat), float(lon)), place)
    return regions


@cache
def _common_names() -> dict[str, _Region]:
    """Regions by the names that their providers write; of one name the first provider's."""
    found: dict[str, _Region] = {}
    for region in _regions().values():
        for name in _written(region):
            if name not in _NOT_REGIONS:
                found.setdefault(name, region)
    return found


def _written(region: _Region) -> Iterator[str]:
    """The names of a region as its provider writes it; of AWS the long ones too, such as "us east ohio"."""
    short = (fold_name(region.place), *_COMMON_NAMES.get(region.code, ()))
    yield from short
    if region.provider == "aws":
        area = next((area for code, area in reversed(_AWS_AREAS.items()) if region.code.startswith(f"{code}-")), "")
        yield from (f"{area} {name}" for name in short)
        if "govcloud" in area:
            yield area
        elif area in ("canada", "mexico"):
            yield f"{area} central"


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


def position_stream(streams: Streams, group: str) -> np.random.Generator:
    """The stream from which the clients of a group draw their places, in the order of their numbers."""
    return streams.generator(f"clients.{group}", "position")


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
