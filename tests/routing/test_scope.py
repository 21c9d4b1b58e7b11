"""`routing.scope: site`: each policy at work within a site, and what a site that is not well sends on."""

from collections import Counter

import pytest

from simulator.routing.consistent_hash import make_ring
from simulator.routing.hashing import position_of_client
from simulator.routing.scope import spill
from simulator.run import run_replication
from simulator.scenario.schema import Scenario

POLICIES = [
    "adaptive", "static", "cookie", "nearest", "random", "round_robin", "least_outstanding", "power_of_two",
    "consistent_hash", "maglev",
]  # fmt: skip
HASHING = ["consistent_hash", "maglev"]


def regions(*settings, site="london", duration="30s", **routing):
    """Clients in London, edges in Tokyo, Frankfurt and London: the nearest site is written last."""
    client = {"count": 60, "workload": {"kind": "poisson", "rate": "2/s"}, "session": {"established": True}}
    return Scenario.from_dict({
        "name": "regions", "duration": duration, "sites": ["tokyo", "frankfurt", "london"],
        "clients": {"web": client if site is None else client | {"site": site}},
        "edges": {"pop": {"at": {"tokyo": 4, "frankfurt": 4, "london": 4}, "workers": "unlimited"}},
        "cores": {"core": {"workers": "unlimited"}},
        "routing": {"policy": "random", "scope": "site", "hash_salt": "fixed"} | routing,
    }).with_overrides(list(settings))  # fmt: skip


def policy(name):
    return {"policy": name, "leave_to": "uniform"} | ({"weight": 50} if name == "static" else {})


def down(*edges):
    faults = [f'{{at: 0s, for: 1h, crash: "pop-{edge}"}}' for edge in edges]
    return f"faults=[{', '.join(faults)}]"


def played(scenario, since_s=0.0):
    """(client, edge) of each request that was answered, in order."""
    result = run_replication(scenario, seed=3, replication=0, trace=1.0)
    rows = zip(result.requests["t_s"], result.requests["client"], result.requests["edge"], strict=True)
    return [(client, edge) for t_s, client, edge in sorted(rows) if t_s >= since_s and edge]


def sites_of(rows):
    at = Counter(edge.split("-")[1] for _, edge in rows)
    return {site: many / len(rows) for site, many in at.items()}


def test_the_shares_are_those_of_the_published_example():
    assert spill([0.2, 0.5, 1.0], 1.4) == pytest.approx([0.28, 0.70, 0.02])


@pytest.mark.parametrize(
    ("open_shares", "overprovision", "expected"),
    [
        ([0.75, 1.0], 1.4, [1.0, 0.0]),
        ([0.0, 1.0], 1.4, [0.0, 1.0]),
        ([0.0, 0.0], 1.4, [0.0, 0.0]),
        ([0.1, 0.2], 1.4, [1 / 3, 2 / 3]),
        ([0.5, 1.0], 1.0, [0.5, 0.5]),
        ([0.1, 1.0, 1.0], float("inf"), [1.0, 0.0, 0.0]),
        ([0.0, 0.1], float("inf"), [0.0, 1.0]),
    ],
)
def test_a_site_gets_what_it_carries_and_no_more_than_is_left(open_shares, overprovision, expected):
    assert spill(open_shares, overprovision) == pytest.approx(expected)


@pytest.mark.parametrize("name", POLICIES)
def test_a_site_that_is_well_keeps_its_clients(name):
    rows = played(regions(**policy(name)))
    assert sites_of(rows) == {"london": 1.0}
    assert len({edge for _, edge in rows}) == 4


@pytest.mark.parametrize("name", POLICIES)
def test_without_a_site_all_edges_are_one(name):
    with_scope = played(regions(site=None, **policy(name)))
    assert with_scope == played(regions("routing.scope=global", site=None, **policy(name)))
    assert len(sites_of(with_scope)) == 3


@pytest.mark.parametrize("name", POLICIES)
def test_a_site_that_is_lost_sends_all_to_the_next_nearest(name):
    rows = played(regions(down("london-*"), **policy(name)), since_s=10.0)
    assert sites_of(rows) == {"frankfurt": 1.0}


@pytest.mark.parametrize("name", ["random", "round_robin", "least_outstanding", "power_of_two", "nearest"])
@pytest.mark.parametrize(("overprovision", "stays"), [("1.4", 0.7), ("1x", 0.5), ("2.5", 1.0), ("unlimited", 1.0)])
def test_half_a_site_keeps_what_its_overprovisioning_says(name, overprovision, stays):
    """3,600 requests: a standard error of .008."""
    half = down("london-1", "london-2")
    rows = played(regions(half, duration="40s", overprovision=overprovision, policy=name), since_s=10.0)
    assert sites_of(rows).get("london", 0.0) == pytest.approx(stays, abs=0.03)
    assert "tokyo" not in sites_of(rows)


