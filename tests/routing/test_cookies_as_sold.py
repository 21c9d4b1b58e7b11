"""Cookies as load balancers sell them: who gives one, and what becomes of it when its edge is down or silent."""

from __future__ import annotations

import pytest

from simulator.scenario.errors import ScenarioError
from simulator.scenario.schema import Scenario
from tests.routing.helpers import Bench
from tests.worlds import FREE, merged, played

AT_TWO = {"edges": {"e": {"count": 2}}, "routing": {"policy": "cookie"}}


def bench(**settings):
    return Bench("cookie", 3, settings=settings)


def home(one, edge=1):
    return one.client(edge, first=False, last_edge=edge)


class TestDown:
    def test_reassign_gives_another_cookie(self):
        one = bench()
        client = home(one)
        one.fail(1)
        elsewhere = one.choose(client)
        assert elsewhere != 1
        one.mend(1)
        assert one.choose(client) == elsewhere  # it does not come back

    def test_return_comes_back(self):
        one = bench(on_down="return")
        client = home(one)
        one.fail(1)
        assert one.choose(client) in (0, 2)
        assert client.session.edge == 1
        one.mend(1)
        assert one.choose(client) == 1

    def test_strict_asks_no_other(self):
        one = bench(on_down="strict")
        client = home(one)
        one.fail(1)
        assert one.choose(client) == -1
        assert one.retry(client, 1) == -1
        one.mend(1)
        assert one.choose(client) == 1
        assert one.retry(client, 1) == 1  # and no other when an attempt fails

    @pytest.mark.parametrize(("on_down", "stays"), [("reassign", False), ("return", True), ("strict", True)])
    def test_a_drained_edge_serves_cookies_that_are_not_given_up(self, on_down, stays):
        one = bench(on_down=on_down)
        client = home(one)
        one.directory.set_draining(1, 1)
        assert (one.choose(client) == 1) == stays

    def test_a_cookie_that_is_over_is_given_anew_by_whom_is_up(self):
        one = bench(on_down="strict", duration="60s")
        client = home(one)
        one.fail(1)
        one.now_s = 59.9
        assert one.choose(client) == -1
        one.now_s = 60.0
        assert one.choose(client) in (0, 2)


class TestFailedAttempts:
    def test_an_excursion_leaves_the_cookie(self):
        one = bench()
        client = home(one)
        assert one.retry(client, 1) in (0, 2)
        assert not one.router.retry_moves

    def test_reassign_moves_the_session(self):
        one = bench(on_failed_attempt="reassign", duration="60s")
        client = home(one)
        one.now_s = 50.0
        edge = one.retry(client, 1)
        assert edge in (0, 2)
        assert one.router.retry_moves
        assert client.session.started_s == 50.0  # its duration starts then

    def test_stay_asks_again(self):
        one = bench(on_failed_attempt="stay")
        client = home(one)
        assert one.retry(client, 1) == 1
        one.fail(1)
        assert one.retry(client, 1) in (0, 2)  # on_down says so
        assert one.router.retry_moves


def test_a_duration_counts_from_the_giving_or_from_the_last_request():
    """A request every 40 s under a duration of 60 s: the third comes too late for a cookie that is not refreshed."""
    for refresh, stays in (("never", False), ("request", True)):
        one = Bench("cookie", 3, settings={"duration": "60s", "refresh": refresh}, expected_rtt_s=[0.01, 0.02, 0.03])
        client = home(one)
        for one.now_s in (40.0, 80.0):
            edge = one.choose(client)
        assert (edge == 1) == stays


