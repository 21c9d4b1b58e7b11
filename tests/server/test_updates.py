"""The operation `update`: what it changes, who hears of it, and what is stale afterwards."""

from __future__ import annotations

import math

import pytest

from simulator.messages import Operation, Tier
from simulator.scenario.errors import ScenarioError
from simulator.scenario.schema import Scenario
from tests.worlds import FREE, QUIET, Play, merged, played, small

LOOKUP, UPDATE = int(Operation.LOOKUP), int(Operation.UPDATE)
READ_LOCK, ACQUIRE = int(Operation.READ_LOCK), int(Operation.ACQUIRE)
WRITES = {"clients": {"people": {"operations": {"lookup": 0.5, "update": 0.5}}}}
LOCKS = {"clients": {"people": {"operations": {"lookup": 0.25, "update": 0.25, "read_lock": 0.25, "acquire": 0.25}}}}


def quiet(*changes, **more):
    """Two edges, and nothing but what the test asks for."""
    world = merged(QUIET, more)
    for change in changes:
        world = merged(world, change)
    return Play(small(**merged(WRITES, world)))


def at(play, edge):
    """The first client's session is to be asked for at this edge from now on."""
    play.world.groups[0].clients[0].session.edge = edge


STICKY = {"routing": {"policy": "static", "weight": 100}, "sam": "off"}


def trading(lookups, updates, ttl_s, *, edges=2, count=100, duration_s=150, **change):
    """Row 110: each request at an edge drawn anew, nothing takes time."""
    whole = lookups + updates
    group = {
        "count": count, "workload": {"rate": f"{whole}/s"},
        "operations": {"lookup": lookups / whole, "update": updates / whole},
    }  # fmt: skip
    world = {
        "duration": f"{duration_s}s", "warmup": f"{3 * ttl_s}s", "clients": {"u": group},
        "routing": {"policy": "random"},
        "edges": {"e": {"count": edges, "l1": {"ttl": f"{ttl_s}s"}}}, "cores": {"core": {"l2": {"ttl": "never"}}},
    }  # fmt: skip
    return merged(merged(FREE, world), change)


# -- what an update does -----------------------------------------------------------------------------------
def test_an_update_is_decided_by_the_core_and_fills_l1_of_the_edge_that_carries_it():
    play = quiet(STICKY)
    world = play.until(1.0)
    edge, other, core = world.edges[0], world.edges[1], world.cores[0]
    if world.groups[0].clients[0].session.edge != 0:
        edge, other = other, edge
    group = world.groups[0]
    play.ask(operation=UPDATE)
    play.until(2.0)
    # 5 ms and 1 ms to and in the edge, the same to and in the core, 5 ms back, 5 ms to the client; no storage
    assert group.books.latencies_s.take().tolist() == [pytest.approx(0.022)]
    assert [code % 8 for code in group.books.codes.take()] == [int(Tier.CORE)]
    assert (edge.lookups, core.lookups, len(edge.l1.cache), len(other.l1.cache), len(core.l2.cache)) == (0, 0, 1, 0, 1)
    assert (world.storage.reads, world.storage.writes) == (0, 1)
    play.ask(operation=LOOKUP)
    play.until(3.0)
    assert (edge.lookups, edge.hits, edge.stale_reads) == (1, 1, 0)


def test_an_update_gives_the_entry_a_fresh_ttl():
    """TTL 10 s; read at 1 s, updated at 8 s: still there at 17 s, gone at 19 s."""
    play = quiet(STICKY, edges={"pop": {"count": 1, "l1": {"ttl": "10s"}}})
    for time_s, operation in ((1.0, LOOKUP), (8.0, UPDATE), (17.0, LOOKUP), (19.0, LOOKUP)):
        play.until(time_s)
        play.ask(operation=operation)
    edge = play.until(20.0).edges[0]
    assert (edge.lookups, edge.hits, sum(edge.misses)) == (3, 1, 2)


