"""What each policy chooses: when it stays, when it leaves, what it does where edges fail.

Statements about chances run 20 replications and accept within five standard errors (false alarms: 1 in 10^4; seeds
are fixed). All others are exact.
"""

import math

import numpy as np
import pytest

from simulator.routing import FAMILY, Router, find_policy, policy_names, register
from simulator.routing.directory import Draining
from tests.actors import a_session, measure
from tests.routing.helpers import Bench, agrees, replicate, tally

BUILT_IN = [
    "adaptive", "consistent_hash", "cookie", "least_outstanding", "maglev", "nearest", "power_of_two", "random",
    "round_robin", "static",
]  # fmt: skip


def bench_of(policy, n=5, **settings):
    return Bench(policy, n, settings=({"weight": 60} if policy == "static" else {}) | settings)


# -- the registry -------------------------------------------------------------------------------------------
def test_all_policies_are_there():
    assert set(BUILT_IN) <= set(policy_names())
    assert all(find_policy(name).name == name for name in BUILT_IN)
    with pytest.raises(ValueError, match=r"unknown routing policy 'nearst', did you mean 'nearest'\? known: .*maglev"):
        find_policy("nearst")


def test_registering_a_policy():
    """A class of one's own is found by name; a name is given once; what is no router is refused."""
    with pytest.raises(TypeError, match="'mine' must derive from"):
        register("mine")(object)
    with FAMILY.for_a_while():

        @register("mine")
        class Mine(Router):
            """Mine."""

        assert find_policy("mine") is Mine
        assert register("mine")(Mine) is Mine
        with pytest.raises(ValueError, match=r"'mine' is taken by .*Mine"):
            register("mine")(type("Another", (Router,), {}))
        bench = Bench("mine")
        with pytest.raises(NotImplementedError, match="Mine does not override choose"):
            bench.choose(bench.client())


def test_what_policies_say_of_themselves():
    assert [name for name in BUILT_IN if find_policy(name).needs_manager] == ["adaptive"]
    assert [name for name in BUILT_IN if find_policy(name).uses_rtt] == ["cookie", "nearest"]
    keep = [name for name in BUILT_IN if not bench_of(name).router.retry_moves]
    assert keep == ["consistent_hash", "cookie", "maglev"]
    assert all(bench_of(name).router.moves for name in BUILT_IN)
    assert all(find_policy(name).__doc__ for name in BUILT_IN)


# -- the contract -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("policy", BUILT_IN)
def test_only_healthy_edges_are_chosen(policy):
    """Whatever fails and returns: an edge believed healthy, -1 where there is none; a retry goes to another one,
    to the same one only where it is the only one."""
    bench = bench_of(policy, 6)
    clients = [bench.client(edge=i % 6) for i in range(12)]
    rng = np.random.default_rng(11)
    for _ in range(300):
        edge = int(rng.integers(6))
        (bench.fail if rng.random() < 0.6 else bench.mend)(edge)
        bench.loads[:] = rng.integers(0, 4, 6).tolist()
        healthy = bench.directory.healthy
        for client in clients:
            chosen = bench.choose(client)
            assert chosen in healthy if healthy else chosen == -1
            tried = int(rng.integers(6))
            other = bench.retry(client, tried)
            if not healthy:
                assert other == -1
            else:
                assert other in healthy
                assert other != tried or healthy == [tried]


@pytest.mark.parametrize("policy", BUILT_IN)
def test_one_edge_is_enough(policy):
    bench = bench_of(policy, 1)
    client = bench.client(edge=0)
    assert [bench.choose(client) for _ in range(20)] == [0] * 20
    assert bench.retry(client, 0) == 0
    bench.fail(0)
    assert bench.choose(client) == bench.retry(client, 0) == -1


@pytest.mark.parametrize("policy", BUILT_IN)
def test_same_seed_same_choices(policy):
    def edges(replication):
        bench = Bench(policy, 5, replication=replication, settings={"weight": 60, "leave_to": "uniform"})
        clients = [bench.client(edge=0) for _ in range(5)]
        return [bench.choose(clients[i % 5]) for i in range(100)]

    assert edges(0) == edges(0)


# -- adaptive and static --------------------------------------------------------------------------------------
@pytest.mark.parametrize("policy", ["adaptive", "static"])
def test_the_first_request_stays(policy):
    """Even at weight 0; from the second on the weight decides."""
    bench = bench_of(policy, 4, weight=0, leave_to="uniform")
    for _ in range(50):
        client = bench.client(edge=2, client_weight=0.0)
        assert bench.choose(client) == 2
        assert client.session.first is False
        assert bench.choose(client) != 2


