"""What the tests of links share: when an estimate agrees with theory, and messages through a path."""

import math

import numpy as np

from simulator.engine.samplers import Fixed
from simulator.links import Line, Path

REPLICATIONS = 20


def agrees(estimates, expected, cap):
    """Whether replications agree with theory, within max(5 standard errors, 0.1 %).

    At 20 replications the false-alarm rate is 1e-4 a call (|t_19| > 5). `cap` is the largest relative
    standard error that may pass: an estimate that is too vague fails loudly, whatever it says.
    """
    values = np.asarray(estimates, dtype=float)
    assert len(values) >= REPLICATIONS
    error = values.std(ddof=1) / math.sqrt(len(values))
    assert error <= cap * abs(expected), f"too vague: standard error {error} of {expected}"
    return abs(values.mean() - expected) <= max(5 * error, 1e-3 * abs(expected))


def constant(seconds=0.0):
    return Fixed(seconds)


def lossy_path(loss, seed, bits_per_s=math.inf):
    return Path(constant(), loss, np.random.default_rng(seed), bits_per_s)


def losses(path, n, line=None):
    """Which of n messages on one line are lost: bool[n]."""
    line = line or Line()
    return np.array([math.isinf(path.transit(line, 0.0, 0.0, 0.0)) for _ in range(n)])
