"""Balancers: where they stand, what they hold, how they try again, and what clients make of them."""

from __future__ import annotations

import pytest

from simulator import run
from simulator.messages import Outcome
from simulator.scenario import Scenario, ScenarioError
from tests.worlds import FREE, Play, merged, played

ERROR, REFUSED, RESET, TIMEOUT, CRASHED = (
    int(getattr(Outcome, name)) for name in ("ERROR", "REFUSED", "RESET", "TIMEOUT", "CRASHED")
)
DEAD = {"faults": [{"at": "0s", "crash": "e-1", "connections": "reset"}]}
LEGS = [
    {"from": "u", "to": "lb", "latency": "8ms"}, {"from": "lb", "to": "u", "latency": "8ms"},
    {"from": "lb", "to": "e", "latency": "5ms"}, {"from": "e", "to": "lb", "latency": "5ms"},
]  # fmt: skip


def world(*changes, **lb):
    """Two edges that take no time behind one balancer; routing at random."""
    scenario = merged(FREE, {"edges": {"e": {"count": 2}}, "routing": {"policy": "random"}})
    scenario = merged(scenario, {"balancers": {"lb": {"count": 1} | lb}})
    for change in changes:
        scenario = merged(scenario, change)
    return scenario


def of_clients(**change):
    return {"clients": {"u": change}}


# -- the way ----------------------------------------------------------------------------------------------
def test_a_hit_takes_all_four_legs():
    """8 + 5 + 5 + 8 ms; the round trip that is scored and shown is the same."""
    metrics = played(world({"network": {"links": LEGS}})).metrics
    assert metrics["latency.mean"] == pytest.approx(0.026, abs=1e-9)
    assert metrics["network_latency.mean"] == pytest.approx(0.026, abs=1e-9)
    assert metrics["attempts.per_request"] == 1.0


def test_the_last_mile_is_of_the_clients_link_and_the_nearest_edge_is_the_balancers():
    """Client in Madrid, balancer in London, edges in London and Madrid: the request goes to London.

    Within a site distance is 0. Over the distance twice, and 6 ms at the client's end twice; none behind the balancer.
    """
    placed = {
        "sites": ["madrid", "london"], "clients": {"u": {"site": "madrid"}}, "routing": {"policy": "nearest"},
        "edges": {"e": {"count": None, "at": {"madrid": 1, "london": 1}}}, "balancers": {"lb": {"site": "london"}},
        "network": {"geo": {"inflation": 1.0, "last_mile": "6ms"}},
    }  # fmt: skip
    scenario = world(placed)
    del scenario["edges"]["e"]["count"]
    found = Scenario.from_dict(scenario)
    from simulator.geography.geo import great_circle_m

    one, other = found.sites["madrid"], found.sites["london"]
    way_s = float(great_circle_m(one.lat, one.lon, other.lat, other.lon)) / 200e6
    metrics = played(scenario).metrics
    assert metrics["latency.mean"] == pytest.approx(2 * way_s + 0.012, abs=1e-6)
    assert metrics["edge.load[e-madrid-1]"] == 0.0
    assert metrics["crossed_site_ratio"] == 0.0


def test_service_and_workers_are_a_queue_in_front():
    """M/M/1 at the balancer: 50 requests/s at 100/s stay 1/(100 - 50) = 20 ms, of which they wait 10 ms.

    The relaxation time is 1 / (mu (1 - sqrt(rho))^2) = .12 s: 240 s are worth 1,000 independent stays of a standard
    deviation of 20 ms; six standard errors are 3.8 ms, false alarms once in 5e8.
    """
    busy = {"duration": "240s", **of_clients(count=50)}
    metrics = played(world(busy, workers=1, service_time={"exponential": "10ms"})).metrics
    assert metrics["latency.mean"] == pytest.approx(0.020, abs=0.0038)
    assert metrics["balancer.wait.mean"] == pytest.approx(0.010, abs=0.0038)
    assert metrics["balancer.utilisation"] == pytest.approx(0.5, abs=0.05)


def test_a_balancer_sees_its_own_load_or_that_of_all():
    """least_outstanding over two edges that never answer: with `own` each balancer halves its own requests."""
    stuck = {
        "edges": {"e": {"service_time": "1000s", "workers": "unlimited"}}, "duration": "30s",
        "routing": {"policy": "least_outstanding", "view": "own"},
    }  # fmt: skip
    two = Play(Scenario.from_dict(world(stuck, count=2))).until(20.0)
    for balancer in two.balancers:
        assert abs(balancer.outstanding[0] - balancer.outstanding[1]) <= 1
        assert sum(balancer.outstanding) > 300
    assert sum(two.directory.outstanding) == sum(sum(balancer.outstanding) for balancer in two.balancers)


