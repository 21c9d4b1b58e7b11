"""Each swap keeps what it does not replace."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.fitting import swaps
from simulator.fitting.cut import cut
from simulator.fitting.fit import fit
from tests.fitting.synthetic import in_sessions


@pytest.fixture(scope="module")
def drawn():
    """A fit and the cut of the log that it was fitted to: a swap then changes nothing on average."""
    log = in_sessions(np.random.default_rng(1), np.full(200, 0.02), 3, 600.0, 2 * 86_400.0)
    return fit(log), cut(log, 1800.0)


@pytest.mark.parametrize("part", list(swaps.SESSIONS))
def test_a_part_that_is_right_changes_little(drawn, part):
    fitted, real = drawn
    time_s, client = swaps.SESSIONS[part](fitted, real, np.random.default_rng(2))
    assert len(time_s) == len(client)
    assert len(time_s) == pytest.approx(len(real.time_s), rel=0.15)  # 600 sessions: 4 % of standard error, and more
    assert time_s.min() >= 0


def test_times_within_keep_each_session(drawn):
    fitted, real = drawn
    time_s, client = swaps.within(fitted, real, np.random.default_rng(3))
    last = np.append(real.starts[1:], len(time_s)) - 1
    assert time_s[real.starts] == pytest.approx(real.time_s[real.starts])
    assert time_s[last] == pytest.approx(real.time_s[last])
    assert (client == real.client).all()
