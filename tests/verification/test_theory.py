"""The formulas of the suite against printed digits, to a unit of the last one: nothing is simulated, no false alarm."""

import math

import pytest

from simulator.verification.theory import (
    affinity,
    availability,
    caching,
    dispatch,
    leases,
    networks,
    queueing,
    stickiness,
)

MM1, MM4 = queueing.mmc(80, 100, 1), queueing.mmc(320, 100, 4)
K80, K120 = queueing.mmck(80, 100, 1, 10), queueing.mmck(120, 100, 1, 10)
HELD = queueing.mg1(40, 0.014, 2 * 0.005**2 + 0.3 * (2 * 0.005 * 0.03 + 0.03**2))
MMPP = queueing.mmpp_m_1((20, 120), (0.5, 1), 100)
ONE, TWO = queueing.finite_source(20, 1, 0.05, 1), queueing.finite_source(50, 2, 0.05, 2)
NETWORK = queueing.mva(30, 1, [0.02, 0.02])
TIERS3, TIERS4 = caching.exponential_tiers(3, 1 / 3, 0.6, 5, 60), caching.exponential_tiers(4, 0.75, 1, 5, 60)
COALESCED = caching.coalesced(1, 5, 0.2)
OPEN = leases.open_renewals_per_s(0.5, 60, 30, 10, 1)
GILBERT, ELLIOTT = networks.GilbertElliottChain(0.01, 0.25), networks.GilbertElliottChain(0.005, 0.1, 0.999, 0.5)
LOST = networks.round_trip_loss
TWO_PERCENT = networks.RetryTheory(LOST(0.02), 3, 0.05, 0.2, lambda j: min(1.6, 0.1 * 2**j))
TEN_PERCENT = networks.RetryTheory(LOST(0.1), 2, 0.05, 0.2, lambda j: 0.1)
OUTAGE = availability.seen_outage_s(1, 3, 50)
CHAIN = affinity.cumulative_law((0.3, 0.4, 0.3), (0.2, 0.5, 0.3), (0.5, 0.2, 0.3))
SHARES = stickiness.shares_of_sticky_edges([0.75, 0.5, 0.25])

