"""Edges that join and leave exist for nobody before and after, and what theory says of hashing holds."""

from __future__ import annotations

import math

import pytest

from simulator.messages import Outcome
from simulator.metrics.events import fault_spans
from simulator.scenario.schema import Scenario
from tests.worlds import BASE, FREE, Play, merged, played


def scenario(**change):
    return Scenario.from_dict({"name": "free", **merged(FREE, change)})


def edges_of(world):
    return [client.session.last_edge for client in world.groups[0].clients]


JOIN = {"at": "20s", "for": "20s", "add": {"edges": "e", "count": 1}}


def test_one_edge_more_takes_its_share_and_gives_the_same_back():
    """n = 8: 1/9 of the sessions move, to the new edge alone; when it leaves the same ones are back where they were.

    1,000 points on a ring and 4,000 sessions, five replications: a standard deviation of about .003.
    """
    moved_shares = []
    for seed in range(5):
        world_of = scenario(
            clients={"u": {"count": 4000}}, edges={"e": {"count": 8}}, faults=[JOIN],
            routing={"policy": "consistent_hash", "virtual_nodes": 1000},
        )  # fmt: skip
        play = Play(world_of, seed=seed)
        before, during, after = (edges_of(play.until(at_s)) for at_s in (19.99, 39.99, 59.99))
        moved = [place for place, edge in enumerate(during) if edge != before[place]]
        assert {during[place] for place in moved} == {8}
        assert after == before
        assert 8 not in after
        moved_shares.append(len(moved) / 4000)
    assert sum(moved_shares) / 5 == pytest.approx(1 / 9, abs=0.02)


def test_before_and_after_it_gets_nothing_and_counts_in_nothing():
    metrics = played(merged(FREE, {"routing": {"policy": "random"}, "faults": [JOIN]})).metrics
    quarter = 100 / 4  # per second, while there are four
    assert metrics["edge.load[e-4]"] == pytest.approx(quarter * 20 / 60, rel=0.15)
    assert metrics["failures.ratio"] == 0.0
    assert metrics["edge.imbalance"] == pytest.approx((100 / 3 * 40 + 25 * 20) / 60 / 29.9, rel=0.1)


def test_clients_hear_of_it_after_the_propagation_and_at_once_without_a_sam():
    for sam, known_s in (("off", 20.0), ({"propagation": "2s"}, 22.0)):
        play = Play(scenario(sam=sam, routing={"policy": "random"}, faults=[JOIN]))
        assert not play.at(known_s - 0.001, lambda world: world.directory.open[3])
        assert play.at(known_s + 0.001, lambda world: world.directory.open[3])


def test_names_go_on_from_the_highest_number_of_the_group():
    sites = {"here": {"lat": 0, "lon": 0}, "there": {"lat": 0, "lon": 1}}
    faults = [
        {"at": "5s", "add": {"edges": "pop", "site": "there", "count": 2}},
        {"at": "6s", "add": {"edges": "pop", "site": "there"}},
        {"at": "9s", "for": "2s", "slow": "pop-there-4", "factor": 2},
    ]
    world = {**BASE, "sites": sites, "edges": {"pop": {"at": {"here": 2, "there": 1}}}, "faults": faults}
    names = [edge.name for edge in Play(Scenario.from_dict(world)).world.edges]
    assert names == ["pop-here-1", "pop-here-2", "pop-there-1", "pop-there-2", "pop-there-3", "pop-there-4"]


def test_a_removed_edge_is_drained_and_then_gone_and_comes_back_cold():
    retry = {"timeout": "1s", "max": 0}
    fault = {"at": "20s", "for": "25s", "remove": "e-1", "drain": "5s"}
    play = Play(scenario(clients={"u": {"retry": retry}}, routing={"policy": "cookie"}, faults=[fault]))
    world = play.until(20.001)
    assert not world.directory.open[0]
    assert not world.edges[0].down
    play.until(25.001)
    assert world.edges[0].down
    arrivals = world.edges[0].arrivals
    play.until(44.999)
    assert world.edges[0].arrivals == arrivals
    play.until(45.001)
    assert world.directory.open[0]
    assert len(world.edges[0].l1.cache) == 0
    assert not world.groups[0].books.failed
    assert fault_spans(world.log.rows)[0] == (20.0, 25.0, "remove e-1")


@pytest.mark.parametrize(
    ("fault", "outcome"), [({}, Outcome.RESET), ({"connections": "silent"}, Outcome.CRASHED)], ids=["reset", "silent"]
)
def test_what_is_left_at_an_edge_that_is_removed_at_once_is_reset_or_has_crashed(fault, outcome):
    edges = {"e": {"count": 1, "workers": 1, "queue": "unlimited", "service_time": "10s"}}
    play = Play(scenario(edges=edges, faults=[{"at": "20s", "remove": "e-1", **fault}]))
    world = play.until(21.0)
    outcomes = {outcome for outcome, _ in world.groups[0].books.failed}
    assert outcomes == {int(outcome), int(Outcome.UNROUTABLE)}
    assert world.groups[0].books.ok == 1  # of about 2,000: one was served


def test_nobody_misses_the_heartbeats_of_an_edge_that_is_not_there():
    faults = [{"at": "5s", "remove": "e-1"}, {"at": "30s", "add": {"edges": "e"}}]
    world = Play(scenario(sam={}, faults=faults)).until(59.0)
    assert not [row for row in world.log.rows if row["kind"] == "detected"]


def test_a_fault_does_nothing_to_an_edge_that_does_not_exist():
    """The crash lasts from 10 s to 30 s: the edge that joins at 20 s is down for 10 s of the 40 s that it exists."""
    faults = [{"at": "20s", "add": {"edges": "e"}}, {"at": "10s", "for": "20s", "crash": "e-4"}]
    found = played(merged(FREE, {"faults": faults}))
    assert (20.0, 30.0, "crash e-4") in fault_spans(found.events)
    assert found.metrics["node.availability[e-4]"] == pytest.approx(30 / 40)
    assert found.metrics["node.availability"] == pytest.approx((3 + 30 / 40) / 4)
    faults[1]["for"] = "5s"
    gone = played(merged(FREE, {"faults": faults}))
    assert [span for span in fault_spans(gone.events) if span[2].startswith("crash")] == []
    assert not math.isnan(gone.metrics["node.availability"])