def test_round_robin_is_one_rotation_for_all_client_groups():
    groups = {
        "clients": {"v": merged(FREE["clients"]["u"], {"workload": {"rate": "0.3/s"}})},
        "routing": {"policy": "round_robin"},
    }
    metrics = played(world(groups)).metrics
    assert metrics["edge.load[e-1]"] == pytest.approx(metrics["edge.load[e-2]"], abs=1 / 60 + 1e-9)


# -- retries ----------------------------------------------------------------------------------------------
def test_the_last_retry_goes_to_another_edge():
    """Half of the requests meet the dead edge three times, 0 s, 1 s and 2 s after they came, and then the other.

    n = 6,000: the standard error of a mean of 0 or 2 s is 1/sqrt(6000) = .013 s; six of them.
    """
    metrics = played(world(DEAD, retry={"max": 3, "to": "other_last", "turnaround": "1s"})).metrics
    assert metrics["availability"] == 1.0
    assert metrics["latency.mean"] == pytest.approx(1.0, abs=0.08)
    assert metrics["attempts.per_request"] == pytest.approx(2.5, abs=0.12)
    assert metrics["balancer.retries.rate[reset]"] == metrics["balancer.retries.rate"] > 100


def test_retries_of_the_same_edge_end_with_an_error_at_once():
    metrics = played(world(DEAD, retry={"max": 3, "to": "same", "turnaround": "1s"})).metrics
    assert metrics["availability"] == pytest.approx(0.5, abs=0.04)
    assert metrics["latency.failed.mean"] == pytest.approx(3.0, abs=1e-9)
    assert metrics["failures.ratio[error]"] == metrics["failures.ratio"]


def test_another_edge_is_tried_without_turnaround():
    metrics = played(world(DEAD, retry={"max": 1, "to": "other"})).metrics
    assert metrics["availability"] == 1.0
    assert metrics["latency.mean"] == 0.0


def test_an_edge_believed_failed_since_is_left_at_once_whatever_is_said():
    """Dead from 9.5 s on, detected at 12 s (three beats of 1 s): from then on no request waits for it."""
    watched = {
        "sam": {"heartbeat": {"period": "1s", "misses": 3, "slack": "0s"}, "propagation": "0ms", "model": "static"},
        "faults": [{"at": "9.5s", "crash": "e-1", "connections": "reset"}],
    }  # fmt: skip
    result = played(world(watched, retry={"max": 100, "to": "same", "turnaround": "1s"}))
    assert result.metrics["availability"] == 1.0
    # some 125 requests meet it before 12 s: two retries each on average, three at most, and the last goes elsewhere
    assert 125 < result.metrics["balancer.retries.rate"] * 60 < 400
    assert result.histograms["latency"].percentile(99.99) <= 3.03


def test_what_is_not_to_be_retried_is_passed_on():
    """An error of the edge reaches the client as it is, after one try; so does a refusal."""
    errs = {"faults": [{"at": "0s", "error": "e-1"}]}
    once = played(world(errs, retry={"max": 3, "on": ["reset"]})).metrics
    assert once["failures.ratio[error]"] == pytest.approx(0.5, abs=0.04)
    assert once["attempts.per_request"] == 1.0
    full = {"edges": {"e": {"count": 1, "workers": 1, "queue": 0, "service_time": "1000s"}}}
    assert set(Play(Scenario.from_dict(world(full))).until(20.0).groups[0].books.failed) == {(REFUSED, True)}


def test_the_client_gets_an_error_when_the_last_try_has_timed_out():
    """Edges swallow everything: two tries of 2 s to different edges, 8 ms there and back for the client."""
    silent = {"faults": [{"at": "0s", "crash": "e-*"}], "network": {"links": LEGS}}
    metrics = played(world(silent, retry={"max": 1, "timeout": "2s"})).metrics
    assert metrics["failures.ratio[error]"] == 1.0
    assert metrics["latency.failed.mean"] == pytest.approx(4.016, abs=1e-9)


def test_clients_retries_come_on_top():
    """A client that tries twice, a balancer that tries twice: four tries, and an error in the end."""
    dead = {"faults": [{"at": "0s", "crash": "e-*", "connections": "reset"}]}
    retry = of_clients(retry={"max": 1, "backoff": "0ms", "jitter": "none"})
    metrics = played(world(dead, retry, retry={"max": 1})).metrics
    assert metrics["failures.ratio[error]"] == 1.0
    assert metrics["attempts.per_request"] == 4.0


