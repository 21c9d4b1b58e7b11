"""Deliberately wrong simulators must be caught by the row that guards them; else a green row would mean nothing.

Each control patches one part of the model and plays the very case of the suite. The distance to theory is stated in
each docstring; with the case's n the wrong variant passes with probability far below 1e-6. Fixed seeds.
"""

import dataclasses

import pytest

from simulator.build import builder as build
from simulator.caches.lru import LruCache
from simulator.laws.distributions import Lognormal
from simulator.messages import Attempt
from simulator.observe.requests import Requests
from simulator.routing.adaptive import Adaptive
from simulator.routing.choosing import Asking
from simulator.server.edge import EdgeNode
from simulator.verification import Verdict, all_cases
from simulator.verification.runner import run_case


def misses(key):
    """The checks of a case that contradict theory within 6 replications, by name."""
    case = next(case for case in all_cases() if case.key == key)
    outcome = run_case(dataclasses.replace(case, replications=6))
    return {one.check.name for one in outcome.judged if one.verdict is Verdict.MISSES}


def test_independent_thinning_instead_of_follow(monkeypatch):
    """Each edge thinned independently gives .5556 at every p; at p .75 theory says .71154."""

    def anywhere(self):
        uniform, directory = self._staying._uniform, self._staying._directory
        return Asking(lambda client, session: int(uniform() * directory.size))

    monkeypatch.setattr(Adaptive, "choosing", property(anywhere))
    assert misses("fixed follow p 0.75") == {"hit ratio"}
    assert misses("sliding follow p 0.75") == {"hit ratio"}


def test_excursions_instead_of_moves(monkeypatch):
    """Home instead of follow: .58442 against .61710 at p .5."""
    right = Adaptive.__init__

    def returns(self, context):
        right(self, context)
        self.moves = self.retry_moves = False

    monkeypatch.setattr(Adaptive, "__init__", returns)
    assert misses("fixed follow p 0.5") == {"hit ratio"}


def test_a_ttl_that_runs_from_the_request(monkeypatch):
    """TTL from the request instead of the fill: 4.8/6.0 hits instead of 5/6.2, three tolerances away."""

    class FromTheRequest(LruCache):
        def insert(self, key, now_s, ttl_s=None):
            super().insert(key, now_s - 0.2, ttl_s)

    monkeypatch.setattr(build, "make_cache", lambda _policy, capacity, *others: FromTheRequest(capacity or 10, *others))
    assert "hit" in misses("33 D 0.2 (storage)")


def test_a_fixed_ttl_that_slides(monkeypatch):
    """Renewed at every hit: .9933 instead of .8333."""
    right = build.make_cache

    def slides(policy, capacity, ttl_s, _mode, seed):
        return right(policy, capacity, ttl_s, "sliding", seed)

    monkeypatch.setattr(build, "make_cache", slides)
    assert misses("27 fixed λ 1 T 5") == {"hit ratio"}


@pytest.mark.interpreted  # the model itself is changed, in a constructor that compiled code calls without a look-up
def test_latency_from_the_last_attempt_only(monkeypatch):
    """Counting from the last attempt's sending forgets what the retries cost: 50 ms instead of 62.5 ms."""
    right = Attempt.__init__

    def forgets(self, caller, client, session, operation, intended_s, tries):
        right(self, caller, client, session, operation, caller._clock.now if tries else intended_s, tries)

    monkeypatch.setattr(Attempt, "__init__", forgets)
    assert "mean of the successful (s)" in misses("60")


def test_latency_of_survivors_only(monkeypatch):
    """Dropping the requests that fail leaves none of the .006859 that do."""
    right = Requests._ended

    def survivors(self, numbers):
        ok, _failed, retries = right(self, numbers)
        return ok, {}, retries

    monkeypatch.setattr(Requests, "_ended", survivors)
    assert "failed" in misses("60")


def test_a_variance_passed_as_a_standard_deviation(monkeypatch):
    """σ² where σ belongs: mean 20.63 ms instead of 22.66 ms."""
    right = Lognormal.sample
    monkeypatch.setattr(Lognormal, "sample", lambda self, rng, n: right(Lognormal(self.median, self.sigma**2), rng, n))
    assert misses("53 σ 0.5") == {"mean (s)", "two legs (s)", "p99 of one (s)"}


def test_detection_folded_into_the_fault(monkeypatch):
    """A detector that knows at once: 0 s instead of 2.5 s."""
    from simulator.sam.detector import FailureDetector

    right = FailureDetector.__init__

    def hasty(self, *arguments, **more):
        right(self, *arguments, **more)
        self.misses, self._due_s = 1, [self.period_s for _ in self._due_s]

    monkeypatch.setattr(FailureDetector, "__init__", hasty)
    assert "mean (s)" in misses("82 period 1 misses 3")


@pytest.mark.parametrize("wrong", [lambda n: n - 1, lambda n: n + 1])
def test_one_place_too_many_or_too_few(monkeypatch, wrong):
    """K 4 or 6 instead of 5 at load 1.2: blocked .279 or .231 instead of .251, eight caps away."""
    right = EdgeNode.__init__

    def miscounts(self, *arguments, **more):
        right(self, *arguments, **more)
        self.queue_limit = wrong(self.queue_limit)

    monkeypatch.setattr(EdgeNode, "__init__", miscounts)
    assert "blocked" in misses("9 K 5")
