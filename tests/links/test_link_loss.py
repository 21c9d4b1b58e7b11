"""Loss: Bernoulli by gaps, Gilbert-Elliott by steps, and what the counters say of them."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from simulator.links import Bernoulli, GilbertElliott, Line
from simulator.links import path as path_module
from tests.links.helpers import REPLICATIONS, agrees, losses, lossy_path

ALPHA = 1e-4
"""False-alarm rate of each chi-square test here (fixed seeds: it passes always or never)."""
GILBERT = GilbertElliott(p="1%", r="25%")
ELLIOTT = GilbertElliott(good_to_bad="0.5%", bad_to_good="10%", pass_good="99.9%", pass_bad="50%")


def test_gilbert_loss_comes_in_bursts_of_the_mean_of_theory():
    """p .01, r .25, all or nothing: loss p/(p+r) = .03846, burst 1/r = 4.000, three in a row .02163.

    n = 20 x 100,000 messages; false alarm 1e-4 for each of three statements.
    """
    ratio, burst, three = [], [], []
    for seed in range(REPLICATIONS):
        path = lossy_path(GILBERT, (56, seed))
        lost = losses(path, 100_000)
        ratio.append(path.counters().loss_ratio)
        burst.append(path.counters().mean_burst)
        three.append((lost[:-2] & lost[1:-1] & lost[2:]).mean())
    assert agrees(ratio, 0.0384615, cap=0.015)
    assert agrees(burst, 4.0, cap=0.01)
    assert agrees(three, 0.0216346, cap=0.02)


def elliott_estimates(model, seed, n=100_000):
    lost = losses(lossy_path(model, (57, seed)), n)
    return lost.mean(), lost[1:][lost[:-1]].mean()


def test_elliott_loss_after_loss():
    """p .005, r .1, k .999, h .5: loss .02476; P(loss after loss) .4329, from the chain's matrix.

    n = 20 x 100,000 messages; false alarm 1e-4 for each of two statements.
    """
    stationary, step, loses = (
        np.array([20, 1]) / 21,
        np.array([[0.995, 0.005], [0.1, 0.9]]),
        np.array([0.001, 0.5]),
    )
    mean = stationary @ loses
    after = (stationary * loses) @ step @ loses / mean
    assert (mean, after) == (pytest.approx(0.02476, abs=5e-6), pytest.approx(0.4329, abs=5e-5))
    assert pytest.approx(mean) == ELLIOTT.mean_ratio
    ratio, loss_after_loss = zip(*(elliott_estimates(ELLIOTT, seed) for seed in range(REPLICATIONS)), strict=True)
    assert agrees(ratio, mean, cap=0.015)
    assert agrees(loss_after_loss, after, cap=0.015)


def test_swapped_parameters_are_caught():
    """Negative control: pass ratios swapped (k for h) fail the check of the loss ratio."""
    wrong = GilbertElliott(p=0.005, r=0.1, k=0.5, h=0.999)
    assert not agrees([elliott_estimates(wrong, seed, 20_000)[0] for seed in range(REPLICATIONS)], 0.02476, cap=1.0)


def scripted(*numbers):
    script = iter(numbers)
    return lambda: next(script)


def test_a_link_steps_first_and_draws_then():
    """Script: start good (.9), step to bad (.0 < p), draw in the bad state (.5 >= h = 0: lost).

    Drawing before stepping has the same law from a stationary start, so no statistic can tell; it would pass
    this message (the good state loses nothing): the negative control below is that order written out.
    """
    assert GILBERT.process(scripted(0.9, 0.0, 0.5))() is True

    def draw_then_step(uniform):
        bad = uniform() < GILBERT.bad_share
        lost = uniform() >= (GILBERT.pass_bad if bad else GILBERT.pass_good)
        uniform()
        return lost

    assert draw_then_step(scripted(0.9, 0.0, 0.5)) is False
    stays_bad_then_recovers = GILBERT.process(scripted(0.0, 0.74, 0.5, 0.76, 0.5))
    assert [stays_bad_then_recovers(), stays_bad_then_recovers()] == [True, False]


def test_a_link_starts_in_the_stationary_state():
    """The first message of 20 x 20,000 fresh links is lost as often as any: .03846 (a good start: .01)."""
    shares = []
    for seed in range(REPLICATIONS):
        path = lossy_path(GILBERT, (1, seed))
        shares.append(np.mean([math.isinf(path.transit(Line(), 0.0, 0.0, 0.0)) for _ in range(20_000)]))
    assert agrees(shares, 0.0384615, cap=0.01)


def test_each_line_has_a_chain_of_its_own():
    """Bursts are those of a line (4.000) though 49 others send between; n = 20 x 100,000 (1e-4)."""
    bursts = []
    for seed in range(REPLICATIONS):
        path, lines = lossy_path(GILBERT, (2, seed)), [Line() for _ in range(50)]
        for _ in range(2_000):
            for line in lines:
                path.transit(line, 0.0, 0.0, 0.0)
        bursts.append(path.counters().mean_burst)
    assert agrees(bursts, 4.0, cap=0.01)


def test_a_round_trip_over_two_lossy_legs():
    """2 % a leg: 1 - .98^2 = .0396 a round trip; with 3 retries 1 + q + q^2 + q^3 = 1.0412 sends a request.

    n = 20 x 30,000 requests; false alarm 1e-4 for each of two statements.
    """
    failed, sends = [], []
    for seed in range(REPLICATIONS):
        there, back = (lossy_path(Bernoulli(ratio="2%"), (59, seed, leg)) for leg in (0, 1))
        out, home = Line(), Line()
        attempts = lost = 0
        for _ in range(30_000):
            for _ in range(4):
                attempts += 1
                if math.isfinite(there.transit(out, 0, 0, 0)) and math.isfinite(back.transit(home, 0, 0, 0)):
                    break
                lost += 1
        failed.append(lost / attempts)
        sends.append(attempts / 30_000)
    assert agrees(failed, 0.0396, cap=0.01)
    assert agrees(sends, 1.04122, cap=0.001)


def gap_counts(gaps, ratio):
    """Observed and expected counts of gaps in cells of a geometric law, each expected at least 5 times."""
    law = stats.geom(ratio)
    edges = sorted({int(law.ppf(q)) for q in np.linspace(0, 1, 21)[1:-1]})
    bounds = np.array([0, *edges, np.inf])
    share = np.diff([*(law.cdf(b) for b in bounds[:-1]), 1.0])
    observed = np.array([((gaps > low) & (gaps <= high)).sum() for low, high in pairwise(bounds)])
    return observed, share * len(gaps)


@pytest.mark.parametrize(("ratio", "n"), [(0.002, 1_000_000), (0.05, 200_000), (0.5, 50_000), (0.97, 50_000)])
def test_gaps_between_losses_are_geometric(ratio, n):
    """The skip has the law of one draw a message: chi-square of the gaps, alpha 1e-4."""
    gaps = np.diff(np.flatnonzero(losses(lossy_path(Bernoulli(ratio=ratio), 11), n)))
    assert stats.chisquare(*gap_counts(gaps, ratio)).pvalue > ALPHA


def test_a_line_that_sees_every_third_message_has_independent_losses_too():
    """Losses of each of three interleaved lines, 40 by 40, are binomial(40, .1); chi-square, alpha 1e-4."""
    path, lines = lossy_path(Bernoulli(ratio="10%"), 12), [Line(), Line(), Line()]
    lost = np.array([[math.isinf(path.transit(line, 0.0, 0.0, 0.0)) for line in lines] for _ in range(80_000)])
    for column in lost.T:
        per_block = column.reshape(-1, 40).sum(axis=1).clip(0, 10)
        expected = np.array([*stats.binom.pmf(range(10), 40, 0.1), stats.binom.sf(9, 40, 0.1)]) * len(per_block)
        assert stats.chisquare(np.bincount(per_block, minlength=11), expected).pvalue > ALPHA


def test_skipping_and_drawing_each_message_agree():
    """Two-sample chi-square of losses in blocks of 50, by gaps and by one draw a message; alpha 1e-4."""
    model = Bernoulli(ratio="4%")
    one_by_one = model.process(np.random.default_rng(14).random)
    by_gaps = losses(lossy_path(model, 13), 200_000)
    by_draws = np.array([one_by_one() for _ in range(200_000)])
    blocks = [np.bincount(x.reshape(-1, 50).sum(axis=1).clip(0, 7), minlength=8) for x in (by_gaps, by_draws)]
    assert stats.chi2_contingency(blocks).pvalue > ALPHA


def test_a_gap_beyond_the_horizon_is_drawn_again_there(monkeypatch):
    """With a horizon of 30 messages and mean gaps of 100, the gaps are still geometric; alpha 1e-4."""
    monkeypatch.setattr(path_module, "_HORIZON", 30)
    path = lossy_path(Bernoulli(ratio="1%"), 15)
    gaps = np.diff(np.flatnonzero(losses(path, 200_000)))
    assert stats.chisquare(*gap_counts(gaps, 0.01)).pvalue > ALPHA
    assert path.counters().sent == 200_000
    clean = lossy_path(None, 0)
    assert not losses(clean, 1000).any()
    assert clean.sent == 1000


@pytest.mark.parametrize(("loss", "lost"), [(None, 0), (Bernoulli(ratio=0), 0), (Bernoulli(ratio=1), 500)])
def test_nothing_and_everything(loss, lost):
    path = lossy_path(loss, 3)
    assert losses(path, 500).sum() == lost
    counters = path.counters()
    assert (counters.sent, counters.lost) == (500, lost)
    assert counters.lossy_sent == (500 if lost else 0)
    assert math.isnan(counters.loss_ratio) == (lost == 0)


@pytest.mark.parametrize("loss", [Bernoulli(ratio="30%"), GILBERT], ids=["bernoulli", "gilbert"])
@pytest.mark.parametrize("bits_per_s", [math.inf, 1e6])
def test_counters_tell_what_happened(loss, bits_per_s):
    """Counted against the outcomes themselves, by line: losses, and runs of losses."""
    path, lines = lossy_path(loss, 4, bits_per_s), [Line() for _ in range(3)]
    lost = np.array([[math.isinf(path.transit(line, 10.0, 0.0, 0.0)) for line in lines] for _ in range(3000)])
    before = np.vstack([np.zeros(3, dtype=bool), lost[:-1]])
    counters = path.counters()
    assert counters.sent == counters.lossy_sent == 9000
    assert counters.lost == lost.sum()
    assert counters.bursts == (lost & ~before).sum()
    assert counters.mean_burst == pytest.approx(counters.lost / counters.bursts)
    assert counters.limited_sent == (0 if math.isinf(bits_per_s) else 9000)
    assert counters.plus(counters).since(counters) == pytest.approx(counters)


def test_the_same_seed_gives_the_same_losses():
    for model in (Bernoulli(ratio="3%"), GILBERT):
        assert (losses(lossy_path(model, 5), 5000) == losses(lossy_path(model, 5), 5000)).all()
