"""The bundled scenarios: valid, explained, and giving what theory says of them (short runs of a few)."""

from __future__ import annotations

import math

import pytest

from simulator import Scenario, run
from simulator.scenario.bundled import bundled_folder, bundled_names

NAMES = [name for name in bundled_names() if name != "reference"]


@pytest.mark.parametrize("name", NAMES)
def test_it_asks_a_question_says_what_it_shows_and_stands_alone(name):
    text = (bundled_folder() / f"{name}.yaml").read_text(encoding="utf-8")
    comment = text[: text.index("schema: 1")]
    assert "What it shows." in comment
    assert "extends:" not in text.replace("extends: presets/", "")
    scenario = Scenario.load(name)
    assert scenario.name == name
    assert scenario.question
    for variant in scenario.variants:
        scenario.variant(variant)


def test_renewals_of_lease_batching():
    """N / I = 600 / 20 s = 30 renewals a second, whatever the batches; one message for each without them.

    Deterministic but for a few lost messages (0.1 %), hence 2 %.
    """
    result = run(Scenario.load("lease-batching").with_overrides({"duration": "60s", "clients.us.count": 600}))
    for one in (result, *result.variants.values()):
        assert float(one["renewals.rate"]) == pytest.approx(30.0, rel=0.02)
    assert float(result.variants["unbatched"]["renewal_batches.rate"]) == pytest.approx(30.0, rel=0.03)
    assert float(result["renewal_batches.rate"]) <= 12.0
    assert float(result.variants["every-5s"]["renewal_batches.rate"]) <= 12.0 / 5


def test_invalidation_leaves_only_the_stale_reads_of_what_is_under_way():
    """Links of 1 ms: of 20 changes a second and 80 lock reads a second some 20 * 0.2/s * 1 ms are stale."""
    scenario = Scenario.load("finding-freshness").with_overrides({"duration": "50s"})
    assert float(run(scenario, variants=False)["stale_reads.rate"]) > 5.0
    for variant in ("invalidate", "sticky-invalidate"):
        assert float(run(scenario.variant(variant), variants=False)["stale_reads.rate"]) < 0.2


@pytest.mark.slow
@pytest.mark.parametrize(("name", "stay"), [("weight-50", 0.50), ("weight-75", 0.75), ("cookie", 1.0)])
def test_hit_ratios_of_finding_weight(name, stay):
    """Fixed TTL, sessions that follow, fetches that take no time; n = 3 x 50,000, tolerance 4 standard errors."""
    at_once = {"network.default.latency": "0ms", "cores.core.service_time": "0ms", "duration": "120s"}
    result = run(Scenario.load("finding-weight").variant(name).with_overrides(at_once), replications=3, variants=False)
    x, n = 2.5, 8
    rho = (n * stay - 1) / (n - 1)
    m = x if stay == 1 else x / n + (1 - 1 / n) * rho / (1 - rho) * (1 - math.exp(-(1 - rho) * x))
    assert float(result["hit_ratio.l1"]) == pytest.approx(m / (1 + m), abs=0.006)


def _hits_of_scale(edges: int, expected_requests: float) -> float:
    """L1 hits by the theory in the scenario's comment, with weight 65."""
    x, n, p = expected_requests, edges, 0.65
    rho = (n * p - 1) / (n - 1)
    m = x / n + (1 - 1 / n) * rho / (1 - rho) * (1 - math.exp(-(1 - rho) * x))
    return m / (1 + m)


def _waits(workers: int, utilisation: float) -> float:
    """Erlang C: the probability of waiting at k workers."""
    a = workers * utilisation
    queued = a**workers / math.factorial(workers) / (1 - utilisation)
    return queued / (sum(a**k / math.factorial(k) for k in range(workers)) + queued)


@pytest.mark.parametrize(
    ("variant", "edges", "requests_in_ttl", "workers"),
    [(None, 10, 4.9, 5), ("slice", 10, 4.9, 1), ("shard", 2, 4.9, 5), ("calm", 10, 0.98, 1)],
)
def test_what_a_fifth_of_scale_keeps(variant, edges, requests_in_ttl, workers):
    """The slice keeps hits (.63) and not waits, the shard waits (.38) and not hits, thinned rates (calm) neither.

    Fixed TTL, sessions that follow, fetches that take no time (here 22 ms: .01 less), first weights of 50 (.01 less);
    Erlang C at 70 %. A shortened variant has 8,000 requests: a standard error of .006 on hits, of .02 on waits (they
    come in runs). Between slice and shard lie .10 and .32: tolerances of .03 and .07 tell them apart.
    """
    scenario = Scenario.load("scale").with_overrides({"duration": "45s", "warmup": "25s"})
    result = run(scenario if variant is None else scenario.variant(variant), variants=False)
    assert float(result["hit_ratio.l1"]) == pytest.approx(_hits_of_scale(edges, requests_in_ttl), abs=0.03)
    assert float(result["edge.wait.probability"]) == pytest.approx(_waits(workers, 0.7), abs=0.07)
