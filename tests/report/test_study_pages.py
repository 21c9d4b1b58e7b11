"""Pages of sweeps and comparisons: they load nothing, escape everything, and draw what the numbers say."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from simulator.experiment.comparing.compare import ComparedRow, compare_rows
from simulator.experiment.comparing.explain import explain
from simulator.experiment.studies.cells import AS_WRITTEN, Cell
from simulator.experiment.studies.outcomes import CellOutcome
from simulator.experiment.studies.sensitivity import INPUT, SIDE
from simulator.experiment.studies.sweep_result import SweepResult
from simulator.metrics.margins import parse_metric_margin
from simulator.observe.result import Replication
from simulator.report import compare_html, sweep_html
from simulator.report.forest import Bar, forest_chart
from simulator.report.sweep_charts import effects_chart, heat_map, pareto_chart, points_chart
from simulator.results.summary import Estimate
from tests.report.browser import browser, opened  # noqa: F401 - a fixture
from tests.report.fakes import replication as fake_replication

HOSTILE = '<script>alert(1)</script> "x" \' & <img src=http://evil/x>'
SVG = "{http://www.w3.org/2000/svg}"
TTL, POLICY = "edges.pop.l1.ttl", "routing.policy"
NOISE = np.array([-0.02, 0.0, 0.02])
"""The same in every cell: cells meet the same arrivals."""


def cell(number: int, values: dict[str, str], **metrics: float) -> CellOutcome:
    texts = {path: SimpleNamespace(text=text, plain=text) for path, text in values.items()}
    estimates = {
        name: Estimate(tuple(float(v) for v in mean + NOISE), "ratio" if name == "hit_ratio.l1" else "1/s")
        for name, mean in ((name.replace("__", "."), mean) for name, mean in metrics.items())
    }
    return CellOutcome(Cell(number, f"c{number}", "", texts, ""), "complete", estimates, 3)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def swept() -> SweepResult:
    """Hits rise by 10 points with each step of the TTL, and are 20 points lower with the hostile policy."""
    cells = [
        cell(1 + 3 * k + j, {TTL: ttl, POLICY: policy}, hit_ratio__l1=0.5 + 0.1 * j - 0.2 * k,
             core__requests__rate=100.0 - 10.0 * j + 20.0 * k)
        for k, policy in enumerate(("cookie", HOSTILE))
        for j, ttl in enumerate(("500ms", "2s", "20s"))
    ]  # fmt: skip
    metrics = ("hit_ratio.l1", "core.requests.rate")
    return SweepResult(HOSTILE, HOSTILE, "grid", [TTL, POLICY], cells, metrics, replications=3)


def safe(page: str) -> None:
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "default-src 'none'" in page
    for address in re.findall(r"""(?:src|href|action)=["']([^"']*)""", page):
        assert not re.match(r"(?:https?:)?//", address), address
    assert "@import" not in page
    assert "url(" not in page


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_the_page_of_a_sweep_is_safe_and_has_its_figures(swept):
    drawn = sweep_html.figures(swept)
    assert {one.name for one in drawn} == {
        "hit-ratio-l1-map", "hit-ratio-l1-effects", "core-requests-rate-map", "core-requests-rate-effects", "pareto",
    }  # fmt: skip
    page = sweep_html.document(swept, drawn)
    safe(page)
    safe_fragment = swept._repr_html_()
    assert "<script" not in safe_fragment


def test_a_heatmap_writes_the_means_and_frames_the_best(swept):
    svg = heat_map(swept, "hit_ratio.l1", TTL, POLICY)
    assert {"50.0", "60.0", "70.0", "30.0", "40.0"} <= {text.replace("\u00a0", "") for text in texts(svg)} or {
        "50", "60", "70", "30", "40",
    } <= set(texts(svg))  # fmt: skip
    root = ElementTree.fromstring(svg)
    (best,) = [e for e in root.iter(f"{SVG}rect") if e.get("class") == "best"]
    shaded = [e for e in root.iter(f"{SVG}rect") if e.get("class") == "f0"]
    darkest = max(shaded, key=lambda e: float(e.get("fill-opacity", "0")))
    assert float(best.get("y", "0")) - float(darkest.get("y", "0")) == pytest.approx(1.0, abs=0.11)
    assert float(best.get("x", "0")) - float(darkest.get("x", "0")) == pytest.approx(1.0, abs=0.11)


def test_differences_within_the_noise_do_not_fill_the_colours():
    cells = [
        cell(1 + 2 * k + j, {TTL: ttl, POLICY: policy}, hit_ratio__l1=0.5 + 0.0001 * j)
        for k, policy in enumerate(("a", "b"))
        for j, ttl in enumerate(("1s", "2s"))
    ]
    svg = heat_map(SweepResult("x", "", "grid", [TTL, POLICY], cells, ("hit_ratio.l1",)), "hit_ratio.l1", TTL, POLICY)
    found = [float(v) for v in re.findall(r'fill-opacity="([0-9.]+)"', svg)]
    assert max(found) - min(found) < 0.02


def test_main_effects_are_paired_differences_from_the_mean_of_all_cells(swept):
    """TTL: -10, 0, +10 points; policy: +10, -10. The noise is common to all cells and cancels: no whisker is seen."""
    svg = effects_chart(swept, "hit_ratio.l1", [TTL, POLICY])
    root = ElementTree.fromstring(svg)
    heights = [float(e.get("cy", "nan")) for e in root.iter(f"{SVG}circle")]
    assert len(heights) == 5
    low, zero, high, above, below = heights
    assert low - zero == pytest.approx(zero - high, abs=0.2)
    assert (above, below) == (pytest.approx(high, abs=0.2), pytest.approx(low, abs=0.2))
    assert "difference (points)" in texts(svg)


def test_points_over_a_parameter_are_in_its_order(swept):
    svg = points_chart(swept, "hit_ratio.l1", TTL, joined=False)
    assert [text for text in texts(svg) if text in ("500ms", "2s", "20s")] == ["500ms", "2s", "20s"]
    xs = [float(e.get("cx", "nan")) for e in ElementTree.fromstring(svg).iter(f"{SVG}circle")]
    assert xs == sorted(xs)
    assert len(xs) == 6


def test_categories_are_not_joined_by_a_line(swept):
    """A TTL is a number, with something between two of its values; a policy is not."""
    lines = {path: points_chart(swept, "hit_ratio.l1", path, joined=True).count("<polyline") for path in (TTL, POLICY)}
    assert lines == {TTL: 1, POLICY: 0}


def test_the_pareto_front_is_numbered(swept):
    """Cell 3 (TTL 20 s, cookie) is the best in both metrics."""
    assert "3" in texts(pareto_chart(swept, "hit_ratio.l1", "core.requests.rate"))
    assert [o.cell.number for o in swept.pareto()] == [3]


# -- answers of find and sensitivity ---------------------------------------------------------------------
@pytest.fixture(scope="module")
def searched() -> SweepResult:
    """Hits are 50, 60, 70 % at a TTL of 1, 2 and 4 s; with half-widths of 5 points 60 % is not surely above 58 %."""
    cells = [cell(k + 1, {TTL: f"{2**k}s"}, hit_ratio__l1=0.5 + 0.1 * k) for k in range(3)]
    told = [
        {"value": text, "holds": verdict != "missed", "verdict": verdict}
        for text, verdict in (("1s", "missed"), ("2s", "undecided"), ("4s", "met"))
    ]
    answer = {"path": TTL, "until": "hit_ratio.l1 >= 58%", "side": "smallest", "answer": "2s",
              "interval": ["2s", "4s"], "everywhere": False, "notes": [HOSTILE], "probes": told}  # fmt: skip
    return SweepResult(HOSTILE, HOSTILE, "find", [TTL], cells, ("hit_ratio.l1",), replications=3, kind="find",
                       extra={"answer": answer})  # fmt: skip


def test_the_page_of_a_search_begins_with_the_answer(searched):
    page = sweep_html.document(searched, sweep_html.figures(searched))
    safe(page)
    body = page.partition("</h1>")[2]
    answer = "edges.pop.l1.ttl = 2s is the smallest value with hit_ratio.l1 &gt;= 58%."
    order = [
        answer,
        "95 % interval of the answer: 2s to 4s.".replace(" %", "\u00a0%"),
        "Condition:",
        'id="curve"',
        "Values tried",
    ]
    assert re.sub(r"<[^>]*>", "", body).strip().startswith(answer)
    places = [body.index(words) for words in order]
    assert places == sorted(places)
    assert "Best cells" not in page
    rows = re.findall(r"<tr><td.*?</tr>", body)
    assert [re.sub(r"<[^>]*>", " ", row).split()[0] for row in rows] == ["1s", "2s", "4s"]
    assert [v for row in rows for v in ("missed", "undecided", "met") if f">{v}<" in row] == [
        "missed",
        "undecided",
        "met",
    ]


def test_the_curve_is_to_scale_with_its_bound_and_interval(searched):
    (curve,) = sweep_html.figures(searched)
    root = ElementTree.fromstring(curve.svg)
    low, middle, high = ((float(e.get("cx", "nan")), float(e.get("cy", "nan")))
                         for e in root.iter(f"{SVG}circle") if e.get("class") == "dot s0")  # fmt: skip
    assert low[1] - middle[1] == pytest.approx(middle[1] - high[1], abs=0.2)
    assert high[0] - middle[0] == pytest.approx(2.0 * (middle[0] - low[0]), abs=0.2)
    bound = next(e.get("d", "") for e in root.iter(f"{SVG}path") if "dash" in (e.get("class") or ""))
    bound_y = float(bound.partition(" ")[2].partition("H")[0])
    assert bound_y - middle[1] == pytest.approx(0.2 * (low[1] - middle[1]), abs=0.2)  # 58 % is 2 points below 60 %
    band = max(
        (e for e in root.iter(f"{SVG}rect") if e.get("class") == "warm"), key=lambda e: float(e.get("height", "0"))
    )
    assert float(band.get("x", "nan")) == pytest.approx(middle[0], abs=0.11)
    assert float(band.get("width", "nan")) == pytest.approx(high[0] - middle[0], abs=0.2)
    (ring,) = [e for e in root.iter(f"{SVG}circle") if e.get("class") == "best"]
    assert float(ring.get("cx", "nan")) == middle[0]


def test_an_interrupted_search_has_no_answer_to_show(searched):
    page = sweep_html.document(replace(searched, interrupted=True, extra={}), [])
    assert "is the smallest value" not in page
    assert "Interrupted: the numbers are of what was finished." in page


def test_the_page_of_a_sensitivity_analysis_begins_with_what_moves_most():
    """The TTL moves hits by -10 and +20 points; the capacity, whose path is hostile, by nothing."""
    moved = {
        (AS_WRITTEN, AS_WRITTEN): 0.5,
        (TTL, "8s"): 0.4,
        (TTL, "12s"): 0.7,
        (HOSTILE, "1"): 0.5,
        (HOSTILE, "2"): 0.5,
    }
    cells = [
        cell(k + 1, {INPUT: path, SIDE: text}, hit_ratio__l1=mean)
        for k, ((path, text), mean) in enumerate(moved.items())
    ]
    effects = [{"path": path, "value": "x", "down": {"value": low}, "up": {"value": high}}
               for path, low, high in ((TTL, "8s", "12s"), (HOSTILE, "1", "2"))]  # fmt: skip
    told = {"by": 0.2, "metrics": {"hit_ratio.l1": {"effects": effects}}, "left_out": {HOSTILE: HOSTILE}}
    result = SweepResult(HOSTILE, "", "one at a time", [INPUT, SIDE], cells, ("hit_ratio.l1",), replications=3,
                         kind="sensitivity", extra={"effects": told})  # fmt: skip
    (tornado,) = sweep_html.figures(result)
    page = sweep_html.document(result, [tornado])
    safe(page)
    body = re.sub(r"<[^>]*>", "", page.partition("</h1>")[2]).replace("\u00a0", " ").strip()
    assert body.startswith("hit_ratio.l1 is moved most by edges.pop.l1.ttl (+20.0 points at 12s).")
    root = ElementTree.fromstring(tornado.svg)
    down, up = (max(float(e.get("width", "0")) for e in root.iter(f"{SVG}rect")
                    if e.get("class") == kind and float(e.get("y", "0")) > 20.0) for kind in ("f0", "f1"))  # fmt: skip
    assert up == pytest.approx(2.0 * down, abs=0.2)
    assert {"8s", "12s"} <= set(texts(tornado.svg))
    assert "Best cells" not in page


# -- comparisons ------------------------------------------------------------------------------------------
def row(label: str, values: list[float]) -> ComparedRow:
    made = []
    for number, value in enumerate(values):
        base = fake_replication(number)
        metrics = {**base.metrics, "hit_ratio.l1": value, "lookups.l1.rate": 10.0}
        metrics |= {"misses.l1.rate[migrated]": 10.0 * (1.0 - value)}
        made.append(Replication(number, 1, metrics, {}, base.totals, base.timeseries, [], fingerprint=str(number)))
    return ComparedRow(label, 1, made)


@pytest.fixture(scope="module")
def compared():
    first, better = row("before", [0.50, 0.52, 0.54]), row(HOSTILE, [0.60, 0.63, 0.63])
    gates = [(m.name, margin) for m, margin in (parse_metric_margin("hit_ratio.l1:1points", "--fail-on"),)]
    found = compare_rows([first, better], ["hit_ratio.l1"], gates=gates)
    return type(found)(found.rows, found.changes, found.gates, {HOSTILE: explain(first, better)})


def test_the_page_of_a_comparison_is_safe_and_says_what_the_table_says(compared):
    page = compare_html.document(compared)
    safe(page)
    for words in ("passed", "better", "+10.0", "Why hit_ratio.l1", "migrated"):
        assert words in page, words
    assert 'id="forest-hit_ratio.l1"' in page
    assert "<svg" not in compared._repr_html_()
    assert "<table>" in compared._repr_html_()


def test_a_forest_chart_is_to_scale():
    bars = [Bar("a", 0.1, 0.05, 0.15, "+10", "better"), Bar("b", -0.1, -0.2, 0.0, "-10", "undecided", decided=False)]
    root = ElementTree.fromstring(forest_chart("t", "ratio", bars, margin=0.01))
    circles = {e.get("class"): float(e.get("cx", "nan")) for e in root.iter(f"{SVG}circle")}
    zero = float(next(e for e in root.iter(f"{SVG}path") if "V" in e.get("d", "") and e.get("class") == "axis")
                 .get("d", "")[1:].split()[0])  # fmt: skip
    right, left = circles["dot s2"], circles["hollow s6"]
    assert right - zero == pytest.approx(zero - left, abs=0.2)
    whisker = next(e.get("d", "") for e in root.iter(f"{SVG}path") if e.get("class") == "l s2")
    begin, end = (float(x) for x in re.match(r"M([\d.]+) [\d.]+H([\d.]+)", whisker).groups())  # type: ignore[union-attr]
    assert end - begin == pytest.approx(right - zero, abs=0.3)  # ± 5 points against +10
    assert forest_chart("t", "ratio", []) == ""


def test_a_margin_wider_than_the_differences_stays_in_the_chart():
    svg = forest_chart("t", "ratio", [Bar("a", 0.001, 0.0, 0.002, "+0.1")], margin=0.5)
    band = next(e for e in ElementTree.fromstring(svg).iter(f"{SVG}rect") if e.get("class") == "warm")
    x, width = float(band.get("x", "nan")), float(band.get("width", "nan"))
    assert x >= 0.0
    assert x + width <= 480.0


def test_tables_of_a_sweep_sort_by_numbers_and_not_by_their_texts(swept, browser, tmp_path):  # noqa: F811
    file = tmp_path / "report.html"
    file.write_text(sweep_html.document(swept, sweep_html.figures(swept)), encoding="utf-8")
    with opened(browser, file) as page:
        table = page.locator("table.sorts").first
        table.locator("th button", has_text="l1.ttl").click()
        cells = table.locator("tbody tr td:nth-child(2)").all_inner_texts()
    assert cells == ["500ms", "500ms", "2s", "2s", "20s", "20s"]


def test_a_cell_leads_to_its_report_where_one_was_drawn_and_the_page_to_the_one_to_explore(swept, tmp_path):
    drawn, plain = swept.outcomes[:2]
    for outcome, name in ((drawn, "report.html"), (plain, "summary.json")):
        outcome.path = tmp_path / "cells" / outcome.cell.name
        outcome.path.mkdir(parents=True)
        (outcome.path / name).write_text("", encoding="utf-8")
    (tmp_path / "ask.html").write_text("", encoding="utf-8")
    result = dataclasses.replace(swept, path=tmp_path, extra={"explore": "ask.html"})
    links = re.findall(r'<a href="([^"]*)"', sweep_html.document(result, []))
    assert {"cells/c1/report.html", "cells/c2/summary.json", "ask.html"} <= set(links)
    (tmp_path / "ask.html").unlink()
    assert "ask.html" not in sweep_html.document(result, [])
    drawn.path = plain.path = None


def test_main_effects_of_a_choice_are_not_joined(swept):
    assert effects_chart(swept, "hit_ratio.l1", [TTL]).count("<polyline") == 1
    assert effects_chart(swept, "hit_ratio.l1", [POLICY]).count("<polyline") == 0
