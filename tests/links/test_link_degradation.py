"""Degradations and partitions: they compose, and unwind to exactly what was before."""

import math
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.links import Bernoulli, GilbertElliott, Line, LossModel, Path, PathCounters
from tests.links.helpers import REPLICATIONS, agrees, constant, losses, lossy_path

GILBERT = GilbertElliott(p="1%", r="25%")


def in_force(path):
    models = [model for _, model in path._models]
    return (
        path.loss_ratio_independent,
        path.add_latency_s,
        path.bits_per_s,
        path.blocked,
        models,
        path._way,
    )


def test_independent_losses_of_overlapping_degradations():
    """Through if every one lets it through: 1 - .9 * .5 * .8 = .64; with a loss of 0 % exactly what it was."""
    path = lossy_path(Bernoulli(ratio=0.1), 1)
    path.degrade("nothing", Bernoulli(ratio=0))
    assert path.loss_ratio_independent == 0.1
    path.degrade("half", Bernoulli(ratio=0.5))
    path.degrade("a fifth", Bernoulli(ratio=0.2))
    assert path.loss_ratio_independent == pytest.approx(0.64)
    path.restore("half")
    assert path.loss_ratio_independent == pytest.approx(0.28)
    path.restore("a fifth")
    assert path.loss_ratio_independent == 0.1


class Fickle(LossModel):
    """Loses nothing; notes each process that is made of it, and which of them each message asks."""

    kind: Literal["fickle"] = "fickle"
    made: list[int]
    asked: list[int]

    def process(self, uniform):
        number = len(self.made)
        self.made.append(number)

        def lost():
            self.asked.append(number)
            return False

        return lost


def test_each_source_of_a_bursty_loss_has_a_chain_of_its_own_on_each_line():
    """The same model from the path and from two degradations: three chains a line, which outlast other changes."""
    model = Fickle(made=[], asked=[])
    path, line = lossy_path(model, 1), Line()
    path.degrade("one", model)
    path.degrade("two", model)
    path.transit(line, 0.0, 0.0, 0.0)
    assert sorted(model.asked) == model.made == [0, 1, 2]
    path.restore("one")
    path.degrade("slow", add_latency_s=1.0)
    model.asked.clear()
    path.transit(line, 0.0, 0.0, 0.0)
    assert len(set(model.asked)) == 2
    assert model.made == [0, 1, 2]
    model.asked.clear()
    path.transit(Line(), 0.0, 0.0, 0.0)
    assert sorted(model.asked) == [3, 4]


@pytest.mark.parametrize("loss", [None, Bernoulli(ratio=0), Fickle(made=[], asked=[])])
@pytest.mark.parametrize("bits_per_s", [math.inf, 8000.0])
def test_what_a_message_takes_is_the_sum_of_its_parts(loss, bits_per_s):
    """Serialisation (100 B at 8 kbit/s: .1 s), the line's constant part, the drawn one, and what a fault adds."""
    path = Path(constant(0.01), loss, np.random.default_rng(1), bits_per_s)
    path.degrade("slow", add_latency_s=2.0)
    serialisation_s = 0.0 if bits_per_s == math.inf else 0.1
    assert path.transit(Line(), 100.0, 5.0, 0.25) == pytest.approx(serialisation_s + 0.25 + 0.01 + 2.0)


def test_means_of_counters():
    """Ratios of what was counted; none where nothing was."""
    counters = PathCounters(10, 4, 0, lossy_sent=8, bursts=2, limited_sent=5, wait_sum_s=1.0)
    assert (counters.loss_ratio, counters.mean_burst, counters.mean_wait_s) == (0.5, 2.0, 0.2)
    none = PathCounters(10, 0, 0, 0, 0, 0, 0.0)
    assert all(math.isnan(mean) for mean in (none.loss_ratio, none.mean_burst, none.mean_wait_s))


