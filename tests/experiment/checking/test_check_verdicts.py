"""The engine of `check` on numbers of known law: stages, verdicts, error rates, missing data."""

import copy
import math
from dataclasses import replace

import pytest

from simulator.experiment.checking.check import run_suite, verdict_of
from simulator.experiment.checking.record import record
from simulator.experiment.checking.references import Files
from simulator.experiment.checking.suite import Limit, load_suite
from simulator.metrics.margins import parse_margin
from simulator.metrics.names import MetricUnavailableError, parse_metric
from simulator.statistics.intervals import Interval
from tests.experiment.checking.fakes import SCENARIO, SUITE, write

PLAY = "tests.experiment.checking.fakes:play"


def changed(**paths):
    found = copy.deepcopy(SUITE)
    found["checks"]["shop"]["set"] = {path.replace("__", "."): value for path, value in paths.items()}
    return found


def capacity(entries):
    return changed(edges__pop__l1__capacity=entries)


@pytest.fixture
def recorded(tmp_path):
    """A suite whose baselines are recorded with seed 1; returns a function that checks a changed one."""
    record(load_suite(write(tmp_path)), "first", function=PLAY)

    def check(suite=SUITE, scenario=SCENARIO, **more):
        loaded = load_suite(write(tmp_path, scenario, suite))
        return run_suite(loaded, Files(loaded.folder), function=PLAY, **more)

    return check


def test_identical_is_done_with_the_first_stage(recorded):
    outcome = recorded().outcomes[0]
    assert outcome.identical
    assert outcome.status == "PASS"
    assert outcome.replications == 5


@pytest.mark.parametrize(
    ("entries", "status", "code"),
    [(294, "FAIL", 99), (306, "IMPROVED", 0), (299, "PASS", 0), (301, "PASS", 0)],
)
def test_verdicts(recorded, entries, status, code):
    """-0.5, +0.5, -0.083 and +0.083 points against a margin of 0.25; noise of a pair 0.07 points; fixed seed."""
    report = recorded(capacity(entries))
    assert report.outcomes[0].status == status
    assert report.exit_code == code
    assert report.outcomes[0].changed == (f"edges.pop.l1.capacity 300 -> {entries}",)


def test_on_the_limit_it_is_inconclusive_after_all_stages(recorded):
    """-0.25 points against 0.25: undecidable by construction."""
    report = recorded(capacity(297))
    assert report.outcomes[0].status == "INCONCLUSIVE"
    assert report.outcomes[0].replications == 20
    assert report.exit_code == 4


def test_stages_double_until_it_is_decided(recorded):
    stages = []
    recorded(capacity(298), say=stages.append)
    assert stages == [f"shop: {n} replications" for n in (5, 10, 20)][: len(stages)]
    assert load_suite_stages({"first": 5, "most": 40}) == [5, 10, 20, 40]
    assert load_suite_stages({"first": 4, "most": 10}) == [4, 8, 10]
    assert load_suite_stages(7) == [7]


def load_suite_stages(replications, folder=None):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as place:
        return load_suite(write(Path(place), suite=SUITE | {"replications": replications})).stages


def test_a_planted_regression_fails_and_an_unchanged_program_does_not(tmp_path):
    """Theory: -0.5 points, margin 0.25, pairs of noise 0.07 points: power is 1 for all purposes.

    Another seed: differences of 20 against 20 with 0.4 points each have a standard error of 0.13 points, and
    FAIL needs 0.25 points beyond a Bonferroni bound: its rate is below 5 % by construction, far below in fact.
    n = 120 tries each; at a rate of 5 %, 13 or more of 120 have probability 0.7 %; at 95 %, 106 or fewer 0.7 %.
    """
    failed = alarms = 0
    for seed in range(120):
        folder = tmp_path / str(seed)
        suite = load_suite(write(folder, SCENARIO | {"seed": seed}))
        record(suite, "first", function=PLAY)
        other = run_suite(suite, Files(folder), seed=1000 + seed, function=PLAY)
        alarms += other.exit_code == 99
        planted = load_suite(write(folder, SCENARIO | {"seed": seed}, capacity(294)))
        failed += run_suite(planted, Files(folder), function=PLAY).exit_code == 99
    assert failed > 0.95 * 120
    assert alarms < 0.05 * 120


