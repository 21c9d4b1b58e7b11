"""The frontier of two settings and its knee, against closed forms and against noise of a known size."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from simulator import Scenario, sweep
from simulator.cli.main import cli
from simulator.experiment.studies.cells import Cell
from simulator.experiment.studies.design import value_of
from simulator.experiment.studies.frontier import FrontierError
from simulator.experiment.studies.outcomes import CellOutcome
from simulator.experiment.studies.sweep_result import SweepResult
from simulator.metrics.names import UnknownMetricError
from simulator.report.frontier_html import document, figures
from simulator.results.summary import Estimate
from tests.experiment.studies.fakes import TINY

TICK, MARGIN = "leases.batch_every", "leases.renew_before"
LOST, BATCHES = "lease.lapses.rate[lost]", "renewal_batches.rate"
FEW = "lease.lapses.rate[lost] <= 0.02/s"


def swept(rows, columns, metrics, *, paths=(TICK, MARGIN), design="grid"):
    """A sweep by hand: `metrics` maps a name to f(row, column) -> the values of its replications."""
    outcomes = []
    for row in rows:
        for column in columns:
            number = len(outcomes) + 1
            values = {path: value_of(path, text) for path, text in zip(paths, (row, column), strict=True)}
            found = {name: Estimate(f(row, column), "1/s") for name, f in metrics.items()}
            n = len(next(iter(found.values())).by_replication)
            outcomes.append(CellOutcome(Cell(number, f"c{number}", "", values, ""), "complete", found, n))
    return SweepResult("leases", "", design, list(paths), outcomes, list(metrics), 1, n)


def leases(tick, margin):
    """300 leases of 30 s, of whose messages one in ten is lost (docs/leases.md)."""
    d, m = float(tick[:-1]), float(margin[:-1])
    period = d * math.ceil((30.0 - m) / d)
    return period, 300.0 * 0.1 ** math.ceil((30.0 - period) / d) / period


TICKS = ["1s", "2s", "4s"]
MARGINS = ["1s", "2s", "4s", "8s", "16s"]


def closed(noise=0.0, n=1):
    draws = np.random.default_rng(5)

    def of(value):
        return list(value + noise * draws.standard_normal(n)) if noise else [value] * n

    return swept(
        TICKS, MARGINS,
        {LOST: lambda t, m: of(leases(t, m)[1]), BATCHES: lambda t, m: of(3.0 / float(t[:-1]))},
    )  # fmt: skip


def least_margin(tick, bound):
    return next(m for m in MARGINS if leases(tick, m)[1] <= bound)


def texts(found):
    return [found.limit_of(one) for one in found.limits]


@pytest.mark.parametrize("bound", [2.0, 0.2, 0.02])
def test_limits_are_those_of_the_closed_form(bound):
    found = closed().frontier(f"lease.lapses.rate[lost] <= {bound}/s")
    assert (found.side, found.of, found.over) == ("smallest", MARGIN, TICK)
    assert texts(found) == [least_margin(tick, bound) for tick in TICKS]


def test_the_other_setting_has_the_largest_tick_that_each_margin_allows():
    found = closed().frontier(FEW, of=TICK)
    assert found.side == "largest"
    expected = [[t for t in TICKS if leases(t, m)[1] <= 0.02] for m in MARGINS]
    assert texts(found) == [fit[-1] if fit else None for fit in expected]


def test_swept_out_of_order_gives_the_same():
    one = closed().frontier(FEW)
    shuffled = closed()
    shuffled.outcomes = shuffled.outcomes[::-1]
    assert texts(shuffled.frontier(FEW)) == texts(one)


def test_a_limit_lies_between_what_surely_breaks_and_what_surely_meets_the_condition():
    """Means 1, .1, .02, .001 with a known spread: the cell at the bound itself is undecided, its neighbours are not."""
    means = {"1s": 1.0, "2s": 0.1, "4s": 0.0199, "8s": 0.001}
    spread = np.array([-1.0, 0.0, 1.0])
    noisy = swept(["1s", "2s"], list(means), {LOST: lambda _, m: list(means[m] * (1.0 + 0.1 * spread))})
    found = noisy.frontier(FEW)
    for one in found.limits:
        assert (one.cell.cell.values[MARGIN].text, one.fails, one.sure) == ("4s", "2s", "8s")
    table = found.table
    assert list(table["beyond"]) == ["2s", "2s"]
    assert list(table["at_latest"]) == ["8s", "8s"]


def test_where_no_value_does_there_is_no_limit():
    found = closed().frontier("lease.lapses.rate[lost] <= 0/s")
    assert texts(found) == [None, None, None]
    assert found.knee.place is None
    assert "No knee" in found.summary()


def test_a_value_that_meets_it_on_the_wrong_side_is_told():
    values = {"1s": 0.0, "2s": 1.0, "4s": 0.0, "8s": 0.0}
    found = swept(TICKS, list(values), {LOST: lambda t, m: [values[m]]}).frontier(FEW)
    assert texts(found) == ["4s"] * 3
    assert [list(one.scattered) for one in found.limits] == [["1s"]] * 3


def test_the_knee_of_a_hyperbola_is_where_its_slope_is_that_of_the_chord():
    """c/x from a to b is farthest from its chord where c/x^2 = c/(ab): at sqrt(ab)."""
    ticks = ["1s", "2s", "4s", "8s", "16s"]
    grid = swept(ticks, ["4s", "8s"], {LOST: lambda *_: [0.0] * 3, BATCHES: lambda t, _: [300.0 / float(t[:-1])] * 3})
    knee = grid.frontier(FEW, knee=BATCHES).knee
    assert knee.place.value == "4s"
    chord = 300.0 + (4.0 - 1.0) / 15.0 * (300.0 / 16.0 - 300.0)
    assert knee.saved.mean == pytest.approx(chord - 75.0)
    assert knee.sure
    assert not knee.others


def test_a_straight_line_has_no_knee():
    grid = swept(TICKS, ["4s", "8s"], {LOST: lambda *_: [0.0] * 5, BATCHES: lambda t, _: [0.1 * float(t[:-1])] * 5})
    assert not grid.frontier(FEW, knee=BATCHES).knee.sure


def test_noise_seldom_makes_a_knee_of_a_straight_line():
    """At most 5 % of straight lines with noise, over all places together; 300 draws stay below 9 % (5 sigma: 11 %)."""
    draws, ticks = np.random.default_rng(11), ["1s", "2s", "3s", "4s", "5s"]
    told = 0
    for _ in range(300):
        costs = {LOST: lambda *_: [0.0] * 5, BATCHES: lambda t, _: list(float(t[:-1]) + draws.standard_normal(5))}
        told += swept(ticks, ["4s", "8s"], costs).frontier(FEW, knee=BATCHES).knee.sure
    assert told / 300 < 0.09


def test_a_knee_of_the_limit_itself_must_show_through_the_steps_of_the_sweep():
    """Limits 32 s, 2 s, 1 s over ticks 1, 2, 3 s: however the true limits lie between swept values, it is convex."""
    limits = {"1s": 32.0, "2s": 2.0, "3s": 1.0}
    margins = ["500ms", "1s", "2s", "30s", "32s"]

    def lost(tick, margin):
        seconds = 0.5 if margin == "500ms" else float(margin[:-1])
        return [0.0 if seconds >= limits[tick] else 1.0] * 2

    knee = swept(limits, margins, {LOST: lost}).frontier(FEW).knee
    assert knee.sure
    assert knee.place.value == "2s"
    coarse = swept(limits, ["500ms", "1s", "2s", "32s"], {LOST: lost}).frontier(FEW).knee
    assert not coarse.sure  # the first limit may be anything from 2 to 32 s


def test_categories_have_limits_and_no_line():
    policies = ["nearest", "cookie", "random"]
    grid = swept(policies, MARGINS, {LOST: lambda t, m: [leases("2s", m)[1]]}, paths=("routing.policy", MARGIN))
    found = grid.frontier(FEW)
    assert texts(found) == [least_margin("2s", 0.02)] * 3
    assert found.knee.place is None
    assert "<polyline" not in "".join(one.svg for one in figures(found))
    assert [len(line.get_xdata()) for line in found.plot.limit().lines if line.get_linestyle() == "-"] == []


def test_a_sweep_without_a_frontier_says_what_it_would_need():
    with pytest.raises(FrontierError, match="a grid of two settings"):
        swept(TICKS, MARGINS, {LOST: lambda *_: [0.0]}, design="lhs").frontier(FEW)
    with pytest.raises(FrontierError, match=f"name {TICK} or {MARGIN}"):
        closed().frontier(FEW, of="edges.pop.count")
    with pytest.raises(FrontierError, match="has no order"):
        swept(TICKS, ["lru", "sieve"], {LOST: lambda *_: [0.0]}).frontier(FEW)
    with pytest.raises(FrontierError, match=r"gives no hit_ratio\.l1"):
        closed().frontier("hit_ratio.l1 >= 50%")
    with pytest.raises(UnknownMetricError):
        closed().frontier(FEW, knee="no.such")


def test_the_command_prints_and_draws_it(tmp_path, monkeypatch):
    """More room hits more (LRU is a stack algorithm), so the least room above what 8 places give is 32."""
    monkeypatch.chdir(tmp_path)
    grid = {"edges.pop.l1.ttl": ["10s", "never"], "edges.pop.l1.capacity": [2, 8, 32]}
    result = sweep(Scenario.from_dict(TINY), grid, replications=2, path="swept")
    bound = max(o.value("hit_ratio.l1") for o in result.outcomes if o.cell.texts["edges.pop.l1.capacity"] == "8")
    args = ["show", "swept", "--frontier", f"hit_ratio.l1 > {bound}"]
    done = CliRunner().invoke(cli, [*args, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["side"] == "smallest"
    assert [one["limit"] for one in told["limits"]] == ["32", "32"]
    drawn = CliRunner().invoke(cli, [*args, "--knee", "hit_ratio.l1[pop-1]", "--page", "f.html"])
    assert drawn.exit_code == 0, drawn.output
    assert "<svg" in (tmp_path / "f.html").read_text(encoding="utf-8")
    assert CliRunner().invoke(cli, ["show", "swept", "--of", "x"]).exit_code == 2
    assert CliRunner().invoke(cli, [*args, "--page", "none/f.html"]).exit_code == 2


def test_the_page_escapes_what_a_scenario_says():
    grid = closed()
    grid.name = "<script>x</script>"
    assert "<script>x" not in document(grid.frontier(FEW, knee=BATCHES))
