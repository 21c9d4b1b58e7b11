"""Pairing, verdicts and gates; the LRU that is 2 % larger."""

import math

import numpy as np
import pytest

from simulator.experiment.comparing.compare import ComparedRow, change_of, compare_rows, verdict_of
from simulator.experiment.comparing.sides import Contestant, rows_of
from simulator.metrics.margins import parse_margin
from simulator.metrics.names import MetricUnavailableError, UnknownMetricError, parse_metric
from simulator.scenario.schema import Scenario
from simulator.statistics.intervals import Interval
from tests.experiment.comparing.fakes import SMALL_CACHE, replication, row


def test_two_per_cent_more_lru_are_seen_by_pairs_and_missed_without():
    """Theory (Che): L1 of 204 instead of 200 wins about 0.45 points here; replications differ by about 1 point.

    n = 10 pairs. The paired 95 % interval is about +-0.07 points (0.45 is > 10 standard errors: a miss has
    probability < 1e-5), the unpaired one about +-0.7, which holds zero. Fixed seed, so no false alarms.
    """
    scenario = Scenario.from_dict(SMALL_CACHE)
    sides = [Contestant("200", None, scenario), Contestant("204", None, scenario.variant("larger"))]
    rows = rows_of(sides, replications=10)
    change = change_of(rows[0], rows[1], "hit_ratio.l1")
    assert change.paired
    assert change.difference.n == 10
    assert change.difference.low > 0.001
    assert change.unpaired.low < 0.0 < change.unpaired.high
    assert change.variance_ratio > 20.0
    assert change.verdict in ("better", "slightly better")


def test_pairs_are_of_the_same_replication():
    """Theory: after = before + 1 exactly, so the paired interval has no width, in whatever order they come."""
    noise = np.random.default_rng(3).normal(0, 1, 8)
    a, b = row("a", noise), row("b", noise + 1.0)
    shuffled = ComparedRow("b", 1, [b.replications[i] for i in (3, 1, 0, 2, 7, 5, 6, 4)])
    change = change_of(a, shuffled, "hit_ratio.l1")
    assert change.difference.mean == pytest.approx(1.0)
    assert change.difference.half_width == pytest.approx(0.0, abs=1e-12)


def test_only_what_both_have_is_paired():
    a, b = row("a", [1.0, 2.0, 3.0, 4.0]), row("b", [1.5, math.nan, 3.5])
    change = change_of(a, b, "hit_ratio.l1")
    assert change.difference.n == 2
    assert change.difference.mean == pytest.approx(0.5)


def test_other_seeds_are_not_paired():
    noise = np.random.default_rng(3).normal(0, 1, 8)
    change = change_of(row("a", noise), row("b", noise + 1.0, seed=2), "hit_ratio.l1")
    assert not change.paired
    assert math.isnan(change.variance_ratio)
    assert change.difference.half_width > 0.5


def test_the_variance_saved_is_that_of_theory():
    """Theory: with common noise of variance C and own noise of variance O, the ratio is (C + O) / O = 26.

    n = 4000 pairs; the ratio's relative standard error is about 3 %: 20 % is > 6 of them.
    """
    rng = np.random.default_rng(5)
    common = rng.normal(0.0, 5.0, 4000)
    a, b = row("a", common + rng.normal(0, 1, 4000)), row("b", common + rng.normal(0, 1, 4000))
    assert change_of(a, b, "hit_ratio.l1").variance_ratio == pytest.approx(26.0, rel=0.2)


@pytest.mark.parametrize(
    ("low", "high", "higher", "lower", "none"),
    [
        (2.0, 3.0, "better", "worse", "higher"),
        (-3.0, -2.0, "worse", "better", "lower"),
        (0.5, 3.0, "slightly better", "slightly worse", "slightly higher"),
        (-3.0, -0.5, "slightly worse", "slightly better", "slightly lower"),
        (-0.5, 1.0, "same", "same", "same"),
        (0.2, 0.8, "same", "same", "same"),
        (-0.5, 2.0, "undecided", "undecided", "undecided"),
        (math.nan, math.nan, "undecided", "undecided", "undecided"),
    ],
)
def test_verdicts_against_a_margin_of_one(low, high, higher, lower, none):
    interval = Interval((low + high) / 2 if low == low else 0.0, low, high, 5)
    assert [verdict_of(interval, 1.0, better) for better in ("higher", "lower", "none")] == [higher, lower, none]


@pytest.mark.parametrize(
    ("shift", "margin", "status"),
    [
        (-0.02, "1points", "failed"),
        (-0.005, "1points", "passed"),
        (0.05, "1points", "passed"),
        (-0.02, "2points", "undecided"),
    ],
)
def test_a_gate_fails_only_beyond_its_margin(shift, margin, status):
    """Values differ by `shift` with noise of 0.001 a pair: half-width 0.0007 at n = 10; fixed seed."""
    rng = np.random.default_rng(11)
    base = rng.normal(0.7, 0.01, 10)
    rows = [row("a", base), row("b", base + shift + rng.normal(0.0, 0.001, 10))]
    gates = [("hit_ratio.l1", parse_margin(margin, parse_metric("hit_ratio.l1")))]
    assert compare_rows(rows, ["hit_ratio.l1"], gates=gates).gates[0].status == status


def test_a_control_is_never_gated():
    rows = [row("a", [0.7, 0.71, 0.72]), row("control", [0.1, 0.11, 0.12], control=True)]
    gates = [("hit_ratio.l1", parse_margin("1points", parse_metric("hit_ratio.l1")))]
    assert compare_rows(rows, gates=gates).gates == ()


def test_metrics_asked_for_by_name_must_be_there():
    rows = [row("a", [0.7, 0.71]), row("b", [0.7, 0.72])]
    with pytest.raises(UnknownMetricError, match="did you mean"):
        compare_rows(rows, ["hit_ratio.l3"])
    with pytest.raises(MetricUnavailableError):
        compare_rows(rows, ["latency.p99"])
    assert [c.metric for c in compare_rows(rows).changes] == ["hit_ratio.l1"]


def test_what_is_equal_everywhere_is_left_out_unless_asked_for():
    rows = [ComparedRow(name, 1, [replication(n, {"hit_ratio.l1": 0.7 + n}) for n in range(3)]) for name in "ab"]
    assert compare_rows(rows).changes == ()
    assert compare_rows(rows, ["hit_ratio.l1"]).changes[0].verdict == "same"
