"""The published rule: every threshold from both sides and exactly at it, against the table of docs/model.md."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from simulator.sam import StickinessRule, adjust_stickiness

LATENCIES = [
    (None, 0),
    (math.nan, 0),
    (0.0, 10),
    (0.0499, 10),
    (0.05, 0),
    (0.1, 0),
    (0.2, 0),
    (0.2001, -10),
    (9.0, -10),
]
RATES = [(0.0, -5), (9.99, -5), (10.0, 0), (50.0, 0), (100.0, 0), (100.1, 5), (1e6, 5)]
ERRORS = [(0.0, 10), (0.0099, 10), (0.01, 0), (0.03, 0), (0.05, 0), (0.0501, -15), (1.0, -15)]
ALL = list(itertools.product(LATENCIES, RATES, ERRORS))


@pytest.mark.parametrize("weight", [None, 0, 3, 50, 97, 100])
def test_every_combination_of_terms(weight):
    """Base (50, or the previous weight) plus the three terms, clamped to 0..100; exactly at a threshold adds 0."""
    for (latency_s, a), (rate_per_s, b), (error_ratio, c) in ALL:
        new = adjust_stickiness(
            network_latency_s=latency_s, request_rate_per_s=rate_per_s, error_ratio=error_ratio, weight=weight
        )
        assert new == min(100, max(0, (50 if weight is None else weight) + a + b + c))


def test_from_the_base_the_weight_is_within_20_to_75():
    reached = {
        adjust_stickiness(network_latency_s=latency_s, request_rate_per_s=rate_per_s, error_ratio=error_ratio)
        for (latency_s, _), (rate_per_s, _), (error_ratio, _) in ALL
    }
    assert (min(reached), max(reached)) == (20, 75)


def test_whole_weights_are_ints_and_others_are_not_rounded():
    calm = {"network_latency_s": 0.1, "request_rate_per_s": 50.0, "error_ratio": 0.03}
    assert isinstance(adjust_stickiness(**calm), int)
    assert adjust_stickiness(**calm, weight=33.25) == 33.25


def test_every_threshold_and_step_can_be_set():
    """One rule with thresholds and steps of its own, at either side of each."""
    rule = StickinessRule(
        base=20.0, latency_low_s=1.0, latency_high_s=2.0, rate_low_per_s=3.0, rate_high_per_s=4.0, error_low_ratio=0.1,
        error_high_ratio=0.2, latency_low_step=1.0, latency_high_step=2.0, rate_low_step=4.0, rate_high_step=8.0,
        error_low_step=16.0, error_high_step=32.0,
    )  # fmt: skip
    cases = {(0.9, 2.9, 0.09): 41, (2.1, 4.1, 0.21): 62, (1.0, 3.0, 0.1): 20, (2.0, 4.0, 0.2): 20}
    for (latency_s, rate_per_s, error_ratio), expected in cases.items():
        assert expected == adjust_stickiness(
            network_latency_s=latency_s, request_rate_per_s=rate_per_s, error_ratio=error_ratio, rule=rule
        )


def test_many_sessions_at_once_are_as_one_by_one():
    rng = np.random.default_rng(1)
    start, latency_s = rng.uniform(0, 100, 200), rng.choice([0.01, 0.05, 0.1, 0.2, 0.3, math.nan], 200)
    rate_per_s, error_ratio = (
        rng.choice([1.0, 10.0, 50.0, 100.0, 200.0], 200),
        rng.choice([0, 0.01, 0.02, 0.05, 0.5], 200),
    )
    together = StickinessRule().weights(start, latency_s, rate_per_s, error_ratio)
    assert together.tolist() == [
        adjust_stickiness(network_latency_s=latency, request_rate_per_s=rate, error_ratio=error, weight=weight)
        for weight, latency, rate, error in zip(start, latency_s, rate_per_s, error_ratio, strict=True)
    ]


GOOD = {"network_latency_s": 0.1, "request_rate_per_s": 50.0, "error_ratio": 0.03}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("network_latency_s", -0.001, "network_latency_s must be seconds >= 0"),
        ("network_latency_s", math.inf, "network_latency_s must be seconds >= 0"),
        ("request_rate_per_s", -1.0, "request_rate_per_s must be a rate >= 0"),
        ("request_rate_per_s", math.inf, "request_rate_per_s must be a rate >= 0"),
        ("request_rate_per_s", math.nan, "request_rate_per_s must be a rate >= 0"),
        ("error_ratio", -0.01, "error_ratio must be within 0..1"),
        ("error_ratio", 1.01, "error_ratio must be within 0..1"),
        ("error_ratio", math.nan, "error_ratio must be within 0..1"),
        ("weight", -0.1, "weight must be within 0..100"),
        ("weight", 100.1, "weight must be within 0..100"),
        ("weight", math.nan, "weight must be within 0..100"),
    ],
)
def test_what_cannot_have_been_measured_is_refused(name, value, message):
    with pytest.raises(ValueError, match=message):
        adjust_stickiness(**(GOOD | {name: value}))


def test_a_rule_does_not_change():
    """It is shared by all sessions of a world."""
    with pytest.raises(AttributeError):
        StickinessRule().base = 60.0
