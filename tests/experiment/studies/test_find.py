"""find and sensitivity, against functions whose answer is known."""

import math
from dataclasses import replace

import pytest

from simulator import Scenario, find, load_sweep
from simulator.experiment.studies.design import AxisRange
from simulator.experiment.studies.find import Search
from simulator.experiment.studies.search_space import FindError, Start, condition_of, span_of
from simulator.experiment.studies.sensitivity import SensitivityError, inputs_of, sensitivity
from simulator.play.job import Silence
from simulator.play.runner import play_here
from simulator.report.find_view import render as render_found
from simulator.report.tornado import render as render_tornado
from simulator.run import run_replication
from simulator.scenario.errors import ScenarioError
from tests.experiment.studies.fakes import TINY

CAPACITY = "edges.pop.l1.capacity"
KNOWN = f"{__name__}:known"


def known(scenario, **options):
    """hit_ratio.l1 = 1 - exp(-capacity / 20) + noise of sd 0.5 % that capacities share, as real arrivals do."""
    short = scenario.with_overrides({"duration": "1s"})
    result = run_replication(short, **options)
    noise = (-0.008, 0.004, -0.002, 0.0, 0.006)[options["replication"] % 5]
    ratio = 1.0 - math.exp(-scenario.edges["pop"].l1.capacity / 20.0) + noise
    ttl_s = scenario.edges["pop"].l1.ttl.mean
    metrics = {**result.metrics, "hit_ratio.l1": min(1.0, ratio), "edge.imbalance": ttl_s, "latency.mean": 1.0 / ttl_s}
    return replace(result, metrics=metrics)


@pytest.fixture
def five():
    return Scenario.from_dict({**TINY, "replications": 5})


def test_the_smallest_whole_number(five):
    """1 - exp(-c/20) >= 0.9 first at c = 20 ln 10 = 46.05: 47; the noise's half-width of 0.7 points spans 44..50."""
    found = find(CAPACITY, "hit_ratio.l1 >= 90%", five, function=KNOWN)
    assert (found.side, found.answer.text) == ("smallest", "47")
    assert int(found.low) <= 47 <= int(found.high)
    assert int(found.low) >= 43
    assert int(found.high) <= 51
    assert [p.number for p in found.probes] == sorted(p.number for p in found.probes)
    text = render_found(found)
    assert "47 is the smallest value with hit_ratio.l1 >= 90%" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_largest_whole_number(five):
    """1 - exp(-c/20) <= 0.9 last at c = 46."""
    found = find(CAPACITY, "hit_ratio.l1 <= 90%", five, between="1..200", function=KNOWN)
    assert (found.side, found.answer.text) == ("largest", "46")


def test_a_quantity_within_its_tolerance(five):
    """The stand-in's edge.imbalance is the TTL in seconds: the smallest with >= 7.3 is 7.3 s, and latency <= 1/7.3."""
    for condition in ("edge.imbalance >= 7.3", "latency.mean <= 136.986ms"):
        found = find("edges.pop.l1.ttl", condition, five, function=KNOWN)
        assert found.side == "smallest"
        assert 7.3 <= found.answer.number <= 7.3 * 1.021
        assert found.answer.text.endswith("s")


def test_a_range_of_two_units_is_told_in_the_smaller():
    assert span_of("edges.pop.l1.ttl", "10s..20min") == AxisRange(10.0, 1200.0, "s", False)
    assert span_of("edges.pop.l1.ttl", "1min..90s") == AxisRange(60.0, 90.0, "s", False)


def test_nothing_and_everything(five):
    none = find(CAPACITY, "hit_ratio.l1 >= 90%", five, between="1..20", function=KNOWN)
    assert none.answer is None
    told = " ".join(render_found(none).split())
    assert "neither end, 1 nor 20, gives hit_ratio.l1 >= 90% (the search assumes that the metric moves one way" in told
    every = find(CAPACITY, "hit_ratio.l1 >= 1%", five, between="10..20", function=KNOWN)
    assert every.everywhere
    assert every.answer.text == "10"
    told = " ".join(render_found(every).split())
    assert "Both ends of edges.pop.l1.capacity, 10 and 20, give hit_ratio.l1 >= 1% (the search assumes" in told


def test_a_bump_is_told(five):
    """A metric that is met in the middle only: the notes say that it is not monotone."""
    search = Search(five, CAPACITY, condition_of("hit_ratio.l1 >= 50%"), play_here, span_of(CAPACITY, "1..200"),
                    function=f"{__name__}:bump")  # fmt: skip
    for capacity in (1, 100, 200):
        search.try_value(float(capacity))
    assert any("not monotone" in note for note in search.run().notes)


def bump(scenario, **options):
    result = known(scenario, **options)
    ratio = result.metrics["hit_ratio.l1"] if scenario.edges["pop"].l1.capacity < 150 else 0.1
    return replace(result, metrics={**result.metrics, "hit_ratio.l1": ratio})


def test_what_cannot_be_asked(five):
    for path, until, between, message in (
        ("edges.pop", "hit_ratio.l1 >= 1%", None, "name one inside it"),
        ("routing.policy", "hit_ratio.l1 >= 1%", None, "compares choices"),
        ("cores.core.l2.capacity", "hit_ratio.l1 >= 1%", None, "--between"),
        (CAPACITY, "each(hit_ratio.l1) >= 1%", None, "leave each"),
        (CAPACITY, "hit_ratio.l1 >= 1%", "5,6", r"write LOW\.\.HIGH"),
    ):
        with pytest.raises(FindError, match=message):
            find(path, until, five, between=between, function=KNOWN)
    with pytest.raises(ScenarioError, match="did you mean"):
        find("edges.pop.cuont", "hit_ratio.l1 >= 1%", five, function=KNOWN)


