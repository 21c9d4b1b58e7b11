"""compare, find, sensitivity and check as a notebook calls them: what they take, their frames, pages and figures."""

from __future__ import annotations

import copy
import hashlib
import math
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import yaml

import simulator
from simulator import Scenario, ScenarioError, check, compare, find, load_sweep, run, sensitivity
from simulator.experiment.checking.record import record
from simulator.experiment.checking.references import RevisionError
from simulator.experiment.checking.suite import load_suite
from simulator.experiment.comparing.sides import ContestantError
from simulator.experiment.studies.design import DesignError
from simulator.experiment.studies.search_space import FindError
from simulator.experiment.studies.sensitivity import SensitivityError
from simulator.metrics.margins import MarginError
from simulator.metrics.names import UnknownMetricError
from simulator.observe.result import Replication

mpl.use("Agg")
PLAY = f"{__name__}:play"
CAPACITY = "edges.pop.l1.capacity"
NASTY = "<script>alert(1)</script>"
WORLD = {
    "schema": 1, "name": "shop", "duration": "10s", "warmup": "1s", "seed": 3, "replications": 5,
    "clients": {"c": {"count": 10, "workload": {"kind": "poisson", "rate": "2/s"}}},
    "edges": {"pop": {"count": 2, "service_time": "2ms", "l1": {"capacity": 40, "ttl": "2s"}}},
    "variants": {"larger": {CAPACITY: 60}},
}  # fmt: skip


def play(scenario, *, seed, replication, progress, trace):
    """The stand-in of the model: hit_ratio.l1 = capacity / 100 + a noise that capacities of one seed share."""
    noise = np.random.default_rng([seed, replication]).normal(0.0, 0.01)
    metrics = {"hit_ratio.l1": scenario.edges["pop"].l1.capacity / 100.0 + noise, "latency.p99": 0.2 + noise}
    series = {"t_s": [], "metric": [], "label": [], "value": []}
    digest = hashlib.sha256(repr(metrics).encode()).hexdigest()
    return Replication(
        replication, seed, metrics, {}, {"requests": 10, "ok": 10}, series, [], fingerprint=digest
    )  # fmt: skip


@pytest.fixture
def shop():
    return Scenario.from_dict(WORLD)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump(WORLD))
    return path


@pytest.fixture(autouse=True)
def closed():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def shown(answer, *words):
    """The answer shows itself: one line of repr, and HTML that holds the words and nothing that runs."""
    assert "\n" not in repr(answer)
    page = answer._repr_html_()
    assert "<script" not in page
    assert not [word for word in words if word not in page]


# -- compare --------------------------------------------------------------------------------------------
def by_20_points(found, side, *, paired=True):
    """60 entries against 40 are 20 points in every replication: the noise cancels in pairs."""
    (row,) = found.table.to_dict("records")
    assert (row["side"], row["metric"], row["unit"], row["better"]) == (side, "hit_ratio.l1", "ratio", "higher")
    assert row["paired"] is paired
    assert row["difference"] == pytest.approx(0.2, abs=1e-9 if paired else 0.05)
    assert row["after"] - row["before"] == pytest.approx(row["difference"])
    if paired:
        assert (row["ci_low"], row["ci_high"], row["n"]) == (pytest.approx(0.2), pytest.approx(0.2), 5)


def test_compare_takes_results_folders_scenarios_and_variants(shop, file, tmp_path):
    one = {"metrics": "hit_ratio.l1", "function": PLAY}
    played = run(shop, function=PLAY)
    played.save(tmp_path / "kept", report=False)
    larger = shop.with_overrides({CAPACITY: 60})
    by_20_points(compare(shop, **one), "larger")
    by_20_points(compare(played, **one), "larger")
    by_20_points(compare(file, f"{file}:larger", **one), "shop:larger")
    by_20_points(compare(tmp_path / "kept", f"{tmp_path / 'kept'}:larger", **one), "shop:larger")
    by_20_points(compare(played, larger, **one), "shop #2")
    by_20_points(compare({"old": played, "new": larger}, **one), "new")
    by_20_points(compare({"old": played, "new": run(larger, seed=4, function=PLAY)}, **one), "new", paired=False)


