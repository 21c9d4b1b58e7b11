"""The models beyond the published rule, row by row of their rules, and in worlds."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from simulator.plugins.settings import configured
from simulator.run import run_replication
from simulator.sam import StickinessRule, adjust_stickiness
from simulator.sam.load import EdgeLoad
from simulator.sam.models import ModelContext, Seen, StickinessModel, find_model, models
from simulator.sam.models.load_aware import LoadAware
from simulator.scenario import Scenario
from tests.sam.test_manager import Bench, after

GOOD, BAD = (0.01, 30), (-1.0, 30)  # (value, times) of a window: targets 70 and 35 by the published rule


def bench_of(model, **policy):
    return Bench(model=model, **policy)


def hysteresis(band=10.0, hold=5.0):
    return find_model("hysteresis").Settings(band=band, hold=f"{hold}s")


def test_the_models_are_these():
    assert list(models())[:6] == ["cumulative", "hysteresis", "load_aware", "per_edge", "published", "static"]


# -- hysteresis -------------------------------------------------------------------------------------------
class Said:
    """One session whose published target follows a script: a window of one interval each."""

    def __init__(self, hold, band=10.0, first=50.0):
        self.bench = bench_of("hysteresis", window_s=1.0, initial_weight=first, model_settings=hysteresis(band, hold))
        self.session = self.bench.session(1)
        self.second = 0

    def after(self, *kinds):
        seen = []
        for kind in kinds:
            self.second += 1
            value, times = {"good": GOOD, "bad": BAD, "none": (0.0, 0)}[kind]
            seen.append(after(self.bench, self.session, value, times=times, at_s=self.second + 0.01))
        return seen


def test_the_target_is_taken_when_it_has_lasted():
    """Target 70 from the weight 50: differs at 1 s, and has done so for 3 s at 4 s."""
    assert Said(hold=3).after(*["good"] * 6) == [50, 50, 50, 70, 70, 70]


def test_with_no_hold_it_is_the_published_rule():
    assert Said(hold=0).after("good", "bad", "none", "good") == [70, 35, 35, 70]


def test_a_difference_of_the_band_counts_and_a_smaller_one_does_not():
    """Target 70: from 60 it differs by the band of 10 exactly, from 60.5 by less."""
    assert Said(hold=1, first=60.0).after("good", "good") == [60, 70]
    assert Said(hold=1, first=60.5).after("good", "good", "good") == [60.5, 60.5, 60.5]


def test_an_interval_without_a_score_begins_the_time_anew():
    assert Said(hold=3).after("good", "good", "good", "none", "good", "good", "good", "good") == [50] * 7 + [70]


def test_a_square_wave_shorter_than_the_hold_never_moves_it():
    """Target 70 and 55 in turns of 3 s: from 60 it differs by 10 for 3 s (seen at 3 scorings, so for 2 s between the
    first and the last), then by 5. A hold of 3 s is never over."""
    said = Said(hold=3, first=60.0)
    wave = []
    for second in range(60):
        said.second = second + 1
        value, times = GOOD if second // 3 % 2 else (0.1, 15)  # 15/s at 100 ms without errors: target 60
        wave.append(after(said.bench, said.session, value, times=times, at_s=said.second + 0.01))
    assert wave == [60.0] * 60


def test_a_square_wave_as_long_as_the_hold_does():
    said = Said(hold=2, first=60.0)
    assert said.after("good", "good", "good", "bad", "bad", "bad") == [60, 60, 70, 70, 70, 35]


def test_a_new_session_in_an_old_slot_begins_anew():
    said = Said(hold=3)
    said.after("good", "good")
    bench, first = said.bench, said.session
    slot = first.slot
    bench.manager.model.admitted(slot)
    assert said.after("good", "good", "good", "good") == [50, 50, 50, 70]


# -- load_aware -------------------------------------------------------------------------------------------
def load_aware(**settings):
    cls = find_model("load_aware")
    return configured(cls, cls.Settings(**settings))(ModelContext(StickinessRule(), 1.0, 10.0, 50.0, 1))


@pytest.mark.parametrize(
    ("utilisation", "term"),
    [(0.0, 5), (0.4999, 5), (0.5, 0), (0.5001, 0), (0.65, 0), (0.8, 0), (0.8001, -10), (1.0, -10), (math.nan, 0)],
)
def test_the_fourth_term(utilisation, term):
    """> 80 % -10, < 50 % +5, strict; unlimited workers (NaN) nothing."""
    assert load_aware().term(np.array([utilisation]))[0] == term


def test_its_thresholds_and_steps_are_settings():
    model = load_aware(utilisation_low="10%", utilisation_high="20%", utilisation_low_step=1, utilisation_high_step=-2)
    assert model.term(np.array([0.05, 0.1, 0.2, 0.25])).tolist() == [1, 0, 0, -2]


def test_it_is_the_published_rule_and_the_term():
    """All measurements of a grid, against the scalar rule."""
    grid = list(itertools.product([0.04, 0.1, 0.3], [5.0, 50.0, 150.0], [0.0, 0.03, 0.1], [0.3, 0.6, 0.9]))
    latency, rate, errors, busy = (np.array(column) for column in zip(*grid, strict=True))
    seen = Seen(1, np.arange(len(grid)), np.full(len(grid), 50.0), latency, rate, errors, lambda: None, lambda: busy)
    for row, weight in zip(grid, load_aware().weights(seen), strict=True):
        published = adjust_stickiness(network_latency_s=row[0], request_rate_per_s=row[1], error_ratio=row[2])
        assert weight == published + (-10 if row[3] > 0.8 else 5 if row[3] < 0.5 else 0)


class Busy:
    """An edge that is busy at all times of a list of spans."""

    def __init__(self, workers, spans=()):
        self.workers, self.spans, self.now = workers, spans, 0.0

    @property
    def busy(self):
        return sum(begin <= self.now < end for begin, end in self.spans)

    @property
    def start_sum_s(self):
        return sum(begin for begin, _ in self.spans if begin <= self.now)

    @property
    def departure_sum_s(self):
        return sum(end for _, end in self.spans if end <= self.now)


def test_utilisation_over_the_window():
    """Two workers, one busy from 1 s to 4 s, the other from 2 s to 3 s: windows of 2 s, by hand."""
    edge, endless = Busy(2, [(1.0, 4.0), (2.0, 3.0)]), Busy(math.inf)
    load = EdgeLoad([edge, endless], 2.0)
    seen = []
    for second in range(1, 8):
        edge.now = float(second)
        load.note(edge.now)
        ratios = load.utilisation(edge.now)
        seen.append(ratios[0])
        assert math.isnan(ratios[1])
    assert seen == [0.0, 0.25, 0.75, 0.75, 0.25, 0.0, 0.0]


def test_intervals_that_were_passed_over_were_quiet():
    """Notes at 1 s and 9 s of a worker that was busy all the time: the window from 7 s is full."""
    edge = Busy(1, [(0.0, 100.0)])
    load = EdgeLoad([edge], 2.0)
    for second in (1.0, 9.0):
        edge.now = second
        load.note(second)
    assert load.utilisation(9.0).tolist() == [1.0]


# -- per_edge ---------------------------------------------------------------------------------------------
def said_at(bench, session, edge, *values):
    for value in values:
        bench.manager.report(session.slot, value)
        bench.manager.report_edge(edge)


def test_a_sick_edges_weight_falls_and_the_others_stays():
    """Both edges are asked alike. At edge 0 every fifth attempt fails: 20 % of errors, 10 ms: 50 + 10 - 15 = 45; edge 1
    has none: 70. Each is the session's weight while it is there."""
    bench = bench_of("per_edge")
    session, seen = bench.session(1), {}
    for second in range(1, 7):
        said_at(bench, session, 0, *[0.01] * 16, *[-1.0] * 4)
        said_at(bench, session, 1, *[0.01] * 20)
        session.edge = second % 2
        bench.until(second + 0.01)
        seen.setdefault(session.edge, set()).add(session.weight)
    assert seen == {0: {45.0}, 1: {70.0}}


