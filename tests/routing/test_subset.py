"""`routing.subset`: each client knows a few edges of many, and all edges are known by as many clients."""

import math
from collections import Counter

import pytest

from simulator.routing.subset import subset_of
from simulator.run import run_replication
from simulator.scenario.schema import Scenario
from simulator.verification.worlds import ideal

POLICIES = ["adaptive", "static", "cookie", "nearest", "random", "round_robin", "least_outstanding", "power_of_two"]


def fleet(policy, *settings, edges=12, **parts):
    """Clients and edges without queues, and links of 1 ms."""
    routing = {"policy": policy, "leave_to": "uniform", "subset": 3} | ({"weight": 20} if policy == "static" else {})
    scenario = ideal(
        40.0, 0.0,
        clients={"count": 40, "workload": {"kind": "poisson", "rate": "2/s"}}, edges={"count": edges},
        routing=routing, sam={}, network={"default": {"latency": "1ms"}},
    )  # fmt: skip
    return Scenario.from_dict(scenario | parts).with_overrides(list(settings))


def edges_of(scenario, since_s=0.0):
    """The edges that answered each client, and the outcomes of all requests."""
    result = run_replication(scenario, seed=4, replication=0, trace=1.0)
    found = {}
    rows = result.requests
    for t_s, client, edge in zip(rows["t_s"], rows["client"], rows["edge"], strict=True):
        if t_s >= since_s and edge:
            found.setdefault(client, set()).add(edge)
    return found, result


@pytest.mark.parametrize(("edges", "size"), [(12, 3), (300, 20), (10, 5), (7, 1)])
def test_within_a_round_every_edge_is_dealt_out_once(edges, size):
    a_round = edges // size
    for number in range(20):
        dealt = [edge for client in range(a_round) for edge in subset_of(range(edges), number * a_round + client, size)]
        assert len(dealt) == len(set(dealt)) == a_round * size


def test_rounds_are_shuffled_anew():
    assert len({tuple(subset_of(range(300), client, 20)) for client in range(3000)}) == 3000


def test_what_is_left_over_in_a_round_takes_part_in_others():
    """10 edges in subsets of 4: two are left over in each round; in the long run all are known by as many clients."""
    known = Counter(edge for client in range(4000) for edge in subset_of(range(10), client, 4))
    assert len(known) == 10
    assert all(abs(many - 1600) < 5 * math.sqrt(2000 * 0.8 * 0.2) for many in known.values())


def test_no_more_edges_than_the_subset_are_all_known():
    assert subset_of([4, 7, 9], 5, 3) == [4, 7, 9]
    assert subset_of([4, 7, 9], 5, 20) == [4, 7, 9]


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_keeps_to_the_subset(policy):
    found, _ = edges_of(fleet(policy))
    assert all(len(edges) <= 3 for edges in found.values())
    if policy not in ("cookie", "nearest"):  # these have one edge each
        assert all(len(edges) == 3 for edges in found.values())
    assert len(set.union(*found.values())) == 12


@pytest.mark.parametrize("size", [1, 2, 5, 10])
def test_fewer_edges_a_client_hit_more(size):
    """Random among d edges, sliding TTL: each of them is asked at rate λ/d, so that 1 - exp(-λT/d) of lookups hit.

    10,000 lookups: a standard error of .005, and one session more counts little after eight TTLs.
    """
    scenario = Scenario.from_dict(ideal(
        160.0, 60.0,
        clients={"count": 50, "workload": {"kind": "poisson", "rate": "2/s"}},
        edges={"count": 10, "l1": {"ttl": "3s", "ttl_mode": "sliding"}}, routing={"policy": "random", "subset": size},
    ))  # fmt: skip
    ratio = run_replication(scenario, seed=1, replication=0).metrics["hit_ratio.l1"]
    assert ratio == pytest.approx(1 - math.exp(-2 * 3 / size), abs=0.02)


def test_who_knows_none_that_is_healthy_has_nowhere_to_go():
    """Two of twelve edges are dead: of clients with a subset of one, those who know a dead one fail, and only they."""
    faults = [{"at": "0s", "for": "1h", "crash": f"edge-{number}"} for number in (1, 2)]
    found, result = edges_of(fleet("random", "routing.subset=1", "warmup=10s", faults=faults), since_s=10.0)
    assert not {"edge-1", "edge-2"} & set.union(*found.values())
    failed = result.metrics["failures.ratio[unroutable]"]
    assert failed == pytest.approx(1 - len(found) / 40, abs=0.03)
    assert 0.02 < failed < 0.5


@pytest.mark.parametrize("policy", ["consistent_hash", "maglev"])
def test_hashing_shares_clients_out_among_all(policy):
    assert edges_of(fleet(policy))[0] == edges_of(fleet(policy, "routing.subset=unlimited"))[0]


def test_with_sites_there_is_a_subset_of_each():
    """Half of the site is down: clients know two edges of six in each site, and go on as these two are healthy."""
    client = {"count": 40, "site": "london", "workload": {"kind": "poisson", "rate": "2/s"}}
    faults = [{"at": "0s", "for": "1h", "crash": f"edge-london-{number}"} for number in (1, 2, 3)]
    base = ideal(40.0, 0.0, sam={}, routing={"policy": "random", "scope": "site", "subset": 2})
    edge = {key: value for key, value in base["edges"]["edge"].items() if key != "count"}
    found, result = edges_of(
        Scenario.from_dict(base | {
            "clients": {"c": base["clients"]["c"] | client}, "sites": ["london", "frankfurt", "tokyo"],
            "edges": {"edge": edge | {"at": {"london": 6, "frankfurt": 6, "tokyo": 6}}}, "faults": faults,
            "network": {"geo": {"last_mile": "0ms"}},
        }),
        since_s=10.0,
    )  # fmt: skip
    at = [Counter(edge.split("-")[1] for edge in edges) for edges in found.values()]
    assert all(one["london"] <= 2 and one["frankfurt"] <= 2 and not one["tokyo"] for one in at)
    assert 0 < sum(one["frankfurt"] == 0 for one in at) < len(at) / 2  # those who know two healthy ones: a fifth
    assert result.metrics["requests.rate"] > 0
    assert all(name for name, t_s in zip(result.requests["edge"], result.requests["t_s"], strict=True) if t_s >= 10.0)
