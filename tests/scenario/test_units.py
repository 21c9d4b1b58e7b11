"""Quantities: exact factors, exact round trips, and errors that show how to mend them."""

import contextlib
import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulator import units
from simulator.units import QuantityError

finite = st.floats(min_value=1e-12, max_value=1e15, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500us", 5e-4),
        ("500µs", 5e-4),
        ("500μs", 5e-4),
        ("50ms", 0.05),
        ("2s", 2),
        ("20min", 1200),
        ("3h", 10800),
        ("1d", 86400),
        ("1.5h", 5400),
        ("0ms", 0),
        (" 5 ms ", 0.005),
        ("1e3ms", 1),
        (".5s", 0.5),
        ("0.1s", 0.1),
    ],
)
def test_durations(text, seconds):
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (units.parse_rate, "400/s", 400),
        (units.parse_rate, "10/min", 10 / 60),
        (units.parse_rate, "2/h", 2 / 3600),
        (units.parse_size, "0B", 0),
        (units.parse_size, "24KiB", 24576),
        (units.parse_size, "2MB", 2_000_000),
        (units.parse_size, "512 B", 512),
        (units.parse_size, "1GiB", 2**30),
        (units.parse_size, "3KB", 3000),
        (units.parse_bandwidth, "10Mbit/s", 1e7),
        (units.parse_bandwidth, "1Gbit/s", 1e9),
        (units.parse_bandwidth, "64kbit/s", 64000),
        (units.parse_bandwidth, "unlimited", math.inf),
        (units.parse_distance, "800km", 800_000),
        (units.parse_distance, "5m", 5),
        (units.parse_ratio, "0.5%", 0.005),
        (units.parse_ratio, 0.005, 0.005),
        (units.parse_ratio, "0.005", 0.005),
        (units.parse_ratio, "100%", 1),
        (units.parse_ratio, 1, 1),
        (units.parse_share, "150%", 1.5),
        (units.parse_share_or_unlimited, "unlimited", math.inf),
        (units.parse_factor, "2.5x", 2.5),
        (units.parse_factor, 10, 10),
        (units.parse_weight, 62.5, 62.5),
        (units.parse_count_or_unlimited, 7, 7),
        (units.parse_count_or_unlimited, "unlimited", None),
        (units.parse_switch, "on", True),
        (units.parse_switch, "off", False),
        (units.parse_switch, True, True),
        (units.parse_duration_or_never, "never", math.inf),
        (units.parse_duration_or_never, "forever", math.inf),
    ],
)
def test_other_quantities(parse, text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "value", "message"),
    [
        (units.parse_duration, 20, "20 what? write 20ms or 20s"),
        (units.parse_duration, "20", "20 what? write 20ms or 20s"),
        (units.parse_duration, 0, "0 what? write 0ms or 0s"),
        (units.parse_rate, 4.5, "4.5 what? write 4.5/s or 4.5/min"),
        (units.parse_size, 1024, "1024 what? write 1024B or 1024KiB"),
        (units.parse_ratio, 5, "5 what? write 5% or a ratio in 0..1"),
        (units.parse_share, 20, "20 what? write 20% or 2000%"),
        (units.parse_share_or_unlimited, "1.5", "1.5 what? write 1.5% or 150%"),
        (units.parse_ratio, "120%", "'120%' is more than 100%: a ratio lies in 0%..100%"),
        (units.parse_duration, "5m", "'5m' has an unknown unit for a duration: did you mean 5min?"),
        (units.parse_duration, "5 seconds", "'5 seconds' has an unknown unit for a duration: did you mean 5s?"),
        (
            units.parse_duration,
            "5parsec",
            "'5parsec' has an unknown unit for a duration: known units are ns us ms s min h d",
        ),
        (units.parse_bandwidth, "10Mbps", "'10Mbps' has an unknown unit for a bandwidth: did you mean 10Mbit/s?"),
        (units.parse_duration, None, "an empty value is not a duration: write for example 20ms"),
        (units.parse_duration, True, "true is not a duration: write for example 20ms"),
        (units.parse_duration, [1], "a list is not a duration: write for example 20ms"),
        (units.parse_duration, "-5s", "'-5s' is negative: a duration is zero or more"),
        (units.parse_duration, "1e999s", "'1e999s' is too large for a duration"),
        (units.parse_duration, math.nan, "nan is not a duration: write for example 20ms"),
        (units.parse_weight, 101, "101 is out of range: a weight is a number in 0..100"),
        (units.parse_count, 2.5, "2.5 is not a whole number: write for example 10"),
        (units.parse_count, 0, "0 is too small: at least 1"),
        (units.parse_switch, "yes", "'yes' is neither on nor off: write on or off"),
        (units.parse_factor, "0x", "'0x' is out of range: a factor is above zero and finite"),
    ],
)
def test_errors(parse, value, message):
    with pytest.raises(QuantityError) as error:
        parse(value)
    assert str(error.value) == message


@given(finite)
@example(1 / 6)
@example(0.1 + 0.2)
def test_round_trips_are_exact(x):
    assert units.parse_duration(units.format_duration(x)) == x
    assert units.parse_rate(units.format_rate(x)) == x
    assert units.parse_size(units.format_size(x)) == x
    assert units.parse_bandwidth(units.format_bandwidth(x)) == x
    assert units.parse_distance(units.format_distance(x)) == x
    assert units.parse_share(units.format_ratio(x)) == x
    assert units.parse_factor(units.format_factor(x)) == x


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    for parse in (
        units.parse_duration,
        units.parse_rate,
        units.parse_size,
        units.parse_bandwidth,
        units.parse_ratio,
        units.parse_factor,
        units.parse_distance,
    ):
        with contextlib.suppress(QuantityError):
            assert parse(text) >= 0


@given(finite)
def test_patterns_of_the_json_schema_accept_what_is_written(x):
    for dimension, write in (
        (units.DURATION, units.format_duration),
        (units.RATE, units.format_rate),
        (units.SIZE, units.format_size),
        (units.BANDWIDTH, units.format_bandwidth),
    ):
        assert re.search(dimension.pattern(), write(x))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0012, "1.2ms"),
        (90, "90s"),
        (1200, "20min"),
        (86400, "1d"),
        (5e-4, "500us"),
        (0, "0s"),
        (math.inf, "unlimited"),
    ],
)
def test_durations_read_well(seconds, text):
    assert units.format_duration(seconds) == text