@pytest.mark.parametrize("policy", ["adaptive", "static"])
def test_the_extreme_weights(policy):
    """100 never leaves, 0 always does (`uniform` is below 1, and the comparison strict)."""
    bench = bench_of(policy, 3, weight=100)
    client = bench.client(edge=1, first=False, client_weight=100.0)
    assert {bench.choose(client) for _ in range(500)} == {1}
    bench = bench_of(policy, 2, weight=0)
    client = bench.client(edge=1, first=False, client_weight=0.0)
    assert [bench.choose(client) for _ in range(6)] == [0, 1, 0, 1, 0, 1]
    bench.uniform = lambda: 0.0
    assert [bench.choose(client) for _ in range(4)] == [0, 1, 0, 1]


def test_exactly_the_weight_leaves():
    """Stay where the draw is below weight / 100: at exactly that, leave."""
    bench = bench_of("static", 2, weight=50)
    client = bench.client(edge=0, first=False)
    bench.uniform = lambda: 0.5
    assert [bench.choose(client) for _ in range(4)] == [1, 0, 1, 0]
    bench.uniform = lambda: math.nextafter(0.5, 0)
    assert [bench.choose(client) for _ in range(4)] == [0, 0, 0, 0]


def test_whose_weight_it_is():
    """Adaptive reads what the client was told, static only its setting."""
    for policy in ("adaptive", "static"):
        bench = bench_of(policy, 4, weight=0)
        client = bench.client(edge=0, first=False, client_weight=100.0)
        assert (bench.choose(client) == 0) is (policy == "adaptive")


def test_static_needs_a_weight():
    with pytest.raises(ValueError, match="weight"):
        Bench("static")
    bench = bench_of("adaptive")
    bench.router.context.settings.__dict__["weight"] = None
    with pytest.raises(
        ValueError, match=r"the static policy needs a weight: write routing: \{policy: static, weight: 75\}"
    ):
        find_policy("static")(bench.router.context)


def test_return_makes_leaving_an_excursion():
    """`stay`: where a request went is the current edge. `return`: the home edge stays; shares are w at home and
    (1 - w) / (n - 1) elsewhere. n = 20 x 4,000 requests, cap 1 %."""
    for after, moves in (("stay", True), ("return", False)):
        router = bench_of("static", after_leaving=after).router
        assert router.moves is router.retry_moves is moves

    def one(replication):
        bench = Bench(
            "static", 4, replication=replication,
            settings={"weight": 70, "after_leaving": "return", "leave_to": "uniform"},
        )  # fmt: skip
        client = bench.client(edge=2, first=False)
        return tally([bench.choose(client) for _ in range(4000)], 4)[2] / 4000

    assert agrees(*replicate(one), 0.7, 0.01)


def test_a_failed_edge_is_left_at_once():
    """Whatever the weight, even by a first request; with no other edge it is -1; what is left of a pair stays."""
    bench = bench_of("static", 3, weight=100)
    bench.fail(1)
    client = bench.client(edge=1)
    assert bench.choose(client) in (0, 2)
    assert client.session.first is False
    bench.fail(0)
    client = bench.client(edge=1, first=False)
    assert bench.choose(client) == 2
    lonely = bench_of("static", 3, weight=0)
    lonely.fail(0, 1)
    client = lonely.client(edge=2, first=False)
    assert lonely.choose(client) == 2, "there is nowhere to go"
    lonely.fail(2)
    assert lonely.choose(client) == -1


def test_drained_edges_are_closed_too():
    bench = bench_of("static", 2, weight=100)
    bench.directory.set_draining(0, Draining.MOVES)
    assert bench.choose(bench.client(edge=0)) == 1
    bench.directory.set_healthy(0, False)
    bench.directory.set_draining(0, Draining.NO)
    assert bench.directory.healthy == [1], "open again, but believed failed"
    bench.mend(0)
    assert bench.directory.healthy == [0, 1]


def test_the_directory_counts_changes():
    """Only what changes the healthy edges is a new version."""
    directory = Bench("random").directory
    directory.set_healthy(1, True)
    assert directory.version == 0
    directory.set_healthy(1, False)
    directory.set_draining(1, Draining.MOVES)
    assert directory.version == 1
    assert directory.believed == directory.open == [True, False, True, True]


# -- cookie -------------------------------------------------------------------------------------------------
def cookie(**settings):
    bench = Bench("cookie", 4, settings=settings, expected_rtt_s=[0.03, 0.01, 0.02, 0.04])
    client = bench.client(edge=3)

    def at(now_s):
        bench.now_s = now_s
        return bench.choose(client)

    return bench, client, at


