"""A back-test covers what it should, and names the assumption that broke."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simulator import Scenario, backtest
from simulator.cli.main import run as command
from simulator.logs import TraceError
from tests.fitting.synthetic import SERVICE, always_there, log_of


def test_a_stationary_log_is_covered():
    rates = np.random.default_rng(1).gamma(1.0, 0.01, 60)
    log = always_there(np.random.default_rng(2), rates, 4000.0)
    found = backtest(log, scenario=Scenario.from_dict(SERVICE), replications=5, metrics=["hit_ratio.l1"])
    assert found["hit_ratio.l1"].covered
    assert found["hit_ratio.l1"].high - found["hit_ratio.l1"].low < 0.2


def test_a_rate_that_doubles_is_missed_and_traced_to_how_much_is_asked():
    rng = np.random.default_rng(3)
    first, second = rng.random(1000) * 2000, 2000 + rng.random(3000) * 2000
    log = log_of(np.concatenate([first, second]), rng.integers(40, size=4000))
    service = Scenario.from_dict(SERVICE)
    found = backtest(log, scenario=service, replications=5, metrics=["requests.rate"])["requests.rate"]
    assert not found.covered
    assert found.cause == "how much is asked"
    assert found.effects["rates between clients"] == pytest.approx(0.0, abs=0.05)  # the same times, dealt otherwise


@pytest.mark.parametrize(
    ("change", "match"), [({"split": 1.0}, "leaves a part empty"), ({"replications": 2}, "take 5")]
)
def test_settings_without_a_meaning_are_refused(change, match):
    log = log_of(np.arange(200.0), np.zeros(200))
    with pytest.raises(ValueError, match=match):
        backtest(log, **change)


def test_a_part_without_requests_is_refused():
    log = log_of(np.append(np.linspace(0, 10, 200), np.linspace(1000, 1001, 20)), np.zeros(220))
    with pytest.raises(TraceError, match="too few to compare"):
        backtest(log)


def test_the_commands(tmp_path, capsys):
    rng = np.random.default_rng(4)
    path = tmp_path / "log.csv"
    rows = sorted(zip(rng.random(600) * 1000, rng.integers(20, size=600), strict=True))
    path.write_text("t_s,client\n" + "".join(f"{t:.4f},c{c}\n" for t, c in rows))
    scenario = tmp_path / "mine.yaml"
    assert command(["fit", str(path), "-o", str(scenario), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["requests"] == 600
    assert command(["validate", str(scenario)]) == 0
    assert command(["fit", str(path), "-o", str(scenario)]) == 2  # it is there
    assert command(["backtest", str(path), "--scenario", str(scenario), "--replications", "5"]) == 0
    assert "requests.rate" in capsys.readouterr().out
    assert command(["backtest", str(path), "--split", "100%"]) == 2
    assert command(["fit", str(tmp_path / "none.log")]) == 2
    capsys.readouterr()
    path.write_text(path.read_text() + "9e9,c1\n")
    for name in ("fit", "backtest"):
        assert command([name, str(path)]) == 2
        assert "1 of 601 lines is far from the others in time: line 602" in capsys.readouterr().err
