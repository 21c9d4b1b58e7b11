"""A window is the difference of two snapshots, with names for its columns; sums and quotients by hand."""

import math

import numpy as np
import pytest

from simulator.metrics.formula import parse_formulas
from simulator.observe.window import Counts

PLACES = {"hits": 0, "lookups": 1, "visits": 2}
ROWS = np.array([[3.0, 4.0, 10.0], [1.0, 6.0, 20.0], [0.0, 0.0, 0.0]])


def quotients(counts, text, width_s=5.0):
    return counts.quotients(parse_formulas(text)[0], width_s).tolist()


def test_columns_have_names():
    counts = Counts(PLACES, ROWS)
    assert len(counts) == 3
    assert counts["lookups"].tolist() == [4.0, 6.0, 0.0]
    with pytest.raises(KeyError):
        counts["lookup"]


def test_totals_are_sums_of_rows():
    counts = Counts(PLACES, ROWS)
    assert counts.total("visits") == 30.0
    assert counts.total("visits", [1, 2]) == 20.0
    assert counts.total("visits", []) == 0.0
    assert counts.summed([[0, 1], [2]])["hits"].tolist() == [4.0, 0.0]


def test_a_ratio_is_the_ratio_of_sums_not_the_mean_of_ratios():
    counts = Counts(PLACES, ROWS)
    assert quotients(counts.whole, "edge: hits / lookups") == [0.4]
    assert quotients(counts, "edge: hits / lookups")[:2] == pytest.approx([0.75, 1 / 6])


def test_nothing_below_the_line_is_not_a_number_and_a_rate_of_nothing_zero():
    counts = Counts(PLACES, ROWS)
    assert math.isnan(quotients(counts, "edge: hits / lookups")[2])
    assert quotients(counts, "edge: (lookups - hits) / s") == [0.2, 1.0, 0.0]
