"""Each kind has the law it claims. Seeds are fixed: a false alarm comes with the seed, not with the day.

Every test names its theory, its sample size n, and how often a right program fails it (the false-alarm
rate, 6e-7 for 5 standard errors, also written s.e.).
Where it is cheap, a neighbouring law is shown to fail the same test (negative control).
"""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np
import pytest
from scipy import integrate, special, stats

from simulator.workloads.diurnal import curve
from simulator.workloads.mmpp import PhasePath
from simulator.workloads.profile import Cycle, Steps


def z_of(value: float, expected: float, variance: float) -> float:
    return abs(value - expected) / np.sqrt(variance)


def dispersion_p(counts: np.ndarray) -> float:
    """Two-sided p of Fisher's index of dispersion: (n - 1) s^2 / mean ~ chi^2(n - 1) for Poisson counts."""
    statistic = (len(counts) - 1) * counts.var(ddof=1) / counts.mean()
    law = stats.chi2(len(counts) - 1)
    return 2 * min(law.cdf(statistic), law.sf(statistic))


def counts_in(times: np.ndarray, width_s: float, end_s: float) -> np.ndarray:
    return np.histogram(times, bins=np.arange(0, end_s + width_s / 2, width_s))[0]


class TestPoisson:
    def test_counts(self, play):
        """N(T) is Poisson: mean and variance 100,000. n = 2000 windows; 5 s.e. and false alarm 1e-6."""
        heard = play({"kind": "poisson", "rate": "2/s"}, 50, 1000.0)
        assert z_of(len(heard.arrivals), 100_000, 100_000) < 5
        assert dispersion_p(counts_in(heard.times, 0.5, 1000.0)) > 1e-6

    def test_counts_negative_control(self, play):
        """Erlang-2 gaps halve the dispersion: the same test must see it with n = 2000 windows."""
        erlang = {"erlang": {"k": 2, "mean": "0.5s"}}
        heard = play({"kind": "renewal", "interarrival": erlang}, 5, 1000.0)
        assert dispersion_p(counts_in(heard.times, 0.5, 1000.0)) < 1e-6

    @pytest.mark.parametrize("population", [1, 40, None])
    def test_gaps(self, play, population):
        """Gaps of one process (or of the superposition) are exponential. KS, n = 40,000; false alarm 1e-5."""
        opened = range(40) if population is None else None
        rate = 40 / (population or 40)
        heard = play({"kind": "poisson", "rate": f"{rate}/s"}, population, 1000.0, opened=opened)
        assert stats.kstest(np.diff(heard.times), "expon", (0, 1 / 40)).pvalue > 1e-5

    def test_clients_are_equal_and_independent(self, play):
        """Equal shares (chi^2, 19 df, n = 40,000, false alarm 1e-6); pairs uncorrelated (5 / sqrt n)."""
        heard = play({"kind": "poisson", "rate": "20/s"}, 20, 100.0)
        assert stats.chisquare(np.bincount(heard.clients, minlength=20)).pvalue > 1e-6
        table = np.array([counts_in(np.array(heard.of(client)), 0.1, 100.0) for client in range(20)])
        correlations = np.corrcoef(table)[np.triu_indices(20, 1)]
        assert np.abs(correlations).max() < 5 / np.sqrt(1000)

    def test_popularity(self, play):
        """Shares go as rank**-0.8. chi^2, 99 df, n = 50,000; false alarm 1e-6 (control: a = 0.9)."""
        body = {"kind": "poisson", "total_rate": "500/s", "popularity": {"zipf": 0.8}}
        heard = play(body, 100, 100.0)
        observed = np.bincount(heard.clients, minlength=100)

        def p_for(exponent: float) -> float:
            shares = np.arange(1, 101) ** -exponent
            return float(stats.chisquare(observed, shares / shares.sum() * observed.sum()).pvalue)

        assert z_of(len(heard.arrivals), 50_000, 50_000) < 5
        assert p_for(0.8) > 1e-6
        assert p_for(0.9) < 1e-6

    def test_total_rate_without_popularity_is_dealt_equally(self, play):
        """chi^2, 9 df, n = 20,000; false alarm 1e-6."""
        heard = play({"kind": "poisson", "total_rate": "200/s"}, 10, 100.0)
        assert stats.chisquare(np.bincount(heard.clients, minlength=10)).pvalue > 1e-6

    @pytest.mark.parametrize("population", [2000, None])
    def test_drawn_rates(self, play, population):
        """Rates Gamma(mean 0.5, cv 2), drawn once: counts over T have mean m = 0.5 T, variance m + (2 m)^2.

        n = 2000 clients, T = 40 s; 5 s.e. (of the variance: sqrt((m4 - s^4) / n)). Without mixing the
        variance would be 20, not 1620.
        """
        body = {"kind": "poisson", "rate": {"gamma": {"mean": "0.5/s", "cv": 2}}}
        heard = play(body, population, 40.0, opened=range(2000))
        counts = np.bincount(heard.clients, minlength=2000).astype(float)
        variance = 20 + 40**2
        assert z_of(counts.mean(), 20, variance / 2000) < 5
        spread = ((counts - counts.mean()) ** 4).mean() - counts.var() ** 2
        assert z_of(counts.var(ddof=1), variance, spread / 2000) < 5