# -- holding ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("aborts", "served"), [(False, 3), (True, 1)], ids=["sent all the same", "dropped"])
def test_what_a_client_gave_up_is_sent_all_the_same_or_dropped(aborts, served):
    """Three requests at once, one place at the edge, 5 s of service, clients that wait for 1 s."""
    slow = {
        "edges": {"e": {"count": 1, "service_time": "5s", "workers": "unlimited"}}, "duration": "100s",
        **of_clients(workload={"rate": "0.0000001/s"}, retry={"timeout": "1s", "max": 0}),
    }  # fmt: skip
    play = Play(Scenario.from_dict(world(slow, max_outstanding=1, queue_timeout="never", abort_on_close=aborts)))
    play.until(1.0)
    for client in range(3):
        play.ask(client)
    over = play.until(60.0)
    assert over.edges[0].visits == served
    assert dict(over.groups[0].books.failed) == {(TIMEOUT, True): 3}
    assert not over.balancers[0].held


def test_a_request_waits_for_a_place_for_so_long_and_is_refused():
    """One place, 5 s of service: the second is refused after 2 s, the third, at 5 s, waits for 1 s."""
    slow = {
        "edges": {"e": {"count": 1, "service_time": "5s", "workers": "unlimited"}}, "duration": "100s",
        **of_clients(workload={"rate": "0.0000001/s"}),
    }  # fmt: skip
    play = Play(Scenario.from_dict(world(slow, max_outstanding=1, queue_timeout="2s")))
    play.until(1.0)
    play.ask(0)
    play.ask(1)
    assert not play.until(2.99).groups[0].books.failed
    assert dict(play.until(3.01).groups[0].books.failed) == {(REFUSED, True): 1}
    play.until(5.0)
    play.ask(2)
    over = play.until(60.0)
    group = over.groups[0]
    assert dict(group.books.failed) == {(REFUSED, True): 1}
    assert group.books.ok == 2
    assert over.balancers[0].wait_sum_s == pytest.approx(1.0)


def test_the_places_of_an_edge_that_restarts_are_free():
    """Silent crash of an edge that is full, and nobody has a timeout: after its restart what waits gets in."""
    slow = {
        "edges": {"e": {"count": 1, "service_time": "5s", "workers": "unlimited"}}, "duration": "100s",
        "faults": [{"at": "2s", "for": "2s", "crash": "e-1"}], **of_clients(workload={"rate": "0.0000001/s"}),
    }  # fmt: skip
    play = Play(Scenario.from_dict(world(slow, max_outstanding=1, queue_timeout="never")))
    play.until(1.0)
    play.ask(0)
    play.ask(1)
    over = play.until(60.0)
    assert over.groups[0].books.ok == 1
    assert dict(over.groups[0].books.failed) == {(CRASHED, True): 1}


# -- faults of balancers ----------------------------------------------------------------------------------
TWO = {"network": {"links": [{"from": "u", "to": "lb-2", "latency": "20ms"}]}}


def test_clients_of_a_balancer_that_is_gone_go_to_the_next_and_come_back():
    """Each client loses two attempts of 100 ms, knocks once a second, and comes back when it is answered."""
    gone = {
        "faults": [{"at": "20s", "for": "20s", "crash": "lb-1"}],
        **of_clients(retry={"timeout": "100ms", "max": 0}),
    }
    play = Play(Scenario.from_dict(world(TWO, gone, count=2)))
    before = play.until(19.9).balancers[1].arrivals
    during = play.until(39.9).balancers[1].arrivals
    after = play.until(42.0).balancers[1].arrivals
    over = play.until(59.9)
    assert before == 0
    assert during > 1500
    assert over.balancers[1].arrivals == after
    lost = sum(over.groups[0].books.failed.values())
    assert 100 < lost <= 200 + 30  # two each, and what is sent while the second is out
    assert set(over.groups[0].books.failed) == {(CRASHED, True)}


def test_a_reset_of_a_balancer_is_heard_at_once():
    gone = {
        "faults": [{"at": "20s", "crash": "lb-1", "connections": "reset"}],
        "edges": {"e": {"service_time": "3s"}}, "network": {"links": LEGS},
    }  # fmt: skip
    play = Play(Scenario.from_dict(world(gone)))
    held = len(play.until(20.0 - 1e-6).balancers[0].held)
    over = play.until(20.008 + 1e-6)
    assert held > 200
    assert over.groups[0].books.failed[RESET, True] >= held
    assert over.edges[0].wasted == 0
    assert play.until(30.0).edges[0].wasted > 100  # the edges know nothing of it


