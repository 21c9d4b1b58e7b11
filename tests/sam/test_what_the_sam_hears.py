"""What the SAM scores from, what agents measure, and over which time nodes count as up: docs/model.md, line by line."""

from __future__ import annotations

import pytest

from simulator.messages import Operation
from tests.worlds import QUIET, Play, merged, run_replication, small

ACQUIRE = int(Operation.ACQUIRE)


def quiet(**change):
    return small(**merged(QUIET, change))


def test_a_retry_is_an_attempt_more_but_no_request_more():
    """Two requests of three attempts each in a window of 10 s: 0.2 requests/s, below 0.25; 0.6 attempts/s, above.

    Low rate -5, every attempt failed -15, no answer and so no latency: 50 becomes 30.
    """
    people = {"count": 1, "retry": {"timeout": "100ms", "max": 2, "backoff": "10ms", "jitter": "none"}}
    play = Play(
        quiet(
            clients={"people": people}, edges={"pop": {"count": 1}}, leases="off",
            sam={"rate_low": "0.25/s", "heartbeat": {"misses": 100}}, faults=[{"at": "1s", "crash": "pop-1"}],
        )
    )  # fmt: skip
    for at_s in (2.0, 3.0):
        play.until(at_s)
        play.ask()
    world = play.until(5.0)
    group = world.groups[0]
    assert (group.issued, group.books.ok, group.measuring.attempts_ended) == (2, 0, 6)
    assert group.clients[0].session.weight == 30.0


def test_a_retry_that_is_answered_is_no_request_more_either():
    """Every other of 20 requests is refused once: 2 requests/s over 10 s, below 2.5; 3 attempts/s, above.

    A third of the attempts failed: -15; the network is fast: +10; a rate above 2.5/s would be +5.
    """
    people = {"count": 1, "retry": {"timeout": "10s", "max": 1, "backoff": "50ms", "jitter": "none"}}
    play = Play(
        quiet(
            clients={"people": people}, leases="off",
            edges={"pop": {"count": 1, "queue": 0, "service_time": "20ms"}},
            sam={"rate_low": "0/s", "rate_high": "2.5/s"},
        )
    )  # fmt: skip
    for number in range(10):
        play.until(0.5 + 0.9 * number)
        play.ask()  # takes the worker
        play.ask()  # finds it busy, and comes again
    world = play.until(10.5)
    group = world.groups[0]
    assert (group.issued, group.books.ok, world.edges[0].refused) == (20, 20, 10)
    assert group.clients[0].session.weight == 50 + 10 - 15


@pytest.mark.parametrize(("latency", "weight"), [("network", 50 + 10 - 5 + 10), ("response", 50 - 10 - 5 + 10)])
def test_a_denial_is_scored_by_the_latency_that_is_chosen(latency, weight):
    """It is no error (+10). The network takes 10 ms both ways, a busy edge and core 115 ms; high is above 80 ms."""
    people = {"count": 2, "locks": {"per_session": 0, "shared_pool": 1, "hold": "forever"}}
    play = Play(
        quiet(
            clients={"people": people}, edges={"pop": {"count": 1, "service_time": "100ms"}}, leases="off",
            sam={"latency": latency, "latency_high": "80ms"},
        )
    )  # fmt: skip
    play.until(1.0)
    play.ask(0, ACQUIRE)
    play.until(2.0)
    play.ask(1, ACQUIRE)
    world = play.until(3.5)
    assert world.groups[0].books.denied == 1  # the second
    assert world.groups[0].clients[1].session.weight == weight


def test_an_expired_cookie_is_renewed_by_the_edge_that_is_measured_to_be_nearest():
    """pop-1 is expected to be nearest; its link is slow by then, as every answer showed."""
    play = Play(
        quiet(
            clients={"people": {"count": 1}}, leases="off", sam="off",
            routing={"policy": "cookie", "duration": "5s", "leave_to": "uniform"},
            network={"links": [{"from": "people", "to": "pop-2", "latency": "9ms"}]},
            faults=[{"at": "1s", "degrade": {"from": "people", "to": "pop-1", "add_latency": "50ms"}}],
        )
    )  # fmt: skip
    session = play.world.groups[0].clients[0].session
    edges = []
    for at_s in (2.0, 3.0, 6.0):
        play.until(at_s)
        session = play.world.groups[0].clients[0].session
        play.ask()
        edges.append(session.last_edge)
    assert edges == [0, 0, 1]