def test_the_published_rule_cannot_tell_them_apart():
    """The same reports: 10 % of errors wherever it is, 45 at either."""
    bench = bench_of("published")
    session, seen = bench.session(1), set()
    for second in range(1, 5):
        bench.report(session, *[0.01] * 36, *[-1.0] * 4)
        session.edge = second % 2
        bench.until(second + 0.01)
        seen.add(session.weight)
    assert seen == {45.0}


def test_the_rate_is_the_sessions():
    """6 attempts at each of two edges in a window of one second: 12/s, no term; either alone would be below 10/s."""
    bench = bench_of("per_edge", window_s=1.0)
    session = bench.session(1)
    for edge in (0, 1):
        said_at(bench, session, edge, *[0.01] * 6)
    bench.until(1.01)
    assert session.weight == 70.0


def test_the_first_visit_has_the_initial_weight_and_a_pair_is_remembered():
    bench = bench_of("per_edge", window_s=1.0, initial_weight=42.0)
    session = bench.session(1)
    said_at(bench, session, 0, *[0.01] * 20)
    bench.until(1.01)
    assert session.weight == 70.0
    session.edge = 2  # where it has not been; what ended was at edge 0
    said_at(bench, session, 0, *[0.3] * 20)
    bench.until(2.01)
    assert session.weight == 42.0
    session.edge = 0
    said_at(bench, session, 2, *[0.01] * 20)
    bench.until(3.01)
    assert session.weight == 50.0  # as it was scored at 2 s: 300 ms -10, no errors +10