def test_the_bound_holds_for_the_whole_family():
    """A suite of 10 metrics x 3 stages looks 30 times: each look gets 1/30 of the 5 %."""
    from simulator.statistics.intervals import t_quantile

    share = 0.05 / 30
    assert t_quantile(1 - share, 4) == pytest.approx(6.2, abs=0.6)  # what 5 replications must overcome


def limit(text, metric="hit_ratio.l1", **both):
    parsed = parse_metric(metric)
    if both:
        return Limit(parsed, *(parse_margin(both[key], parsed) if key in both else None for key in ("drop", "rise")))
    margin = parse_margin(text, parsed)
    return Limit(parsed, None if parsed.better == "lower" else margin, None if parsed.better == "higher" else margin)


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [(-0.03, -0.02, "FAIL"), (-0.02, -0.005, "INCONCLUSIVE"), (-0.005, 0.03, "PASS"), (0.011, 0.02, "IMPROVED"),
     (0.0, 0.0, "PASS"), (math.nan, math.nan, "INCONCLUSIVE")],
)  # fmt: skip
def test_a_limit_on_one_side(low, high, status):
    assert verdict_of(limit("1points"), 0.7, Interval(0.0, low, high, 5)) == status
    mirrored = verdict_of(limit("10ms", "latency.p99"), 0.2, Interval(0.0, -high, -low, 5))
    assert mirrored == status


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [(-0.03, -0.02, "FAIL"), (0.06, 0.07, "FAIL"), (0.011, 0.02, "PASS"), (0.04, 0.06, "INCONCLUSIVE")],
)
def test_a_limit_on_both_sides_knows_no_improvement(low, high, status):
    both = limit("", drop="1points", rise="5points")
    assert verdict_of(both, 0.7, Interval(0.0, low, high, 5)) == status


def test_a_metric_without_a_better_direction_may_not_move_either_way():
    found = limit("2", "stickiness.mean")
    assert verdict_of(found, 60.0, Interval(0.0, 3.0, 4.0, 5)) == "FAIL"
    assert verdict_of(found, 60.0, Interval(0.0, -4.0, -3.0, 5)) == "FAIL"


def test_no_baseline_is_a_failure(tmp_path):
    suite = load_suite(write(tmp_path))
    report = run_suite(suite, Files(suite.folder), function=PLAY)
    assert report.exit_code == 99
    assert "no baseline" in report.outcomes[0].problem


def test_missing_data_is_a_failure(recorded):
    more = copy.deepcopy(SUITE)
    more["checks"]["shop"]["metrics"]["stickiness.mean"] = 2
    report = recorded(more)
    assert report.exit_code == 99
    assert [f.status for f in report.outcomes[0].findings] == ["PASS", "FAIL"]
    assert report.outcomes[0].findings[1].note == "the baseline has no value of it"


def test_a_metric_without_a_value_cannot_be_recorded(tmp_path):
    more = copy.deepcopy(SUITE)
    more["checks"]["shop"]["metrics"]["stickiness.mean"] = 2
    with pytest.raises(MetricUnavailableError):
        record(load_suite(write(tmp_path, suite=more)), "first", function=PLAY)
    assert not list(tmp_path.glob("*.json"))


def test_another_window_or_schema_is_not_comparable(recorded):
    report = recorded(changed(duration="20s"))
    assert report.exit_code == 4
    assert not report.outcomes[0].comparable


def test_a_replication_that_dies_is_a_failure_and_a_broken_invariant_five(recorded):
    report = recorded(capacity(294))
    broken = replace(report.outcomes[0], problem="a safety invariant broke: two holders", invariant=True)
    assert replace(report, outcomes=(broken,)).exit_code == 5