def test_a_cookie_is_forever_by_default():
    _, _, at = cookie()
    assert [at(t) for t in (0, 1, 1e6, 1e12)] == [3, 3, 3, 3]


def test_a_cookie_ends_with_its_duration():
    """It is good while younger than `duration`, however often used; then the nearest edge sets another."""
    bench, client, at = cookie(duration="10s")
    assert [at(t) for t in (0, 5, 9.999)] == [3, 3, 3]
    assert at(10) == 1
    client.session.edge = 2  # to tell the new cookie's age from a new choice
    assert [at(t) for t in (10, 19.999)] == [2, 2]
    assert at(20) == 1
    assert bench.router.duration_s == 10.0


def test_an_unused_cookie_ends():
    """Each use counts; exactly `idle` is too long."""
    _, client, at = cookie(idle="3s")
    assert [at(t) for t in (2, 4, 6, 8.999)] == [3, 3, 3, 3]
    assert at(8.999 + 3) == 1
    client.session.edge = 2
    assert at(14) == 2
    assert at(17) == 1


def test_a_cookie_of_a_failed_edge_is_void():
    """And stays void when the edge returns; a retry is an excursion to the nearest other."""
    bench, client, at = cookie()
    bench.fail(3)
    assert at(1) == 1
    bench.mend(3)
    assert at(2) == 1
    assert bench.retry(client, 1) == 2
    assert at(3) == 1
    bench.fail(0, 1, 2, 3)
    assert at(4) == -1


# -- nearest, random, in turn, by load ------------------------------------------------------------------------
def test_nearest_goes_by_measurement_then_expectation():
    bench = Bench("nearest", 3, expected_rtt_s=[0.03, 0.01, 0.02])
    client = bench.client()
    assert bench.choose(client) == 1
    assert bench.retry(client, 1) == 2
    measure(client, {1: 0.025})
    assert bench.choose(client) == 2
    measure(client, {1: 0.025, 2: 0.5})
    assert bench.choose(client) == 1
    measure(client, {1: 0.025, 2: 0.5, 0: 0.024})
    assert bench.choose(client) == 0
    assert bench.retry(client, 0) == 1


def test_random_is_uniform_over_the_healthy():
    """Each healthy edge as likely, each request anew; a retry over the others. n = 20 x 2,000, cap 2 %."""

    def share(replication, fail, tried):
        bench = Bench("random", 5, replication=replication)
        bench.fail(*fail)
        client = bench.client(edge=0)
        edges = [bench.choose(client) if tried is None else bench.retry(client, tried) for _ in range(2000)]
        assert set(edges) == set(range(5)) - set(fail) - {tried}
        return tally(edges, 5)[3] / 2000

    for fail, tried, expected in (
        ((), None, 1 / 5),
        ((1, 4), None, 1 / 3),
        ((), 0, 1 / 4),
        ((1,), 4, 1 / 3),
        ((1,), 1, 1 / 4),
    ):
        assert agrees(*replicate(lambda r, fail=fail, tried=tried: share(r, fail, tried)), expected, 0.02)


def test_round_robin_goes_round():
    """In order from the first edge, over all clients; failed edges are passed over and come back in their place."""
    bench = Bench("round_robin", 4)
    clients = [bench.client(edge=2) for _ in range(3)]
    turn = (bench.choose(clients[i % 3]) for i in range(1000))
    assert [next(turn) for _ in range(9)] == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    bench.fail(1)
    assert [next(turn) for _ in range(4)] == [2, 3, 0, 2]
    bench.mend(1)
    assert [next(turn) for _ in range(3)] == [3, 0, 1]
    bench.fail(1)
    assert next(turn) == 2
    bench.fail(3)
    assert [next(turn) for _ in range(3)] == [0, 2, 0]
    bench.fail(0, 2)
    assert next(turn) == -1
    bench.mend(3)
    assert [next(turn) for _ in range(2)] == [3, 3]


def test_round_robin_retries_in_turn():
    """A retry takes its turn, and the next one's where that is the edge just tried."""
    bench = Bench("round_robin", 3)
    client = bench.client(edge=0)
    assert [bench.choose(client), bench.retry(client, 0), bench.choose(client)] == [0, 1, 2]
    assert [bench.retry(client, 0), bench.choose(client)] == [1, 2]


def test_least_outstanding_takes_the_least():
    bench = Bench("least_outstanding", 4)
    client = bench.client(edge=0)
    bench.loads[:] = [3, 1, 2, 5]
    assert bench.choose(client) == 1
    assert bench.retry(client, 1) == 2
    bench.fail(1, 2)
    assert bench.choose(client) == 0


