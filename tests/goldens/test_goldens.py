"""Exact goldens: the same seed gives the same bytes, and a request costs the events that it cost before."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks.counts import HITS, MISSES, bytes_per_session, events_per_request
from simulator.scenario.bundled import bundled_names
from tests.goldens import goldens

BYTES_PER_SESSION = 1103 if goldens.INTERPRETED else 998  # on 64 bits: 3.11, 3.12 and 3.13 agree
HOW = "if the change is meant: python tests/goldens/goldens.py, and a line under 'Results change' in CHANGELOG.md"


@pytest.fixture(scope="module")
def expected():
    if not goldens.path().exists():
        pytest.fail(f"there are no goldens for {goldens.key()}: python tests/goldens/goldens.py makes them")
    return json.loads(goldens.path().read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", bundled_names())
def test_a_bundled_scenario_gives_its_golden_numbers(name, expected):
    """Requests, events and a fingerprint of all metrics, for each replication."""
    assert goldens.played(name) == expected.get(name), HOW


def test_the_goldens_are_of_the_scenarios_that_there_are(expected):
    assert sorted(expected) == sorted(bundled_names())
    assert set(goldens.SHORTER) <= set(bundled_names())


def test_events_of_a_hit():
    """Arrival, receipt, end of service, answer: four; the timer of the client is shared and costs none."""
    assert events_per_request(HITS) == 4.0


def test_events_of_a_miss_that_l2_answers():
    """A hit's four, and receipt, end of service and fill of the core's question: seven."""
    assert events_per_request(MISSES) == 7.0


def test_bytes_of_a_session():
    """A million sessions fit into 1.5 GB before they do anything (tracemalloc; a growing list is 1 % of it)."""
    taken = bytes_per_session()
    assert taken <= 1500
    if sys.maxsize > 2**32:
        assert taken == pytest.approx(BYTES_PER_SESSION, abs=5)