def test_after_a_failover_the_failed_edge_has_weight_0_and_the_other_starts_anew():
    bench = bench_of("per_edge", window_s=1.0, initial_weight=42.0)
    session = bench.session(1)
    said_at(bench, session, 0, *[0.01] * 20)
    said_at(bench, session, 1, *[-1.0] * 20)
    bench.until(1.01)
    bench.manager.edge_failed(0)
    bench.manager.edges_settled([0])
    bench.until(1.5)
    assert (session.edge, session.weight) == (1, 42.0)
    said_at(bench, session, 2, *[0.01] * 20)
    bench.until(2.01)
    assert session.weight == 42.0
    session.edge = 0
    said_at(bench, session, 2, *[0.01] * 20)
    bench.until(3.01)
    assert session.weight == 0.0


def test_who_comes_back_has_the_weight_of_that_edge_at_once():
    """70 at edge 0, 45 at edge 1 and the initial weight at edge 2, told with the next answer; news of the edge that it
    left does not reach it there."""
    bench = bench_of("per_edge", window_s=1.0, initial_weight=42.0)
    session = bench.session(1)
    said_at(bench, session, 0, *[0.01] * 20)
    said_at(bench, session, 1, *[0.01] * 16, *[-1.0] * 4)
    bench.until(1.01)
    told = []
    bench.moves.on_move = bench.manager.arrived
    for edge in (1, 2, 0):
        bench.moves.move(session, edge)
        told.append((session.weight, session.published_weight))
    assert told == [(45.0, 45.0), (42.0, 42.0), (70.0, 70.0)]
    bench.moves.move(session, 1)
    bench.until(1.5)  # the news of 1 s, of the 70 at edge 0, have arrived by now
    assert session.published_weight == 45.0


def test_attempts_that_went_nowhere_count_for_the_rate_alone():
    bench = bench_of("per_edge", window_s=1.0)
    session = bench.session(1)
    said_at(bench, session, 0, *[0.01] * 6)
    said_at(bench, session, -1, *[-1.0] * 6)
    bench.until(1.01)
    assert session.weight == 70.0


