"""Validated means that it can run: what no machine could play or no number could hold is refused before."""

from __future__ import annotations

import os

import pytest

from simulator.scenario import Scenario, ScenarioError

BASE = """\
schema: 1
duration: 1s
clients:
  eu:
    count: 5
    workload: {kind: poisson, rate: 1/s}
edges:
  pop: {count: 1, service_time: 1ms}
"""


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        ("clients.eu.response_size={lognormal: {median: 4KiB, sigma: 800}}", "clients.eu.response_size"),
        ("edges.pop.service_time={lognormal: {median: 1ms, sigma: 30}}", "edges.pop.service_time"),
        ("edges.pop.service_time={weibull: {scale: 1ms, shape: 0.01}}", "edges.pop.service_time"),
        ("edges.pop.service_time={pareto: {min: 1ms, alpha: 0.01}}", "edges.pop.service_time"),
        ("clients.eu.session={length: 1e-9s}", "clients.eu.session.length"),
        ("sam.interval=1e-9s", "sam"),
        ("sam.heartbeat.period=1e-11s", "sam.heartbeat.period"),
        ("leases.batch_every=1e-11s", "leases.batch_every"),
        ("routing.virtual_nodes=100000000", "routing.virtual_nodes"),
        ("edges.pop.service_time={empirical: /dev/zero}", "edges.pop.service_time.empirical"),
        ("edges.pop.service_time={empirical: .}", "edges.pop.service_time.empirical"),
    ],
)
def test_it_is_refused_at_its_place(tmp_path, setting, where):
    path = tmp_path / "scenario.yaml"
    path.write_text(BASE)
    with pytest.raises(ScenarioError) as caught:
        Scenario.load(path, [setting])
    assert where in str(caught.value)


def test_a_fifo_is_no_file_of_measured_values(tmp_path):
    os.mkfifo(tmp_path / "values.csv")
    path = tmp_path / "scenario.yaml"
    path.write_text(BASE.replace("service_time: 1ms", "service_time: {empirical: values.csv}"))
    with pytest.raises(ScenarioError, match="not a regular file"):
        Scenario.load(path)


@pytest.mark.parametrize(
    "setting",
    [
        "clients.eu.response_size={lognormal: {median: 4KiB, sigma: 3}}", "clients.eu.session={length: 10ms}",
        "edges.pop.service_time={pareto: {min: 1ms, alpha: 1.1}}", "duration=30d", "routing.virtual_nodes=1000",
    ],
)  # fmt: skip
def test_what_can_be_played_is_not_refused(tmp_path, setting):
    path = tmp_path / "scenario.yaml"
    path.write_text(BASE)
    Scenario.load(path, [setting])
