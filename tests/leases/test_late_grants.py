"""A lock that is granted to a client which gave the attempt up must come free again, before its lease ends."""

import pytest

from simulator import Scenario
from simulator.clients.locking import Locking
from simulator.run import _Run

WORLD = {
    "schema": 1,
    "name": "late",
    "duration": "5s",
    "clients": {
        "c": {
            "count": 4,
            "workload": {"kind": "poisson", "rate": "1/s"},
            "session": {"length": "forever", "established": True},
            "operations": {"acquire": "100%"},
            "locks": {"per_session": 0, "shared_pool": 1, "conflict": "wait", "hold": "10ms"},
            "retry": {"timeout": "50ms"},
        }
    },
    "edges": {"e": {"count": 1, "workers": "unlimited", "service_time": "0ms"}},
    "cores": {"core": {"count": 1, "workers": "unlimited", "service_time": "100ms"}},
    "leases": {"length": "1h", "renew_before": "1min"},
    "network": {"default": {"latency": "1ms"}},
}


def held_at_the_end():
    """Every answer takes 102 ms, clients wait 50 ms: holders of the lock 15 s after the end, and late answers."""
    run = _Run(Scenario.from_dict(WORLD), 1, 0, None, None)
    run._begin()
    run._simulate()
    run.world.kernel.run(until=20.0)
    holders = run.world.cores[0].locks.table._holders
    return sum(len(sessions) for sessions in holders.values()), run.world.groups[0].measuring.late


def test_a_late_grant_is_given_back():
    """All of about 20 grants come late; none is held 10 s later, and each in line had its turn."""
    held, late = held_at_the_end()
    assert held == 0
    assert late >= 10


@pytest.mark.interpreted  # the model itself is changed, in a method that compiled code calls without a look-up
def test_control_a_client_that_drops_them_keeps_the_lock(monkeypatch):
    def dropped(self, attempt):
        """The client does not look at it."""

    monkeypatch.setattr(Locking, "granted_late", dropped)
    held, late = held_at_the_end()
    assert held == 1
    assert late < 10


@pytest.mark.parametrize("hold", ["10ms", "unlimited"])
def test_no_lock_is_ever_held_twice_by_giving_back(hold):
    """A grant that comes late to a session that holds the lock already takes the place of the one it has."""
    clients = {**WORLD["clients"]["c"], "count": 1, "retry": {"timeout": "95ms", "max": 2, "backoff": "5ms"}}
    clients["locks"] = {**clients["locks"], "hold": hold}
    run = _Run(Scenario.from_dict({**WORLD, "clients": {"c": clients}}), 3, 0, None, None)
    run._begin()
    run._simulate()
    run.invariants.finish()