def test_it_agrees_with_a_slow_reckoning():
    """Random reports of 20 sessions at 3 edges over 12 s, against dictionaries and the scalar rule."""
    rng, bench = random.Random(7), bench_of("per_edge", window_s=3.0)
    sessions = [bench.session(number) for number in range(20)]
    history, remembered = [], {}
    for second in range(1, 13):
        ended = []
        for session in sessions:
            for _ in range(rng.choice((0, 3, 40, 400))):
                edge = rng.randrange(3)
                value = rng.choice((0.01, 0.06, 0.3, -1.0, -2.02)) if edge else 0.01
                said_at(bench, session, edge, value)
                ended.append((session.session_id, edge, value))
            session.edge = rng.randrange(3)
        history = [*history, ended][-3:]
        bench.until(second + 0.01)
        for session in sessions:
            mine = [row for part in history for row in part if row[0] == session.session_id]
            for edge in range(3):
                there = [value for _, where, value in mine if where == edge]
                samples = [value if value >= 0 else -2.0 - value for value in there if value >= 0 or value <= -2.0]
                if there:
                    remembered[session.session_id, edge] = adjust_stickiness(
                        network_latency_s=round(math.fsum(samples) / len(samples), 12) if samples else None,
                        request_rate_per_s=len(mine) / 3.0,
                        error_ratio=sum(value < 0 for value in there) / len(there),
                    )
            if mine:
                assert session.weight == remembered.get((session.session_id, session.edge), 50.0)


# -- in worlds --------------------------------------------------------------------------------------------
WORLD = {
    "duration": "40s",
    "warmup": "5s",
    "clients": {
        "web": {
            "count": 30,
            "workload": {"kind": "poisson", "rate": "2/s"},
            "retry": {"timeout": "100ms", "max": 1},
            "session": {"length": {"exponential": "20s"}, "pause": "1s"},
        }
    },
    "edges": {"pop": {"count": 3, "service_time": "2ms"}},
    "network": {"default": {"latency": "5ms", "loss": "1%"}},
    "faults": [{"at": "10s", "for": "5s", "crash": "pop-1"}],
}


@pytest.mark.parametrize("model", ["hysteresis", "per_edge", "load_aware", "cumulative"])
def test_worlds_hold_their_invariants_and_repeat_themselves(model):
    scenario = Scenario.from_dict(WORLD | {"sam": {"model": model, "client_reports": True}})
    one, other = (run_replication(scenario, seed=3, replication=0) for _ in range(2))
    assert one.invariants["violations"] == []
    assert one.fingerprint == other.fingerprint


def test_hysteresis_without_band_and_hold_is_the_published_rule():
    results = [
        run_replication(Scenario.from_dict(WORLD | {"sam": {"model": model}}), seed=3, replication=0)
        for model in ("published", {"hysteresis": {"band": 0, "hold": "0s"}})
    ]
    assert results[0].fingerprint == results[1].fingerprint


def test_a_users_model_that_answers_nonsense_is_named():
    class Wrong(StickinessModel):
        def weights(self, seen):
            return seen.previous + 1000.0

    from simulator.plugins.guard import checked_weights

    model = Wrong(ModelContext(StickinessRule(), 1.0, 10.0, 50.0, 1))
    seen = Seen(1, np.array([0]), np.array([50.0]), *[np.zeros(1)] * 3, lambda: None, lambda: None)
    with pytest.raises(ValueError, match="SAM model wrong answered a weight that is not within"):
        checked_weights(model.weights, "wrong")(seen)
    with pytest.raises(ValueError, match="answered an array of"):
        checked_weights(lambda _: [1.0, 2.0], "wrong")(seen)


def test_load_aware_keeps_its_settings_apart():
    assert LoadAware.settings.utilisation_high == 0.8
