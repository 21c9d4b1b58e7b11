"""The real deployment in its quick form: hit ratios and accounts, no times."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from validation import runs
from validation.settings import QUICK
from validation.system import NotHereError, System, program

pytestmark = pytest.mark.deployment


@pytest.fixture(autouse=True)
def _programs():
    try:
        program("haproxy")
        program("redis-server")
    except NotHereError as error:
        pytest.skip(str(error))


def accounts_hold(told):
    """Every request has one end; Redis counts the reads that cores count."""
    assert told["issued"] == told["answered"] + told["failed"]
    assert told["l1"] + told["delayed"] + told["misses"] == pytest.approx(1)
    assert told["redis_reads"] == told["core_reads"]
    causes = sum(value for name, value in told.items() if name.startswith("misses_"))
    assert causes * QUICK.window == pytest.approx(told["misses"] * told["answered"])


def test_in_health_caches_hit_as_often_as_renewal_theory_says():
    """Poisson at rate 1/s, L1 of 2 s: a fill serves 2 more on average, 2/3 hit. Fills come 2 s + Exp(1/s) apart; of
    those within L2's 5 s after a read: P(E1 < 3) + P(E1 + E2 < 1) = 1.214, so 1.214 / 2.214 = .548 hit.
    1,400 requests, 467 lookups: standard errors below .013 and .023. L2's lives start in step: .03 more for that.
    """
    told = runs.play("health", QUICK, seed=1)
    accounts_hold(told)
    assert told["failed"] == 0
    assert told["moves"] == 0
    assert told["l1"] + told["delayed"] == pytest.approx(2 / 3, abs=5 * 0.013)
    reread = (1 - math.exp(-3)) + (1 - 2 * math.exp(-1))
    assert told["l2"] == pytest.approx(reread / (1 + reread), abs=4 * 0.023 + 0.03)
    # what clients saw and what cores did in the same seconds; those under way at either end are few
    assert told["core_lookups"] * QUICK.window == pytest.approx(told["misses"] * told["answered"], abs=15)


def test_a_killed_edges_sessions_move_and_nobody_elses():
    """25 of 100 sessions are there; 4 s after the detection 1 - exp(-4) = 98 % of them have sent."""
    told = runs.play("killed", QUICK, seed=2)
    accounts_hold(told)
    assert 15 <= told["moved"] <= 26
    assert told["moves"] >= told["moved"]
    assert told["failed"] < 0.15 * told["issued"]


class TroubleError(Exception):
    """Anything that ends a run early."""


def fail_inside(deployment):
    with deployment:
        assert len(deployment.processes) == 2 + QUICK.cores + QUICK.edges
        assert all(process.poll() is None for process in deployment.processes.values())
        raise TroubleError


def test_nothing_is_left_running_whatever_happens():
    deployment = System(QUICK)
    with pytest.raises(TroubleError):
        fail_inside(deployment)
    assert all(process.poll() is not None for process in deployment.processes.values())
    ports = sorted([deployment.port, deployment.redis_port, *deployment.core_ports, *deployment.edge_ports])
    assert all(one != other for one, other in pairwise(ports))
