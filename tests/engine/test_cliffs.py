"""What must cost no more than its share, and what must end: backlogs, worlds that stand still, things in step."""

from __future__ import annotations

import pytest

from simulator.engine.kernel import Kernel
from simulator.engine.timers import Timed, Timers
from simulator.scenario.errors import ScenarioError
from simulator.scenario.schema import Scenario
from tests.worlds import FREE, merged, played, run_replication

ALONE = merged(FREE, {"duration": "20s", "edges": {"e": {"count": 1}}})


def test_events_per_request_do_not_grow_with_the_backlog_of_a_core():
    """10 ms per question, offered 10 and 40 times what it can do: each waits, and is looked at no more for that."""

    def events_per_request(rate):
        change = {
            "clients": {"u": {"workload": {"rate": f"{rate}/s"}, "retry": {"timeout": "3s", "max": 0}}},
            "edges": {"e": {"l1": {"ttl": "0ms"}, "coalesce": False}},
            "cores": {"core": {"workers": 1, "service_time": "10ms", "l2": {"ttl": "never"}}},
            "routing": {"policy": "cookie"},
        }
        result = played(merged(ALONE, change))
        return result.n_events / result.totals["requests.simulated"]

    assert events_per_request(40) <= 1.05 * events_per_request(10)


def test_a_timer_that_fires_looks_at_what_is_due_alone():
    """10,000 items are done, the oldest first: what remains is found without passing by them."""

    kernel, fired = Kernel(), []
    timers = Timers(kernel, 1.0, fired.append)
    items = [Timed() for _ in range(10_000)]
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
    scenario = merged(ALONE, change)
    scenario["clients"]["u"]["workload"].pop("rate", None)
    with pytest.raises(ScenarioError, match=r"stands still at 0 s.*clients\.u"):
        run_replication(Scenario.from_dict(scenario), seed=1, replication=0)


@pytest.mark.parametrize("gap", ["100ms", "70ms", "1ms"])
def test_a_server_in_step_with_its_arrivals_refuses_nobody(gap):
    """D/D/1 at full use, no waiting place: each request comes at the very instant at which the one before leaves."""
    change = {"clients": {"u": {"count": 1}}, "edges": {"e": {"workers": 1, "queue": 0, "service_time": gap}}}
    scenario = merged(ALONE, change)
    scenario["clients"]["u"]["workload"] = {"kind": "renewal", "interarrival": gap}
    result = played(scenario)
    assert result.metrics["failures.ratio"] == 0.0
    assert result.metrics["edge.wait.mean"] == 0.0
