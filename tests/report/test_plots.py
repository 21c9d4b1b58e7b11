"""`result.plot.*`: axes with units, the numbers of the result, names beside the lines."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from tests.report.fakes import replication, result, value_at

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from simulator.report.plots import FIGURES
from simulator.results.result import Result


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def made():
    return result(count=2, variants={"nea$rest_": result(), "_b": result()})


@pytest.mark.parametrize("name", FIGURES)
def test_every_plot_has_a_title_units_and_no_empty_frame(made, name):
    axes = FIGURES[name](made.plot)
    assert axes.get_title(loc="left")
    assert axes.get_xlabel()
    if name not in ("hops", "edge_heatmap"):
        assert "(" in axes.get_ylabel() or "per second" in axes.get_ylabel() or "share" in axes.get_ylabel()
    assert axes.lines or axes.collections or axes.patches
    axes.figure.draw_without_rendering()


@pytest.mark.parametrize("name", FIGURES)
def test_every_plot_draws_on_axes_that_are_given_and_on_nothing(made, name):
    axes = Figure().add_subplot()
    assert FIGURES[name](made.plot, ax=axes) is axes
    bare = replication(events=[])
    bare.timeseries = {column: [] for column in bare.timeseries}
    bare.histograms, bare.metrics = {}, {}
    FIGURES[name](Result(made.facts, [bare]).plot, ax=Figure().add_subplot())


def test_lines_are_the_series(made):
    axes = made.plot.latency_over_time()
    (line,) = [line for line in axes.lines if line.get_label() == "p99"]
    assert np.allclose(line.get_ydata(), [1e3 * value_at("latency.p99", t) for t in range(100)])
    words = [text.get_text() for text in axes.texts]
    assert {"p50", "p95", "p99", "crash pop-1"} <= set(words)
    assert axes.get_legend() is None


def test_names_of_lines_do_not_cover_one_another(made):
    """Three lines with the same values: their names are at least ten points apart."""
    axes = made.plot.core_load()
    axes.figure.draw_without_rendering()
    heights = sorted(t.xyann[1] for t in axes.texts if t.get_fontweight() == "bold")
    assert len(heights) == 3
    assert np.diff(heights).min() >= 10.0


def test_stacks_sum_to_the_lookups(made):
    axes = made.plot.caches()
    tops = [path.vertices[:, 1].max() for c in axes.collections for path in c.get_paths()]
    whole = max(
        value_at("hits.l1.rate", t) + value_at("delayed.l1.rate", t) + 2 * value_at("misses.l1.rate", t)
        for t in range(100)
    )
    assert max(tops) == pytest.approx(whole)


def test_ccdf_by_tier_and_group_and_comparison(made):
    labels = [line.get_label() for line in made.plot.latency_ccdf(by="tier").lines]
    assert labels == ["L1", "L2", "failed"]
    assert [line.get_label() for line in made.plot.latency_ccdf(by="group").lines] == ["europe", "asia"]
    axes = made.plot.compare("latency.p99")
    assert next(tick.get_text() for tick in axes.get_yticklabels()) == "as written"
    assert "latency.p99 (" in axes.get_xlabel()


def test_shares_of_weights(made):
    heights = [bar.get_height() for bar in made.plot.weight_distribution().patches]
    assert heights == [pytest.approx(50.0)] * 2
