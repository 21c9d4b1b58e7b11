"""The safety invariants count every check, and say what they found only where one does not hold."""

from types import SimpleNamespace

import pytest

from simulator.errors import SafetyError
from simulator.observe.invariants import Invariants
from simulator.run import run_replication
from simulator.scenario.schema import Scenario

SHORT = ["duration=12s", "warmup=2s", "record.window=1s", "faults.0.at=5.4s", "faults.0.for=3s"]


@pytest.fixture(scope="module")
def run():
    """A run in which an edge crashes: its result, and (invariants, what, told) of every check."""
    seen = []
    original = Invariants._require

    def require(self, holds, what, *told):
        seen.append((self, what, told))
        original(self, holds, what, *told)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Invariants, "_require", require)
        return run_replication(Scenario.load("edge-failover", SHORT), seed=5, replication=0), seen


def test_every_check_is_counted(run):
    result, seen = run
    invariants = seen[0][0]
    assert result.invariants == {"checked": len(seen) + invariants.locks.entries, "violations": []}
    assert len(seen) > 1000


def test_a_message_has_a_place_for_each_value_it_tells(run):
    whats = {what: told for _, what, told in run[1]}
    assert len(whats) >= 20
    for what, told in whats.items():
        assert what.count("{}") == len(told), what
        assert "{" not in what.format(*told)


def test_a_message_says_what_was_found_and_when():
    invariants = Invariants.__new__(Invariants)
    invariants._checked, invariants.world = 0, SimpleNamespace(kernel=SimpleNamespace(now=7.5))
    invariants._require(True, "{}: {} busy", "pop-1", 3)
    with pytest.raises(SafetyError, match=r"^pop-1: 4 busy \(at 7\.5 s\)$"):
        invariants._require(False, "{}: {} busy", "pop-1", 4)
    assert invariants._checked == 2
