"""Who hears how a run proceeds: a bar in a Jupyter kernel, nobody in a script, whoever is asked."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from simulator.errors import InputError
from simulator.play.job import Failure, Item, Silence
from simulator.play.listening import NotebookBar, listening, tell_planned

pytestmark = pytest.mark.interpreted  # of kernels and bars: no compiled module has a part in it

WORLD = (
    "from simulator import Scenario, compare, find, optimise, run, sensitivity, sweep\n"
    "shop = Scenario.from_dict({'schema': 1, 'name': 'shop', 'duration': '20s', 'warmup': '2s', 'replications': 2,\n"
    "    'clients': {'c': {'count': 5, 'workload': {'kind': 'poisson', 'rate': '1/s'}}},\n"
    "    'edges': {'pop': {'count': 2, 'l1': {'capacity': 40, 'ttl': '2s'}}},\n"
    "    'variants': {'longer': {'edges.pop.l1.ttl': '5s'}}})\n"
    "TTL = 'edges.pop.l1.ttl'\n"
)
CALLS = {
    "run": "run(shop)",
    "sweep": "sweep(shop, {TTL: ['2s', '5s']})",
    "find": "find(TTL, 'hit_ratio.l1 >= 1%', shop, between='1s..2s', tolerance=0.5)",
    "sensitivity": "sensitivity(shop, only=TTL, replications=2)",
    "optimise": "optimise(shop, {TTL: '1s,2s'}, minimise='core.requests.rate', replications=2)",
    "compare": "compare(shop, replications=2)",
}


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


class Cell:
    """Stands for the output below a cell."""

    def __init__(self):
        self.pages = []

    def __call__(self, page):
        self.update(page)
        return self

    def update(self, page):
        self.pages.append(page)


@pytest.fixture
def bar():
    clock, cell = Clock(), Cell()
    return NotebookBar(cell, clock), clock, cell


def test_the_bar_appears_after_half_a_second_and_goes(bar):
    """One of two items done and half of the other is 75 %; 3 s so far are 1 s more."""
    heard, clock, cell = bar
    heard.started(2, 10.0)
    heard.finished(Item(0, ""), 600)
    assert cell.pages == []
    clock.now_s = 3.0
    heard.advanced(Item(1, ""), 5.0, 300)
    assert 'value="0.750"' in cell.pages[-1]
    assert "1/2 · 300 requests/s · 1 s left" in cell.pages[-1]
    clock.now_s = 3.1
    heard.advanced(Item(1, ""), 6.0, 360)
    assert len(cell.pages) == 1
    heard.stopped()
    assert cell.pages[-1] == ""


def test_a_longer_play_than_was_thought_is_less_done(bar):
    """One of two and half of the other is three in four of two, and 1.5 in three of three."""
    heard, clock, cell = bar
    heard.started(2, 10.0)
    heard.finished(Item(0, ""), 600)
    tell_planned(heard, 3)
    clock.now_s = 3.0
    heard.advanced(Item(1, ""), 5.0, 300)
    assert 'value="0.500"' in cell.pages[-1]
    assert "1/3 · 300 requests/s · 3 s left" in cell.pages[-1]


def test_what_was_lost_stays_and_is_escaped(bar):
    heard, _, cell = bar
    heard.started(1, 10.0)
    heard.failed(Failure(Item(0, "x"), "raised", "<b>no</b>"))
    heard.stopped()
    assert cell.pages == ["<div>x, replication 0 gave no result: &lt;b&gt;no&lt;/b&gt;</div>"]


def test_a_script_hears_nothing_unless_it_asks():
    assert isinstance(listening(None), Silence)
    assert isinstance(listening(False), Silence)
    assert type(listening(True)).__name__ == "PlainProgress"
    mine = Silence()
    assert listening(mine) is mine
    with pytest.raises(InputError, match="Listener"):
        listening("yes")


def test_scripts_and_ci_logs_stay_clean():
    done = subprocess.run(
        [sys.executable, "-c", f"{WORLD}run(shop)\ncompare(shop, replications=2)"],
        capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", "")


def test_every_question_draws_a_bar_in_a_kernel():
    """Each call shows one bar, and takes it away; the bar is made to come at once."""
    cells = [f"{WORLD}from simulator.play import listening\nlistening._FIRST_S = listening._EVERY_S = 0.0"]
    cells += [f"_ = {call}" for call in CALLS.values()]
    cells += ["_ = run(shop, progress=False)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    NotebookClient(notebook, timeout=120, startup_timeout=120).execute()
    for name, cell in zip(CALLS, notebook.cells[1:], strict=False):
        kinds = [(output.output_type, output.get("data")) for output in cell.outputs]
        assert kinds == [("display_data", {"text/html": ""})], name  # renewed in place, empty when it is over
    assert notebook.cells[-1].outputs == []
