"""A log that holds some of the time only is found out, and rates are of the time on record."""

from __future__ import annotations

import numpy as np
import pytest

from simulator import Scenario, backtest
from simulator.fitting.fit import fit, written
from tests.fitting.synthetic import SERVICE, always_there, log_of

pytestmark = pytest.mark.interpreted  # of logs and laws: no compiled module has a part in it


def sampled(rng, *, rate=2.0, clients=60, period_s=3600.0, on_s=60.0, hours=30, jitter_s=0.0) -> object:
    """A Poisson stream over many hours, of which only the first minute of each (moved by a jitter) is kept."""
    time_s = np.sort(rng.random(rng.poisson(rate * hours * period_s)) * hours * period_s)
    moved_s = rng.random(hours) * jitter_s
    hour = (time_s // period_s).astype(int)
    kept = (time_s % period_s >= moved_s[hour]) & (time_s % period_s < moved_s[hour] + on_s)
    return log_of(time_s[kept], rng.integers(clients, size=int(kept.sum())))


@pytest.mark.parametrize("jitter_s", [0.0, 120.0])
def test_a_minute_of_each_hour_is_found_and_its_rate_is_that_of_the_minutes(jitter_s):
    """3,600 requests: the rate has a standard error of 1.7 %; 6 % is exceeded once in 2,000."""
    found = fit(sampled(np.random.default_rng(1), jitter_s=jitter_s))
    assert found.windows is not None
    assert len(found.windows) == 30
    assert found.windows.period_s == pytest.approx(3600, rel=0.02)
    assert found.windows.observed_s == pytest.approx(30 * 60, rel=0.02)
    assert found.mean_rate == pytest.approx(2.0, rel=0.06)
    assert "of each 60 min" in found.summary()
    assert "outside the windows" in found.to_yaml()


def test_windows_that_are_missing_do_not_hide_the_others():
    log = sampled(np.random.default_rng(2))
    kept = ~np.isin(log.time_s // 3600, [7, 8, 19])
    found = written(log_of(log.time_s[kept], log.client[kept]))
    assert found is not None
    assert len(found) == 27


def test_what_was_written_all_the_time_is_left_alone():
    rng = np.random.default_rng(3)
    assert written(always_there(rng, np.full(50, 0.01), 7200.0)) is None
    hours = rng.random(4000) * 10 * 3600 + rng.integers(12, size=4000) * 86_400  # an office: 10 h of each day
    assert written(log_of(hours, rng.integers(50, size=4000))) is None
    one = np.concatenate([minute * 600 + rng.random(20) for minute in range(50)])  # one robot, every 10 minutes
    assert written(log_of(one, np.zeros(len(one)))) is None
    bursts = np.concatenate([at + rng.random(20) * 10 for at in np.cumsum(rng.exponential(3000, 30))])  # uneven
    assert written(log_of(bursts, rng.integers(20, size=len(bursts)))) is None


@pytest.mark.slow
def test_sessions_longer_than_a_window_keep_the_rate():
    """Clients whose sessions (10 min) are cut by windows: each asks at 0.05/s, 40 are open at a time."""
    rng = np.random.default_rng(4)
    begin_s = rng.random(5_760) * 24 * 3600
    length_s = rng.exponential(600, 5_760)
    number = rng.poisson(0.05 * length_s)
    session = np.repeat(np.arange(5_760), number)
    time_s = begin_s[session] + rng.random(len(session)) * length_s[session]
    kept = time_s % 3600 < 60
    found = fit(log_of(time_s[kept], session[kept]))
    assert found.windows is not None
    assert found.length is None  # no law of lengths is claimed
    law = found.rates
    implied = len(found.cut.clients) / law.seen * law.start_rate / law.end_rate * law.mean
    assert implied == pytest.approx(found.mean_rate, rel=0.02)
    assert found.mean_rate == pytest.approx(2.0, rel=0.15)


def test_a_back_test_splits_at_a_window_and_predicts_the_observed_rate():
    log = sampled(np.random.default_rng(5))
    found = backtest(log, scenario=Scenario.from_dict(SERVICE), replications=5, metrics=["requests.rate"])
    rate = found["requests.rate"]
    assert found.fit.windows is not None
    assert len(found.fit.windows) == 15
    assert rate.covered
    assert rate.predicted == pytest.approx(2.0, rel=0.1)
