"""A fit finds what the log was drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from simulator import Scenario, backtest, run
from simulator.fitting.amounts import amounts
from simulator.fitting.fit import fit
from simulator.fitting.predict import next_arrivals
from simulator.fitting.rates import Likelihood
from simulator.logs import TraceError
from tests.fitting.synthetic import always_there, in_sessions, log_of

pytestmark = pytest.mark.interpreted  # of logs and laws: no compiled module has a part in it


@pytest.fixture(scope="module")
def gamma_fit():
    """500 clients, 20,000 requests; rates at the quantiles of a gamma law of CV 1, so that the draw has that CV."""
    from scipy.stats import gamma

    rates = gamma.ppf((np.arange(500) + 0.5) / 500, 1.0) * 20_000 / 500 / 7200
    return fit(always_there(np.random.default_rng(4), rates, 7200.0))


def test_gamma_rates_are_found_and_preferred(gamma_fit):
    assert (gamma_fit.rates.law, gamma_fit.kind, gamma_fit.bursty) == ("gamma", "always", False)
    assert gamma_fit.cv == pytest.approx(1.0, rel=0.1)
    assert gamma_fit.count == pytest.approx(500, rel=0.03)
    assert gamma_fit.count * gamma_fit.rates.mean == pytest.approx(20_000 / 7200, rel=0.02)


def test_clients_that_the_log_does_not_show_are_counted():
    from scipy.stats import gamma

    rates = gamma.ppf((np.arange(500) + 0.5) / 500, 0.25) * 4 * 20_000 / 500 / 7200
    found = fit(always_there(np.random.default_rng(5), rates, 7200.0))
    assert len(found.cut.clients) < 400
    assert found.count == pytest.approx(500, rel=0.15)
    assert found.cv == pytest.approx(2.0, rel=0.1)


def test_zipf_is_found_and_preferred():
    rng = np.random.default_rng(6)
    share = np.arange(1, 501) ** -0.8
    found = fit(log_of(rng.random(20_000) * 7200, rng.choice(500, 20_000, p=share / share.sum())))
    assert found.rates.law == "zipf"
    assert found.zipf == pytest.approx(0.8, abs=0.05)


def test_session_lengths_are_found_though_a_log_shows_no_ends():
    rng = np.random.default_rng(7)
    found = fit(in_sessions(rng, np.full(400, 0.02), 4, 600.0, 4 * 86_400.0))
    assert found.kind == "returning"
    assert found.session_length_s == pytest.approx(600, rel=0.05)
    assert found.rates.mean == pytest.approx(0.02, rel=0.05)


def test_clients_that_come_once_are_sessions_that_arrive():
    found = fit(in_sessions(np.random.default_rng(8), np.full(1500, 0.02), 1, 600.0, 2 * 86_400.0))
    assert (found.kind, found.count) == ("new", None)
    assert found.session_length_s == pytest.approx(600, rel=0.06)
    assert found.session_rate == pytest.approx(1500 / 86_400, rel=0.1)  # they begin in the first of two days


def test_bursts_are_found():
    rng = np.random.default_rng(9)
    on_s, off_s, rate = 10.0, 50.0, 1.0  # an interrupted Poisson process for each of 30 clients
    times, clients = [], []
    for client in range(30):
        at = 0.0
        while at < 7200:
            length = rng.exponential(on_s)
            times += list(at + rng.random(rng.poisson(rate * length)) * length)
            clients += [client] * (len(times) - len(clients))
            at += length + rng.exponential(off_s)
    found = fit(log_of(times, clients))
    assert found.bursty
    assert found.bursts.rate == pytest.approx(rate, rel=0.1)
    assert 1 / found.bursts.off_rate == pytest.approx(on_s, rel=0.1)
    assert 1 / found.bursts.on_rate == pytest.approx(off_s, rel=0.1)


def test_a_daily_rhythm_is_found_with_its_peak_and_place():
    rng = np.random.default_rng(10)
    time_s = rng.random(60_000) * 4 * 86_400
    time_s = time_s[rng.random(60_000) * 1.6 < 1 + 0.6 * np.sin(2 * np.pi * (time_s + 10_000) / 86_400)]
    found = fit(log_of(time_s, rng.integers(3000, size=len(time_s))), gap_s=600.0)
    assert found.rhythm.peak == pytest.approx(1.6, abs=0.05)
    assert found.rhythm.phase_s == pytest.approx(10_000, abs=1500)


@pytest.mark.parametrize("law", ["gamma", "lognormal"])
def test_the_law_of_sizes_is_told_apart(law):
    rng = np.random.default_rng(11)
    drawn = rng.gamma(2.0, 500.0, 5000) if law == "gamma" else rng.lognormal(7.0, 1.0, 5000)
    found = amounts(np.append(drawn, [0.0, np.nan]))
    assert (found.law, found.zeros, found.count) == (law, 1, 5000)
    assert found.mean == pytest.approx(drawn.mean())


def test_the_written_scenario_plays_the_fitted_rate(gamma_fit, tmp_path):
    path = tmp_path / "fitted.yaml"
    path.write_text(gamma_fit.to_yaml())
    scenario = Scenario.load(str(path)).with_overrides({"duration": "10min", "warmup": "1min", "replications": 1})
    played = run(scenario)["requests.rate"].mean
    assert played == pytest.approx(gamma_fit.mean_rate, rel=0.2)  # 500 rates drawn anew: 4.5 % of standard error


def test_drawn_arrivals_continue_what_the_log_shows_of_each_client(gamma_fit):
    likelihood = Likelihood(gamma_fit.cut, "gamma", sessions=False)
    rng = np.random.default_rng(12)
    _, client = next_arrivals(gamma_fit, gamma_fit.rates, likelihood, 7200.0, rng)
    again = np.bincount(client, minlength=len(gamma_fit.cut.clients))[: len(gamma_fit.cut.clients)]
    assert np.corrcoef(again, gamma_fit.cut.clients.requests)[0, 1] > 0.95  # 1 but for Poisson noise twice


def test_a_fit_is_drawn_and_says_what_it_assumed(gamma_fit):
    assert len(gamma_fit.plot().axes) == 4
    assert any(one.startswith("Service times") for one in gamma_fit.assumed())
    assert "gamma" in gamma_fit.summary()


def test_too_few_requests_are_refused():
    with pytest.raises(TraceError, match="too few to fit"):
        fit(log_of(np.arange(10.0), np.zeros(10)))


@pytest.mark.parametrize("asked", [fit, backtest])
def test_a_log_that_a_few_dates_stretch_is_refused(asked):
    """One of 201 requests is a day later: the rate would be of an empty day."""
    times = np.append(np.linspace(0, 600, 200), 86_400.0)
    with pytest.raises(TraceError, match="1 of 201 lines is far from the others in time: line 200"):
        asked(log_of(times, np.arange(201) % 7))


def test_requests_that_keep_coming_are_no_stray_ones():
    """21 of 2,000 lines are more than 1 %: a log that falls quiet."""
    times = np.append(np.linspace(0, 600, 1979), 86_400.0 + 600 * np.arange(21))
    assert fit(log_of(times, np.arange(2000) % 7)).cut.span_s == times[-1]
