"""Edge, core, SAM and clocks, driven by hypothesis through crashes, partitions, losses, delays and skew.

The real actors run on the real kernel; the test decides what happens to them and when. After every step: nobody
believes in a lease longer than its authority grants it (but for sessions that are over), an exclusive lock has one
holder, tokens grow, and all counters are in order. Delays are long against leases, so messages meet ends of leases,
restarts and takeovers on their way.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from simulator.errors import SafetyError
from simulator.leases.authority import Authority
from simulator.leases.locks import LockTable
from simulator.observe.lock_history import EXACT_S
from simulator.world.targets import Targets
from tests.worlds import Play, merged, small

WORLD = {
    "duration": "1h",
    "clients": {
        "people": {
            "count": 3,
            "workload": {"rate": "0.000001/s"},
            "session": {"established": True},
            "locks": {"per_session": 1, "shared_pool": 1},
            "retry": {"timeout": "2s", "max": 2, "backoff": "100ms"},
        }
    },
    "edges": {"pop": {"count": 2, "l1": {"ttl": "3s"}, "fetch_timeout": "700ms"}},
    "leases": {"length": "4s", "renew_before": "2s", "batch_every": "500ms", "idle_after": "6s"},
    "sam": {"heartbeat": {"period": "500ms", "misses": 2}},
    "storage": {"read": "50ms", "write": "100ms"},
}
NODES = ["pop-1", "pop-2", "core-1", "core-2", "storage", "sam"]
LINKS = [
    ("people", "pop-*"),
    ("pop-*", "people"),
    ("pop-1", "core-*"),
    ("core-*", "pop-1"),
    ("pop-*", "core-1"),
    ("core-1", "pop-*"),
]


class Leases(RuleBasedStateMachine):
    """A world under any sequence of troubles."""

    @initialize(
        seed=st.integers(0, 3),
        skew_ms=st.sampled_from([0, 0, 900]),
        delay_ms=st.sampled_from([0, 0, 1500]),
        grace=st.sampled_from(["extend", "1500ms", "0ms"]),
        standby=st.booleans(),
        waits=st.sampled_from(["deny", "wait"]),
        latency=st.sampled_from(["5ms", {"exponential": "200ms"}, {"exponential": "1s"}]),
        loss=st.sampled_from(["0%", "20%"]),
    )
    def build(self, seed, skew_ms, delay_ms, grace, standby, waits, latency, loss):
        change = {
            "leases": {"clock_skew": f"{skew_ms}ms", "lock_delay": f"{delay_ms}ms"},
            "cores": {"core": {"count": 2, "standby": standby, "takeover": "300ms", "grace": grace}},
            "clients": {"people": {"locks": {"conflict": waits}}},
            "network": {"default": {"latency": latency, "loss": loss}},
        }
        self.play = Play(small(**merged(WORLD, change)), seed)
        self.targets = Targets(self.play.world)
        self.targets.on_edge_crash = self.play.run.invariants.edge_crashes
        self.cut: set[int] = set()
        self.down: set[str] = set()

    @property
    def world(self):
        return self.play.world

    @rule(client=st.integers(0, 2), operation=st.sampled_from([0, 0, 1, 2, 2, 3]))
    def ask(self, client, operation):
        if self.world.groups[0].clients[client].session is not None:
            self.play.ask(client, operation)

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.4, 0.5, 1.3, 3.0]))
    def wait(self, seconds):
        self.world.kernel.run(until=self.world.kernel.now + seconds)

    @rule(name=st.sampled_from(NODES))
    def crash_or_repair(self, name):
        if name in self.down:
            self.down.discard(name)
            self.targets.restart(name)
        else:
            self.down.add(name)
            self.targets.crash(name)

    @rule(number=st.integers(0, len(LINKS) - 1))
    def cut_or_mend(self, number):
        source, target = LINKS[number]
        records = self.targets.paths((source,), (target,))
        for record in records:
            (record.path.unblock if number in self.cut else record.path.block)(number)
        self.cut ^= {number}

    @rule(client=st.integers(0, 2))
    def close_or_open(self, client):
        group = self.world.groups[0]
        if group.clients[client].session is None:
            group.open_session(client)
        else:
            group.close_session(client)

    @rule(edge=st.integers(0, 1))
    def false_alarm(self, edge):
        self.world.detector.suspect(edge)

    @invariant()
    def no_edge_believes_longer_than_granted(self):
        if not hasattr(self, "play"):
            return
        world, now = self.world, self.world.kernel.now
        for edge in world.edges:
            for session_id, held in edge.leases.held.items():
                if held.session.over or held.until_s <= now:
                    continue
                grant = world.cores[session_id % 2].authority.grants.get(session_id)
                assert grant is not None
                assert held.until_s <= grant.until_s + EXACT_S

    @invariant()
    def counters_are_in_order(self):
        if hasattr(self, "play"):
            self.play.run.invariants.check()

    def teardown(self):
        """Everything is repaired: whoever has a session is answered, and every request has ended."""
        if not hasattr(self, "play"):
            return
        for name in sorted(self.down):
            self.targets.restart(name)
        for number in sorted(self.cut):
            for record in self.targets.paths((LINKS[number][0],), (LINKS[number][1],)):
                record.path.unblock(number)
        kernel, group = self.world.kernel, self.world.groups[0]
        kernel.run(until=kernel.now + 60.0)
        assert group.issued == group.ended
        self.play.run.invariants.finish()


TestLeases = Leases.TestCase
TestLeases.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize(
    ("where", "name", "bug"),
    [
        (LockTable, "_is_free", lambda self, lock, session_id, now_s: True),
        (Authority, "locks_until_s", lambda self, session_id: self.clock.now),
    ],
)
def test_the_machine_finds_planted_bugs(monkeypatch, where, name, bug):
    """Two holders of one lock; locks taken while a lease runs. No shrinking: that it is found is enough."""
    monkeypatch.setattr(where, name, bug)
    with pytest.raises(SafetyError):
        run_state_machine_as_test(Leases, settings=settings(TestLeases.settings, phases=[Phase.generate]))
