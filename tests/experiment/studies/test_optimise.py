"""optimise, against objectives whose optimum is known in closed form."""

import math
from dataclasses import replace

import numpy as np
import pytest

from simulator import Scenario, load_sweep, optimise
from simulator.experiment.studies.design import DesignError
from simulator.experiment.studies.optimiser import OptimiseError, Optimiser, Question
from simulator.experiment.studies.optimum import optimum_of
from simulator.experiment.studies.playoff import Objective, Playoff
from simulator.metrics.expectations import parse_expectation
from simulator.play.runner import play_here
from simulator.report.optimum_view import render
from simulator.run import run_replication
from simulator.scenario.errors import ScenarioError
from tests.experiment.studies.fakes import TINY

COUNT, CAPACITY, TTL = "edges.pop.count", "edges.pop.l1.capacity", "edges.pop.l1.ttl"
POLICY = "routing.policy"
KNOWN = f"{__name__}:known"
COST, IN_TIME = "edge.imbalance", "availability"
ARRIVALS, SERVICE, DEADLINE_S = 40.0, 10.0, 0.2
_PLAYED = {}


def in_time(edges):
    """P(sojourn <= D) at each of `edges` M/M/1 queues that share the arrivals: 1 - exp(-(mu - lambda/n) D)."""
    return max(0.0, 1.0 - math.exp(-(SERVICE - ARRIVALS / edges) * DEADLINE_S)) if edges * SERVICE > ARRIVALS else 0.0


def known(scenario, **options):
    """Cost = edges + the TTL's distance from 5 s in octaves; in time by theory; noise that all settings share."""
    if "result" not in _PLAYED:
        _PLAYED["result"] = run_replication(Scenario.from_dict({**TINY, "duration": "1s"}), **options)
    pop = scenario.edges["pop"]
    edges, ttl_s, number = pop.count, pop.l1.ttl.mean, options["replication"]
    rng = np.random.default_rng((1, number))
    common, own = rng.normal(0.0, 0.3), np.random.default_rng((number, edges, int(1000 * ttl_s))).normal(0.0, 0.01)
    ratio = in_time(edges) + 0.002 * common
    metrics = {
        **_PLAYED["result"].metrics,
        COST: edges + abs(math.log2(ttl_s / 5.0)) + common + own,
        IN_TIME: min(1.0, max(0.0, ratio)),
        "hit_ratio.l1": 0.5 + rng.normal(0.0, 0.01),
    }
    return replace(_PLAYED["result"], replication=number, metrics=metrics)


@pytest.fixture
def tiny():
    return Scenario.from_dict({**TINY, "replications": 5})


def test_the_cheapest_fleet_in_time(tiny):
    """1 - exp(-(10 - 40/n) 0.2) >= 80 % needs 10 - 40/n >= 8.05: n >= 20.5, so 21; every n from 1 to 30 is tried."""
    assert in_time(20) < 0.8 < in_time(21)
    found = optimise(tiny, {COUNT: "1..30"}, minimise=COST, subject_to=f"{IN_TIME} >= 80%", function=KNOWN)
    assert (found.status, found.best) == ("best", {COUNT: "21"})
    assert found.everything
    assert found.finalists["state"].tolist()[0] == "best"
    assert found.frontier[COUNT].tolist() == ["21"]
    assert "edges.pop.count" in found._repr_html_() or "count=21 is the best" in found._repr_html_()
    assert max(map(len, render(found, width=80).splitlines())) <= 80


def test_two_settings_on_a_logarithmic_scale(tiny):
    """The optimum is 21 edges and a TTL of 5 s, which cost 21; what 40 proposals find costs at most 2 more."""
    question = {COUNT: "4..60", TTL: "500ms..50s"}
    found = optimise(tiny, question, minimise=COST, subject_to=f"{IN_TIME} >= 80%", trials=40, function=KNOWN)
    assert found.status in ("best", "tied")
    edges, ttl = int(found.best[COUNT]), found.best[TTL]
    ttl_s = float(ttl.removesuffix("s"))
    assert edges >= 21
    assert edges + abs(math.log2(ttl_s / 5.0)) <= 23.0
    assert not found.everything


def test_nothing_is_feasible(tiny):
    """Five edges of ten requests a second are at most 1 - exp(-0.4) = 33 % in time."""
    found = optimise(tiny, {COUNT: "1..5"}, minimise=COST, subject_to=f"{IN_TIME} >= 80%", function=KNOWN)
    assert (found.status, found.best) == ("infeasible", None)
    assert "None of the settings" in render(found)
    assert "5" in render(found).splitlines()[-3]  # the closest


def test_ties_are_told(tiny):
    """The capacity moves nothing: all four are exactly alike, and no number of rounds would tell them apart."""
    found = optimise(tiny, {CAPACITY: "10,20,30,40"}, minimise=COST, function=KNOWN)
    assert found.status == "tied"
    assert set(found.finalists["state"]) == {"tied"}
    assert found.judged[0].n == 5  # one round was enough to see it


def test_a_bound_that_no_interval_clears_is_undecided(tiny):
    """hit_ratio.l1 is 0.5 with noise of its own seed: >= 50 % stays undecided or is surely neither."""
    mean = float(np.mean([0.5]))
    found = optimise(tiny, {CAPACITY: "10,20"}, minimise=COST, subject_to=f"hit_ratio.l1 >= {mean:.0%}",
                     function=KNOWN, rounds=1)  # fmt: skip
    assert found.status == "undecided"


