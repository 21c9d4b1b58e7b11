"""Places by name, distances on the sphere, positions in a disc."""

import math
import re

import numpy as np
import pytest
from scipy import stats

from simulator.geography import build_cities, geo
from simulator.geography.geo import (
    AmbiguousSite,
    Site,
    UnknownSite,
    find_place,
    find_site,
    great_circle_m,
    one_way_s,
    spread_positions,
)

ALPHA = 1e-4
"""False-alarm rate of each Kolmogorov-Smirnov test here (fixed seeds)."""


def distance_km(one, other):
    return float(great_circle_m(*find_site(one), *find_site(other))) / 1000


@pytest.mark.parametrize(
    ("one", "other", "expected_km"),
    [("london", "new york", 5570), ("london", "paris", 344), ("new york", "los angeles", 3940),
     ("sydney", "singapore", 6300), ("tokyo", "san francisco", 8280), ("frankfurt", "tokyo", 9330)],
)  # fmt: skip
def test_distances_between_cities_are_the_published_ones(one, other, expected_km):
    """Published great-circle distances (city centres differ by a few km): within .5 %, both ways."""
    assert distance_km(one, other) == pytest.approx(expected_km, rel=0.005)
    assert distance_km(other, one) == pytest.approx(distance_km(one, other), rel=1e-12)


def test_poles_and_antipodes_are_half_the_circumference_apart():
    half = math.pi * geo.EARTH_RADIUS_M
    assert great_circle_m(90, 12, -90, 77) == pytest.approx(half)
    assert great_circle_m(0, 0, 0, 180) == pytest.approx(half)
    assert great_circle_m(33.3, 44.4, -33.3, 44.4 - 180) == pytest.approx(half)
    assert great_circle_m(90, 0, 90, 123) == pytest.approx(0, abs=1e-6)
    assert great_circle_m(10, 179.5, 10, -179.5) == pytest.approx(great_circle_m(10, 0, 10, 1))
    assert great_circle_m(48.2, 16.4, 48.2, 16.4) == 0.0


def test_distances_are_computed_for_arrays_at_once():
    lat, lon = np.array([0.0, 0.0, 45.0]), np.array([0.0, 90.0, 0.0])
    table = great_circle_m(lat[:, None], lon[:, None], lat, lon)
    assert table.shape == (3, 3)
    assert np.allclose(table, table.T)
    assert table[0, 1] == pytest.approx(math.pi / 2 * geo.EARTH_RADIUS_M)


def test_light_in_fibre_takes_five_microseconds_a_kilometre():
    assert one_way_s(1_000_000, 1.6) == pytest.approx(0.008)
    assert one_way_s(np.array([0.0, 200_000.0])).tolist() == pytest.approx([0.0, 0.001])


@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [("frankfurt", 50.11, 8.68), ("Frankfurt am Main", 50.11, 8.68), ("LONDON", 51.51, -0.13),
     ("new york", 40.71, -74.01), ("New_York", 40.71, -74.01), ("new-york-city", 40.71, -74.01),
     ("São Paulo", -23.55, -46.64), ("sao paulo", -23.55, -46.64), ("Kraków", 50.06, 19.94),
     ("köln", 50.93, 6.95), ("cologne", 50.93, 6.95), ("Saint-Petersburg", 59.94, 30.31),
     ("paris", 48.85, 2.35), ("paris-us", 33.66, -95.56), ("london-CA", 42.98, -81.23),
     ("cambridge uk", 52.2, 0.12), ("tokyo", 35.69, 139.69),
     ("us-east-1", 39.04, -77.49), ("eu-central-1", 50.11, 8.68), ("europe-west3", 50.11, 8.68),
     ("westeurope", 52.37, 4.90), ("West Europe", 52.37, 4.90)],
)  # fmt: skip
def test_places_are_found_by_many_spellings(name, lat, lon):
    """Coordinates as published for the place, within 0.1 degrees."""
    site = find_site(name)
    assert isinstance(site, Site)
    assert (site.lat, site.lon) == (pytest.approx(lat, abs=0.1), pytest.approx(lon, abs=0.1))


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("frankfrut", "frankfurt"), ("new yrok", "new-york"), ("us-east-9", "us-east-1"), ("Tokyoo", "tokyo"),
     ("westeuropa", "westeurope"), ("pressbaum-town", None), ("zzzz", None), ("", None), ("東京", None),
     ("a.*|b", None), ("paris-zz", None)],
)  # fmt: skip
def test_unknown_places_say_which_are_close(name, suggestion):
    with pytest.raises(UnknownSite, match="unknown site") as caught:
        find_site(name)
    assert isinstance(caught.value, ValueError)
    assert suggestion is None or suggestion in caught.value.suggestions
    assert ("did you mean" in str(caught.value)) == bool(caught.value.suggestions)