@pytest.mark.parametrize("name", HASHING)
def test_a_client_of_a_hashing_policy_stays_at_one_edge_of_one_site(name):
    """The client's hash is the draw: its share of clients goes to the next site, and none of them back and forth."""
    half = down("london-1", "london-2")
    rows = played(regions(half, "clients.web.count=600", policy=name), since_s=10.0)
    edges = {}
    for client, edge in rows:
        edges.setdefault(client, set()).add(edge)
    assert all(len(one) == 1 for one in edges.values())
    at_home = sum("london" in next(iter(one)) for one in edges.values()) / len(edges)
    assert at_home == pytest.approx(0.7, abs=0.06)  # 3 standard errors of 600 clients
    assert {edge.split("-")[1] for one in edges.values() for edge in one} == {"london", "frankfurt"}


def test_there_is_a_ring_for_each_site():
    """The edge is that of a ring on which the site's edges are alone."""
    run = played(regions(policy="consistent_hash"))
    names = tuple(f"pop-london-{number + 1}" for number in range(4))
    ring = make_ring(names, 100)
    from simulator.build.builder import build

    clients = build(regions(policy="consistent_hash"), 3, 0).groups[0].clients
    salts = {f"web-{client.index + 1}": client.salt for client in clients}
    assert run
    for client, edge in run:
        assert edge == names[next(ring.owners_from(position_of_client(salts[client])))]


def test_bounded_loads_are_bounded_within_each_site():
    """ε 0: each of the four edges has 15 of 60 clients; with a site half down the bounds are those of the two sites."""
    settings = {"policy": "consistent_hash", "load_bound": "0%", "virtual_nodes": 3}
    homes = Counter(dict(played(regions(**settings))).values())
    assert sorted(homes.values()) == [15, 15, 15, 15]
    half = down("london-1", "london-2")
    homes = Counter(dict(played(regions(half, **settings), since_s=10.0)).values())
    for site, edges in (("london", 2), ("frankfurt", 4)):
        there = [many for edge, many in homes.items() if site in edge]
        assert len(there) == edges
        assert max(there) - min(there) <= 1


@pytest.mark.parametrize("name", ["static", "cookie"])
def test_a_request_that_stays_draws_no_site(name):
    """Only sessions of the two dead edges are moved: of these .7 stay in the site, so .85 of all, with weight 100."""
    half = down("london-1", "london-2")
    settings = {"policy": name} | ({"weight": 100, "leave_to": "uniform"} if name == "static" else {})
    rows = played(regions(half, "clients.web.count=400", **settings), since_s=10.0)
    edges = {}
    for client, edge in rows:
        edges.setdefault(client, set()).add(edge)
    assert all(len(one) == 1 for one in edges.values())
    at_home = sum("london" in next(iter(one)) for one in edges.values()) / len(edges)
    assert at_home == pytest.approx(0.85, abs=0.05)


def test_drained_edges_are_none_of_the_healthy_share():
    faults = 'faults=[{at: 0s, for: 1h, drain: "pop-london-1"}, {at: 0s, for: 1h, drain: "pop-london-2"}]'
    rows = played(regions(faults, duration="40s"), since_s=5.0)
    assert sites_of(rows)["london"] == pytest.approx(0.7, abs=0.03)
    assert not {"pop-london-1", "pop-london-2"} & {edge for _, edge in rows}


def test_where_everything_is_drained_the_nearest_site_serves():
    rows = played(regions('faults=[{at: 0s, for: 1h, drain: "pop-*"}]'), since_s=5.0)
    assert sites_of(rows) == {"london": 1.0}


def test_sites_are_ordered_from_the_clients_own_places():
    """Clients within 1500 km of London: those in the south east have Frankfurt first, most London, none Tokyo."""
    rows = played(regions("clients.web.count=300", "clients.web.spread=1500km"))
    shares = sites_of(rows)
    assert set(shares) == {"london", "frankfurt"}
    assert shares["london"] > shares["frankfurt"] > 0.1
    for client in {client for client, _ in rows}:
        assert len({edge.split("-")[1] for one, edge in rows if one == client}) == 1


def test_sites_that_are_equally_far_come_after_the_own_one():
    rows = played(regions("network.default.latency=0ms", "clients.web.count=300"))
    assert sites_of(rows) == {"london": 1.0}
    lost = played(regions("network.default.latency=0ms", "clients.web.count=300", down("london-*")), since_s=10.0)
    assert sites_of(lost)["tokyo"] == pytest.approx(0.5, abs=0.1)  # a client's order is its own


def test_crossed_sites_are_those_that_are_not_the_first_in_order():
    half = down("london-1", "london-2")
    scenario = regions(half, "network.default.latency=0ms", "warmup=10s", duration="50s")
    crossed = run_replication(scenario, seed=3, replication=0).metrics["crossed_site_ratio"]
    assert crossed == pytest.approx(0.3, abs=0.03)
