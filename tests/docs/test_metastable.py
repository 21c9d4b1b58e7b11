"""The bundled scenario `metastable`: an outage that outlives its cause, and what ends it, by theory."""

from __future__ import annotations

import math

import pytest

from simulator import Scenario, run

LOAD, CAPACITY, TRIES = 520.0, 4 / 0.005, 4
SHORT = {"duration": "45s"}
FROM_S, UNTIL_S = 37.0, 45.0  # the crowd was over at 25 s


def _goodput(scenario: Scenario) -> float:
    """In the last 8 s of a run of 45 s."""
    series = run(scenario.with_overrides(SHORT), variants=False, replications=1).timeseries
    rows = series[(series.metric == "goodput") & (series.label == "") & (series.t_s >= FROM_S)]
    assert len(rows) == UNTIL_S - FROM_S
    return float(rows.value.mean())


def test_the_figures_of_its_comment():
    scenario = Scenario.load("metastable")
    group, edges = scenario.clients["web"], scenario.edges["pop"]
    assert group.count * group.workload.rate.mean == pytest.approx(LOAD)
    assert edges.count / edges.service_time.mean == pytest.approx(CAPACITY)
    assert 1 + group.retry.max == TRIES
    assert LOAD < CAPACITY < LOAD * TRIES  # two states last
    assert edges.queue * edges.service_time.mean > 5 * group.retry.timeout  # whoever waits through it is too late


@pytest.mark.parametrize("seed", [1, 2])
def test_it_stays_down(seed):
    """With every attempt too late the edges see 2,080/s and serve 800: nothing is answered in time, for ever."""
    assert _goodput(Scenario.load("metastable").with_overrides({"seed": seed})) < 0.01 * LOAD


@pytest.mark.parametrize("variant", ["no-crowd", "no-retries", "budget", "shed", "short-queues"])
def test_what_ends_it(variant):
    """The load with retries is below capacity (520/s, 624/s), or waits are below the timeout: 520/s are answered.

    Drained by 25 s + 1,200 / (800/s - 624/s) = 32 s at the latest. Poisson arrivals over 8 s: 4 standard errors,
    a false alarm in 16,000.
    """
    assert _goodput(Scenario.load("metastable").variant(variant)) == pytest.approx(
        LOAD, abs=4 * math.sqrt(LOAD / (UNTIL_S - FROM_S))
    )


def test_cancelling_does_not_end_it():
    """Who is served first has waited longest: work that is not cancelled yet, and about to be."""
    assert _goodput(Scenario.load("metastable").variant("cancel")) < 0.15 * LOAD


@pytest.mark.parametrize(("rate", "factor", "lasts"), [("0.4/s", 13, False), ("0.6/s", 9, True)])
def test_where_an_outage_lasts(rate, factor, lasts):
    """160/s with all retries are 640/s < 800/s: it ends by itself. 240/s are 960/s > 800/s: it does not.

    The crowds are alike, 2,080/s and 2,160/s. Tolerance of the answered 160/s: 4 standard errors over 8 s.
    """
    scenario = Scenario.load("metastable").with_overrides(
        {"clients.web.workload.rate": rate, "faults.0.factor": factor}
    )
    load = 400 * float(rate.removesuffix("/s"))
    expected = 0.0 if lasts else load
    assert _goodput(scenario) == pytest.approx(expected, abs=4 * math.sqrt(load / (UNTIL_S - FROM_S)))