def test_a_name_of_a_megabyte_is_refused_briefly():
    with pytest.raises(UnknownSite) as caught:
        find_site("x" * 1_000_000)
    assert len(str(caught.value)) < 250


def test_every_bundled_place_is_well_formed():
    regions = list(geo._lines((geo.files("simulator") / "geography" / "places" / "cloud_regions.csv").read_text()))
    assert len(geo._regions()) == len(regions) > 100
    cities = [line.split(",") for line in geo._lines(geo._cities_text())]
    assert len(cities) > 30_000
    for names, country, lat, lon, people in cities:
        assert int(people) >= 0
        assert all(name == geo.fold_name(name) for name in names.split(";"))
        assert len(country) == 2
        assert -90 <= float(lat) <= 90
        assert -180 <= float(lon) <= 180


@pytest.mark.parametrize(
    ("region", "city"),
    [("eu-west-1", "dublin"), ("ap-northeast-1", "tokyo"), ("sa-east-1", "sao paulo"),
     ("europe-west9", "paris"), ("asia-southeast1", "singapore"), ("us-west2", "los angeles"),
     ("uksouth", "london"), ("westus3", "phoenix"), ("koreacentral", "seoul"), ("af-south-1", "cape town"),
     ("ap-southeast-2", "sydney"), ("us-east4", "ashburn")],
)  # fmt: skip
def test_cloud_regions_lie_at_the_metropolis_they_name(region, city):
    assert distance_km(region, city) < 60


def test_the_table_is_built_from_rows_of_the_gazetteer():
    """Most populous first; other names of large cities only, without main names and transliterations."""

    def row(name, population, others=()):
        return {"name": name, "population": population, "geonameid": population, "countrycode": "XX",
                "alternatenames": list(others), "latitude": 1.23456, "longitude": -2.0}  # fmt: skip

    text = build_cities.table(
        [
            row("Smallton", 20_000, ["Small"]),
            row("Großstadt", 900_000, ["Big City", "bigsiti", "Smallton", "東"]),
        ],
        "1",
    )
    body = [line for line in text.splitlines() if not line.startswith("#")]
    assert body == ["grossstadt;big city,XX,1.2346,-2.0000,900000", "smallton,XX,1.2346,-2.0000,20000"]
    assert "CC BY 4.0" in text


CENTRES = [(50.11, 8.68), (0.0, 0.0), (89.9, 10.0), (-90.0, 0.0), (-17.0, 179.9)]


@pytest.mark.parametrize(("lat", "lon"), CENTRES)
@pytest.mark.parametrize("radius_m", [800e3, 9_000e3])
def test_a_spread_is_uniform_by_area(lat, lon, radius_m):
    """Share of the cap's area nearer than a position, sin^2(angle/2) / sin^2(cap/2), is uniform (KS).

    For 800 km that is r^2 / R^2 to .1 %: the uniform disc. The bearing (away from the poles) is uniform, too.
    """
    lats, lons = spread_positions(np.random.default_rng(7), lat, lon, radius_m, 20_000)
    assert lats.shape == lons.shape == (20_000,)
    assert (np.abs(lats) <= 90).all()
    assert ((lons >= -180) & (lons < 180)).all()
    distance = great_circle_m(lat, lon, lats, lons)
    assert distance.max() <= radius_m * (1 + 1e-9)
    share = np.sin(distance / 2 / geo.EARTH_RADIUS_M) ** 2 / math.sin(radius_m / 2 / geo.EARTH_RADIUS_M) ** 2
    assert stats.kstest(share, "uniform").pvalue > ALPHA
    if abs(lat) < 80:
        east = np.radians(lons - lon)
        north = np.cos(np.radians(lat)) * np.tan(np.radians(lats)) - np.sin(np.radians(lat)) * np.cos(east)
        bearing = np.arctan2(np.sin(east), north) / (2 * np.pi) + 0.5
        assert stats.kstest(bearing, "uniform").pvalue > ALPHA


def test_positions_uniform_in_radius_are_caught():
    """Negative control: r uniform (instead of r^2) crowds the centre; the KS test refuses it."""
    share = np.random.default_rng(7).random(20_000) ** 2
    assert stats.kstest(share, "uniform").pvalue < ALPHA