@pytest.mark.parametrize(
    ("n", "loads"), [(4, [0, 0, 0, 1]), (4, [2, 2, 2, 7]), (40, [0, 0, 0] + [1] * 37), (40, [1] * 3 + [2] * 37)]
)
def test_ties_of_load_are_broken_evenly(n, loads):
    """Three least loaded edges: a third each, among few and many edges, idle or not. n = 20 x 600, cap 2 %."""

    def one(replication):
        bench = Bench("least_outstanding", n, replication=replication)
        bench.loads[:] = loads
        client = bench.client()
        edges = [bench.choose(client) for _ in range(600)]
        assert set(edges) == {0, 1, 2}
        return tally(edges, n)[1] / 600

    assert agrees(*replicate(one), 1 / 3, 0.02)


def test_least_outstanding_among_many_avoids_the_tried_one():
    """The quick search for an idle edge passes the one just tried over."""
    bench = Bench("least_outstanding", 40)
    client = bench.client()
    assert {bench.retry(client, 7) for _ in range(3000)} == set(range(40)) - {7}
    bench.fail(*range(20))
    assert {bench.retry(client, 27) for _ in range(3000)} == set(range(20, 40)) - {27}


def test_power_of_two_takes_the_better():
    """Loads 0 .. 3 on four edges, two independent draws: the edge of load i with chance (2 (4 - i) - 1) / 16; equal
    loads evenly; a retry among the other three. n = 20 x 2,000, cap 3 %."""

    def share(replication, edge, loads, tried=None):
        bench = Bench("power_of_two", 4, replication=replication)
        bench.loads[:] = loads
        client = bench.client()
        edges = [bench.choose(client) if tried is None else bench.retry(client, tried) for _ in range(2000)]
        return tally(edges, 4)[edge] / 2000

    for edge in range(4):
        assert agrees(*replicate(lambda r, e=edge: share(r, e, [0, 1, 2, 3])), (7 - 2 * edge) / 16, 0.03)
        assert agrees(*replicate(lambda r, e=edge: share(r, e, [5, 5, 5, 5])), 1 / 4, 0.03)
    assert agrees(*replicate(lambda r: share(r, 1, [0, 1, 2, 3], tried=0)), 5 / 9, 0.03)
    assert replicate(lambda r: share(r, 0, [0, 1, 2, 3], tried=0)) == (0.0, 0.0)


# -- where requests leave to --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("leave_to", "expected"),
    [
        ("nearest", {3}),
        ("uniform", {0, 2, 3}),
        ("least_outstanding", {0}),
        ("power_of_two", {0, 2, 3}),
    ],
)
def test_where_requests_leave_to(leave_to, expected):
    """Never to the edge that they leave, nor to a failed one; -1 where there is no other."""
    bench = Bench(
        "static", 5, settings={"weight": 0, "leave_to": leave_to}, expected_rtt_s=[0.05, 0.01, 0.03, 0.02, 0.01]
    )
    bench.loads[:] = [1, 0, 2, 2, 0]
    bench.fail(4)
    client = bench.client(edge=1, first=False)
    assert {bench.router.leave(client, 1) for _ in range(200)} == expected
    assert {bench.retry(client, 1) for _ in range(200)} == expected
    bench.fail(0, 2, 3)
    assert bench.router.leave(client, 1) == -1
    assert bench.retry(client, 1) == 1
    bench.fail(1)
    assert bench.router.leave(client, 1) == bench.router.leave(client, -1) == -1


def test_own_view_of_load():
    """In a world with `view: own` a client sees what it has outstanding itself, with `shared` what edges hold."""
    from simulator.build.builder import build
    from simulator.scenario.schema import Scenario

    for view, seen in (("own", 2), ("shared", 0)):
        scenario = Scenario.from_dict(
            {
                "schema": 1,
                "name": "view",
                "duration": "1s",
                "clients": {"c": {"count": 2, "workload": {"kind": "poisson", "rate": "1/s"}}},
                "edges": {"edge": {"count": 2}},
                "cores": {"core": {}},
                "routing": {"policy": "least_outstanding", "view": view},
            }
        )
        world = build(scenario, seed=1, replication=0)
        one, two = world.groups[0].clients
        one.outstanding_at = {1: 2}
        load = world.groups[0].router.context.load
        assert (load(one, 1), load(one, 0), load(two, 1)) == (seen, 0, 0)
        session = a_session(0, one, edge=0, first=False)
        chosen = {world.groups[0].router.choose(one, session) for _ in range(50)}
        assert chosen == ({0} if view == "own" else {0, 1})