degradations = st.fixed_dictionaries(
    {},
    optional={
        "loss": st.one_of(st.floats(0, 1).map(lambda p: Bernoulli(ratio=p)), st.just(GilbertElliott(p=0.1, r=0.3))),
        "add_latency_s": st.floats(0, 1),
        "bits_per_s": st.floats(1e3, 1e9),
    },
)
bases = st.tuples(
    st.one_of(st.none(), st.just(GILBERT), st.floats(0, 1).map(lambda p: Bernoulli(ratio=p))),
    st.one_of(st.just(math.inf), st.floats(1e3, 1e9)),
)


@settings(max_examples=300, deadline=None)
@given(bases, st.lists(degradations, max_size=5), st.integers(0, 3), st.data())
def test_any_overlap_in_any_order_unwinds_to_exactly_the_original(base, parts, blocks, data):
    """Faults begin and end in a drawn order, messages between; finally all floats are as before."""
    loss, bits_per_s = base
    path, line = Path(constant(0.01), loss, np.random.default_rng(1), bits_per_s), Line()
    original = in_force(path)
    tokens = [*(("degrade", i) for i in range(len(parts))), *(("block", i) for i in range(blocks))]
    active, offered = set(), 0
    for kind, i in data.draw(st.permutations(tokens * 2)):
        for _ in range(data.draw(st.integers(0, 2))):
            path.transit(line, 100.0, float(offered), 0.0)
            offered += 1
        if (kind, i) in active:
            (path.restore if kind == "degrade" else path.unblock)((kind, i))
            active.remove((kind, i))
        else:
            path.degrade((kind, i), **parts[i]) if kind == "degrade" else path.block((kind, i))
            active.add((kind, i))
        check_composition(path, base, [parts[j] for k, j in sorted(active) if k == "degrade"])
        assert path.blocked == any(k == "block" for k, _ in active)
    assert in_force(path)[:5] == original[:5]
    unlimited_again = math.isinf(bits_per_s) and any("bits_per_s" in part for part in parts)
    assert unlimited_again or in_force(path) == original
    counters = path.counters()
    assert counters.sent == offered
    assert counters.lost + counters.dropped_partition <= offered
    assert counters.lossy_sent <= counters.sent - counters.dropped_partition


def check_composition(path, base, parts):
    """The parameters in force against the definition: 1 - prod(1 - p), sums, minima."""
    models = [base[0], *(part.get("loss") for part in parts)]
    ratios = [model.ratio for model in models if isinstance(model, Bernoulli)]
    assert path.loss_ratio_independent == pytest.approx(1 - math.prod(1 - p for p in ratios), abs=1e-12)
    assert path.add_latency_s == pytest.approx(sum(part.get("add_latency_s", 0.0) for part in parts))
    assert path.bits_per_s == min([base[1], *(part.get("bits_per_s", math.inf) for part in parts)])
    assert len(path._models) == sum(isinstance(model, GilbertElliott) for model in models)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=5), st.data())
def test_the_order_of_faults_leaves_no_trace_in_what_is_in_force(ratios, data):
    """Same faults, another order: the same floats."""
    paths = []
    for order in (range(len(ratios)), data.draw(st.permutations(range(len(ratios))))):
        path = lossy_path(Bernoulli(ratio=0.123), 0)
        for i in order:
            path.degrade(i, Bernoulli(ratio=ratios[i]), add_latency_s=ratios[i] / 3)
        paths.append(in_force(path))
    assert paths[0] == paths[1]


def test_added_latency_is_added_and_taken_back():
    path, line = Path(constant(0.01), None, np.random.default_rng(0)), Line()
    before = path.transit(line, 10.0, 0.0, 0.1)
    path.degrade("a", add_latency_s=0.2)
    path.degrade("b", add_latency_s=0.04)
    assert path.transit(line, 10.0, 0.0, 0.1) == pytest.approx(0.35)
    path.restore("a")
    assert path.transit(line, 10.0, 0.0, 0.1) == pytest.approx(0.15)
    path.restore("b")
    assert path.transit(line, 10.0, 0.0, 0.1) == before


