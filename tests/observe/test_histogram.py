"""The histogram against numpy: every percentile within 0.1 %, and merging is adding."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from simulator.observe.histogram import Histogram

positive = st.floats(min_value=1e-9, max_value=1e9, allow_nan=False)
samples = hnp.arrays(np.float64, st.integers(1, 300), elements=positive)


@settings(max_examples=150, deadline=None)
@given(samples, st.floats(0.0, 100.0))
def test_percentiles_are_within_a_thousandth_of_numpys(values, q):
    expected = float(np.percentile(values, q))
    assert Histogram(values).percentile(q) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("q", [0, 1, 50, 90, 99, 99.9, 100])
def test_percentiles_of_many_values(q):
    values = np.random.default_rng(7).lognormal(-4.0, 1.5, 200_000)
    assert Histogram(values).percentile(q) == pytest.approx(float(np.percentile(values, q)), rel=1e-3)


@settings(max_examples=100, deadline=None)
@given(samples, samples)
def test_merging_is_adding_both(a, b):
    merged = Histogram(a).merge(Histogram(b))
    together = Histogram(np.concatenate([a, b]))
    left, right = merged.to_columns(), together.to_columns()
    assert left.pop("sum") == pytest.approx(right.pop("sum"), rel=1e-12)
    assert left == right


@settings(max_examples=100, deadline=None)
@given(st.lists(samples, min_size=1, max_size=6))
def test_columns_added_in_turn_count_as_one(columns):
    """Buckets come in any order: before, between and after those that are there, and on them."""
    in_turn, together = Histogram(), Histogram(np.concatenate(columns)).to_columns()
    for column in columns:
        in_turn.add_many(column)
    assert in_turn.to_columns() == {**together, "sum": pytest.approx(together["sum"], rel=1e-12)}


def test_merging_leaves_the_other_as_it_was():
    a, b = Histogram([1.0]), Histogram([2.0, 3.0])
    a.merge(b)
    a.add(9.0)
    assert (a.count, b.count, b.max) == (4, 2, 3.0)


@settings(max_examples=100, deadline=None)
@given(samples, positive)
def test_fraction_below_is_the_share_of_values_at_most_x(values, x):
    """Exact but for the values in x's own bucket, which lie within 0.1 % of x."""
    got = Histogram(values).fraction_below(x)
    assert np.mean(values <= x * 0.999) - 1e-12 <= got <= np.mean(values <= x * 1.001) + 1e-12


def test_a_constant_is_within_itself():
    histogram = Histogram([0.02] * 10)
    assert histogram.fraction_below(0.02) == 1.0
    assert histogram.fraction_below(0.0199) == 0.0
    assert histogram.percentile(50) == 0.02


def test_count_sum_min_and_max_are_exact():
    values = np.random.default_rng(1).exponential(size=10_000)
    one_by_one = Histogram()
    for value in values.tolist():
        one_by_one.add(value)
    assert one_by_one.count == 10_000
    assert one_by_one.sum == pytest.approx(values.sum(), rel=1e-12)
    assert (one_by_one.min, one_by_one.max) == (values.min(), values.max())


def test_memory_does_not_grow_with_the_number_of_values():
    rng = np.random.default_rng(3)
    small, large = Histogram(rng.uniform(0.01, 0.02, 50_000)), Histogram(rng.uniform(0.01, 0.02, 1_000_000))
    assert len(pickle.dumps(large)) <= len(pickle.dumps(small)) * 1.05


def test_zero_and_negative_values_count_as_the_lowest():
    histogram = Histogram([-1.0, 0.0, 0.0, 5.0])
    assert histogram.count == 4
    assert histogram.fraction_below(0.0) == 0.75
    assert histogram.percentile(50) == pytest.approx(0.0, abs=1.0)
    assert histogram.min == -1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        Histogram([1.0, bad])


def test_empty():
    empty = Histogram()
    assert (empty.count, empty.sum) == (0, 0.0)
    assert np.isnan([empty.mean, empty.min, empty.max, empty.percentile(50), empty.fraction_below(1.0)]).all()
    assert Histogram([1.0]).merge(empty).count == 1


@settings(max_examples=50, deadline=None)
@given(samples)
def test_columns_and_pickle_keep_everything(values):
    histogram = Histogram(values)
    assert Histogram.from_columns(histogram.to_columns()) == histogram
    assert pickle.loads(pickle.dumps(histogram)) == histogram


def test_columns_that_do_not_add_up_are_refused():
    columns = Histogram([1.0, 2.0]).to_columns()
    with pytest.raises(ValueError, match="add up"):
        Histogram.from_columns({**columns, "n": 3})


def test_ccdf_falls_from_one_side_to_zero():
    x, above = Histogram(np.random.default_rng(5).exponential(size=5000)).ccdf()
    assert (np.diff(x) > 0).all()
    assert (np.diff(above) <= 0).all()
    assert above[-1] == pytest.approx(0.0, abs=1e-12)


def test_a_percentile_beyond_100_is_refused():
    with pytest.raises(ValueError, match="between 0 and 100"):
        Histogram([1.0]).percentile(101)
