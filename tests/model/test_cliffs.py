"""What must cost no more than its share, and what must end: backlogs, worlds that stand still, things in step."""

from __future__ import annotations

import pytest
from model_worlds import merged, run_replication

from simulator.kernel import Kernel
from simulator.nodes.timers import Timers
from simulator.scenario.errors import ScenarioError
from simulator.scenario.schema import Scenario

FREE = {
    "duration": "20s",
    "clients": {
        "u": {
            "count": 100, "workload": {"kind": "poisson", "rate": "1/s"},
            "session": {"length": "forever", "established": True},
        }
    },
    "edges": {"e": {"count": 1, "workers": "unlimited", "service_time": "0ms", "l1": {"ttl": "never"}}},
    "cores": {"core": {"count": 1, "workers": "unlimited", "service_time": "0ms"}},
    "storage": {"read": "0ms", "write": "0ms"}, "leases": "off", "sam": "off", "routing": {"policy": "nearest"},
    "network": {"default": {"latency": "0ms"}},
}  # fmt: skip


def played(**change):
    result = run_replication(Scenario.from_dict(merged(FREE, change)), seed=1, replication=0)
    assert result.invariants["violations"] == []
    return result


def test_events_per_request_do_not_grow_with_the_backlog_of_a_core():
    """10 ms per question, offered 10 and 40 times what it can do: each waits, and is looked at no more for that."""

    def events_per_request(rate):
        result = played(
            clients={"u": {"workload": {"rate": f"{rate}/s"}, "retry": {"timeout": "3s", "max": 0}}},
            edges={"e": {"l1": {"ttl": "0ms"}, "coalesce": False}},
            cores={"core": {"workers": 1, "service_time": "10ms", "l2": {"ttl": "never"}}},
            routing={"policy": "cookie"},
        )  # fmt: skip
        return result.n_events / result.totals["requests.simulated"]

    assert events_per_request(40) <= 1.05 * events_per_request(10)


def test_a_timer_that_fires_looks_at_what_is_due_alone():
    """10,000 items are done, the oldest first: what remains is found without passing by them."""

    class Item:
        done = False

    kernel, fired = Kernel(), []
    timers = Timers(kernel, 1.0, fired.append)
    items = [Item() for _ in range(10_000)]
    for item in items:
        timers.add(item)
    for item in items[:-1]:
        timers.over(item)
    assert list(timers) == [items[-1]]
    kernel.run(until=2.0)
    assert fired == [items[-1]]


@pytest.mark.parametrize(
    "change",
    [
        {"clients": {"u": {"count": 1, "workload": {"kind": "closed", "think_time": "0ms"}}}},
        {"clients": {"u": {"count": 3, "workload": {"kind": "closed", "think_time": "0ms"}}}, "duration": "1s"},
    ],
)
def test_a_world_without_any_time_in_a_loop_ends_with_the_name_of_the_group(change):
    scenario = merged(FREE, change)
    scenario["clients"]["u"]["workload"].pop("rate", None)
    with pytest.raises(ScenarioError, match=r"stands still at 0 s.*clients\.u"):
        run_replication(Scenario.from_dict(scenario), seed=1, replication=0)


@pytest.mark.parametrize("gap", ["100ms", "70ms", "1ms"])
def test_a_server_in_step_with_its_arrivals_refuses_nobody(gap):
    """D/D/1 at full use, no waiting place: each request comes at the very instant at which the one before leaves."""
    scenario = merged(FREE, {"edges": {"e": {"workers": 1, "queue": 0, "service_time": gap}}})
    scenario["clients"]["u"] |= {"count": 1, "workload": {"kind": "renewal", "interarrival": gap}}
    result = run_replication(Scenario.from_dict(scenario), seed=1, replication=0)
    assert result.metrics["failures.ratio"] == 0.0
    assert result.metrics["edge.wait.mean"] == 0.0
