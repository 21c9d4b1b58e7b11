"""A real web log, line by line, through a crash: the report accounts for every request.

SIMULATOR_REAL_LOG names a log in Common or Combined Log Format (.gz as it is); without it there is nothing to play.
"""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest

from simulator import Scenario, run

LOG = os.environ.get("SIMULATOR_REAL_LOG", "")
LINE = re.compile(
    r'^(\S+) \S+ \S+ \[\d{2}/\w{3}/\d{4}(?::\d{2}){3} [+-]\d{4}\] "(?:[^"\\]|\\.)*" (?:\d{3}|-) (?:\d+|-)(?:\s|$)'
)
SCENARIO = """\
schema: 1
name: real-log
duration: 90min
seed: 1
sites: [frankfurt, london, new-york, san-francisco, singapore]
clients:
  web:
    site: new-york
    spread: 4000km
    workload: {kind: trace, file: %s, format: clf, inactivity_gap: 30min, time_scale: 60}
    retry: {timeout: 1s, max: 2, backoff: 100ms, cap: 1s, jitter: full, budget: 20%%}
edges:
  pop:
    at: {new-york: 2, frankfurt: 1, london: 1, san-francisco: 1, singapore: 1}
    workers: 2
    l1: {capacity: 200, ttl: 10s}
cores:
  core: {count: 2, site: new-york}
network:
  geo: {inflation: 1.6, last_mile: {lognormal: {median: 6ms, sigma: 0.4}}}
  default: {loss: 0.1%%}
faults:
  - {at: 42min, for: 3min, crash: pop-new-york-1}
"""


@pytest.mark.skipif(not LOG, reason="SIMULATOR_REAL_LOG names no log")
def test_every_line_of_a_real_log_is_a_request_that_ends(tmp_path):
    """No theory: counting. The log's lines are counted by an expression of this test's own."""
    opened = gzip.open if LOG.endswith(".gz") else open
    with opened(LOG, "rt", encoding="utf-8", errors="replace") as stream:
        hosts = [found[1] for found in map(LINE.match, stream) if found]
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO % Path(LOG).resolve())
    result = run(Scenario.load(str(path)))
    totals = result.replications[0].totals
    assert totals["requests"] == totals["requests.simulated"] == len(hosts)
    assert totals["ok"] + totals["failed"] == len(hosts)
    assert not result.failures
    assert not result.replications[0].invariants["violations"]
    events = result.replications[0].events
    assert [e["target"] for e in events if e["kind"] == "detected"] == ["pop-new-york-1"]
    assert float(result["availability"]) > 0.99  # retried elsewhere
    assert len(set(hosts)) <= float(result["sessions.established.rate"]) * 90 * 60 + 0.5  # each host at least once