def test_an_update_overwrites_l2():
    """TTL of L2 10 s, L1 keeps nothing: read at 1 s, updated at 8 s, so that L2 has it at 17 s and not at 19 s."""
    play = quiet(STICKY, edges={"pop": {"count": 1, "l1": {"ttl": "0ms"}}}, cores={"core": {"l2": {"ttl": "10s"}}})
    for time_s, operation in ((1.0, LOOKUP), (8.0, UPDATE), (17.0, LOOKUP), (19.0, LOOKUP)):
        play.until(time_s)
        play.ask(operation=operation)
    world = play.until(20.0)
    assert (world.cores[0].lookups, world.cores[0].hits, world.storage.reads) == (3, 1, 2)


def test_with_inherit_ttl_the_entry_lives_as_long_as_that_of_l2():
    play = quiet(
        STICKY, edges={"pop": {"count": 1, "l1": {"ttl": "never", "inherit_ttl": True}}},
        cores={"core": {"l2": {"ttl": "4s"}}},
    )  # fmt: skip
    play.until(1.0)
    play.ask(operation=UPDATE)
    for time_s in (4.5, 6.0):
        play.until(time_s)
        play.ask()
    assert play.until(7.0).edges[0].hits == 1


def test_an_update_names_its_edge_the_renewer():
    play = quiet(STICKY)
    play.until(1.0)
    session = play.world.groups[0].clients[0].session
    for edge in (1, 0):
        at(play, edge)
        play.ask(operation=UPDATE)
        play.until(play.world.kernel.now + 1.0)
        assert session.grant.renewer == edge
        assert play.world.edges[edge].leases.valid(session.session_id, play.world.kernel.now)


def test_an_update_of_an_expired_session_is_session_expired_and_made_after_one_retry():
    play = quiet(
        STICKY, leases={"length": "3s", "renew_before": "1s", "batch_every": "1s", "idle_after": "1s"},
        clients={"people": {"retry": {"timeout": "5s", "max": 1}}},
    )  # fmt: skip
    play.until(10.0)
    play.ask(operation=UPDATE)
    world = play.until(12.0)
    group = world.groups[0]
    assert (group.books.ok, group.books.counted_retries, group.books.failed) == (1, 1, {})
    assert world.storage.writes == 2  # the establishment and one update: the expired session's changed nothing


def test_an_update_sent_twice_changes_twice():
    """Answers to clients are lost: each of three attempts is made."""
    play = quiet(
        STICKY, clients={"people": {"retry": {"timeout": "100ms", "max": 2, "backoff": "0ms", "to": "same"}}},
        network={"links": [{"from": "pop-*", "to": "people", "loss": "100%"}]},
    )  # fmt: skip
    play.until(1.0)
    play.ask(operation=UPDATE)
    assert play.until(3.0).storage.writes == 3


# -- what is stale -----------------------------------------------------------------------------------------
def test_a_lookup_is_stale_after_an_update_elsewhere_and_not_after_a_lock_operation():
    play = quiet(STICKY, LOCKS)
    stale = []
    for edge, operation in (
        (0, LOOKUP), (1, LOOKUP), (0, ACQUIRE), (1, LOOKUP), (1, READ_LOCK), (0, UPDATE), (0, LOOKUP), (1, LOOKUP),
        (1, ACQUIRE), (1, READ_LOCK), (1, LOOKUP), (0, READ_LOCK), (1, UPDATE), (1, LOOKUP), (0, LOOKUP),
    ):  # fmt: skip
        at(play, edge)
        before = sum(one.stale_reads for one in play.world.edges)
        play.ask(operation=operation)
        play.until(play.world.kernel.now + 1.0)
        stale.append(sum(one.stale_reads for one in play.world.edges) - before)
    #                                 ^ lock taken at 0    ^ data changed at 0           ^ lock taken at 1
    assert stale == [0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1]