class TestMmpp:
    BODY: ClassVar = {"kind": "mmpp", "rates": ["20/s", "120/s"], "switching": ["0.5/s", "1/s"]}

    def test_mean_and_dispersion(self, play):
        """Stationary MMPP-2: mean m = 160/3, Var N(t) = m t + 2 s2/r (t - (1 - exp(-r t))/r).

        s2 = 100^2 * 2/9 is the variance of the rate, r = 1.5 the sum of the switching rates.
        (Fischer and Meier-Hellstern 1993.) n = 1000 clients, t = 5 s; each within 5 standard errors (6e-7).
        A Poisson process of that rate has 267 where the theory gives 10,500.
        """
        counts = np.bincount(play(self.BODY, 1000, 5.0).clients, minlength=1000).astype(float)
        mean, r, s2 = 160 / 3, 1.5, 100**2 * 2 / 9
        variance = mean * 5 + 2 * s2 / r * (5 - (1 - np.exp(-5 * r)) / r)
        assert z_of(counts.mean(), mean * 5, variance / 1000) < 5
        spread = ((counts - counts.mean()) ** 4).mean() - counts.var() ** 2
        assert z_of(counts.var(ddof=1), variance, spread / 1000) < 5

    def test_stationary_start(self, play):
        """Phase j starts with probability 1/q_j / sum: the first 50 ms carry 160/3 requests a second as well.

        n = 4000 clients; 5 standard errors (6e-7). Starting all clients in the first phase would give 20.
        """
        counts = np.bincount(play(self.BODY, 4000, 0.05).clients, minlength=4000)
        assert z_of(counts.mean(), 160 / 3 * 0.05, counts.var() / 4000) < 5

    def test_a_phase_path_forgets(self):
        """What has passed is dropped, what lies ahead stays as it was. Exact."""
        path = PhasePath(iter([([1.0, 3.0], [2.0, 0.0])] * 500), 0.0, 900.0)
        whole = [path.integral(t) for t in range(801)]
        ahead = path.inverse(np.array([390.5, 391.5]))
        assert ahead.tolist() == [780.25, 780.75]
        path.forget(780.25)
        assert path.inverse(np.array([390.5, 391.5])).tolist() == ahead.tolist()
        assert [path.integral(t) for t in range(781, 801)] == whole[781:]
        assert len(path._starts) < 20
        assert path.inverse(np.array([1e9])).tolist()[0] >= 900

    def test_three_phases_and_silence(self, play):
        """Cyclic, one silent: mean rate (0 + 10 * 0.5 + 40 * 0.25) / 1.75 = 60/7. n = 500 x 20 s; 5 s.e."""
        body = {"kind": "mmpp", "rates": ["0/s", "10/s", "40/s"], "switching": ["1/s", "2/s", "4/s"]}
        counts = np.bincount(play(body, 500, 20.0).clients, minlength=500)
        assert z_of(counts.mean(), 60 / 7 * 20, counts.var() / 500) < 5


