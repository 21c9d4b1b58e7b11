"""The bundled presets: every number as its system documents it, each with its source, and all of them play.

Goes to tests/docs/test_presets.py. The table is written from the documentation of the systems, not from the presets.
"""

from __future__ import annotations

import pytest

from simulator import Scenario, run
from simulator.cli.main import run as command
from simulator.scenario.bundled import PRESETS, bundled_folder, preset_names
from simulator.scenario.reader import read_file

COOKIE = "routing.policy.cookie."
RETRY = ("clients.*.retry.", "balancers.*.retry.")
UNCHECKED = {"health.active": "off", "health.passive": "off", "health.slow_start": "off"}


def active(period, timeout, fall, rise):
    return {f"health.active.{key}": value for key, value in
            {"period": period, "timeout": timeout, "fall": fall, "rise": rise}.items()}  # fmt: skip


def passive(**settings):
    return {f"health.passive.{key}": value for key, value in settings.items()}


def cookie(**settings):
    return {f"{COOKIE}{key}": value for key, value in settings.items()}


def both(**settings):
    return {f"{before}{key}": value for before in RETRY for key, value in settings.items()}


def clients(**settings):
    return {f"{RETRY[0]}{key}": value for key, value in settings.items()}


def balancers(**settings):
    return {f"{RETRY[1]}{key}": value for key, value in settings.items()}


AT_ONCE = clients(backoff="0ms", jitter="none", budget="unlimited")
TABLE = {
    "haproxy": {
        **UNCHECKED, "health.panic_below": "0%", "routing.leave_to": "power_of_two",
        **cookie(assign="power_of_two", duration="never", idle="never", on_down="reassign", on_failed_attempt="stay"),
        **both(max=3, timeout="5s", to="same"), **balancers(turnaround="1s", on=["timeout", "reset"]),
        **clients(backoff="1s", cap="1s", jitter="none", budget="unlimited", on=["timeout", "refused", "reset"]),
        "balancers.*.abort_on_close": False, "balancers.*.max_outstanding": "unlimited",
        "balancers.*.queue_timeout": "5s",
    },
    "haproxy-checks": active("2s", "2s", 3, 2),
    "envoy": {
        **UNCHECKED, "health.panic_below": "50%", "routing.leave_to": "uniform", "routing.overprovision": 1.4,
        **cookie(assign="round_robin", duration="never", idle="never", on_down="reassign", on_failed_attempt="stay"),
        **both(max=0, timeout="15s"), "balancers.*.max_outstanding": "unlimited",
    },
    "envoy-outliers": passive(consecutive=5, interval="10s", ejection="30s", max_ejection="300s", max_ejected="10%",
                              failure_percentage="off", latency="off")
    | {"health.passive.success_rate.stdev": 1.9, "health.passive.success_rate.minimum_hosts": 5,
       "health.passive.success_rate.minimum_requests": 100},
    "envoy-retries": {
        **both(max=1), **clients(to="any", backoff="25ms", cap="250ms", jitter="full", budget="unlimited",
                                 on=["refused", "reset", "error"]),
        **balancers(to="other", on=["reset", "error"]),
    },
    "nginx": {
        "health.active": "off", "health.slow_start": "off", "health.panic_below": "0%", "routing.leave_to": "uniform",
        **cookie(assign="round_robin", duration="never", idle="never", on_down="reassign",
                 on_failed_attempt="reassign"),
        **passive(consecutive=1, window="10s", interval="10s", ejection="10s", max_ejection="10s", max_ejected="100%",
                  half_open=True),
        **both(max=3, timeout="60s", to="other"), **AT_ONCE,
        **clients(on=["timeout", "refused", "reset"]), **balancers(on=["timeout", "reset"]),
    },
    "ingress-nginx": {
        **UNCHECKED, "health.panic_below": "0%", "routing.policy.consistent_hash.virtual_nodes": 160,
        **both(max=2, timeout="5s", to="same"), **AT_ONCE, **clients(on=["timeout", "refused", "reset"]),
        **balancers(turnaround="0s", on=["timeout", "reset"]),
    },
    "ingress-nginx-readiness": active("10s", "1s", 3, 1),
    "traefik": {
        **UNCHECKED, "health.panic_below": "0%", "routing.leave_to": "uniform",
        **cookie(assign="round_robin", duration="never", idle="never", on_down="reassign", on_failed_attempt="stay"),
        **both(max=0, timeout="30s"),
    },
    "traefik-checks": active("30s", "5s", 1, 1),
    "traefik-passive": passive(consecutive=1, window="10s", interval="10s", ejection="10s", max_ejection="10s",
                               max_ejected="100%"),
    "aws-alb": {
        "health.passive": "off", "health.slow_start": "off", "health.panic_below": 1, "routing.leave_to": "uniform",
        **cookie(assign="round_robin", duration="86400s", refresh="request", idle="never", on_down="reassign",
                 on_failed_attempt="stay"),
        **active("30s", "5s", 2, 5), **both(max=0, timeout="60s"),
    },
    "cloudflare": {
        **UNCHECKED, "health.panic_below": 1, "routing.leave_to": "uniform",
        **cookie(assign="random", duration="82800s", idle="never", on_down="reassign", on_failed_attempt="stay"),
        **both(max=0), **clients(timeout="unlimited"),
    },
    "cloudflare-monitor": active("60s", "5s", 1, 1),
    "cloudflare-failover": {
        **cookie(on_down="return", on_failed_attempt="excursion"), **both(max=1, to="other"),
        **clients(backoff="0ms", jitter="none", on=["timeout", "refused", "reset"]),
        **balancers(on=["timeout", "reset"]),
    },
}  # fmt: skip


def leaves(node, path=""):
    for key, child in node.value.items():
        if child.is_mapping():
            yield from leaves(child, f"{path}{key}.")
        elif path or key != "extends":
            yield f"{path}{key}", child


def tree(name):
    return read_file(bundled_folder() / PRESETS / f"{name}.yaml", name)


def test_every_preset_is_in_the_table():
    assert sorted(TABLE) == preset_names()


@pytest.mark.parametrize("name", TABLE)
def test_its_values_are_the_documented_ones(name):
    assert {path: leaf.plain() for path, leaf in leaves(tree(name))} == TABLE[name]


@pytest.mark.parametrize("name", TABLE)
def test_every_value_has_its_source(name):
    for path, leaf in leaves(tree(name)):
        source = leaf.key_mark.text().partition(" # ")[2]
        assert len(source) > 5, path


@pytest.mark.parametrize("name", TABLE)
def test_it_is_valid_and_plays(name, capsys):
    assert command(["validate", f"{PRESETS}/{name}"]) == 0
    assert "ok, a preset" in capsys.readouterr().out
    scenario = Scenario.from_dict({
        "duration": "3s", "clients": {"web": {"count": 4, "workload": {"kind": "poisson", "rate": "5/s"}}},
        "edges": {"pop": {"count": 3}}, "variants": {"it": {"extends": f"{PRESETS}/{name}", "sam": "off"}},
    }).variant("it")  # fmt: skip
    assert float(run(scenario)["availability"]) == 1.0
