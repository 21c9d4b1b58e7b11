"""Sessions that come and go: whatever slots they have, each is scored by its own reports and nobody else's."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from simulator.engine.kernel import Kernel
from simulator.routing.directory import Directory
from simulator.sam import adjust_stickiness
from simulator.sam.manager import StickinessManager
from simulator.sam.policy import ManagerPolicy
from tests.actors import a_client, a_policy, a_session

GROUPS = [a_policy(name) for name in ("readers", "writers")]


class Naive:
    """The window, session by session: every report of it with its interval, in a dict by session id."""

    def __init__(self, window, model, shards):
        self.window, self.model, self.down = window, model, [False] * shards
        self.reports = []  # (interval, session id, value or None for a retry)
        self.weights = {}
        self.scored = self.adjusted = 0

    def score(self, interval):
        if all(self.down):
            return
        rows = {}
        for when, session_id, value in self.reports:
            if interval - self.window < when <= interval:
                rows.setdefault(session_id, []).append(value)
        self.scored += len(rows)
        for session_id, values in rows.items():
            if session_id not in self.weights or self.down[session_id % len(self.down)]:
                continue
            ended = [value for value in values if value is not None]
            samples = [value if value >= 0 else -2.0 - value for value in ended if value >= 0 or value <= -2.0]
            weight = adjust_stickiness(
                network_latency_s=round(sum(samples) / len(samples), 12) if samples else None,
                request_rate_per_s=(len(ended) - values.count(None)) / self.window,
                error_ratio=sum(value < 0 for value in ended) / len(ended),
                weight=self.weights[session_id] if self.model == "cumulative" else None,
            )
            self.adjusted += weight != self.weights[session_id]
            self.weights[session_id] = weight


class Churn:
    """A manager with a window of three intervals of a second, and sessions of two groups that the test makes."""

    def __init__(self, **policy):
        self.kernel = Kernel()
        settings = {"window_s": 3.0, "propagation_s": 0.125} | policy
        self.manager = StickinessManager(self.kernel, ManagerPolicy(**settings), Directory(["pop"], [None]))
        self.kernel.process(self.manager.run())
        self.made = 0

    def session(self):
        session = a_session(self.made, a_client(GROUPS[self.made % 2], self.made), started_s=self.kernel.now)
        self.made += 1
        self.manager.admit(session, math.nan)
        return session

    def end(self, session):
        session.over = True
        self.manager.forget(session)

    def until(self, time_s):
        self.kernel.run(until=time_s)
        return self


@pytest.mark.parametrize("model", ["published", "cumulative"])
@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_as_a_window_kept_session_by_session(model, shards, seed):
    """Sessions begin, send, end with or without requests under way (whose reports come late), shards fail and come
    back: weights, their counts and the numbers of scored and adjusted sessions are those of the naive window."""
    rng = random.Random(seed)
    bench, naive = Churn(model=model, shards=shards), Naive(3, model, shards)
    manager = bench.manager
    active, late, highest = [], [], -1

    def report(session, interval):
        value = rng.choice([0.01, 0.02, 0.125, 0.25, 0.5, -1.0, -2.0, -2.25])
        manager.report(session.slot, value)
        naive.reports.append((interval, session.session_id, value))
        if rng.random() < 0.1:
            manager.report_retry(session.slot)
            naive.reports.append((interval, session.session_id, None))

    for interval in range(60):
        for _ in range(rng.choice([0, 5, 5, 40])):
            active.append(bench.session())
            naive.weights[active[-1].session_id] = 50.0
        for _ in range(200 * bool(active)):
            report(rng.choice(active), interval)
        for _ in range(min(len(active), rng.choice([0, 10, 10, 30]))):
            session = active.pop(rng.randrange(len(active)))
            highest = max(highest, session.slot)
            session.outstanding = rng.choice([0, 0, 1, 2])
            bench.end(session)
            del naive.weights[session.session_id]
            late.extend((interval + rng.choice([0, 1, 2, 7]), session) for _ in range(session.outstanding))
        for due, session in late:
            if due == interval:
                report(session, interval)
                session.outstanding -= 1
        for shard in range(shards):
            if shards > 1 and rng.random() < 0.1:
                (manager.restart if manager.down[shard] else manager.crash)(shard)
                naive.down[shard] = manager.down[shard]
        bench.until(interval + 1.01)
        naive.score(interval)
        assert {key: session.weight for key, session in manager.store.items()} == naive.weights
        assert (manager.scored, manager.adjusted) == (naive.scored, naive.adjusted)
        assert +manager.weights == Counter(naive.weights.values())
        for parity, group in enumerate(GROUPS):
            of_group = Counter(weight for key, weight in naive.weights.items() if key % 2 == parity)
            assert +manager.group_weights.get(group.name, Counter()) == of_group
    assert bench.made > 300
    assert 64 < highest < bench.made / 1.5  # there was need of more room, and slots were used again
    assert all(session.published_weight == session.weight for session in bench.until(61.0).manager.store.values())


def test_a_slot_is_free_when_the_last_row_that_carries_it_has_left_the_window():
    """Window of three: rows of the first second count until the score at 3 s; at 4 s they are gone."""
    bench = Churn()
    session = bench.session()
    slot = session.slot
    bench.manager.report(slot, 0.01)
    bench.end(session)
    assert bench.until(3.5).session().slot != slot
    assert (bench.manager.scored, session.slot) == (3, slot)
    assert bench.until(4.5).session().slot == slot
    assert (bench.manager.scored, session.slot) == (3, -1)


def test_a_slot_is_kept_while_a_request_may_still_be_reported():
    """It ends at 8.5 s: the row of the ninth second counts at 9, 10 and 11 s, none other does."""
    bench = Churn()
    session = bench.session()
    slot, session.outstanding = session.slot, 1
    bench.manager.report(slot, 0.01)
    bench.end(session)
    others = [bench.until(second + 0.5).session() for second in range(9)]
    assert session.slot == slot
    bench.manager.report(session.slot, -1.0)
    session.outstanding = 0
    others += [bench.until(second + 0.5).session() for second in range(9, 12)]
    assert all(other.slot not in (-1, slot) and other.weight == 50.0 for other in others)
    assert bench.manager.scored == 3 + 3
    later = [bench.until(second + 0.5).session().slot for second in range(12, 18)]  # no longer than two windows
    assert slot in later


def test_an_admission_told_twice_gives_one_slot():
    bench = Churn()
    session = bench.session()
    slot = session.slot
    bench.manager.admit(session, math.nan)
    assert (session.slot, bench.session().slot, bench.manager.weights.total()) == (slot, slot + 1, 2)


def test_reports_of_who_was_never_admitted_change_nobody():
    """They count as those of one session without a weight, also when there has come need of more room since."""
    bench = Churn()
    first = bench.session()
    stranger = a_session(99, a_client(GROUPS[0]))
    bench.manager.report(stranger.slot, -1.0)
    bench.until(1.5)
    sessions = [first] + [bench.session() for _ in range(200)]
    bench.until(2.5)
    assert (bench.manager.scored, bench.manager.adjusted) == (2, 0)
    assert {session.weight for session in sessions} == {50.0}
    assert sorted(session.slot for session in sessions) == list(range(201))


def test_new_weights_are_counted_in_the_order_of_session_ids():
    """Sums over counts of weights are taken in their order: slots, which depend on who left, have no say in it."""
    bench = Churn()
    gone = [bench.session() for _ in range(2)]
    for session in gone:
        bench.end(session)
    bench.until(4.5)
    older, newer = bench.session(), bench.session()
    assert older.slot > newer.slot
    for _ in range(30):
        bench.manager.report(older.slot, 0.25)  # 10/s
    bench.manager.report(newer.slot, 0.01)
    for _ in range(2):
        bench.manager.report(older.slot, -1.0)
    bench.until(5.1)
    assert (older.weight, newer.weight) == (50.0 - 10.0 - 15.0, 50.0 + 10.0 - 5.0 + 10.0)
    assert list(bench.manager.weights) == [50.0, 25.0, 65.0]
    assert list(bench.manager.group_weights["readers"]) == [50.0, 25.0]