def test_a_comparison_shows_itself(shop):
    found = compare({"old": shop, NASTY: shop.variant("larger")}, metrics="hit_ratio.l1", function=PLAY,
                    fail_on=["hit_ratio.l1:5points"])  # fmt: skip
    shown(found, "hit_ratio.l1", "+20.0 points")
    assert found.gate_table["status"].tolist() == ["passed"]
    assert found.causes.empty
    axes = found.plot.differences("hit_ratio.l1")
    (dot,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert dot.get_xdata()[0] == pytest.approx(20.0)
    with pytest.raises(ValueError, match="not in this comparison"):
        found.plot.differences("latency.p50")


@pytest.mark.parametrize(("margin", "verdict"), [("30points", "same"), ("10points", "better")])
def test_margins_are_texts_or_a_mapping(shop, margin, verdict):
    for given in ({"hit_ratio.l1": margin}, f"hit_ratio.l1:{margin}", [f"hit_ratio.l1:{margin}"]):
        found = compare(shop, metrics=["hit_ratio.l1"], margin=given, function=PLAY)
        assert found.table["verdict"].tolist() == [verdict]


def test_a_gate_fails_where_the_side_is_surely_worse(shop):
    found = compare(shop.variant("larger"), shop, fail_on={"hit_ratio.l1": "5points"}, function=PLAY)
    assert found.gate_table["status"].tolist() == ["failed"]


def test_overrides_are_of_all_scenarios_and_of_no_result(shop):
    found = compare(shop, metrics="hit_ratio.l1", overrides={"duration": "20s"}, seed=9, function=PLAY)
    assert [row.window_s[1] for row in found.rows] == [20.0, 20.0]
    assert {row.seed for row in found.rows} == {9}
    with pytest.raises(ContestantError, match="was played already"):
        compare(run(shop, function=PLAY), overrides={"duration": "20s"})


def test_what_cannot_be_compared(shop):
    for sides, message in (((), "nothing to compare"), ((shop.variant("larger"),), "no variants"), ((3, shop), "int")):
        with pytest.raises(ContestantError, match=message):
            compare(*sides, function=PLAY)
    with pytest.raises(UnknownMetricError):
        compare(shop, metrics="hit_ration.l1", function=PLAY)
    for wrong in ({"hit_ratio.l1": "-3points"}, 3, [3], "hit_ratio.l1"):
        with pytest.raises(MarginError):
            compare(shop, margin=wrong, function=PLAY)
    with pytest.raises(ScenarioError):
        compare("no-such-scenario", shop)


# -- find -----------------------------------------------------------------------------------------------
def test_find_by_keywords(shop, file, tmp_path):
    """capacity / 100 + mean noise >= 0.5 first at ceil(100 (0.5 - mean noise))."""
    noise = np.mean([np.random.default_rng([3, k]).normal(0.0, 0.01) for k in range(5)])
    place = tmp_path / "kept"
    found = find(CAPACITY, until="hit_ratio.l1 >= 50%", scenario=file, between="1..100", output=place, function=PLAY)
    assert found.answer.number == math.ceil(100.0 * (0.5 - noise))
    assert (place / "report.html").is_file()
    table = found.tried
    assert table["value"].is_monotonic_increasing
    assert np.allclose(table["mean"], table["value"] / 100.0 + noise)
    assert table["holds"].tolist() == [value >= found.answer.number for value in table["value"]]
    shown(found, found.answer.text, "Values tried")
    again = find(CAPACITY, "hit_ratio.l1 >= 50%", file, between="1..100", output=place, resume=True,
                 function="nowhere:nothing")  # fmt: skip
    pd.testing.assert_frame_equal(again.tried, table)
    axes = found.plot.curve()
    assert np.allclose(axes.lines[0].get_ydata(), 100.0 * table["mean"])
    assert axes.get_xlabel() == CAPACITY


def stops(scenario, **options):
    if scenario.edges["pop"].l1.capacity == 50:
        raise KeyboardInterrupt
    return play(scenario, **options)


def test_an_interrupted_search_keeps_what_it_tried(shop, tmp_path):
    """Both ends are tried first, then their middle, 50."""
    with pytest.raises(KeyboardInterrupt):
        find(CAPACITY, "hit_ratio.l1 >= 55%", shop, between="40..60", output=tmp_path / "f",
             function=f"{__name__}:stops")  # fmt: skip
    kept = load_sweep(tmp_path / "f")
    assert kept.status == "interrupted"
    assert sorted(float(o.cell.texts[CAPACITY]) for o in kept) == [40.0, 60.0]


def test_values_of_find_are_si(shop):
    found = find("edges.pop.service_time", "hit_ratio.l1 >= 1%", shop, between="2ms..4ms", function=PLAY)
    assert found.tried["value"].tolist() == pytest.approx([0.002, 0.004])
    assert found.tried["text"].tolist() == ["2ms", "4ms"]
    assert found.plot.curve().get_xlabel() == "edges.pop.service_time (ms)"


def test_what_find_refuses(shop):
    for wrong, kind in (
        ({"between": "5,6"}, FindError),
        ({"tolerance": 0.0}, FindError),
        ({"between": "a..b"}, DesignError),
    ):
        with pytest.raises(kind):
            find(CAPACITY, "hit_ratio.l1 >= 50%", shop, function=PLAY, **wrong)


# -- sensitivity ----------------------------------------------------------------------------------------
def test_sensitivity_of_a_known_input(shop, tmp_path):
    """40 entries moved by 25 % are 30 and 50: 10 points less and more, exactly, as pairs share their noise."""
    found = sensitivity(shop, by="25%", only="edges.*", metrics=["hit_ratio.l1"], output=tmp_path / "s", function=PLAY)
    first = found.table.head(2)
    assert first["input"].tolist() == [CAPACITY] * 2
    assert first["moved_to"].tolist() == ["30", "50"]
    assert first["difference"].tolist() == pytest.approx([-0.1, 0.1])
    assert first["decided"].all()
    assert not found.table["decided"][2:].any()
    shown(found, CAPACITY)
    axes = found.plot.tornado()
    assert sorted(bar.get_width() for bar in axes.patches) == pytest.approx([-10.0, 10.0])
    with pytest.raises(ValueError, match="moved by nothing"):
        found.plot.tornado("latency.p99")
    assert (tmp_path / "s" / "report.html").is_file()


def test_what_sensitivity_refuses(shop):
    for wrong in ({"by": 1.5}, {"by": "much"}, {"only": "nothing.*"}):
        with pytest.raises(SensitivityError):
            sensitivity(shop, function=PLAY, **wrong)


# -- check ----------------------------------------------------------------------------------------------
@pytest.fixture
def suite(file):
    path = file.parent / "suite.yaml"
    checks = {name: {"scenario": "shop.yaml", "metrics": {"hit_ratio.l1": "1point"}} for name in ("a", "b")}
    path.write_text(yaml.safe_dump({"schema": 1, "checks": checks}))
    record(load_suite(path), "first", function=PLAY)
    return path


def test_check_passes_and_fails(suite, file):
    same = check(suite.parent, only="a", function=PLAY)
    assert same.passed
    assert same.table["check"].tolist() == ["a"]
    assert same.status == "PASS"
    other = copy.deepcopy(WORLD)
    other["edges"]["pop"]["l1"]["capacity"] = 30
    file.write_text(yaml.safe_dump(other))
    moved = check(suite, function=PLAY)
    assert not moved.passed
    assert moved.table["status"].tolist() == ["FAIL", "FAIL"]
    assert moved.table["difference"].tolist() == pytest.approx([-0.1, -0.1])
    shown(moved, "hit_ratio.l1", "FAIL", "points")


def test_what_check_refuses(suite):
    with pytest.raises(RevisionError, match="git:REF"):
        check(suite, against="main")
    with pytest.raises(ScenarioError, match="did you mean a"):
        check(suite, only=["aa"])


# -- the package ----------------------------------------------------------------------------------------
def test_the_package_lists_its_public_names_only():
    assert set(dir(simulator)) == {*simulator.__all__, "__version__"}
    assert {"compare", "find", "sensitivity", "check"} <= set(simulator.__all__)
    for name in simulator.__all__:
        assert getattr(simulator, name).__doc__, name


def test_questions_are_imported_without_pandas_or_matplotlib():
    code = (
        "import sys; from simulator import Scenario, run, sweep, compare, find, sensitivity, optimise, check, fit, "
        "backtest, load_run, load_sweep; print([m for m in ('pandas', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_scenario_is_one_line(shop):
    assert repr(shop) == str(shop) == "<Scenario shop: 10s, 5 replications, seed 3, variants larger>"