PRINTED = [
    ("1 W", MM1.sojourn_s, ".05000"), ("1 Wq", MM1.wait_s, ".04000"), ("1 L", MM1.number, "4.000"),
    ("1 p50", queueing.mm1_sojourn_percentile(80, 100, 0.5), ".03466"),
    ("1 p95", queueing.mm1_sojourn_percentile(80, 100, 0.95), ".1498"),
    ("1 p99", queueing.mm1_sojourn_percentile(80, 100, 0.99), ".2303"),
    ("3 P(wait)", MM4.p_wait, ".5964"), ("3 Wq", MM4.wait_s, ".007455"), ("3 W", MM4.sojourn_s, ".01746"),
    ("6 c 10", queueing.erlang_b(10, 10), ".2146"), ("6 c 4", queueing.erlang_b(3.2, 4), ".2281"),
    ("8 blocked", K80.p_blocked, ".02349"), ("8 L", K80.number, "2.966"), ("8 W", K80.sojourn_s, ".03797"),
    ("9 blocked", K120.p_blocked, ".1926"), ("9 L", K120.number, "6.711"), ("9 W", K120.sojourn_s, ".06926"),
    ("11 constant", queueing.mg1(80, 0.01, 1.0e-4).wait_s, ".02000"),
    ("11 Erlang-4", queueing.mg1(80, 0.01, 1.25e-4).wait_s, ".02500"),
    ("11 exponential", queueing.mg1(80, 0.01, 2e-4).wait_s, ".04000"),
    ("11 c2 4", queueing.mg1(80, 0.01, 5e-4).wait_s, ".1000"),
    ("13 Wq", HELD.wait_s, ".01864"), ("13 W", HELD.sojourn_s, ".03264"),
    ("15", queueing.mmc(300, 100, 4).sojourn_s + 0.3 * queueing.mmc(90, 150, 1).sojourn_s, ".02009"),
    ("17 X", ONE[0], "16.82"), ("17 R", ONE[1], ".1889"), ("17 U", ONE[2], ".8411"),
    ("18 X", TWO[0], "24.10"),
    ("18 R", TWO[1], ".07461"),
    ("20 X", NETWORK[0], "27.70"),
    ("20 R", NETWORK[1], ".08319"),
    ("22 L", MMPP.number, "12.25"), ("22 W", MMPP.sojourn_s, ".2296"),
    ("27 1", caching.fixed_ttl(1), ".5000"), ("27 5", caching.fixed_ttl(5), ".8333"),
    ("28 1", caching.sliding_ttl(1), ".6321"), ("28 5", caching.sliding_ttl(5), ".9933"),
    ("110 stale", caching.updated_elsewhere(2, 0.4, 5)[0], ".3161"),
    ("110 hit", caching.updated_elsewhere(2, 0.4, 5)[1], ".9116"),
    ("30 fixed", caching.fixed_ttl(caching.erlang_renewals(2, 2, 5)), ".6923"),
    ("30 sliding", caching.erlang_gap_below(2, 2, 5), ".9596"),
    ("33 hit", COALESCED[0], ".8065"), ("33 delayed", COALESCED[1], ".03226"), ("33 miss", COALESCED[2], ".1613"),
    ("34 C100", caching.che_lru(caching.zipf(10_000, 0.8), 100), ".15663"),
    ("34 C1000", caching.che_lru(caching.zipf(10_000, 0.8), 1000), ".43666"),
    ("35 C100", caching.che_fifo(caching.zipf(10_000, 0.8), 100), ".13363"),
    ("35 C1000", caching.che_fifo(caching.zipf(10_000, 0.8), 1000), ".39418"),
    ("37 LRU 4", caching.exact_lru(caching.zipf(4, 1.0), 2), ".603846"),
    ("37 FIFO 4", caching.exact_fifo(caching.zipf(4, 1.0), 2), ".588571"),
    ("37 LRU 5", caching.exact_lru(caching.zipf(5, 0.8), 2), ".477098"),
    ("37 FIFO 5", caching.exact_fifo(caching.zipf(5, 0.8), 2), ".467214"),
    ("40 T 1", caching.lru_with_sliding_ttl(caching.zipf(10_000, 0.8), 1000, 500, 1), ".3002"),
    ("40 T 4", caching.lru_with_sliding_ttl(caching.zipf(10_000, 0.8), 1000, 500, 4), ".4367"),
    ("41 h1", caching.fixed_ttl(5), ".8333"), ("41 h2", caching.second_tier_fixed(1, 5, 60), ".9049"),
    ("43", 1 / 16, ".0625"),
    ("44 h1", TIERS3[0], ".5000"), ("44 h2", TIERS3[1], ".94695"), ("44 storage", TIERS3[2], ".015915"),
    ("n4 h1", TIERS4[0], ".68627"), ("n4 h2", TIERS4[1], ".94918"), ("n4 storage", TIERS4[2], ".015942"),
    ("K10", stickiness.cold_start(0.75, 4, 5, 10), ".7140"), ("K20", stickiness.cold_start(0.75, 4, 5, 20), ".7646"),
    ("K100", stickiness.cold_start(0.75, 4, 5, 100), ".8052"),
    ("48 1", leases.relative_load(0.864, 1), ".5632"), ("48 5", leases.relative_load(0.864, 5), ".1912"),
    ("48 10", leases.relative_load(0.864, 10), ".1047"), ("48 30", leases.relative_load(0.864, 30), ".03727"),
    ("49 N20", leases.renewals_per_s(20, 30, 10, 1), "1.000"),
    ("49 b20", leases.batches_per_s(20, 30, 10, 1), ".6415"),
    ("49 N1000", leases.renewals_per_s(1000, 30, 10, 1), "50"),
    ("49 b1000", leases.batches_per_s(1000, 30, 10, 1), "1.000"),
    ("49 mean", 1 / leases.batches_per_s(20, 30, 10, 1), "1.559"),
    ("50", OPEN, "1.2534"), ("50 batches", leases.open_batches_per_s(OPEN, 1), ".7145"),
    ("51 a 1", leases.lapse_ratio(LOST(0.05), 1), ".0975"), ("51 a 2", leases.lapse_ratio(LOST(0.05), 2), ".009506"),
    ("51 a 3", leases.lapse_ratio(LOST(0.05), 3), "9.269e-4"),
    ("53 mean", 1e3 * networks.lognormal_mean(0.02, 0.5), "22.66"),
    ("53 legs", 2e3 * networks.lognormal_mean(0.02, 0.5), "45.33"),
    ("53 p99", 1e3 * networks.lognormal_percentile(0.02, 0.5, 0.99), "64.00"),
    ("54 a", 1e3 * networks.transmission_s(1500, 10e6), "1.200"),
    ("54 b", 1e3 * networks.transmission_s(65536, 100e6), "5.243"),
    ("55", 1e3 * networks.md1_wait_s(0.8, 0.0012), "2.400"),
    ("56 loss", GILBERT.loss, ".03846"),
    ("56 burst", GILBERT.mean_burst, "4.000"),
    ("56 three", GILBERT.lost_in_a_row(3), ".02163"),
    ("57 loss", ELLIOTT.loss, ".02476"), ("57 after", ELLIOTT.loss_after_loss, ".4329"),
    ("59", TWO_PERCENT.attempts, "1.0412"),
    ("60", TEN_PERCENT.attempts, "1.2261"),
    ("60 failed", TEN_PERCENT.failed, ".006859"),
    ("61", 1e3 * TWO_PERCENT.ok_latency_s, "62.54"), ("61 failure", TWO_PERCENT.failed_latency_s, "1.500"),
    ("70", stickiness.same_edge_after(0.75, 4, 3), ".4722"),
    ("72 a", SHARES[0], ".5455"), ("72 b", SHARES[1], ".2727"), ("72 c", SHARES[2], ".1818"),
    ("73 100", dispatch.expected_maximum(100, 10), "15.125"),
    ("73 1000", dispatch.expected_maximum(1000, 10), "115.66"),
    ("80", availability.steady(1000, 50), ".95238"), ("82", availability.detection_mean_s(1, 3), "2.500"),
    ("83", OUTAGE, "2.4377"), ("84", availability.seen_unavailability(1000, OUTAGE), ".002432"),
    ("84 stay", 1 - availability.steady(1000, 50), ".04762"), ("85", 50 * OUTAGE, "121.9"),
    ("SAM mean", sum(w * c for w, c in CHAIN.items()), "50.54"),
    ("SAM 100", CHAIN[100], ".1064"),
    ("SAM 0", CHAIN[0], ".0960"),
    ("CRN", queueing.mmc(0.7, 1, 1).wait_s - queueing.mmc(0.7, 1.1, 1).wait_s, ".7424"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "printed"), [pytest.param(v, p, id=name) for name, v, p in PRINTED])
