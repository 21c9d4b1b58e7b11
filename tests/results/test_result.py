"""The result in a notebook's hands: tables, access by name, plots, HTML."""

import importlib
import math
import pickle
import subprocess
import sys

import matplotlib as mpl
import pandas as pd
import pytest

import simulator
from simulator.experiment.api import run
from simulator.metrics.names import MetricUnavailableError, UnknownMetricError
from simulator.report.html import document, figures
from tests.results.fakes import PLAY, FakeScenario


@pytest.fixture(scope="module")
def result():
    scenario = FakeScenario(variants={"<b>_nearest $": {"hit_ratio": 0.8}}, expect=("within[33ms] >= 10%",))
    return run(scenario, function=PLAY)


def test_metrics_is_a_table(result):
    table = result.metrics
    assert list(table.columns) == ["mean", "ci_low", "ci_high", "n", "unit"]
    row = table.loc["hit_ratio.l1"]
    assert row["ci_low"] < row["mean"] < row["ci_high"]
    assert (row["n"], row["unit"]) == (3, "ratio")
    assert "within[33ms]" in table.index
    assert result.per_replication.loc["hit_ratio.l1"].mean() == pytest.approx(row["mean"])


def test_access_by_name_gives_a_number_with_its_interval(result):
    value = result["hit_ratio.l1"]
    assert isinstance(value, float)
    assert value.low < value < value.high
    assert value.unit == "ratio"
    assert result["latency.p97.5"] > result["latency.p50"]
    assert 0.0 < result["within[20ms][europe]"] < 1.0
    assert pickle.loads(pickle.dumps(value)).high == value.high


def test_a_mistyped_name_is_an_error(result):
    with pytest.raises(UnknownMetricError, match=r"hit_ratio\.l1"):
        result["hit_ratio.ll"]
    with pytest.raises(MetricUnavailableError):
        result["hit_ratio.l1[pop-9]"]


def test_series_and_events_are_tidy(result):
    series = result.timeseries
    assert list(series.columns) == ["replication", "t_s", "metric", "label", "value"]
    assert set(series["replication"]) == {0, 1, 2}
    events = result.events
    assert list(events["kind"][:2]) == ["fault.begin", "detected"]
    assert isinstance(result.requests, type(None))
    assert isinstance(series, pd.DataFrame)


def test_the_latency_histogram_is_of_all_replications(result):
    assert result.latency.count == sum(r.histograms["latency"].count for r in result.replications)


def test_every_plot_returns_axes_with_units(result):
    with mpl.rc_context({"backend": "agg"}):
        from matplotlib import pyplot as plt

        for name in ("hit_ratio", "latency_ccdf", "latency_over_time", "weights", "edge_load", "misses"):
            axes = getattr(result.plot, name)()
            assert "(" in axes.get_xlabel(), name
            assert axes.get_title(loc="left")
            assert axes.lines or axes.collections, name
        axes = result.plot.hit_ratio()
        assert len(axes.lines) >= 2  # as written and the variant
        assert any("crash pop-1" in text.get_text() for text in axes.texts)
        axes.figure.canvas.draw()  # a name with $ is no formula
        plt.close("all")


def test_html_escapes_names_and_needs_no_network(result):
    page = document(result, figures(result))
    for own in ('<script type="application/json" id="data-run">', '<script type="module">'):
        page = page.replace(own, "", 1)
    assert "<b>_nearest" not in page
    assert "&lt;b&gt;_nearest" in page
    assert "data-chart=" in page
    assert "default-src 'none'" in page  # a browser would refuse what we have overlooked
    for word in ("<script ", 'http-equiv="refresh"', "src=", "@import", "url("):
        assert word not in page
    assert "<script" not in result._repr_html_()


def test_a_result_without_replications_shows_itself():
    empty = run(FakeScenario(behaviour={0: "interrupt"}), function=PLAY)
    assert "Interrupted" in empty._repr_html_()
    assert empty.metrics.empty
    assert empty.timeseries.empty
    assert math.isnan(empty.latency.mean)


def test_the_package_offers_its_api_lazily():
    heavy = "('pandas', 'matplotlib', 'pydantic', 'numpy')"
    code = f"import sys, simulator; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
    assert {"run", "load_run", "load_sweep", "Scenario", "Result"} <= set(dir(simulator))
    with pytest.raises(AttributeError):
        simulator.nonsense  # noqa: B018 - the access is what is tested


def test_run_stays_the_function_after_its_namesake_module_was_imported():
    importlib.import_module("simulator.experiment.api")
    simulator.run = importlib.import_module("simulator.experiment")  # what an import of simulator/run.py does
    assert simulator.run is run