def test_weights_are_told_by_group():
    """Both send less than 10 requests/s and lose none: 50 - 5 + 10; the near is below 50 ms, the far above 200 ms."""
    people = {"count": 3, "workload": {"kind": "poisson", "rate": "2/s"}, "session": {"established": True}}
    scenario = small(
        clients={"people": people, "far": people}, leases="off", warmup="12s",
        network={"links": [{"from": "far", "to": "pop-*", "latency": "300ms"}]},
    )  # fmt: skip
    metrics = run_replication(scenario, seed=1, replication=0).metrics
    assert metrics["stickiness.mean[people]"] == metrics["stickiness.p05[people]"] == 50 - 5 + 10 + 10
    assert metrics["stickiness.mean[far]"] == metrics["stickiness.p95[far]"] == 50 - 5 + 10 - 10
    assert metrics["stickiness.mean"] == 55.0


def test_hit_ratios_of_groups_add_up():
    people = {"count": 3, "workload": {"kind": "poisson", "rate": "5/s"}, "session": {"established": True}}
    scenario = small(clients={"people": people, "others": people}, edges={"pop": {"l1": {"ttl": "1s"}}})
    metrics = run_replication(scenario, seed=1, replication=0).metrics
    for group in ("people", "others"):
        parts = [metrics[f"{name}[{group}]"] for name in ("hit_ratio.l1", "delayed_hit_ratio.l1", "miss_ratio.l1")]
        assert sum(parts) == pytest.approx(1.0)
        assert metrics[f"hit_ratio.l1[{group}]"] < metrics[f"hit_ratio.total[{group}]"] < 1.0


def test_the_loss_that_agents_measure_begins_with_the_first_attempt():
    """Four in ten requests are lost; each of 500 agents sends about three. An average that began at 0 would say 0.1."""
    people = {"count": 500, "workload": {"rate": "0.15/s"}, "retry": {"timeout": "100ms", "max": 0}}
    scenario = small(
        clients={"people": people}, leases="off", sam="off", routing={"policy": "nearest"},
        network={"links": [{"from": "people", "to": "pop-*", "loss": "40%"}]},
    )  # fmt: skip
    metrics = run_replication(scenario, seed=1, replication=0).metrics
    assert metrics["client.loss_ratio"] == pytest.approx(0.4, abs=0.1)


# -- over which time nodes count as up --------------------------------------------------------------------
def test_time_down_before_the_warmup_is_over_is_not_measured():
    """Down from 5 s to 15 s of a run that is measured from 12 s to 20 s."""
    scenario = small(warmup="12s", faults=[{"at": "5s", "for": "10s", "crash": "pop-1"}])
    metrics = run_replication(scenario, seed=1, replication=0).metrics
    assert metrics["node.availability[pop-1]"] == pytest.approx(1 - 3 / 8)
    assert metrics["node.availability"] == pytest.approx(1 - 3 / 16)


def test_time_down_after_the_last_arrival_is_not_measured():
    """Down from 15 s to 27 s; requests wait for their timeouts until 50 s, but what is measured ends at 20 s."""
    retry = {"timeout": "30s", "max": 0}
    scenario = small(clients={"people": {"retry": retry}}, faults=[{"at": "15s", "for": "12s", "crash": "pop-1"}])
    result = run_replication(scenario, seed=1, replication=0)
    assert result.metrics["failures.ratio[crashed]"] > 0.0
    assert result.metrics["node.availability[pop-1]"] == pytest.approx(0.75)


@pytest.mark.parametrize("window", ["1s", "3s", "10s"])
def test_a_tick_at_the_end_of_the_warmup_is_measured_and_one_at_the_end_is_not(window):
    """Renewal ticks every 2 s: in [20 s, 60 s) there are 20 of them, the one at 20 s among them, and never one more.

    With 200 leases in 5 phases no tick is empty.
    """
    scenario = small(
        duration="60s", warmup="20s", record={"window": window}, sam="off", routing={"policy": "nearest"},
        clients={"people": {"count": 200, "workload": {"rate": "0.000001/s"}}}, edges={"pop": {"count": 1}},
        leases={"length": "16s", "renew_before": "6s", "batch_every": "2s", "idle_after": "never"},
    )  # fmt: skip
    metrics = run_replication(scenario, seed=1, replication=0).metrics
    assert metrics["renewal_batches.rate"] * 40 == pytest.approx(20)
    assert metrics["renewals.rate"] * 40 == pytest.approx(200 * 4)


def test_a_fault_at_the_end_of_the_warmup_is_measured():
    """Eight sessions are at the edge that is drained at 10 s, without propagation; all of them move then."""
    people = {"count": 8, "workload": {"rate": "0.000001/s"}}
    scenario = small(
        duration="20s", warmup="10s", clients={"people": people}, leases="off", sam={"propagation": "0ms"},
        network={"links": [{"from": "people", "to": "pop-1", "latency": "1ms"}]},
        faults=[{"at": "10s", "drain": "pop-1"}],
    )  # fmt: skip
    metrics = run_replication(scenario, seed=1, replication=0).metrics
    assert metrics["migrations.rate"] * 10 == pytest.approx(8)