def test_a_search_is_kept_and_gone_on_with(five, tmp_path):
    out = tmp_path / "out"
    found = find(CAPACITY, "hit_ratio.l1 >= 90%", five, function=KNOWN, output=out)
    assert len(load_sweep(out)) == len(found.probes)
    again = find(CAPACITY, "hit_ratio.l1 >= 90%", five, function="nowhere:nothing", output=out,
                 resume=True)  # fmt: skip
    assert again.answer.text == "47"


class Ear(Silence):
    """Notes what it is told of the length of a play, and how much of it it hears."""

    def __init__(self):
        self.begun, self.plans, self.ended, self.over = 0, [], 0, 0

    def started(self, items, duration_s):
        self.begun += 1
        self.plans.append(items)

    def planned(self, items):
        self.plans.append(items)

    def finished(self, item, requests):
        self.ended += 1

    def stopped(self):
        self.over += 1


@pytest.mark.parametrize("between", ["1..200", None])
def test_a_search_is_one_play_whose_length_is_told_before_and_as_it_goes(five, between):
    """Halving 1..200 to neighbours takes log2(199) = 7.6, so 8, and twice that at most for both ends of the interval.

    Around its own value, 10, the change lies between 40 and 80: log2(40) = 5.3.
    """
    ear = Ear()
    found = find(CAPACITY, "hit_ratio.l1 >= 90%", five, between=between, function=KNOWN, progress=ear)
    played = 5 * len(found.probes)
    assert (ear.begun, ear.over, ear.ended) == (1, 1, played)
    assert ear.plans[-1] == played
    first = ear.plans[0] / 5
    if between is None:
        assert 3 <= first <= 2 + 3 * 6
    else:
        assert 2 + 8 <= first <= 2 + 3 * 8
    for before, plan in enumerate(ear.plans[:-1]):
        assert plan >= 5 * (before + 1)  # what it is about to play is always in the plan


def test_where_both_ends_are_alike_nothing_more_is_ahead(five):
    ear = Ear()
    find(CAPACITY, "hit_ratio.l1 >= 90%", five, between="1..20", function=KNOWN, progress=ear)
    assert ear.plans[-1] == ear.ended == 10


def test_a_listener_with_no_ear_for_plans_hears_the_rest(five):
    class Plain(Ear):
        planned = None

    ear = Plain()
    found = find(CAPACITY, "hit_ratio.l1 >= 90%", five, between="40..60", function=KNOWN, progress=ear)
    assert (ear.begun, ear.over, ear.ended) == (1, 1, 5 * len(found.probes))


@pytest.mark.parametrize(
    ("start", "a", "b", "count"),
    [
        (Start(1, "", True), 100, 200, 7),  # until one step is left of 100: 2^6 < 100 <= 2^7
        (Start(1, "", True), 4, 5, 0),
        (Start(1, "s", False), 1.0, 2.0, 5),  # until 2 % of 2 s are left of 1 s: 2^4 < 25 <= 2^5
    ],
)
def test_halvings_are_counted_as_bisection_makes_them(start, a, b, count):
    assert start.halvings(a, b, 0.02) == count


def test_inputs_are_what_is_written(five):
    moved, left_out = inputs_of(five, 0.2)
    by_path = {m.path: (m.low, m.high) for m in moved}
    assert by_path[CAPACITY] == ("8", "12")
    assert by_path["clients.c.workload.rate"] == ("1.6/s", "2.4/s")
    assert "edges.pop.count" in left_out
    assert not any(path.startswith(("seed", "duration", "sam", "leases")) for path in by_path)
    with_defaults, _ = inputs_of(five, 0.2, everything=True)
    assert any(m.path.startswith("leases.") for m in with_defaults)


def test_a_tornado_of_known_effects(five):
    """d(1 - exp(-c/20)) from c = 10: to 8 it is -6.38 points, to 12 +5.77; the shared noise cancels in pairs."""
    found = sensitivity(five, executor=play_here, function=KNOWN, metrics=["hit_ratio.l1"])
    first = found.effects()[0]
    assert first.path == CAPACITY
    assert first.down.mean == pytest.approx(math.exp(-0.5) - math.exp(-0.4))
    assert first.up.mean == pytest.approx(math.exp(-0.5) - math.exp(-0.6))
    assert first.decided
    assert all(effect.size == pytest.approx(0.0) for effect in found.effects()[1:])
    text = render_tornado(found)
    assert text.index(CAPACITY) < text.index("clients.c.count")
    assert max(map(len, text.splitlines())) <= 80


def test_values_that_cannot_be_are_left_out(tmp_path):
    scenario = Scenario.from_dict({**TINY, "sam": {"interval": "1s", "window": "10s"}})
    found = sensitivity(scenario, executor=play_here, only=["sam.*"])
    assert any("sam.interval" in path for path in found.left_out)
    with pytest.raises(SensitivityError, match="matches --only"):
        sensitivity(scenario, executor=play_here, only=["nothing.*"])
