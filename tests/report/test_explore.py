"""The page of `sweep --explore`: each cell with the sweep's own numbers, and nothing where there is no cell."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from simulator.cli.main import cli
from simulator.experiment.studies.sweep_folder import load_sweep
from simulator.report.explore.cells import explored
from simulator.report.explore.page import render
from tests.experiment.studies.fakes import TINY
from tests.report.browser import browser, opened  # noqa: F401  (a fixture)

pytestmark = pytest.mark.interpreted  # of pages: no compiled module has a part in it


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Three values by two policies, zipped with nothing: a grid of six cells, of two replications, with its page."""
    folder = tmp_path_factory.mktemp("explore")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(TINY | {"expect": ["availability >= 10%"]}))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        words = ["sweep", "tiny.yaml", "-p", "edges.pop.l1.ttl=200ms,2s,1s", "-p", "routing.policy=nearest,random",
                 "--replications", "2", "-j", "1", "-o", "out", "--explore", "page.html"]  # fmt: skip
        patch.setattr("sys.argv", ["simulator", *words])
        done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert "To explore: page.html" in done.stderr
    return folder


@pytest.fixture(scope="module")
def sweep(swept):
    return load_sweep(swept / "out")


@pytest.fixture(scope="module")
def page(sweep, swept):
    return json.loads(
        re.search(r'id="data-sweep">(.*?)</script>', (swept / "page.html").read_text("utf-8"), re.DOTALL)[1]
    )


@pytest.fixture(scope="module")
def holes(sweep, tmp_path_factory):
    """The page of a sweep of which the cells (1s, random) and (200ms, nearest) are missing."""
    from dataclasses import replace

    kept = [o for o in sweep.outcomes if list(o.cell.texts.values()) not in (["1s", "random"], ["200ms", "nearest"])]
    assert len(kept) == 4
    file = tmp_path_factory.mktemp("holes") / "holes.html"
    file.write_text(render(replace(sweep, outcomes=kept)), encoding="utf-8")
    return file


def test_settings_are_in_order_and_choices_as_written(page):
    ttl, policy = page["settings"]
    assert (ttl["path"], ttl["numeric"], ttl["values"]) == ("edges.pop.l1.ttl", True, ["200ms", "1s", "2s"])
    assert ttl["numbers"] == [0.2, 1.0, 2.0]
    assert (policy["short"], policy["numeric"], policy["values"]) == ("routing.policy", False, ["nearest", "random"])


def test_cells_have_the_sweeps_numbers_and_intervals(page, sweep):
    names = [metric["name"] for metric in page["metrics"]]
    assert names[:3] == list(sweep.metrics)
    assert [metric["first"] for metric in page["metrics"]] == [True] * 3 + [False] * (len(names) - 3)
    assert len(page["cells"]) == 6
    for cell, outcome in zip(page["cells"], sweep.outcomes, strict=True):
        assert cell["number"] == outcome.cell.number
        assert [s["values"][n] for s, n in zip(page["settings"], cell["at"], strict=True)] == list(
            outcome.cell.texts.values()
        )
        assert cell["verdicts"] == {"availability >= 10%": "met"}
        for name, number in zip(names, cell["numbers"], strict=True):
            if number is None:
                assert np.isnan(outcome.value(name))
                continue
            found = outcome.estimates[name]
            assert number[0] == found.mean
            assert [number[1], number[2]] == [None if np.isnan(end) else end for end in (found.low, found.high)]


def test_series_are_means_over_replications(page, sweep):
    cell = page["cells"][2]["series"]
    assert (cell["step"], cell["duration"], cell["together"]) == (1.0, 2.0, 1)
    frame = sweep[3].timeseries
    for metric in ("requests.rate", "hit_ratio.l1", "latency.p99"):
        rows = frame[(frame.metric == metric) & (frame.label == "")]
        played = np.frombuffer(base64.b64decode(cell["columns"][metric]), dtype="<f4")
        assert played == pytest.approx(rows.groupby("t_s").value.mean().to_numpy(), rel=1e-6)


def test_the_best_is_the_sweeps_best(page, sweep):
    for best in page["best"]:
        assert best["cell"] == sweep.best(best["metric"])[0].outcome.cell.number
    known = [name for name in sweep.metrics if not all(np.isnan(outcome.value(name)) for outcome in sweep.outcomes)]
    assert [best["metric"] for best in page["best"]] == known