@pytest.mark.parametrize("base", [GILBERT, Bernoulli(ratio="4%")], ids=["gilbert", "bernoulli"])
def test_the_loss_of_a_degradation_is_independent_of_that_of_the_path(base):
    """1 - (1 - mean)(1 - 20 %) while it lasts; n = 20 x 50,000, false alarm 1e-4."""
    ratios = []
    for seed in range(REPLICATIONS):
        path = lossy_path(base, (3, seed))
        path.degrade("d", Bernoulli(ratio="20%"))
        ratios.append(losses(path, 50_000).mean())
    assert agrees(ratios, 1 - (1 - base.mean_ratio) * 0.8, cap=0.01)


def test_a_bursty_degradation_of_a_bursty_path():
    """Two chains a line, both stepped per message: 1 - (1 - .03846)^2; n = 20 x 40,000, false alarm 1e-4."""
    ratios = []
    for seed in range(REPLICATIONS):
        path = lossy_path(GILBERT, (4, seed))
        path.degrade("d", GilbertElliott(p="1%", r="25%"))
        ratios.append(losses(path, 40_000).mean())
    assert agrees(ratios, 1 - (1 - GILBERT.mean_ratio) ** 2, cap=0.02)


def test_a_line_keeps_its_chain_through_a_degradation_and_drops_that_of_the_degradation():
    path, line = lossy_path(GILBERT, 0), Line()
    path.transit(line, 0.0, 0.0, 0.0)
    [chain] = line.processes.values()
    path.degrade("d", GilbertElliott(p=0.5, r=0.5))
    path.transit(line, 0.0, 0.0, 0.0)
    assert len(line.processes) == 2
    path.restore("d")
    path.transit(line, 0.0, 0.0, 0.0)
    assert list(line.processes.values()) == [chain]


def test_a_burst_on_an_access_link_goes_on_whichever_edge_its_client_talks_to():
    """One line, two paths of the same rule: the chain of the line is one, stepped by messages on either."""
    frozen = GilbertElliott(p=1, r=0, h=0)  # once bad, always bad; its stationary start is bad
    one, other, line = lossy_path(frozen, 0), lossy_path(frozen, 1), Line()
    assert math.isinf(one.transit(line, 0.0, 0.0, 0.0))
    [chain] = line.processes.values()
    for path in (other, one, other):
        assert math.isinf(path.transit(line, 0.0, 0.0, 0.0))
        assert list(line.processes.values()) == [chain]


def test_a_token_used_again_brings_its_new_loss():
    path, line = lossy_path(None, 0), Line()
    path.degrade("d", GilbertElliott(p=0, r=1))
    assert math.isfinite(path.transit(line, 0.0, 0.0, 0.0))
    path.restore("d")
    path.degrade("d", GilbertElliott(p=1, r=0))
    assert math.isinf(path.transit(line, 0.0, 0.0, 0.0))


def test_a_partition_drops_everything_and_is_counted_apart():
    path, line = lossy_path(Bernoulli(ratio="50%"), 1, bits_per_s=8e6), Line()
    losses(path, 100, line)
    before = path.counters()
    path.block("first")
    path.block("second")
    assert path.transit(line, 1000.0, 5.0, 0.0) == math.inf
    path.unblock("first")
    assert path.transit(line, 1000.0, 5.0, 0.0) == math.inf
    path.unblock("second")
    during = path.counters().since(before)
    assert (during.sent, during.dropped_partition, during.lost, during.lossy_sent) == (2, 2, 0, 0)
    assert during.limited_sent == 2
    assert line.free_at_s == pytest.approx(5.002)


def test_loss_is_counted_only_while_it_is_in_force():
    path = lossy_path(None, 2)
    losses(path, 1000)
    path.degrade("d", Bernoulli(ratio="10%"))
    lost = losses(path, 500).sum()
    path.restore("d")
    losses(path, 1000)
    counters = path.counters()
    assert (counters.sent, counters.lossy_sent, counters.lost) == (2500, 500, lost)


def test_an_end_without_a_beginning_is_an_error():
    path = lossy_path(None, 0)
    path.degrade("d")
    path.block("b")
    for wrong in (
        lambda: path.degrade("d"),
        lambda: path.block("b"),
        lambda: path.restore("x"),
        lambda: path.unblock("x"),
    ):
        with pytest.raises(ValueError, match="this path"):
            wrong()