def test_a_balancer_that_stands_still_loses_nothing():
    still = {"faults": [{"at": "20s", "for": "10s", "pause": "lb-1"}]}
    metrics = played(world(still)).metrics
    assert metrics["availability"] == 1.0
    assert metrics["latency.mean"] == pytest.approx(100 * 10 * 5.0 / 6000, rel=0.2)  # those of 10 s wait 5 s each
    timed = played(world(still, {"edges": {"e": {"service_time": "1s"}}}, retry={"timeout": "4s", "max": 0}))
    assert timed.metrics["failures.ratio[error]"] > 0.0  # timers that fell due come before messages that waited


def test_a_slow_balancer_and_one_that_errs():
    slow = {"faults": [{"at": "0s", "slow": "lb-1", "factor": 10}]}
    assert played(world(slow, service_time="1ms")).metrics["latency.mean"] == pytest.approx(0.010, abs=1e-9)
    errs = {"faults": [{"at": "0s", "error": "lb", "ratio": "30%", "after": "7ms"}]}
    metrics = played(world(errs)).metrics
    assert metrics["failures.ratio[error]"] == pytest.approx(0.3, abs=0.036)
    assert metrics["latency.failed.mean"] == pytest.approx(0.007, abs=1e-9)


def test_a_partition_between_balancers_and_edges():
    cut = {
        "faults": [{"at": "0s", "partition": [["lb-*"], ["e-1"]]}],
        "routing": {"policy": "nearest"},
        "edges": {"e": {"count": 1}},
    }
    assert played(world(cut, retry={"timeout": "1s"})).metrics["failures.ratio[error]"] == 1.0


def test_a_lost_site_takes_its_balancers():
    lost = {
        "sites": {"here": {"lat": 0, "lon": 0}}, "balancers": {"lb": {"site": "here"}},
        "faults": [{"at": "20s", "lose": "here"}], **of_clients(retry={"timeout": "1s", "max": 0}),
    }  # fmt: skip
    assert Play(Scenario.from_dict(world(lost))).until(21.0).balancers[0].down


# -- what else goes through -------------------------------------------------------------------------------
WHOLE = {
    "duration": "30s",
    "clients": {
        "u": {
            "count": 30, "workload": {"kind": "poisson", "rate": "2/s"},
            "session": {"length": {"exponential": "4s"}, "pause": {"exponential": "1s"}, "established": False},
            "operations": {"lookup": "50%", "read_lock": "20%", "acquire": "15%", "release": "15%"},
            "retry": {"timeout": "500ms", "max": 2}, "locks": {"hold": "500ms", "shared_pool": 2},
        }
    },
    "edges": {"e": {"workers": 1, "queue": 5, "service_time": "5ms", "l1": {"ttl": "2s"}}},
    "storage": {"read": "5ms", "write": "8ms"}, "sam": {}, "leases": {"length": "5s", "renew_before": "2s"},
    "routing": {"policy": "adaptive"}, "network": {"default": {"latency": "5ms", "loss": "1%"}},
    "faults": [
        {"at": "5s", "for": "5s", "crash": "e-1", "connections": "reset"}, {"at": "12s", "for": "3s", "crash": "lb-1"},
        {"at": "17s", "for": "2s", "pause": "lb-2"},
        {"name": "cut", "at": "20s", "for": "3s", "partition": [["lb-2"], ["e-*"]]},
    ],
}  # fmt: skip
HOLDS = {"retry": {"max": 2, "timeout": "300ms", "to": "other_last", "turnaround": "50ms"}, "max_outstanding": 3}


@pytest.mark.parametrize(
    "policy", ["adaptive", "cookie", "nearest", "consistent_hash", "maglev", "power_of_two", "round_robin"]
)
def test_everything_together_is_conserved(policy):
    """Establishments, locks, closes, leases, faults of everybody: `played` holds all invariants."""
    scenario = merged(world(count=2, service_time="1ms", workers=2, **HOLDS), WHOLE) | {"routing": {"policy": policy}}
    metrics = played(scenario).metrics
    assert metrics["availability"] > 0.3
    assert metrics["balancer.retries.rate"] > 0.0
    assert metrics["attempts.per_request[fault:cut]"] > 1.0


