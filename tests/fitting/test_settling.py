"""A fitted run is measured once its sessions are as a log shows them: in the middle of their lives."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from simulator.fitting.fit import fit
from simulator.fitting.lengths import Lengths
from simulator.fitting.settling import MOST, OFF, settling_s
from tests.fitting.synthetic import in_sessions

pytestmark = pytest.mark.interpreted  # of logs and laws: no compiled module has a part in it


def fitted(law, shape, kind, mean_s=600.0):
    """What `settling_s` asks of a fit."""
    return SimpleNamespace(kind=kind, length=Lengths(law, mean_s, shape, 1.0, 0.0), session_length_s=mean_s)


def test_exponential_lengths_that_begin_with_nobody():
    """The share that is missing at t is exp(-t/L): its mean over [w, w + D] is L exp(-w/L) (1 - exp(-D/L)) / D."""
    length_s, measured_s = 600.0, 3240.0
    wait_s = length_s * math.log(length_s * (1 - math.exp(-measured_s / length_s)) / (OFF * measured_s))
    assert settling_s(fitted("exponential", 1.0, "new"), measured_s) == pytest.approx(wait_s, rel=0.01)


def test_what_begins_in_its_steady_state_waits_for_nothing():
    """The residual life of an exponential length is the length's own law."""
    assert settling_s(fitted("exponential", 1.0, "returning"), 3600.0) == 0
    assert settling_s(fitted("exponential", 1.0, "always"), 3600.0) == 0


@pytest.mark.parametrize(("law", "shape"), [("gamma", 0.5), ("lognormal", 1.5), ("weibull", 2.5)])
def test_returning_clients_are_open_as_often_as_in_the_steady_state(law, shape):
    """Alternating renewal processes begun as a scenario begins them: a share L / (L + P) with a fresh length.

    40,000 clients, each open for 1/9 of the time: the mean over the measured time has a standard error of 1 % at most;
    the bound is OFF and four of those the sample has.
    """
    rng, mean_s, pause_s, measured_s = np.random.default_rng(1), 600.0, 4800.0, 1800.0
    one = fitted(law, shape, "returning")
    wait_s = settling_s(one, measured_s)
    on = rng.random(40_000) < mean_s / (mean_s + pause_s)
    at_s = np.where(on, 0.0, rng.exponential(pause_s, len(on)))
    open_s = np.zeros(len(on))
    while (at_s < wait_s + measured_s).any():
        until_s = at_s + one.length.draw(rng, len(on))
        open_s += np.maximum(np.minimum(until_s, wait_s + measured_s) - np.maximum(at_s, wait_s), 0.0)
        at_s = until_s + rng.exponential(pause_s, len(on))
    share = open_s / measured_s
    steady = mean_s / (mean_s + pause_s)
    assert share.mean() == pytest.approx(steady, abs=OFF * steady + 4 * share.std() / math.sqrt(len(on)))


@pytest.mark.parametrize("law", ["exponential", "gamma", "lognormal", "weibull"])
def test_survival_adds_up_to_the_mean(law):
    one = Lengths(law, 600.0, 1.0 if law == "exponential" else 0.7, 1.0, 0.0)
    at_s = np.linspace(0, 60_000, 200_001)
    assert np.trapezoid(one.survival(at_s), at_s) == pytest.approx(600, rel=0.01)


def test_a_tail_that_is_too_heavy_waits_no_longer_than_the_most():
    assert settling_s(fitted("pareto", 1.3, "new"), 3600.0) == MOST * 600


def test_the_written_scenario_waits_and_says_so():
    found = fit(in_sessions(np.random.default_rng(8), np.full(300, 0.05), 1, 600.0, 86_400.0))
    assert found.kind == "new"
    scenario = found.scenario()
    assert scenario.warmup == pytest.approx(settling_s(found, 3240.0), abs=1)
    assert scenario.duration - scenario.warmup == pytest.approx(3240)
    assert any("no session open" in one for one in found.assumed())