def test_invalidation_is_a_message_to_each_other_edge_that_holds_the_session():
    play = quiet(STICKY, coherence="invalidate", edges={"pop": {"count": 4}})
    for edge, operation in ((0, LOOKUP), (1, LOOKUP), (2, LOOKUP), (1, UPDATE)):
        at(play, edge)
        play.ask(operation=operation)
        play.until(play.world.kernel.now + 1.0)
    world = play.world
    assert world.cores[0].invalidations == 2
    assert [len(edge.l1.cache) for edge in world.edges] == [0, 1, 0, 0]
    at(play, 0)
    play.ask(operation=UPDATE)
    assert play.until(world.kernel.now + 1.0).cores[0].invalidations == 3  # only the second edge holds it


@pytest.mark.parametrize(("loss", "stale"), [(0.0, 0), (1.0, 1)])
def test_an_invalidation_can_be_lost(loss, stale):
    """The second edge carries the update while the first hears nothing."""
    deaf = {"at": "1.9s", "for": "500ms", "degrade": {"from": "core-*", "to": "pop-1", "loss": loss}}
    play = quiet(STICKY, coherence="invalidate", faults=[deaf])
    for time_s, edge, operation in ((1.0, 0, LOOKUP), (2.0, 1, UPDATE), (3.0, 0, LOOKUP)):
        play.until(time_s)
        at(play, edge)
        play.ask(operation=operation)
    world = play.until(4.0)
    assert world.cores[0].invalidations == 1
    assert [edge.stale_reads for edge in world.edges] == [stale, 0]
    assert [edge.hits for edge in world.edges] == [stale, 0]


def test_an_older_record_that_is_rebuilt_does_not_take_the_place_of_an_update():
    """Rebuilding what was read at 1 s takes 3 s; the session is updated at 2 s, here or elsewhere."""
    for carrier in (0, 1):
        play = quiet(
            STICKY, coherence="invalidate", edges={"pop": {"workers": 4, "rebuild_time": "3s"}},
            clients={"people": {"operations": {"lookup": 0.5, "update": 0.5}}},
        )  # fmt: skip
        for time_s, edge, operation in ((1.0, 0, LOOKUP), (2.0, carrier, UPDATE), (6.0, 0, LOOKUP)):
            play.until(time_s)
            at(play, edge)
            play.ask(operation=operation)
        world = play.until(12.0)
        assert world.edges[0].stale_reads == 0
        assert world.edges[0].hits == (1 if carrier == 0 else 0)


# -- theory ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("lookups", "updates", "ttl_s"), [(2.0, 0.4, 5.0), (1.0, 1.0, 2.0), (3.0, 0.1, 8.0)])
def test_stale_share_and_hit_ratio_of_two_edges(lookups, updates, ttl_s):
    """u = w/2: stale (1 - e^-uT)/2, hits v/(v + e^-uT/(λ/2 + u)) with v = (1 - e^-uT)/u.

    100 sessions over more than 100 s. Hits of an entry are stale together: standard errors below .006 and .002,
    tolerances of 4 of them; 6e-5 for each of 6 numbers by chance.
    """
    u = updates / 2
    v = -math.expm1(-u * ttl_s) / u
    metrics = played(trading(lookups, updates, ttl_s)).metrics
    assert metrics["stale_reads.ratio"] == pytest.approx(-math.expm1(-u * ttl_s) / 2, abs=0.024)
    assert metrics["hit_ratio.l1"] == pytest.approx(v / (v + math.exp(-u * ttl_s) / (lookups / 2 + u)), abs=0.008)


def test_a_longer_ttl_is_staler_as_theory_says():
    """Ratios over TTLs of 1, 4 and 16 s; 4 standard errors of at most .006."""
    found = [played(trading(1.0, 0.4, ttl_s, duration_s=150)).metrics["stale_reads.ratio"] for ttl_s in (1, 4, 16)]
    assert found == [pytest.approx(-math.expm1(-0.2 * ttl_s) / 2, abs=0.024) for ttl_s in (1, 4, 16)]
    assert found == sorted(found)