def test_what_was_not_run_has_no_numbers(sweep):
    from dataclasses import replace

    lost = replace(sweep.outcomes[0], status="incomplete", estimates={}, replications=0, failures=["torn"], verdicts={})
    cell = explored(replace(sweep, outcomes=[lost, *sweep.outcomes[1:]]))["cells"][0]
    assert (cell["status"], cell["replications"], cell["failures"]) == ("incomplete", 0, ["torn"])
    assert set(cell["numbers"]) == {None}
    assert cell["series"] is None


def test_many_cells_keep_the_page_small(sweep, monkeypatch):
    monkeypatch.setattr("simulator.report.explore.cells.MOST_CELLS_WITH_ALL", 5)
    monkeypatch.setattr("simulator.report.explore.cells.MOST_VALUES", 6 * 5 * 19)
    found = explored(sweep)
    assert [metric["name"] for metric in found["metrics"]] == list(sweep.metrics)
    assert {cell["series"] for cell in found["cells"]} == {None}


@pytest.mark.parametrize(("more", "message"), [
    ("--dry-run --explore x.html", "--dry-run simulates nothing"),
    ("--explore .", "is a folder: name a file"),
    ("--explore no/x.html", "there is no folder no"),
])  # fmt: skip
def test_where_the_page_cannot_go_is_said_before_anything_is_simulated(tmp_path, monkeypatch, more, message):
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(yaml.safe_dump(TINY))
    words = ["sweep", "tiny.yaml", "-p", "edges.pop.l1.ttl=1s,2s", "-o", "out", *more.split()]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not Path("out").exists()


# -- in a browser -------------------------------------------------------------------------------------------------
def shown(opened_page):
    return opened_page.evaluate("document.body.dataset.cell")


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (390, "light"), (1400, "dark"), (1400, "light")])
def test_it_fits_and_shows_the_cell_of_the_settings(browser, swept, sweep, width, theme):  # noqa: F811
    with opened(browser, swept / "page.html", width=width, theme=theme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert shown(page) == "1"
        page.focus("#setting-0")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.get_by_role("radio", name="random").check()
        chosen = next(o for o in sweep.outcomes if list(o.cell.texts.values()) == ["2s", "random"])
        assert shown(page) == str(chosen.cell.number)
        hits = chosen.estimates["hit_ratio.l1"]
        card = page.locator("#cards div", has_text="hit_ratio.l1").locator("dd").first.text_content()
        assert float(card.split()[0]) == pytest.approx(100 * hits.mean, abs=0.6)
        assert "±" in card
        assert page.get_attribute("#setting-0", "aria-valuetext") == "2s"


def test_a_cell_that_is_not_there_is_said_and_not_interpolated(browser, holes):  # noqa: F811
    with opened(browser, holes, fragment="#at=1.0") as page:  # random is the first that is left
        assert shown(page) == "none"
        assert not page.is_visible("#cell")
        assert "No cell of the sweep has these values, and nothing is interpolated." in page.text_content("#none")
        assert page.locator("#none button").first.text_content() == "l1.ttl 200ms, routing.policy random"
        page.locator("#none button").first.click()
        assert shown(page) != "none"
        chart = page.locator("#along figure", has_text="hit_ratio.l1 by l1.ttl")
        assert chart.locator(".dot").count() == 2
        assert "L" not in chart.locator(".joined").get_attribute("d")  # 200 ms and 2 s: what lies between is unknown


def test_dots_lead_to_their_cells_and_a_pinned_one_stays(browser, swept):  # noqa: F811
    with opened(browser, swept / "page.html") as page:
        page.click("#pin")
        chart = page.locator("#along figure", has_text="hit_ratio.l1 by l1.ttl")
        assert chart.locator(".dot").count() == 3
        assert chart.locator(".bar").count() == 3
        number = chart.locator(".dot").nth(2).get_attribute("data-cell")
        chart.locator(".dot").nth(2).click()
        assert shown(page) == number
        assert "cell 1:" in page.text_content("#cards")
        assert page.locator("#along figure", has_text="by routing.policy").first.locator(".joined").count() == 0
        page.click("text=Best hit_ratio.l1")
        assert page.evaluate("location.hash").startswith("#at=")
        assert page.locator("#time path.l.pin").count() > 0