class TestProfiles:
    @pytest.mark.parametrize("peak", [1.0, 1.4, 2.0, 2.5, 8.0, 60.0])
    def test_curve(self, peak):
        """Mean 1 and maximum `peak` to rounding (1e-9); never negative. No randomness."""
        shape = curve(peak)
        assert shape.mean() == pytest.approx(1, abs=1e-9)
        assert shape.max() == pytest.approx(peak, rel=1e-9)
        assert shape.argmax() in {0, 1024}
        assert shape.min() >= 0

    @pytest.mark.parametrize(
        "profile",
        [
            Cycle(curve(1.5), 86_400.0),
            Cycle(curve(2.0), 10.0, 3.0),
            Cycle(curve(2.0), 10.0, 123.4),
            Cycle(curve(20.0), 3.0, 0.7),
            Steps((0.0, 5.0, 6.0), (1.0, 8.0, 1.0)),
            Steps((0.0, 0.0, 6.0), (1.0, 0.25, 1.0)),
        ],
    )
    def test_the_inverse_is_the_inverse(self, profile):
        """integral(inverse(a)) = a over many periods, from integral(0) = 0. To 1e-8; no randomness."""
        areas = np.linspace(0.0, 40.0, 4001)[1:]
        times = profile.inverse(areas)
        assert profile.integral(0.0) == pytest.approx(0, abs=1e-12)
        assert np.all(np.diff(times) > 0)
        assert [profile.integral(t) for t in times] == pytest.approx(areas.tolist(), abs=1e-8)

    def test_a_cycle_is_its_curve(self):
        """The slope of the integral is 1 + 0.5 sin of the angle, phase included. To 1e-4."""
        cycle = Cycle(curve(1.5), 4096.0, 100.0)
        for t in (1.0, 700.25, 2500.5, 4000.75):
            height = (cycle.integral(t + 0.05) - cycle.integral(t - 0.05)) / 0.1
            assert height == pytest.approx(1 + 0.5 * np.sin(2 * np.pi * (t + 100) / 4096), abs=1e-4)

    def test_high_peak_is_a_von_mises_density(self):
        """exp(k sin a) / I0(k) with exp(k) / I0(k) = 2.5 (Mardia and Jupp 2000). Exact to 1e-9."""
        shape = curve(2.5)
        concentration = np.log(shape.max() / shape.min()) / 2
        assert np.exp(concentration) / special.i0(concentration) == pytest.approx(2.5, rel=1e-9)

    @pytest.mark.parametrize(("peak", "population"), [("1.6x", 40), ("2.5x", 40), (2.5, None)])
    def test_diurnal(self, play, peak, population):
        """Counts in 24 bins follow the integral of the curve. chi^2, 23 df, n = 80,000; false alarm 1e-6."""
        body = {"kind": "diurnal", "rate": "10/s", "peak": peak, "period": "50s"}
        heard = play(body, population, 200.0, opened=range(40))
        observed = np.histogram(heard.times % 50, bins=24, range=(0, 50))[0]
        height = float(str(peak).rstrip("x"))

        def rate(t: float) -> float:
            sine = np.sin(2 * np.pi * t / 50)
            if height <= 2:
                return 1 + (height - 1) * sine
            return float(stats.vonmises.pdf(2 * np.pi * t / 50 - np.pi / 2, self.kappa(height)) * 2 * np.pi)

        expected = np.array([integrate.quad(rate, a, a + 50 / 24)[0] for a in np.arange(24) * 50 / 24])
        assert z_of(len(heard.arrivals), 80_000, 80_000) < 5
        assert stats.chisquare(observed, expected / expected.sum() * observed.sum()).pvalue > 1e-6
        at_peak = ((heard.times % 50 > 12) & (heard.times % 50 < 13)).sum()
        assert z_of(at_peak, 400 * height * 4, 400 * height * 4) < 6  # the curve falls by < 1 % from its peak

    @staticmethod
    def kappa(peak: float) -> float:
        from scipy.optimize import brentq

        return float(brentq(lambda k: np.exp(k) / special.i0(k) - peak, 0.01, 50))

    def test_diurnal_phase(self, play):
        """phase = period/4 begins at the peak: the first second is twice as busy. n = 4000; 5 sigma."""
        body = {"kind": "diurnal", "rate": "200/s", "peak": 2, "period": "40s", "phase": "10s"}
        first = (play(body, 10, 1.0).times < 1).sum()
        assert z_of(first, 4000 * 0.998, 4000) < 5

    @pytest.mark.parametrize("population", [20, None])
    def test_spike(self, play, population):
        """Rate R, 8 R in [30, 40), R again: counts 20 R per second and 160 R, each within 5 sigma."""
        body = {"kind": "spike", "rate": "10/s", "factor": 8, "at": "30s", "for": "10s"}
        times = play(body, population, 60.0, opened=range(20)).times
        before, within = (times < 30).sum(), ((times >= 30) & (times < 40)).sum()
        assert z_of(before, 6000, 6000) < 5
        assert z_of(within, 16_000, 16_000) < 5
        assert z_of((times >= 40).sum(), 4000, 4000) < 5
        assert ((times >= 30) & (times < 30.5)).sum() > 600  # it rises at once

    def test_spike_from_the_start(self, play):
        """at: 0s is allowed. n = 800 of rate 80; 5 sigma."""
        body = {"kind": "spike", "rate": "10/s", "factor": 8, "at": "0s", "for": "1s"}
        times = play(body, 10, 2.0).times
        assert z_of((times < 1).sum(), 800, 800) < 5
        assert z_of((times >= 1).sum(), 100, 100) < 5


