"""What is offered in place of a wrong word: the thing by its name here, the path that a key belongs to."""

import pytest

from simulator.scenario import Scenario, ScenarioError

BASE = {
    "duration": "60s",
    "clients": {"u": {"count": 10, "workload": {"kind": "poisson", "rate": "1/s"}, "retry": {"max": 1}}},
    "edges": {"pop": {"count": 2}},
    "faults": [{"at": "1s", "for": "2s", "crash": "pop-1"}],
}


def refused(*overrides, base=None):
    with pytest.raises(ScenarioError) as error:
        Scenario.from_dict(base or BASE).with_overrides(overrides)
    return error.value.issues


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("ttl=5s", "edges.pop.l1.ttl"),
        ("l1.ttl=5s", "edges.pop.l1.ttl"),
        ("l1.tll=5s", "edges.pop.l1.ttl"),
        ("edges.ttl=5s", "edges.pop.l1.ttl"),
        ("edges.pop.ttl=5s", "edges.pop.l1.ttl"),
        ("edges.other.ttl=5s", "edges.pop.l1.ttl"),
        ("weight=75", "routing.weight"),
        ("rate=5/s", "clients.u.workload.rate"),
        ("clients.u.timeout=1s", "clients.u.retry.timeout"),
        ("misses=2", "sam.heartbeat.misses"),
        ("batch_evry=2s", "leases.batch_every"),
    ],
)
def test_a_bare_key_is_searched_among_the_paths(override, meant):
    (issue,) = refused(override)
    assert meant in issue.mend


def test_a_key_at_the_wrong_level_of_a_file_is_searched_likewise():
    base = {**BASE, "edges": {"pop": {"count": 2, "ttl": "5s"}}}
    with pytest.raises(ScenarioError) as error:
        Scenario.from_dict(base)
    assert error.value.issues[0].mend == "did you mean edges.pop.l1.ttl?"


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("routing.policy=least_connections", "least_outstanding"),
        ("routing.policy=p2c", "power_of_two"),
        ("routing.policy=ring_hash", "consistent_hash"),
        ("routing.policy=sticky-sessions", "cookie"),
        ("routing.leave_to=leastconn", "least_outstanding"),
        ("edges.pop.l1.policy=tinylfu", "wtinylfu"),
        ("clients.u.workload.kind=closed_loop", "closed"),
        ("clients.u.session={length: {gaussian: {mean: 5s, sd: 1s}}}", "normal"),
        ("faults.0={at: 1s, kill: pop-1}", "crash"),
        ("clients.u.operations={read: 100%}", "lookup"),
        ("expect=[errors <= 1%]", "failures.ratio"),
    ],
)
def test_other_systems_words(override, meant):
    assert any(f"did you mean {meant}" in issue.mend for issue in refused(override))


def test_a_name_of_another_family_is_called_what_it_is():
    (issue,) = refused("routing.policy=lru")
    assert "'lru' is a cache policy" in issue.what


def test_an_expectation_written_as_a_mapping_is_told_at_its_key(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(
        "duration: 60s\nclients: {u: {count: 1, workload: {kind: poisson, rate: 1/s}}}\nedges: {pop: {}}\n"
        "expect:\n  - {errors: 1%}\n"
    )
    with pytest.raises(ScenarioError) as error:
        Scenario.load(path)
    (issue,) = error.value.issues
    assert (issue.mark.line, issue.mark.col, issue.mark.length) == (5, 6, len("errors"))
    assert issue.mend == "write - failures.ratio <= 1%"


def test_a_rate_that_is_too_large_is_one_error_whatever_else_follows_from_it():
    crowd = [{"at": "1s", "for": "2s", "crowd": "u", "factor": 5}]
    (issue,) = refused("clients.u.workload.rate=5e12/s", base={**BASE, "faults": crowd})
    assert issue.path.startswith("clients.u")


def test_count_turns_into_arrivals_and_back():
    closed = Scenario.from_dict(BASE).with_overrides(["clients.u.session.pause=5s", "clients.u.session.length=9s"])
    opened = closed.with_overrides(["clients.u.session.arrivals=3/s"])
    assert (opened.clients["u"].count, opened.clients["u"].session.arrivals) == (None, 3.0)
    again = opened.with_overrides(["clients.u.count=7"])
    assert (again.clients["u"].count, again.clients["u"].session.arrivals) == (7, None)
    assert again.clients["u"].session.length.mean == 9.0
    whole = Scenario.from_dict(BASE).with_overrides(["clients.u.session={arrivals: 2/s, length: 4s}"])
    assert whole.clients["u"].count is None


@pytest.mark.parametrize(
    ("first", "then", "gone"),
    [
        ("faults=[]", "edges.pop.at={london: 2}", "edges.pop.count"),
        ("clients.u.workload.rate=1/s", "clients.u.workload.total_rate=9/s", "clients.u.workload.rate"),
        ("clients.u.session.length={exponential: 5s}", "clients.u.session.length.gamma={mean: 5s, cv: 2}",
         "clients.u.session.length.exponential"),
        ("clients.u.session.length={lognormal: {median: 5s, sigma: 1}}",
         "clients.u.session.length.lognormal.p99=50s", "clients.u.session.length.lognormal.sigma"),
        ("faults.0.for=3s", "faults.0.drain=pop-1", "faults.0.crash"),
    ],
)  # fmt: skip
def test_what_excludes_each_other_replaces_each_other(first, then, gone):
    tree = Scenario.from_dict({**BASE, "sites": ["london"]}).with_overrides([first, then]).tree
    node = tree
    for part in gone.split("."):
        node = node.get(int(part)) if part.isdecimal() else node.get(part)
    assert node is None