def test_no_radius_is_the_place_itself_and_draws_as_many_numbers():
    rng, other = np.random.default_rng(1), np.random.default_rng(1)
    lats, lons = spread_positions(rng, 50.0, 8.0, 0.0, 5)
    spread_positions(other, 50.0, 8.0, 1e5, 5)
    assert lats == pytest.approx(50.0)
    assert lons == pytest.approx(8.0)
    assert rng.random() == other.random()


@pytest.mark.parametrize("radius_m", [-1.0, 3e7, math.nan])
def test_a_spread_must_fit_on_the_globe(radius_m):
    with pytest.raises(ValueError, match="half the circumference"):
        spread_positions(np.random.default_rng(0), 0, 0, radius_m, 1)


@pytest.mark.parametrize(
    ("name", "lat", "lon", "rule"),
    [("virginia", 39.04, -77.49, "AWS us-east-1"), ("N. Virginia", 39.04, -77.49, "AWS us-east-1"),
     ("ohio", 39.96, -83.0, "AWS us-east-2"), ("oregon", 45.84, -119.7, "AWS us-west-2"),
     ("ireland", 53.35, -6.26, "AWS eu-west-1"), ("mumbai", 19.07, 72.88, "AWS ap-south-1"),
     ("São Paulo", -23.55, -46.63, "AWS sa-east-1"), ("hyderabad", 17.38, 78.46, "AWS ap-south-2"),
     ("iowa", 41.26, -95.86, "Google Cloud us-central1"), ("victoria", -37.81, 144.96, "Azure australiasoutheast"),
     ("europe-west3", 50.11, 8.68, "code"), ("germanywestcentral", 50.11, 8.68, "code"),
     ("virginia, za", -28.1, 26.9, "country"), ("oregon, us", 41.64, -83.49, "country"),
     ("chicago", 41.85, -87.65, "city's name"), ("washington", 38.9, -77.04, "city's name")],
)  # fmt: skip
def test_a_name_is_a_region_first_then_a_city_with_its_country_then_one_beyond_doubt(name, lat, lon, rule):
    """Where each provider says that the region is; people who write `virginia` do not mean a town in South Africa."""
    place = find_place(name)
    assert (place.site.lat, place.site.lon) == (pytest.approx(lat, abs=0.3), pytest.approx(lon, abs=0.3))
    assert rule in place.rule


@pytest.mark.parametrize(
    ("name", "candidates"),
    [("valencia", ["Valencia, VE", "Valencia, ES"]), ("springfield", ["Springfield, US"]),
     ("cambridge", ["Cambridge, GB", "Cambridge, CA"])],
)  # fmt: skip
def test_a_name_in_doubt_lists_its_candidates_with_country_and_population(name, candidates):
    with pytest.raises(AmbiguousSite, match="inhabitants") as caught:
        find_place(name)
    assert all(candidate in str(caught.value) for candidate in candidates)
    assert find_place("valencia, es").title == "Valencia, ES"


def test_a_typo_is_answered_with_each_place_once():
    with pytest.raises(UnknownSite) as caught:
        find_site("warsaww")
    assert str(caught.value).endswith("did you mean warsaw?")


@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [
        ("US East (Ohio)", 39.96, -83.0), ("us-east-n-virginia", 39.04, -77.49), ("Europe (Frankfurt)", 50.11, 8.68),
        ("Canada (Central)", 45.50, -73.57), ("canadacentral", 43.65, -79.38), ("Asia Pacific (Tokyo)", 35.68, 139.69),
        ("ap-east-2", 25.03, 121.57), ("ap-southeast-6", -36.85, 174.76), ("belgiumcentral", 50.85, 4.35),
        ("jioindiawest", 22.47, 70.06), ("swedensouth", 55.60, 13.0), ("usgovvirginia", 36.67, -78.39),
        ("chinaeast", 31.23, 121.47), ("chinanorth3", 40.77, 114.88),
        ("eastus", 36.67, -78.39),  # Boydton, Virginia
    ],
)  # fmt: skip
def test_regions_by_their_providers_names(name, lat, lon):
    site = find_site(name)
    assert float(great_circle_m(site.lat, site.lon, lat, lon)) < 20e3


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("springfield-us", "Springfield, US (39.80, -89.64; 114,394 inhabitants)"),
        ("springfield-us", "write the one that is meant, as in {lat: "),
        ("poland", "a country is no place: write a city in it, such as warsaw"),
        ("paris-tx", "write paris-us or {lat"),
        ("springfield-il", "there is none in IL"),
    ],
)
def test_a_name_that_no_country_settles_is_answered_with_what_does(name, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        find_site(name)
