"""Columns in buckets: the same counts as from their values, whole and in parts."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.observe import histogram
from simulator.observe.binned import SHIFT, UNDERFLOW, Binned, added_up
from simulator.observe.histogram import Histogram

value = st.one_of(
    st.floats(1e-300, 1e300),
    st.floats(0.5, 0.51),
    st.sampled_from([0.0, -0.0, -3.0, 5e-324, 1.0, np.nextafter(1.0, 0)]),
)
columns = st.lists(value, min_size=1, max_size=200).map(np.array)


@st.composite
def coded_columns(draw):
    values = draw(columns)
    codes = draw(st.lists(st.integers(0, 9), min_size=len(values), max_size=len(values)))
    return values, np.array(codes)


def state(binned):
    histogram = Histogram()
    histogram.add_binned(binned)
    return histogram.to_columns()


def expected(values):
    """Bucket by bucket, from `frexp`: 1024 a power of two, and one for all that is not above zero."""
    counts: dict[int, int] = {}
    for number in values.tolist():
        mantissa, exponent = np.frexp(number)  # mantissa in [0.5, 1)
        normal = exponent >= -1021
        scaled = (int(exponent) + 1022) * 1024 + int((mantissa * 2 - 1) * 1024) if normal else 0
        bucket = scaled if number > 0 else -1
        counts[bucket] = counts.get(bucket, 0) + 1
    return {
        "bucket": sorted(counts), "count": [counts[bucket] for bucket in sorted(counts)],
        "n": len(values), "sum": float(values.sum()), "min": min(values.tolist()), "max": max(values.tolist()),
    }  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(columns)
def test_buckets_are_counted_as_by_hand(values):
    assert state(Binned(values)) == expected(values)


@settings(max_examples=300, deadline=None)
@given(coded_columns())
def test_a_part_is_what_its_values_alone_would_be(column):
    """To the bit, the sum too: it is of the same values in the same order."""
    values, codes = column
    parts = dict(Binned(values).split(codes))
    assert list(parts) == sorted(set(codes.tolist()))
    for code, part in parts.items():
        alone = np.array([number for number, at in zip(values.tolist(), codes.tolist(), strict=True) if at == code])
        assert state(part) == expected(alone)
        assert part.size == len(alone)


@settings(max_examples=100, deadline=None)
@given(coded_columns())
def test_a_part_can_be_split_again(column):
    values, codes = column
    for code, part in Binned(values).split(codes // 3):
        again = dict(part.split(codes[codes // 3 == code] % 3))
        assert {c: state(p) for c, p in again.items()} == {c: expected(values[codes == 3 * code + c]) for c in again}
        assert sum(p.size for p in again.values()) == part.size


@pytest.mark.parametrize("lowest", [1e-9, 0.9, 0.0])
def test_many_values_dense_or_not(lowest):
    """20,000 values over a few buckets, over more buckets than values, and with the bucket of zero far below."""
    rng = np.random.default_rng(11)
    values, codes = np.exp(rng.uniform(np.log(lowest or 1e-3), 0.0, 20_000)), rng.integers(0, 300, 20_000)
    values[::7] = lowest
    assert state(Binned(values)) == expected(values)
    for code, part in Binned(values).split(codes):
        assert state(part) == expected(values[codes == code])


def test_a_column_that_goes_into_two_histograms_is_shared_by_neither():
    values = np.array([1.0, 2.0, 2.0, 3.0])
    binned = Binned(values)
    first, second = Histogram(), Histogram()
    first.add_binned(binned)
    second.add_binned(binned)
    first.add_binned(binned)
    assert second.to_columns() == state(Binned(values)) == expected(values)
    assert first.count == 8


def test_nothing_binned_is_nothing():
    nothing = Binned(np.array([]))
    assert list(nothing.split(np.array([], dtype=np.int64))) == []
    assert state(nothing) == Histogram().to_columns()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        Binned(np.array([1.0, bad]))


buckets = st.one_of(st.just(UNDERFLOW), st.integers(0, 0x7FEFFFFFFFFFFFFF >> SHIFT))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(buckets, st.integers(1, 2**40)), min_size=1, max_size=40))
def test_counts_of_buckets_add_up_as_a_dictionarys(rows):
    expected: Counter[int] = Counter()
    for bucket, count in rows:
        expected[bucket] += count
    index, counts = added_up(*(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)))
    assert list(zip(index.tolist(), counts.tolist(), strict=True)) == sorted(expected.items())
    assert index.dtype == counts.dtype == np.int64


def test_a_histogram_of_many_columns_holds_them_all(monkeypatch):
    """However many wait to be added up: no bucket, ten, or all of them."""
    columns = [np.random.default_rng(n).lognormal(0.0, 1.0, 50) - 0.5 for n in range(40)]
    states = []
    for most in (1, 10, 10_000_000):
        monkeypatch.setattr(histogram, "_WAITING_MAX", most)
        filled = Histogram()
        for column in columns:
            filled.add_many(column)
        states.append(filled.to_columns())
    assert states[0] == states[1] == states[2]
    values, counts = np.unique(np.concatenate(columns) > 0.0, return_counts=True)
    assert values.tolist() == [False, True]
    assert states[0]["bucket"][0] == UNDERFLOW
    assert states[0]["count"][0] == counts[0]
    assert sum(states[0]["count"]) == 2000
