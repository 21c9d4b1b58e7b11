"""Latency, serialisation and the transmit queue of a path."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.samplers import Blocks, sum_of
from simulator.laws.distributions import Exponential, Lognormal, sampler
from simulator.links import Bernoulli, Line, Path
from tests.links.helpers import REPLICATIONS, agrees, constant, lossy_path


def rng(seed):
    return np.random.default_rng(seed)


def leg_delays(sigma, seed, n=20_000):
    path = Path(sampler(Lognormal(0.020, sigma), rng((53, seed))), None, rng(0))
    line = Line()
    return np.array([path.transit(line, 128.0, 0.0, 0.0) for _ in range(n)])


def test_lognormal_latency_has_the_mean_and_percentile_of_theory():
    """Median 20 ms, sigma .5: mean 20 exp(.125) = 22.66 ms, two legs 45.33, p99 20 exp(.5 z.99) = 64.00 ms.

    n = 20 x 20,000 messages; false alarm 1e-4 for each of three statements.
    """
    legs = [leg_delays(0.5, seed) for seed in range(REPLICATIONS)]
    assert agrees([leg.mean() for leg in legs], 0.02266297, cap=0.002)
    assert agrees([(leg[::2] + leg[1::2]).mean() for leg in legs], 0.04532594, cap=0.002)
    assert agrees([np.percentile(leg, 99) for leg in legs], 0.0640027, cap=0.004)


def test_a_variance_passed_as_a_standard_deviation_is_caught():
    """Negative control: sigma^2 where sigma belongs gives a mean of 20.63 ms; the check refuses it."""
    legs = [leg_delays(0.5**2, seed) for seed in range(REPLICATIONS)]
    assert not agrees([leg.mean() for leg in legs], 0.02266297, cap=0.002)


@pytest.mark.parametrize(
    ("size_bytes", "bits_per_s", "expected_s"),
    [(1500, 10e6, 0.001200), (65536, 100e6, 0.00524288), (0, 10e6, 0.0)],
)
def test_serialisation_takes_size_over_bandwidth(size_bytes, bits_per_s, expected_s):
    path = Path(constant(), None, rng(0), bits_per_s)
    assert path.transit(Line(), size_bytes, 7.0, 0.0) == pytest.approx(expected_s, rel=1e-12)
    assert path.counters().wait_sum_s == 0.0


def queue_wait(seed, n=60_000, warm_up=4_000):
    """Mean wait of 1500 B packets at 10 Mbit/s, Poisson arrivals at load .8."""
    path = Path(constant(), None, rng(0), 10e6)
    line, before = Line(), None
    arrivals = np.cumsum(rng((55, seed)).exponential(0.0012 / 0.8, n)).tolist()
    for i, now_s in enumerate(arrivals):
        if i == warm_up:
            before = path.counters()
        path.transit(line, 1500.0, now_s, 0.0)
    return path.counters().since(before).mean_wait_s


def test_the_transmit_queue_waits_as_an_md1_queue():
    """M/D/1: wait = rho D / (2 (1 - rho)) = .8 x 1.2 ms / .4 = 2.400 ms; n = 20 x 56,000 (1e-4)."""
    assert agrees([queue_wait(seed) for seed in range(REPLICATIONS)], 0.0024, cap=0.012)


def test_lines_of_one_path_have_queues_of_their_own():
    path = Path(constant(), None, rng(0), 8e6)
    first, second = Line(), Line()
    assert path.transit(first, 1000.0, 0.0, 0.0) == pytest.approx(0.001)
    assert path.transit(second, 1000.0, 0.0, 0.0) == pytest.approx(0.001)
    assert path.transit(first, 1000.0, 0.0, 0.0) == pytest.approx(0.002)
    counters = path.counters()
    assert counters.limited_sent == 3
    assert counters.wait_sum_s == pytest.approx(0.001)


def test_a_message_without_size_waits_its_turn_but_takes_no_time():
    path, line = Path(constant(), None, rng(0), 8e6), Line()
    path.transit(line, 1000.0, 0.0, 0.0)
    assert path.transit(line, 0.0, 0.0, 0.0) == pytest.approx(0.001)
    assert line.free_at_s == pytest.approx(0.001)


def test_a_lost_message_takes_its_place_in_the_queue():
    path, line = Path(constant(), Bernoulli(ratio="100%"), rng(0), 8e6), Line()
    assert path.transit(line, 1000.0, 0.0, 0.0) == math.inf
    assert line.free_at_s == pytest.approx(0.001)


def test_messages_overtake_each_other_under_way_but_not_in_the_queue():
    """Latencies are independent draws, so arrivals can swap; with a constant latency they never do."""
    slow_then_fast = Blocks(lambda _: [0.050, 0.010])
    path, line = Path(slow_then_fast, None, rng(0), 8e6), Line()
    first, second = path.transit(line, 1000.0, 0.0, 0.0), 0.0001 + path.transit(line, 1000.0, 0.0001, 0.0)
    assert second < first


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.01), st.integers(0, 5000), st.sampled_from(["none", "slower", "faster"]))))
def test_whatever_happens_to_the_bandwidth_messages_leave_in_order(steps):
    """FIFO at constant latency: departures never go back by more than rounding."""
    path, line = Path(constant(), None, rng(0), 10e6), Line()
    now_s, last, slowed = 0.0, 0.0, False
    for gap_s, size_bytes, change in steps:
        now_s += gap_s
        if change == "slower" and not slowed:
            path.degrade("d", bits_per_s=1e5)
            slowed = True
        elif change == "faster" and slowed:
            path.restore("d")
            slowed = False
        leaves = now_s + path.transit(line, size_bytes, now_s, 0.0)
        assert leaves >= last - 1e-12
        last = leaves


def test_a_backlog_outlives_the_limit_that_caused_it():
    """When a limit of 8 kbit/s ends, messages wait behind what is queued, and count; then none does."""
    path, line = lossy_path(None, 0), Line()
    path.degrade("d", bits_per_s=8e3)
    assert path.transit(line, 1000.0, 0.0, 0.0) == pytest.approx(1.0)
    path.restore("d")
    assert path.transit(line, 1000.0, 0.25, 0.0) == pytest.approx(0.75)
    assert path.transit(line, 1000.0, 2.0, 0.0) == 0.0
    counters = path.counters()
    assert (counters.limited_sent, counters.wait_sum_s) == (2, pytest.approx(0.75))


def test_the_constant_part_is_the_callers_and_sums_of_draws_add_up():
    path = Path(sum_of(constant(0.001), constant(0.002), constant(0.004)), None, rng(0))
    assert path.transit(Line(), 100.0, 0.0, 0.5) == pytest.approx(0.507)
    assert sum_of()() == 0.0
    one = sampler(Exponential(0.01), rng(3))
    both = sum_of(sampler(Exponential(0.01), rng(3)), constant(1.0))
    assert [both() for _ in range(50)] == pytest.approx([1.0 + one() for _ in range(50)])


def test_latencies_stay_aligned_whatever_is_lost():
    """Common random numbers: the messages that get through meet the same latencies with and without loss."""

    def delays(loss):
        path, line = Path(sampler(Exponential(0.01), rng(8)), loss, rng(9)), Line()
        return np.array([path.transit(line, 10.0, 0.0, 0.0) for _ in range(2000)])

    clean, lossy = delays(None), delays(Bernoulli(ratio="10%"))
    arrived = np.isfinite(lossy)
    assert 0 < arrived.sum() < 2000
    assert (clean[arrived] == lossy[arrived]).all()


@pytest.mark.parametrize("bits_per_s", [0.0, -1.0, math.nan])
def test_a_bandwidth_must_be_positive(bits_per_s):
    with pytest.raises(ValueError, match="above 0 bit/s"):
        Path(constant(), None, rng(0), bits_per_s)
    with pytest.raises(ValueError, match="above 0 bit/s"):
        lossy_path(None, 0).degrade("d", bits_per_s=bits_per_s)
