"""report.html loads nothing, escapes everything, is small; its figures say what the numbers say."""

from __future__ import annotations

import json
import re
import struct
import zlib
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from simulator.report.distcharts import bar_chart, weights_chart
from simulator.report.figures import figures
from simulator.report.html import document, standalone, write_report
from simulator.report.offline import asset
from simulator.report.page_data import means, thinned
from simulator.report.svg import Chart, nice_ticks, pixels
from simulator.report.timecharts import TimeCurve, heat_chart, line_chart
from simulator.results.result import Result
from tests.report.fakes import replication, result, value_at

HOSTILE = '<script>alert(1)</script> "x" \' & $\\alpha$ ]]> <img src=http://evil/x>'
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def made():
    other = result(name="edge-crash")
    return result(count=2, variants={"nearest": other})


@pytest.fixture(scope="module")
def drawn(made):
    return {figure.name: figure for figure in figures(made)}


@pytest.fixture(scope="module")
def page(made):
    return document(made, figures(made))


class Reader(HTMLParser):
    """Tags with their attributes, and the text outside script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.words.append(data)


def test_every_kind_of_figure_is_drawn(drawn):
    assert set(drawn) == {
        "variants_hit_ratio", "variants_p99", "variants_failures", "variants_core", "latency_over_time", "outcomes",
        "latency_ccdf", "latency_groups", "hops", "hops_over_time", "l1", "edge_load", "edge_queue", "map", "weights",
        "weight_distribution", "moves", "renewals",
    }  # fmt: skip


def test_the_page_asks_nobody_for_anything(page):
    for vendored in ("static/uplot/uPlot.iife.min.js",):  # its comment names its home
        page = page.replace(asset(vendored), "")
    for address in re.findall(r"""(?:https?:|ftp:|//)[^\s"'<>)]+""", page):
        assert address.startswith(("http://www.w3.org/2000/svg", "// ")), address
    reader = Reader(page)
    names = {tag for tag, _ in reader.tags}
    assert not names & {"link", "iframe", "object", "embed", "base", "form", "img", "video", "audio"}
    for tag, attributes in reader.tags:
        for key, value in attributes.items():
            if key in ("src", "href", "xlink:href", "action", "poster", "srcset"):
                assert (tag, (value or "").partition("/")[0]) in (("image", "data:image"), ("a", "variants"))
            assert not key.startswith("on")
            assert key != "style"
    assert "@import" not in page
    assert "url(" not in page
    script = page[page.index('<script type="module">') :]
    for word in ("fetch(", "XMLHttpRequest", "WebSocket", "sendBeacon", "import(", "eval"):
        assert word not in script


def test_only_the_scripts_and_the_style_of_the_page_may_run(page):
    """The policy lists the digests of what stands in the page, and nothing else that may run."""
    (policy,) = (a["content"] for _, a in Reader(page).tags if a.get("http-equiv") == "Content-Security-Policy")
    for what, pattern, count in (
        ("script", r'<script(?: type="module")?>(.*?)</script>', 2), ("style", r"<style>(.*?)</style>", 1),
    ):  # fmt: skip
        texts = re.findall(pattern, page, flags=re.DOTALL)
        digests = [b64encode(sha256(text.encode()).digest()).decode() for text in texts]
        (allowed,) = (part.split()[1:] for part in (policy or "").split("; ") if part.startswith(f"{what}-src"))
        assert len(digests) == count
        assert allowed == [f"'sha256-{digest}'" for digest in digests]
    assert (policy or "").startswith("default-src 'none'; ")


def test_the_page_is_small_and_whole(page):
    assert len(page.encode()) < 300_000  # the limit is 1.5 MB, for hundreds of windows and dozens of edges
    for part in ("What happened", "In numbers", "Provenance", "The resolved scenario", "All metrics"):
        assert part in page
    assert 'name="viewport"' in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_names_are_escaped_wherever_they_stand():
    events = [{"t_s": 40.0, "kind": "fault.begin", "target": HOSTILE, "detail": {"fault": "crash"}}]
    hostile = result(
        events, name=HOSTILE, question=HOSTILE, variants={HOSTILE: result(name=HOSTILE)},
        resolved={"sites": {HOSTILE: {"lat": 1.0, "lon": 2.0}}, "clients": {HOSTILE: {"site": HOSTILE}, "b": {}}},
    )  # fmt: skip
    for r in hostile.replications:
        columns = r.timeseries
        columns["label"] = [HOSTILE if label == "pop-1" else label for label in columns["label"]]
        r.histograms[f"latency[{HOSTILE}]"] = r.histograms["latency"]
    hostile.argv = ["simulator", HOSTILE]
    made = figures(hostile)
    text = document(hostile, made, variant=HOSTILE) + hostile._repr_html_()
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in text
    reader = Reader(text)
    benign = Reader(document(result(), figures(result())))
    assert [tag for tag, _ in reader.tags].count("script") == [tag for tag, _ in benign.tags].count("script")
    for figure in made:
        ElementTree.fromstring(standalone(figure).encode())


def test_figures_are_files_of_their_own(made, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "gone.svg").write_text("old")
    write_report(made, tmp_path)
    files = sorted((tmp_path / "figures").iterdir())
    assert "gone.svg" not in [file.name for file in files]
    for file in files:
        root = ElementTree.parse(file).getroot()
        assert root.tag == f"{SVG}svg"
        assert root.find(f"{SVG}title") is not None


def test_the_same_result_gives_the_same_bytes(made, page):
    again = Result(made.facts, list(made.replications), dict(made.variants))
    assert document(again, figures(again)) == page


def test_what_is_not_there_is_not_drawn():
    bare = replication(events=[])
    bare.timeseries = {name: [] for name in bare.timeseries}
    bare.histograms, bare.metrics = {}, {}
    empty = Result(result().facts, [bare])
    assert figures(empty) == []
    assert "What happened" in document(empty, [])
    assert "<h1>" in document(Result(result().facts, []), [])


def inverse(chart: ElementTree.Element, y: float) -> float:
    low, high, kind = chart.attrib["data-y"].split()
    bottom, top = float(chart.attrib["viewBox"].split()[3]) - 34.0, float(chart.attrib["data-top"])
    share = (bottom - y) / (bottom - top)
    if kind == "log":
        return 10 ** (np.log10(float(low)) + share * (np.log10(float(high)) - np.log10(float(low))))
    return float(low) + share * (float(high) - float(low))


def curve(figure, name: str) -> list[tuple[float, float]]:
    """(t_s, value) of a named line, or of the top and bottom of a layer, from the coordinates drawn."""
    root = ElementTree.fromstring(figure.svg)
    x0, x1, end, *_ = (float(word) for word in root.attrib["data-time"].split()[:3])
    (element,) = [e for e in root.iter() if e.attrib.get("data-n") == name]
    places = [tuple(map(float, pair.split(","))) for pair in element.attrib["points"].split()]
    if element.tag == f"{SVG}polygon":
        half = len(places) // 2
        return [
            (end * (x - x0) / (x1 - x0), inverse(root, y) - inverse(root, below))
            for (x, y), (_, below) in zip(places[:half], places[:half - 1:-1], strict=True)
        ]  # fmt: skip
    return [(end * (x - x0) / (x1 - x0), inverse(root, y)) for x, y in places]


@pytest.mark.parametrize(
    ("figure", "name", "metric", "scale"),
    [
        ("latency_over_time", "p99", "latency.p99", 1e3),
        ("l1", "hits", "hits.l1.rate", 1.0),
        ("l1", "miss: migrated", "misses.l1.rate", 1.0),
        ("outcomes", "ok", "goodput", 1.0),
        ("weights", "p5", "stickiness.p05", 1.0),
        ("renewals", "messages", "renewal_batches.rate", 1.0),
        ("variants_core", "nearest", "core.requests.rate", 1.0),
        ("hops_over_time", "queue at the edge", "latency.hop.mean", 1e3),
    ],
)
def test_curves_stand_where_the_numbers_are(drawn, figure, name, metric, scale):
    found = curve(drawn[figure], name)
    assert len(found) >= 100
    highest = max(value_at(metric, t) for t in range(100)) * scale
    for t, (x, y) in enumerate(found[:100]):
        assert x == pytest.approx(t, abs=0.15)
        assert y == pytest.approx(scale * value_at(metric, t), rel=0.01, abs=0.004 * highest + 0.4)


def test_faults_are_shaded_where_they_were(drawn):
    root = ElementTree.fromstring(drawn["latency_over_time"].svg)
    x0, x1 = (float(word) for word in root.attrib["data-time"].split()[:2])
    (shade,) = [e for e in root.iter(f"{SVG}rect") if e.attrib["class"] == "fault"]
    begin = (float(shade.attrib["x"]) - x0) / (x1 - x0)
    assert begin == pytest.approx(0.4, abs=0.002)
    assert float(shade.attrib["width"]) / (x1 - x0) == pytest.approx(0.2, abs=0.002)
    assert "crash pop-1" in drawn["latency_over_time"].svg


def test_the_heatmap_is_dark_where_the_load_is(drawn):
    root = ElementTree.fromstring(drawn["edge_load"].svg)
    (image,) = root.iter(f"{SVG}image")
    data = b64decode(image.attrib["href"].partition(",")[2])
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (100, 3)
    body = zlib.decompress(data[data.index(b"IDAT") + 4 : -16])
    alpha = np.frombuffer(body, dtype=np.uint8).reshape(3, 1 + 400)[:, 1:].reshape(3, 100, 4)[:, :, 3]
    assert alpha[0, 50] < 10 < alpha[0, 20]  # pop-1 is down
    assert alpha[1, 50] > alpha[1, 20]  # the others carry its load


def test_ribbons_are_as_thick_as_moves(drawn):
    root = ElementTree.fromstring(drawn["moves"].svg)
    ribbons = [_numbers(e.attrib["d"]) for e in root.iter(f"{SVG}path") if "ribbon" in e.attrib["class"]]
    thick = [d[-1] - d[1] for d in ribbons]
    assert len(thick) == 18  # 6 pairs, 3 phases
    assert np.mean(thick[6:12]) == pytest.approx(2.0 * np.mean(thick[:6]), rel=0.03)  # 6 /s against 3 /s
    assert "10–40 s" in drawn["moves"].svg


def test_ribbons_stay_between_their_bars(drawn):
    """Filled, not stroked: every point of the curve lies between the two bars and within their heights."""
    root = ElementTree.fromstring(drawn["moves"].svg)
    bars = [e for e in root.iter(f"{SVG}rect") if e.attrib["width"] == "5"]
    lefts = sorted({float(e.attrib["x"]) for e in bars})
    top = min(float(e.attrib["y"]) for e in bars)
    bottom = max(float(e.attrib["y"]) + float(e.attrib["height"]) for e in bars)
    for path in (e for e in root.iter(f"{SVG}path") if "ribbon" in e.attrib["class"]):
        assert "stroke-width" not in path.attrib
        assert " f" in path.attrib["class"]
        x0, y0, *middle, x1, y1, low, _, _, _, _, x2, y2 = _numbers(path.attrib["d"])
        assert any(x0 == pytest.approx(a + 5.0, abs=0.11) and x1 == pytest.approx(b, abs=0.11)
                   for a, b in zip(lefts[::2], lefts[1::2], strict=True))  # fmt: skip
        assert x2 == x0
        assert low - y1 == pytest.approx(y2 - y0, abs=0.21)  # as thick at its end as at its beginning
        assert middle[::2] == pytest.approx([(x0 + x1) / 2] * 2, abs=0.11)
        assert min(y0, y1) >= top - 0.11
        assert max(y2, low) <= bottom + 0.11


def _numbers(path: str) -> list[float]:
    return [float(text) for text in re.findall(r"-?[0-9.]+", path)]


def test_bars_and_shares_are_those_of_the_metrics(drawn):
    root = ElementTree.fromstring(drawn["hops"].svg)
    widths = [float(e.attrib["width"]) for e in root.iter(f"{SVG}rect")]
    assert widths[0] == pytest.approx(4.0 * widths[1], rel=0.01)  # 0.4 s against 0.1 s
    assert "400 ms" in drawn["hops"].svg
    assert drawn["weight_distribution"].svg.count(">50 %<") >= 2  # an axis tick and a bar of 30 of 60


@pytest.mark.parametrize("edge", ["pop-1", "pop-stockholm-1"])
def test_labels_stay_in_the_figure_on_a_telephone(drawn, edge):
    """Letters are 13.5 px there: no label passes the edges of a figure of 480, at 0.56 em a letter (DejaVu Sans)."""
    bars = bar_chart("Hops", [("client – edge network", 0, 22.2e-3), ("tries that failed", 1, 9.3e-3)], 31.5e-3)
    heat = heat_chart(result(), "Load", "1/s", [(edge, np.array([1.0, 2.0]))], np.array([0.0, 1.0]))
    line = TimeCurve("messages", 0, np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    lines = line_chart(result(), "Renewals", "1/s", [line])
    whole = weights_chart("Weights", [(65, 1.0)])
    for svg in (*(figure.svg for figure in drawn.values()), bars, heat, lines, whole):
        for element in ElementTree.fromstring(svg).iter(f"{SVG}text"):
            tiny = element.attrib.get("class") == "tiny"
            wide = 0.56 * (11.5 if tiny else 13.5) * len(element.text or "")
            share = {"end": 1.0, "middle": 0.5}.get(element.attrib.get("text-anchor", ""), 0.0)
            left = float(element.attrib["x"]) - share * wide
            assert left >= -1.0, element.text
            assert left + wide <= 481.0, element.text


def test_a_table_that_scrolls_shows_it(page):
    assert ".wide{overflow-x:auto" in page
    assert "background-attachment:local,local,scroll,scroll" in page


def test_ticks_and_axes():
    assert nice_ticks(0.0, 97.0, 4) == [0.0, 25.0, 50.0, 75.0]
    assert nice_ticks(0.0, 0.0) == [0.0]
    chart = Chart("x", x0=1.0, x1=100.0, log_x=True)
    assert float(chart.x(10.0)) == pytest.approx((chart.left + chart.plot_right) / 2)
    with pytest.raises(ValueError, match="not enough values"):
        pixels(np.zeros(3), (0, 0, 0))


def test_long_runs_are_thinned():
    """20 000 windows of 3 edges stay a small page; what is drawn is the mean of neighbours."""
    long = replication(events=[])
    long.timeseries = {"t_s": [], "metric": [], "label": [], "value": []}
    for t in range(20_000):
        for metric in ("requests.rate", "goodput", "latency.p99"):
            for column, value in zip(long.timeseries.values(), (float(t), metric, "", 5.0 + t % 2), strict=True):
                column.append(value)
    facts = result().facts.__class__(name="long", duration_s=20_000.0)
    made = figures(Result(facts, [long]))
    outcome = next(figure for figure in made if figure.name == "outcomes")
    assert len(outcome.svg) < 12_000
    assert all(value == pytest.approx(5.5, abs=0.1) for _, value in curve(outcome, "ok"))


def read_data(text: str) -> dict:
    (found,) = re.findall(r'<script type="application/json" id="data-run">(.*?)</script>', text, flags=re.DOTALL)
    return json.loads(found)


@pytest.mark.parametrize(
    ("figure", "name", "metric", "scale"),
    [
        ("latency_over_time", "p99", "latency.p99", 1e3),
        ("l1", "miss: migrated", "misses.l1.rate", 1.0),
        ("variants_core", "nearest", "core.requests.rate", 1.0),
    ],
)
def test_the_page_explores_the_very_numbers(page, figure, name, metric, scale):
    data = read_data(page)
    part = data["charts"][figure]["of"][0]
    times = np.frombuffer(b64decode(data["times"][part["t"]]), "<f8")
    (line,) = (one for one in part["series"] if one["name"] == name)
    values = np.frombuffer(b64decode(line["values"]), "<f4")
    assert times.tolist() == list(range(100))
    assert values == pytest.approx([scale * value_at(metric, t) for t in range(100)], rel=1e-6)


def test_the_heatmap_of_the_page_holds_each_edge(page):
    data = read_data(page)
    chart = data["charts"]["edge_load"]
    cells = np.frombuffer(b64decode(chart["of"][0]["cells"]), "<u2").reshape(3, 100) / 65534 * chart["high"]
    for row, edge in zip(cells, chart["of"][0]["rows"], strict=True):
        assert row == pytest.approx([value_at("edge.load", t, edge) for t in range(100)], abs=1e-3)


def test_windows_near_faults_are_kept_and_the_others_are_means():
    times = np.arange(20_000.0)
    begins = thinned(times, [(10_000.0, 10_500.0)], 2000)
    assert 1500 < begins.size <= 2010
    assert set(range(10_000, 10_500)) <= set(begins.tolist())
    values = np.where(times % 2 == 0, 1.0, 3.0)
    values[0:50] = np.nan
    found = means(values, begins)
    assert found.size == begins.size
    for k, (begin, end) in enumerate(zip(begins, [*begins[1:], times.size], strict=True)):
        stretch = values[begin:end][np.isfinite(values[begin:end])]
        assert (np.isnan(found[k]) and not stretch.size) or found[k] == pytest.approx(stretch.mean())