def test_two_objectives_make_a_frontier(tiny):
    """Fewer edges cost less and are later: every number from 5 on is on the frontier; 1..4 (none in time) are not."""
    found = optimise(tiny, {COUNT: "1..10"}, minimise=COST, maximise=IN_TIME, function=KNOWN)
    assert found.status == "frontier"
    numbers = {int(text) for text in found.frontier[COUNT]}
    assert numbers <= {1, 5, 6, 7, 8, 9, 10}
    assert {5, 6, 7, 8, 9, 10} <= numbers
    assert found.best is None


def test_the_proposals_do_not_depend_on_who_plays(tiny, tmp_path):
    """A search that was killed and goes on gives the same answer as one that was not; so does one in memory."""
    asked = {"minimise": COST, "subject_to": f"{IN_TIME} >= 80%", "trials": 16, "rounds": 2}
    settings = {COUNT: "4..60", TTL: "1s..20s"}
    whole = optimise(tiny, settings, function=KNOWN, **asked)
    question = Question.of([COST], [], [f"{IN_TIME} >= 80%"], [f"{path}={text}" for path, text in settings.items()])
    calls = []

    def killed(job, items, outcome, ear):
        calls.append(len(items))
        if len(calls) == 4:
            raise KeyboardInterrupt
        play_here(job, items, outcome, ear)

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        Optimiser(tiny, question, killed, 16, rounds=2, folder=out, function=KNOWN).run()
    assert len(list((out / "cells").iterdir())) == 12
    again = optimise(tiny, settings, path=out, resume=True, function=KNOWN, **asked)
    told = [{**found.to_dict(), "notes": []} for found in (whole, again)]
    assert told[0] == told[1]
    kept = optimum_of(load_sweep(out))
    assert kept.to_dict() == again.to_dict()
    assert (out / "optimise.html").read_text(encoding="utf-8").count("<svg") == 1
    # once more, now that all is there: nothing may be played
    third = optimise(tiny, settings, path=out, resume=True, function="nowhere:nothing", **asked)
    assert third.to_dict() == again.to_dict()


@pytest.mark.parametrize(
    ("settings", "asked", "error", "told"),
    [
        ({}, {"minimise": COST}, DesignError, "which settings"),
        ({COUNT: "9..2"}, {"minimise": COST}, DesignError, "ends below its start"),
        ({COUNT: [3]}, {"minimise": COST}, DesignError, "nothing to choose"),
        ({TTL: "2s..20"}, {"minimise": COST}, DesignError, "both ends alike"),
        ({"seed": "1..20"}, {"minimise": COST}, DesignError, "no setting to optimise"),
        ({"edges.pop.cuont": "1..9"}, {"minimise": COST}, ScenarioError, "count"),
        ({POLICY: "adaptive,nearst"}, {"minimise": COST}, ScenarioError, "nearest"),
        ({COUNT: "1..9"}, {}, OptimiseError, "--minimise METRIC"),
        ({COUNT: "1..9"}, {"minimise": [COST, IN_TIME, "hit_ratio.l1"]}, OptimiseError, "--subject-to"),
        ({COUNT: "1..9"}, {"minimise": COST, "subject_to": "each(availability) >= 9%"}, OptimiseError, "each"),
        ({COUNT: "1..9"}, {"minimise": "cost.per_huor"}, ValueError, "cost.per_hour"),
        ({COUNT: "1..2"}, {"minimise": "cost.per_hour"}, OptimiseError, "`price:`"),
    ],
)
def test_bad_questions(tiny, settings, asked, error, told):
    with pytest.raises(error, match=told):
        optimise(tiny, settings, function=KNOWN, **asked)


def test_a_play_off_does_not_err_more_than_it_says():
    """Five equal finalists, 100 play-offs of up to 3 looks at normal values: to call one the best is an error.

    Bonferroni over all pairs and looks allows 5 % of play-offs; with true differences of 0 the number of errors is
    at most Binomial(100, 5 %), which exceeds 12 with a chance of 0.1 %.
    """
    errors = 0
    for number in range(100):
        values = np.random.default_rng(number).normal(size=(5, 20))
        contest = Playoff([Objective(COST, True)], [], 5, 3)
        for n in (5, 10, 20):
            if contest.look({k: {COST: values[k, :n].tolist()} for k in contest.standing}):
                break
        errors += bool(contest.out)
    assert errors <= 12


def test_a_play_off_drops_who_is_worse_or_breaks_a_bound():
    """Differences of 1 with a noise of 0.01 are seen at once; so is 90 % against a bound of 95 %."""
    contest = Playoff([Objective(COST, True)], [parse_expectation(f"{IN_TIME} >= 95%")], 3, 1)
    rng = np.random.default_rng(1)
    tables = {
        k: {COST: (cost + rng.normal(0, 0.01, 8)).tolist(), IN_TIME: (share + rng.normal(0, 1e-4, 8)).tolist()}
        for k, (cost, share) in enumerate([(2.0, 0.97), (1.0, 0.90), (3.0, 0.99)])
    }
    assert contest.look(tables)
    assert contest.states() == ["best", "infeasible", "worse"]