@pytest.mark.parametrize(
    ("assign", "counts"), [("nearest", [60, 0, 0]), ("round_robin", [20, 20, 20]), ("least_sessions", [20, 20, 20])]
)
@pytest.mark.parametrize("established", [True, False])
def test_assign_says_where_sessions_begin(assign, counts, established):
    """60 clients, of whom e-1 is nearest; both those that are there at t = 0 and those that are established."""
    session = (
        {"established": True}
        if established
        else {"established": False, "start": {"uniform": {"low": "0s", "high": "5s"}}}
    )
    world = merged(FREE, {
        "clients": {"u": {"count": 60, "session": session}},
        "routing": {"policy": "cookie", "assign": assign},
        "network": {"links": [{"from": "u-*", "to": f"e-{i}", "latency": f"{i}ms"} for i in (1, 2, 3)]},
    })  # fmt: skip
    result = played(world)
    rates = [result.metrics[f"edge.load[e-{i}]"] for i in (1, 2, 3)]
    total = sum(rates)
    for rate, count in zip(rates, counts, strict=True):
        assert rate / total == pytest.approx(count / 60, abs=0.04)  # 3,600 requests: 5 standard errors
    assert result.metrics["migrations.rate"] == 0.0


@pytest.mark.parametrize(("on_down", "failed"), [("strict", 0.5), ("reassign", 0.0), ("return", 0.0)])
def test_a_crash_that_is_known(on_down, failed):
    """One of two edges is dead and believed so, for half of the sessions: unroutable if strict, else served."""
    world = merged(FREE, AT_TWO)
    world |= {"sam": {"heartbeat": {"period": "1s", "misses": 1}, "propagation": "0ms"}, "warmup": "10s"}
    world["routing"] = {"policy": "cookie", "assign": "round_robin", "on_down": on_down}
    world["faults"] = [{"at": "5s", "crash": "e-2"}]
    result = played(world)
    assert result.metrics.get("failures.ratio[unroutable]", 0.0) == pytest.approx(failed, abs=0.04)
    assert result.metrics["failures.ratio"] == pytest.approx(failed, abs=0.04)


def test_who_returns_and_who_does_not():
    """After 20 s the edge is back: half of the requests of a cookie that returns, none of one that was reassigned."""
    for on_down, share in (("return", 0.5), ("reassign", 0.0)):
        world = merged(FREE, AT_TWO)
        world |= {"sam": {"heartbeat": {"period": "1s", "misses": 1}, "propagation": "0ms"}, "warmup": "30s"}
        world["routing"] = {"policy": "cookie", "assign": "round_robin", "on_down": on_down}
        world["faults"] = [{"at": "5s", "for": "20s", "crash": "e-2"}]
        result = played(world)
        rates = [result.metrics[f"edge.load[e-{i}]"] for i in (1, 2)]
        assert rates[1] / sum(rates) == pytest.approx(share, abs=0.05)


def test_least_sessions_levels_what_came_apart():
    """Each request to the edge with the fewest sessions: 90 sessions that begin at one of three end as 30 each."""
    world = merged(FREE, {"clients": {"u": {"count": 90}}, "routing": {"policy": "least_sessions"}, "warmup": "20s"})
    result = played(world)
    rates = [result.metrics[f"edge.load[e-{i}]"] for i in (1, 2, 3)]
    assert [rate / sum(rates) for rate in rates] == pytest.approx([1 / 3] * 3, abs=0.05)
    assert result.metrics["migrations.rate"] == 0.0  # and none moves for nothing


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"routing": {"assign": "nearist"}}, "nearest"),
        ({"routing": {"on_down": "rebind"}}, "reassign"),
        ({"routing": {"on_failed_attempt": "rest"}}, "excursion"),
        ({"routing": {"refresh": "always"}}, "request"),
        ({"clients": {"u": {"retry": {"on": ["timeoot"]}}}}, "timeout"),
        ({"clients": {"u": {"retry": {"on": ["crashed"]}}}}, "timeout says it"),
        ({"clients": {"u": {"retry": {"on": ["session_expired"]}}}}, "always established anew"),
        ({"clients": {"u": {"retry": {"on": ["timeout", 5]}}}}, "unknown outcome"),
        ({"edges": {"pop": {"weight": float("inf")}}}, "write it plain"),
        ({"clients": {"u": {"retry": {"on": 3}}}}, r"write \[timeout, refused"),
    ],
)
def test_bad_values_are_refused(change, said):
    with pytest.raises(ScenarioError, match=said):
        Scenario.from_dict(merged(FREE, change))