def test_weights_reach_a_balancer_without_an_answer():
    """Set at 10 s, there at 10.05 s: the next request finds the weight although nothing was answered since."""
    scenario = world(
        of_clients(workload={"rate": "0.0000001/s"}),
        {"sam": {"model": "static", "initial_weight": 50, "propagation": "50ms"}, "routing": {"policy": "adaptive"}},
    )
    play = Play(Scenario.from_dict(scenario))
    over = play.until(10.0)
    session = over.groups[0].clients[0].session
    session.published_weight = 77.0
    play.ask(0)
    play.until(10.1)
    assert session.client_weight == 77.0


def test_the_same_bytes_whatever_runs_beside():
    scenario = Scenario.from_dict(merged(world(count=2, **HOLDS), WHOLE) | {"replications": 3})
    alone, together = run(scenario, jobs=1), run(scenario, jobs=2)
    assert [one.fingerprint for one in alone.replications] == [one.fingerprint for one in together.replications]


def test_a_summary_tells_of_balancers():
    from simulator.report.sections import sections

    result = run(Scenario.from_dict(world(DEAD, retry={"max": 3, "to": "other_last"}) | {"duration": "20s"}))
    rows = [row for section in sections(result) for row in section.rows]
    assert any(row.label == "balancers" and "retries" in row.note for row in rows)


# -- the language -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lb", "says"),
    [
        ({"workers": 0}, "workers"),
        ({"service_time": 5}, "what?"),
        ({"retry": {"max": -1}}, "max"),
        ({"retry": {"max": 1.5}}, "max"),
        ({"retry": {"timeout": "0s"}}, "timeout"),
        ({"retry": {"to": "any"}}, "to"),
        ({"retry": {"turnaround": 1}}, "turnaround"),
        ({"retry": {"on": ["reset", "denied"]}}, "'denied' is not chosen here"),
        ({"retry": {"on": 3}}, "not a list of outcomes"),
        ({"retry": {"budget": "20%"}}, "unknown key"),
        ({"abort_on_close": "maybe"}, "abort_on_close"),
        ({"max_outstanding": 0}, "max_outstanding"),
        ({"queue_timeout": "-1s"}, "queue_timeout"),
        ({"at": {"mars": 1}, "count": None}, "mars"),
        ({"queue": 5}, "unknown key"),
    ],
    ids=str,
)
def test_bad_values_are_refused_with_their_place(lb, says):
    scenario = world(**lb)
    scenario["balancers"]["lb"] = {
        key: value for key, value in scenario["balancers"]["lb"].items() if value is not None
    }
    with pytest.raises(ScenarioError) as refused:
        Scenario.from_dict(scenario)
    assert "balancers.lb" in str(refused.value)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"balancers": {"u": {}}}, "the name 'u' is taken"),
        ({"balancers": {"e": {}}}, "the name 'e' is taken"),
        ({"sam": {"probes": {"every": "5s"}}}, "clients reach no edge"),
        ({"clients": {"u": {"hedge": {"after": "50ms"}}}}, "no client can send a twin"),
        ({"faults": [{"at": "1s", "drain": "lb-1"}]}, "only an edge"),
        ({"faults": [{"at": "1s", "crash": "lb-7"}]}, "matches no actor"),
    ],
    ids=str,
)
def test_what_does_not_go_together(change, says):
    with pytest.raises(ScenarioError) as refused:
        Scenario.from_dict(world(change))
    assert says in str(refused.value)


def test_what_nothing_uses_is_told():
    from simulator.scenario.unused import unused

    links = [{"from": "u", "to": "e", "latency": "1ms"}, {"from": "e-*", "to": "u", "loss": "1%"}, *LEGS]
    cut = {"at": "1s", "partition": [["u"], ["e-1"]]}
    found = unused(
        Scenario.from_dict(
            world({"network": {"links": links}, "faults": [cut]}, retry={"to": "same"}, queue_timeout="1s")
        )
    )
    paths = [issue.path for issue in found]
    for path in (
        "network.links.0.to",
        "network.links.1.to",
        "faults.0.partition",
        "balancers.lb.retry.to",
        "balancers.lb.queue_timeout",
    ):
        assert path in paths
    assert "network.links.2.to" not in paths


def test_a_resolved_scenario_reads_back():
    scenario = Scenario.from_dict(world(retry={"max": 3, "on": "reset"}, service_time={"exponential": "1ms"}))
    assert Scenario.from_dict(scenario.resolved()) == scenario
    assert scenario.resolved()["balancers"]["lb"]["retry"]["on"] == ["reset"]