class TestRenewal:
    @pytest.mark.parametrize(
        ("law", "mean", "cv"),
        [
            ({"erlang": {"k": 2, "mean": "2s"}}, 2.0, np.sqrt(0.5)),
            ({"gamma": {"mean": "1s", "cv": 2}}, 1.0, 2.0),
            ({"hyperexponential": {"weights": [0.5, 0.5], "means": ["1s", "3s"]}}, 2.0, np.sqrt(1.5)),
        ],
    )
    def test_gaps(self, play, law, mean, cv):
        """Gaps (the first from the opening) have the law's mean and cv. n ~ 20,000; 5 s.e. (6e-7).

        Gaps under way at the end are cut off: a bias of less than mean (1 + cv^2) / T, T = 1000 means.
        """
        heard = play({"kind": "renewal", "interarrival": law}, 20, 1000.0 * mean)
        gaps = np.concatenate([np.diff([0.0, *heard.of(client)]) for client in range(20)])
        bias = mean * (1 + cv**2) / 1000
        error = cv * mean / np.sqrt(len(gaps))
        assert abs(gaps.mean() - mean) < 5 * error + bias
        spread = ((gaps - gaps.mean()) ** 4).mean() - gaps.var() ** 2
        assert abs(gaps.var() - (cv * mean) ** 2) < 5 * np.sqrt(spread / len(gaps)) + 10 * bias

    def test_constant_is_exact(self, play):
        """Each request is one gap after the one before: the very sum that ends a service of that length (D/D/1)."""
        times = play({"kind": "renewal", "interarrival": "100ms"}, 1, 1000.0).times
        due = itertools.accumulate(itertools.repeat(0.1))
        assert times.tolist() == list(itertools.takewhile(lambda t: t < 1000.0, due))

    def test_sessions_begin_anew(self, play):
        """A session's first request comes one whole gap after it opens."""
        script = [(2.5, lambda w: w.source.closed(0)), (3.25, lambda w: w.source.opened(0))]
        heard = play({"kind": "renewal", "interarrival": "1s"}, 1, 6.0, script=script)
        assert heard.times.tolist() == [1.0, 2.0, 4.25, 5.25]


class TestClosed:
    def test_begins_with_a_think_time_and_has_one_request_outstanding(self, play):
        """Think 2 s, answers after 0.5 s: requests at 2, 4.5, 7, 9.5 and no others. Exact."""
        heard = play({"kind": "closed", "think_time": "2s"}, 1, 10.0, answer_s=0.5)
        assert heard.times.tolist() == [2.0, 4.5, 7.0, 9.5]

    def test_no_answer_no_next_request(self, play):
        """Without an end of the request there is no second one. Exact."""
        assert len(play({"kind": "closed", "think_time": "1s"}, 3, 100.0).arrivals) == 3

    def test_zero_think_time(self, play):
        """Then the answer alone paces the client. Exact."""
        heard = play({"kind": "closed", "think_time": "0s"}, 1, 4.0, answer_s=1.0)
        assert heard.times.tolist() == [0.0, 1.0, 2.0, 3.0]

    def test_throughput_and_think_law(self, play):
        """Infinite servers: X = N / (Z + S) = 50 / 1.25 = 40/s; think times exponential.

        Renewal CLT over T = 500 s: Var N(T) ~ N T Z^2 / (Z + S)^3; 5 s.e. KS of thinks, n ~ 20,000, 1e-5.
        """
        body = {"kind": "closed", "think_time": {"exponential": "1s"}}
        heard = play(body, 50, 500.0, answer_s=0.25)
        assert z_of(len(heard.arrivals), 40 * 500, 50 * 500 / 1.25**3) < 5
        thinks = np.concatenate([np.diff([-0.25, *heard.of(client)]) - 0.25 for client in range(50)])
        assert stats.kstest(thinks, "expon").pvalue > 1e-5
