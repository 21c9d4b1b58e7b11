"""The slider of `explore`: it plays each value once, draws it, and says what is wrong in words."""

from __future__ import annotations

import sys

import pytest

import simulator
from simulator import Scenario, ScenarioError
from simulator.errors import InputError
from simulator.experiment.studies.design import DesignError
from simulator.interactive.explore import MissingWidgetsError
from simulator.metrics.names import UnknownMetricError
from simulator.observe.result import Replication

pytestmark = pytest.mark.interpreted  # of widgets: no compiled module has a part in it

PLAY = f"{__name__}:play"
CAPACITY = "edges.pop.l1.capacity"
PLAYED: list[int] = []
WORLD = {
    "schema": 1, "name": "shop", "duration": "10s", "warmup": "1s",
    "clients": {"c": {"count": 10, "workload": {"kind": "poisson", "rate": "2/s"}}},
    "edges": {"pop": {"count": 2, "service_time": "2ms", "l1": {"capacity": 40, "ttl": "2s"}}},
    "variants": {"larger": {CAPACITY: 60}},
}  # fmt: skip


def play(scenario, *, seed, replication, progress, trace):
    """The stand-in of the model: hit_ratio.l1 is capacity / 100; 90 entries are too many for it."""
    capacity = scenario.edges["pop"].l1.capacity
    PLAYED.append(capacity)
    if capacity == 90:
        raise RuntimeError("<b>too large</b>")
    series = {"t_s": [1.0, 2.0], "metric": ["hit_ratio.l1"] * 2, "label": [""] * 2, "value": [capacity / 100.0] * 2}
    metrics = {"hit_ratio.l1": capacity / 100.0}
    return Replication(replication, seed, metrics, {}, {"requests": 10, "ok": 10}, series, [], fingerprint="0" * 64)


@pytest.fixture
def shop():
    PLAYED.clear()
    pytest.importorskip("ipywidgets")
    return Scenario.from_dict(WORLD)


def slider(scenario, values, **options):
    return simulator.explore(scenario, CAPACITY, values, metric="hit_ratio.l1", function=PLAY, **options)


def test_it_plays_what_it_is_moved_to_and_remembers(shop):
    """Two places, gone to and fro, are two runs; variants are left out."""
    found = slider(shop, [20, 40, 60])
    first = found.picture
    assert first.startswith(b"\x89PNG")
    for text in ("60", "20", "60"):
        found.value = text
    assert PLAYED == [20, 60]
    assert found.result["hit_ratio.l1"] == pytest.approx(0.6)
    assert found.table["hit_ratio.l1"].to_dict() == pytest.approx({"20": 0.2, "60": 0.6})
    assert found.picture != first
    assert "60.0 %" in found.words
    assert repr(found) == f"<Explorer of {CAPACITY}: 60, 2 of 3 values tried>"


@pytest.mark.parametrize(
    ("values", "texts"),
    [("20,40", ["20", "40"]), ("20..60:3", ["20", "40", "60"]), ("20..60", [str(n) for n in range(20, 61, 5)])],
)
def test_values_are_those_of_a_sweep_and_a_range_has_nine(shop, values, texts):
    assert list(slider(shop, values).values) == texts


def test_a_value_that_fails_says_so_and_the_others_go_on(shop):
    found = slider(shop, [40, 90])
    found.value = "90"
    assert found.result is None
    assert "&lt;b&gt;too large" in found.words
    assert found.picture == b""  # nothing of another value beside the words
    found.value = "40"
    assert "40.0 %" in found.words
    assert found.picture.startswith(b"\x89PNG")
    assert found.table.index.tolist() == ["40"]


def test_a_notebook_shows_the_widget(shop):
    shown = slider(shop, [20, 40])._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown


def test_what_it_refuses(shop):
    for values, options, kind, words in (
        ([20], {}, DesignError, "nothing to move"),
        ([20, "many"], {}, ScenarioError, "many"),
        ([20, 40], {"plot": "hit_ration"}, InputError, "hit_ratio"),
        ([20, 40], {"plot": "_misses"}, InputError, "no such figure"),
    ):
        with pytest.raises(kind, match=words):
            slider(shop, values, **options)
    with pytest.raises(UnknownMetricError):
        simulator.explore(shop, CAPACITY, [20, 40], metric="hit_ration.l1", function=PLAY)
    with pytest.raises(InputError, match="none of 20, 40"):
        slider(shop, [20, 40]).value = "30"
    assert PLAYED == [20]


def test_without_ipywidgets_it_says_how_to_install_it(shop, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(MissingWidgetsError, match=r'pip install "stickysim\[notebooks\]"'):
        slider(shop, [20, 40])
    assert PLAYED == []