def test_formula_gives_the_printed_digits(value, printed):
    mantissa, _, exponent = printed.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    assert abs(value - float(printed)) < unit  # some are printed rounded up


@pytest.mark.parametrize(
    ("p", "sliding_follow", "fixed_follow", "sliding_home", "fixed_home"),
    [
        (0.25, 0.71350, 0.55556, 0.71350, 0.55556), (0.5, 0.73655, 0.61710, 0.74166, 0.58442),
        (0.75, 0.81531, 0.71154, 0.81755, 0.66563), (0.9, 0.90639, 0.78365, 0.90535, 0.75065),
        (1.0, 0.99326, 0.83333, 0.99326, 0.83333),
    ],
)  # fmt: skip
def test_stickiness_table(p, sliding_follow, fixed_follow, sliding_home, fixed_home):
    """n 4, λ 1/s, T 5 s; at p = 1/n an excursion and a move are the same, and at p = 1 there is neither."""
    assert stickiness.sliding_follow(p, 4, 5) == pytest.approx(sliding_follow, abs=6e-6)
    assert stickiness.fixed_follow(p, 4, 5) == pytest.approx(fixed_follow, abs=6e-6)
    assert stickiness.sliding_home(p, 4, 5) == pytest.approx(sliding_home, abs=6e-6)
    assert stickiness.fixed_home(p, 4, 5) == pytest.approx(fixed_home, abs=6e-6)


def test_limits_of_the_formulas_agree_with_each_other():
    """M/M/c/K with much room is M/M/c; MMPP with equal rates is M/M/1; one edge is a plain TTL; p = 1/n is thinning."""
    assert queueing.mmck(80, 100, 1, 400).sojourn_s == pytest.approx(MM1.sojourn_s)
    assert queueing.mmck(10, 1, 10, 10).p_blocked == pytest.approx(queueing.erlang_b(10, 10))
    assert queueing.mmpp_m_1((80, 80), (1, 2), 100).sojourn_s == pytest.approx(MM1.sojourn_s)
    assert queueing.finite_source(30, 1, 0.04, 1)[0] == pytest.approx(queueing.mva(30, 1, [0.04])[0])
    assert caching.exponential_tiers(1, 1.0, 1, 5, 1e12)[0] == pytest.approx(5 / 6)
    assert caching.erlang_renewals(1, 1, 5) == pytest.approx(5)
    assert stickiness.cold_start(0.75, 4, 5, 20_000) == pytest.approx(stickiness.sliding_follow(0.75, 4, 5), abs=2e-4)
    assert stickiness.sliding_follow(0.25, 4, 5) == pytest.approx(1 - math.exp(-5 / 4))
    assert dispatch.expected_maximum(2, 2) == pytest.approx(1.5)
    assert sum(CHAIN.values()) == pytest.approx(1)
