"""The bundled presets: every number as its system documents it, each with its source, and all of them play.

Goes to tests/docs/test_presets.py. The table is written from the documentation of the systems, not from the presets.
"""

from __future__ import annotations

import pytest

from simulator import Scenario, run
from simulator.cli.main import run as command
from simulator.scenario.bundled import PRESETS, bundled_folder, preset_names
from simulator.scenario.reader import read_file
from simulator.scenario.unused import unused

COOKIE = "routing.policy.cookie."
RETRY = "balancers.*.retry."
UNCHECKED = {"health.active": "off", "health.passive": "off", "health.slow_start": "off"}


def active(period, timeout, fall, rise):
    return {f"health.active.{key}": value for key, value in
            {"period": period, "timeout": timeout, "fall": fall, "rise": rise}.items()}  # fmt: skip


def passive(**settings):
    return {f"health.passive.{key}": value for key, value in settings.items()}


def cookie(**settings):
    return {f"{COOKIE}{key}": value for key, value in settings.items()}


def retry(**settings):
    return {f"{RETRY}{key}": value for key, value in settings.items()}


BALANCERS = {
    "haproxy": {
        **UNCHECKED, "health.panic_below": "0%", "routing.leave_to": "power_of_two",
        **cookie(assign="power_of_two", duration="never", idle="never", on_down="reassign", on_failed_attempt="stay"),
        **retry(max=3, timeout="5s", to="same", turnaround="1s", on=["timeout", "reset"]),
        "balancers.*.abort_on_close": False, "balancers.*.max_outstanding": "unlimited",
        "balancers.*.queue_timeout": "5s",
    },
    "haproxy-checks": active("2s", "2s", 3, 2),
    "envoy": {
        **UNCHECKED, "health.panic_below": "50%", "routing.leave_to": "uniform", "routing.overprovision": 1.4,
        **cookie(assign="round_robin", duration="never", idle="never", on_down="reassign", on_failed_attempt="stay"),
        **retry(max=0, timeout="15s"), "balancers.*.max_outstanding": "unlimited",
    },
    "envoy-outliers": passive(consecutive=5, interval="10s", ejection="30s", max_ejection="300s", max_ejected="10%",
                              failure_percentage="off", latency="off")
    | {"health.passive.success_rate.stdev": 1.9, "health.passive.success_rate.minimum_hosts": 5,
       "health.passive.success_rate.minimum_requests": 100},
    "envoy-retries": {
        **cookie(on_failed_attempt="reassign"), **retry(max=1, to="other", on=["reset", "error"]),
    },
    "nginx": {
        "health.active": "off", "health.slow_start": "off", "health.panic_below": "0%", "routing.leave_to": "uniform",
        **cookie(assign="round_robin", duration="never", idle="never", on_down="reassign",
                 on_failed_attempt="reassign"),
        **passive(consecutive=1, window="10s", interval="10s", ejection="10s", max_ejection="10s", max_ejected="100%",
                  half_open=True),
        **retry(max=3, timeout="60s", to="other", on=["timeout", "reset"]),
    },
    "ingress-nginx": {
        **UNCHECKED, "health.panic_below": "0%", "routing.policy.consistent_hash.virtual_nodes": 160,
        **retry(max=2, timeout="5s", to="same", turnaround="0s", on=["timeout", "reset"]),
    },
    "ingress-nginx-readiness": active("10s", "1s", 3, 1),
    "traefik": {
        **UNCHECKED, "health.panic_below": "0%", "routing.leave_to": "uniform",
        **cookie(assign="round_robin", duration="never", idle="never", on_down="reassign", on_failed_attempt="stay"),
        **retry(max=0, timeout="30s"),
    },
    "traefik-checks": active("30s", "5s", 1, 1),
    "traefik-passive": passive(consecutive=1, window="10s", interval="10s", ejection="10s", max_ejection="10s",
                               max_ejected="100%"),
    "aws-alb": {
        "health.passive": "off", "health.slow_start": "off", "health.panic_below": 1, "routing.leave_to": "uniform",
        **cookie(assign="round_robin", duration="86400s", refresh="request", idle="never", on_down="reassign",
                 on_failed_attempt="stay"),
        **active("30s", "5s", 2, 5), **retry(max=0, timeout="60s"),
    },
    "cloudflare": {
        **UNCHECKED, "health.panic_below": 1, "routing.leave_to": "uniform",
        **cookie(assign="random", duration="82800s", idle="never", on_down="reassign", on_failed_attempt="stay"),
        **retry(max=0, timeout="unlimited"),
    },
    "cloudflare-monitor": active("60s", "5s", 1, 1),
    "cloudflare-failover": {
        **cookie(on_down="return", on_failed_attempt="excursion"), **retry(max=1, to="other", on=["timeout", "reset"]),
    },
}  # fmt: skip
LEASES = {
    "leases-etcd": {
        "leases.length": "60s", "leases.renew_before": "40s", "leases.batching": "off", "leases.batch_every": "500ms",
        "leases.idle_after": "never", "leases.lock_delay": "0s", "cores.*.grace": "extend",
    },
    "leases-zookeeper": {
        "leases.length": "40s", "leases.renew_before": "30s", "leases.batching": "off", "leases.idle_after": "never",
        "leases.lock_delay": "0s", "cores.*.grace": "extend",
    },
    "leases-consul": {"leases.batching": "off", "leases.lock_delay": "15s", "cores.*.grace": "extend"},
    "leases-nfs41": {
        "leases.length": "90s", "leases.batching": "off", "leases.idle_after": "never", "cores.*.grace": "90s",
    },
    "leases-chubby": {
        "leases.length": "12s", "leases.renew_before": "2s", "leases.batching": "off", "cores.*.grace": "extend",
    },
}  # fmt: skip
TABLE = BALANCERS | LEASES


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
def test_it_is_valid(name, capsys):
    assert command(["validate", f"{PRESETS}/{name}"]) == 0
    assert "ok, a preset" in capsys.readouterr().out


def scenario(name, **more):
    return Scenario.from_dict({
        "duration": "3s", "clients": {"web": {"count": 4, "workload": {"kind": "poisson", "rate": "5/s"}}},
        "edges": {"pop": {"count": 3}}, "variants": {"it": {"extends": f"{PRESETS}/{name}", "sam": "off"}}, **more,
    })  # fmt: skip


@pytest.mark.parametrize("name", BALANCERS)
@pytest.mark.parametrize("balancers", [{}, {"lb": {"count": 2}}], ids=["without balancers", "with balancers"])
def test_it_plays_and_says_where_its_retries_are_nobodys(name, balancers):
    whole = scenario(name, balancers=balancers)
    assert float(run(whole.variant("it"))["availability"]) == 1.0
    told = [issue.path for issue in unused(whole)]
    assert told == ([] if balancers else ["balancers.*"])


@pytest.mark.parametrize("name", BALANCERS)
def test_its_retries_apply_once(name):
    """They are the balancers', and a client's are what the scenario says of it: nothing, here."""
    it = scenario(name, balancers={"lb": {}}).variant("it")
    ancestors = [preset for preset in (name, name.rsplit("-", 1)[0]) if f"{RETRY}max" in TABLE.get(preset, {})]
    assert it.balancers["lb"].retry.max == TABLE[ancestors[0]][f"{RETRY}max"]
    assert it.clients["web"].retry is None
    assert scenario(name).variant("it").balancers == {}
