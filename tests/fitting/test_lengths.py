"""The law of session lengths is told from logs that show neither begins nor ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.fitting.fit import fit
from simulator.fitting.lengths import Lengths
from simulator.fitting.rates import Likelihood
from tests.fitting.synthetic import log_of

pytestmark = pytest.mark.interpreted  # of logs and laws: no compiled module has a part in it


def drawn(law: str, shape: float, seed: int) -> object:
    """1,600 sessions of 400 clients, 600 s long in the mean, each asking at 0.02/s."""
    rng = np.random.default_rng(seed)
    client, slot = np.repeat(np.arange(400), 4), np.tile(np.arange(4), 400)
    begin_s = (slot + rng.random(1600) * 0.5) * 86_400
    length_s = Lengths(law, 600.0, shape, 1.0, 0.0).draw(rng, 1600)
    number = rng.poisson(0.02 * length_s)
    session = np.repeat(np.arange(1600), number)
    return log_of(begin_s[session] + rng.random(len(session)) * length_s[session], client[session])


@pytest.mark.parametrize(
    ("law", "shape"),
    [
        ("exponential", 1.0),
        pytest.param("gamma", 0.5, marks=pytest.mark.slow),
        ("lognormal", 1.5),
        pytest.param("weibull", 2.5, marks=pytest.mark.slow),
    ],
)
def test_the_law_is_found_with_its_mean_and_shape(law, shape):
    """The mean of 1,600 lengths has a standard error of 4 % at most; a law of the same CV may stand for another."""
    found = fit(drawn(law, shape, 3))
    alike = {"gamma": {"gamma", "lognormal"}, "weibull": {"weibull", "gamma"}}.get(law, {law})
    assert found.length.law in alike
    same = next(one for one in found.lengths if one.law == law)
    assert same.bic - found.length.bic < 10
    assert same.mean_s == pytest.approx(600, rel=0.1)
    assert same.shape == pytest.approx(shape, rel=0.15)
    assert found.session_length_s == pytest.approx(600, rel=0.1)
    assert found.rates.mean == pytest.approx(0.02, rel=0.05)
    assert f"{found.length.law}" in found.summary()
    assert f"length: {{{found.length.law}: " in found.to_yaml()
    found.scenario()
    law = replace(
        found.rates, covariance=np.zeros((len(found.rates.at),) * 2)
    )  # nothing is left open: a draw of it is the law itself
    again = Likelihood(found.cut, law.law, sessions=True).moved(law, np.random.default_rng(1))
    assert found.with_rates(again).session_rate == pytest.approx(found.session_rate)


@pytest.mark.parametrize(
    ("law", "shape", "cv"),
    [("exponential", 1.0, 1.0), ("gamma", 0.5, 0.5), ("lognormal", 0.5, 0.5), ("weibull", 2.0, 0.5227),
     ("pareto", 4.0, 0.3536)],
)  # fmt: skip
def test_drawn_lengths_have_the_mean_and_spread_of_their_law(law, shape, cv):
    """Weibull of shape 2: sqrt(4/pi - 1); Pareto of alpha 4: 1/sqrt(8)."""
    lengths_s = Lengths(law, 600.0, shape, 1.0, 0.0).draw(np.random.default_rng(1), 200_000)
    assert lengths_s.mean() == pytest.approx(600, rel=0.01)
    assert lengths_s.std() / lengths_s.mean() == pytest.approx(cv, rel=0.05)