@pytest.mark.parametrize("rebuild", ["0ms", "400ms"])
def test_invalidation_without_loss_or_latency_leaves_nothing_stale(rebuild):
    world = trading(2.0, 1.0, 5.0, edges=3, duration_s=40, coherence="invalidate")
    metrics = played(merged(world, {"edges": {"e": {"rebuild_time": rebuild}}})).metrics
    assert metrics["stale_reads.ratio"] == metrics["stale_reads.rate"] == 0.0
    assert metrics["invalidations.rate"] > 0.0


def test_invalidations_count_in_the_bytes_between_sites():
    """Two edges at home and one abroad: 128 B for each message abroad, nothing else of it differs."""
    change = {
        "sites": ["london", "tokyo"],
        "clients": {"u": {"site": "london", "count": 20}}, "cores": {"core": {"site": "london"}},
        "price": {"gb_between_sites": 1e9}, "network": {"geo": "off"},
    }  # fmt: skip
    world = merged(trading(1.0, 1.0, 1000.0, duration_s=3020), change)
    world["edges"] = {"e": merged(FREE["edges"]["e"], {"l1": {"ttl": "never"}})}
    del world["edges"]["e"]["count"]
    world["edges"]["e"]["at"] = {"london": 1, "tokyo": 1}
    world["warmup"], world["duration"] = "20s", "120s"
    ttl = played(world)
    told = played({**world, "coherence": "invalidate"})
    bytes_s = [one.metrics["cost.per_hour[between_sites]"] / 3600 for one in (ttl, told)]
    queries = [one.metrics["core.requests.rate"] for one in (ttl, told)]
    messages = told.metrics["invalidations.rate"]
    assert messages > 1.0
    # about half of the messages go abroad, and so do half of the additional queries (128 B there, 1 KiB back)
    expected = messages / 2 * 128 + (queries[1] - queries[0]) / 2 * (128 + 1024)
    assert bytes_s[1] - bytes_s[0] == pytest.approx(expected, rel=0.15)


def test_storage_writes_are_the_updates_and_rows_add_up():
    """Groups that write and groups that read: the readers' sessions never change."""
    world = trading(1.0, 1.0, 5.0, duration_s=60)
    readers = merged(world["clients"]["u"], {"operations": {"lookup": 1.0, "update": 0.0}})
    world["clients"] = {"writers": world["clients"]["u"], "readers": readers}
    result = played(world)  # rows that do not add up fail here
    metrics = result.metrics
    assert metrics["storage.writes.rate"] == pytest.approx(100.0, rel=0.1)
    assert metrics["stale_reads.ratio[readers]"] == 0.0
    assert metrics["stale_reads.ratio[writers]"] > metrics["stale_reads.ratio"] > 0.0
    assert metrics["stale_reads.rate[writers]"] == metrics["stale_reads.rate"]


# -- traces and mistakes -----------------------------------------------------------------------------------
def test_a_table_plays_its_writes_as_updates(tmp_path):
    rows = ["t_s,client,op", "0,a,GET", "1,a,POST", "2,a,get", "3,b,set", "4,b,PUT", "5,b,read", "6,b,update"]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    world = merged(FREE, {"duration": "20s", "routing": {"policy": "random"}})
    world["clients"] = {"u": {"workload": {"kind": "trace", "file": "t.csv"}}}
    play = Play(Scenario.from_dict(world, tmp_path))
    world = play.until(19.0)
    assert (world.groups[0].issued, sum(edge.lookups for edge in world.edges)) == (7, 3)
    assert world.storage.writes == 4 + 2  # and two establishments


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ({"lookup": "90%", "updates": "10%"}, "update"),
        ({"lookup": "90%", "write": "10%"}, "update"),
        ({"lookup": "90%", "update": "20%"}, "110%"),
        ({"lookup": "90%", "update": "-10%"}, "update"),
        ({"lookup": "90%", "update": "lots"}, "update"),
    ],
)
def test_a_wrong_mix_is_an_error_that_says_so(operations, message):
    with pytest.raises(ScenarioError, match=message):
        small(clients={"people": {"operations": operations}})


def test_updates_need_no_lock():
    assert small(**merged(WRITES, {"clients": {"people": {"locks": {"per_session": 0}}}})).clients
