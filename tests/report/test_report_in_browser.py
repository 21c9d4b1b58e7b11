"""The page of a run in a browser: what follows the zoom, what switches, sorts and filters, and that nothing is fetched.

Chromium draws it headless; where there is none, these tests skip.
"""

from __future__ import annotations

import math
import os
import shutil

import pytest

from simulator.report.html import write_report
from simulator.results.result import Result
from tests.report.fakes import replication, result

playwright = pytest.importorskip("playwright.sync_api", exc_type=ImportError)
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.interpreted,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here"),
    pytest.mark.xdist_group("browser"),
]


def traced(number: int = 0):
    """Requests of each second from 2 s on: one of every edge; at 41 s one that took 0.9 s, a queue most of it."""
    made = replication(number)
    rows = [
        (t + 0.1, client, edge, 0.05, 0.0)
        for t in range(2, 98)
        for client, edge in (("europe-1", "pop-1"), ("asia-2", "pop-2"), ("europe-3", "pop-3"))
    ]
    rows.append((40.5, "europe-9", "pop-2", 0.9, 0.85))
    rows.append((99.9, "europe-8", "pop-2", math.nan, math.nan))  # under way when the run ends
    t, client, edge, latency, wait = map(list, zip(*rows, strict=True))
    size = len(rows)
    made.requests = {
        "t_s": t, "client": client, "session": [1] * size, "operation": ["lookup"] * size, "edge": edge,
        "outcome": ["ok"] * size, "tier": ["l1"] * size, "tries": [0] * size, "latency_s": latency,
        "retry_s": [0.0] * size, "network_s": [a - b for a, b in zip(latency, wait, strict=True)], "edge_wait_s": wait,
        "edge_service_s": [0.0] * size, "core_s": [0.0] * size,
    }  # fmt: skip
    return made


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    base = result()
    resolved = {
        **base.facts.resolved,
        "edges": {"pop": {"at": {"frankfurt": 2, "tokyo": 1}}},
        "faults": [{"at": "40s", "for": "20s", "crash": "pop-1"}],
    }
    made = result(resolved=resolved, variants={"nearest": result(resolved=resolved)}, count=2)
    made.replications[1].metrics["hit_ratio.l1"] = 0.65  # what is expected is undecided, with a note of many words
    made = Result(made.facts, [traced(), made.replications[1]], made.variants)
    for one in (made, *made.variants.values()):  # names as `at` gives them
        names = {"pop-1": "pop-frankfurt-1", "pop-2": "pop-frankfurt-2", "pop-3": "pop-tokyo-1"}
        for r in one.replications:
            r.timeseries["label"] = [
                ">".join(names.get(part, part) for part in label.split(">")) for label in r.timeseries["label"]
            ]
            by_site = {"t_s": [*range(100)] * 2, "metric": ["site.load"] * 200, "value": [60.0] * 200}
            by_site["label"] = ["frankfurt"] * 100 + ["tokyo"] * 100  # runs of many edges have these, by site
            for column, more in by_site.items():
                r.timeseries[column] += more
            loads = zip(names.values(), (10.0, 30.0, 20.0), strict=True)
            r.metrics = {k: v for k, v in r.metrics.items() if not k.startswith("edge.load[")}
            r.metrics |= {f"edge.load[{edge}]": load for edge, load in loads}
            if r.requests is not None:
                r.requests["edge"] = [names[edge] for edge in r.requests["edge"]]
    folder = tmp_path_factory.mktemp("page")
    return write_report(made, folder).as_uri()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def opened(browser, address, request):
    """A page with what it said and asked for; a test may choose the width and theme."""
    width, theme = getattr(request, "param", (1400, "light"))
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda one: asked.append(one.url))
    page.goto(address)
    page.wait_for_function("window.report?.charts")
    page.evaluate("report.charts.fill()")
    yield page
    assert said == []
    assert asked == [address]
    page.close()


def spans(page) -> set[tuple[float, float]]:
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    return {tuple(span) for span in page.evaluate(
        "[...report.charts.built].map((c) => [c.plot.scales.x.min, c.plot.scales.x.max])")}  # fmt: skip


@pytest.mark.parametrize("opened", [(1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")], indirect=True)
def test_it_fits_the_screen_in_both_themes(opened):
    wide, screen = opened.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= screen
    assert "more replications decide" in opened.inner_text(".verdict.undecided")
    dark = opened.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    ground = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
    pictures = opened.evaluate("[...document.querySelectorAll('[data-chart] canvas')].map((c) => c.toDataURL().length)")
    assert len(pictures) >= 12
    assert min(pictures) > 1500  # an empty canvas takes fewer letters
    before = opened.evaluate("document.querySelector('canvas').toDataURL()")
    opened.click("#look")
    opened.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert opened.evaluate("document.querySelector('canvas').toDataURL()") != before  # drawn anew, in other colours


def test_all_charts_follow_a_zoom(opened):
    assert spans(opened) == {(0, 100)}
    over = opened.locator("[data-chart=latency_over_time] .over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    opened.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 50)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 50, steps=4)
    opened.mouse.up()
    (found,) = spans(opened)
    assert found == pytest.approx((30.0, 50.0), abs=0.5)
    low, high = (float(part.split()[0]) for part in opened.inner_text("#span").split("–"))
    assert (low, high) == pytest.approx((30.0, 50.0), abs=0.5)
    opened.click("[data-act=on]")
    (moved,) = spans(opened)
    assert moved == pytest.approx((35.0, 55.0), abs=0.5)
    opened.click("[data-act=all]")
    assert spans(opened) == {(0, 100)}


def test_the_keyboard_does_what_the_mouse_does(opened):
    plot = opened.locator("[data-chart=latency_over_time] .plot")
    assert "p99" in plot.get_attribute("aria-label")
    plot.focus()
    opened.keyboard.press("+")
    (found,) = spans(opened)
    assert found == pytest.approx((20.0, 80.0))
    opened.keyboard.press("Escape")
    for _ in range(42):
        opened.keyboard.press("ArrowRight")  # the first takes the first window
    assert "41 s" in opened.inner_text("#said")
    assert "p99 891" in opened.inner_text("#said")  # 0.9 s less its wiggle of 1 %
    opened.keyboard.press("Enter")
    assert "europe-9" in opened.inner_text("#requests li:first-child")


def test_a_legend_switches_series(opened):
    chart = opened.locator("[data-chart=latency_over_time]")
    highest = "[...report.charts.built].find((c) => c.figure === 'latency_over_time').plot.scales.y.max"
    before = opened.evaluate(highest)
    button = chart.locator(".switch", has_text="p99")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert chart.locator(".switch", has_text="p99").get_attribute("aria-pressed") == "false"
    assert opened.evaluate(highest) < 0.3 * before  # 0.9 s is gone: the highest is 90 ms


def test_a_peak_leads_to_its_slowest_requests(opened):
    over = opened.locator("[data-chart=latency_over_time] .over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    opened.mouse.click(box["x"] + 0.4145 * box["width"], box["y"] + 60)
    first = opened.locator("#requests li").first
    assert "900 ms europe-9, lookup at pop-frankfurt-2: ok" in first.inner_text()
    style = "(bars) => bars.map((bar) => [parseFloat(bar.style.left), parseFloat(bar.style.width)])"
    network, queue = first.locator(".bar").evaluate_all(style)
    assert network == pytest.approx([0.0, 100.0 * 0.05 / 0.9], abs=0.1)
    assert queue == pytest.approx([100.0 * 0.05 / 0.9, 100.0 * 0.85 / 0.9], abs=0.1)
    opened.select_option("#explore select[name=edge]", "pop-tokyo-1")
    assert "europe-9" not in opened.inner_text("#requests")
    opened.click("#requests > button")
    assert not opened.locator("#requests").is_visible()


def test_variants_stand_side_by_side_or_alone(opened):
    chart = "[...report.charts.built].filter((c) => c.figure === 'l1')"
    assert opened.evaluate(f"{chart}.length") == 1
    opened.select_option("#explore select[name=variant]", "all")
    opened.evaluate("report.charts.fill()")
    assert opened.evaluate(f"{chart}.map((c) => c.variant)") == [0, 1]
    widths = opened.evaluate("[...report.charts.built].map((c) => [c.plot.width, c.place.clientWidth])")
    assert all(plot == place for plot, place in widths)  # none lies over its neighbour
    assert opened.locator("#hops [data-variant]:visible").count() == 2
    opened.select_option("#explore select[name=variant]", "1")
    opened.evaluate("report.charts.fill()")
    assert opened.evaluate(f"{chart}.map((c) => c.variant)") == [1]
    assert opened.locator("#hops [data-variant='1']").is_visible()
    assert not opened.locator("#hops [data-variant='0']").is_visible()


def test_tables_sort(opened):
    table = opened.locator("table.sorts", has_text="pop-tokyo-1").first  # as written

    def names() -> list[str]:
        return [row.split()[0] for row in table.locator("tbody tr").all_inner_texts()]

    assert names() == ["pop-frankfurt-1", "pop-frankfurt-2", "pop-tokyo-1"]
    head = table.locator("th", has_text="load")
    head.locator("button").click()
    assert names() == ["pop-frankfurt-2", "pop-tokyo-1", "pop-frankfurt-1"]
    assert head.get_attribute("aria-sort") == "descending"
    head.locator("button").click()
    assert names() == ["pop-frankfurt-1", "pop-tokyo-1", "pop-frankfurt-2"]


def test_filters_filter(opened):
    names = "[...report.charts.built].find((c) => c.figure === '{}').rows.map((row) => row.name)"
    rows, sites = names.format("edge_load"), names.format("site_load")
    assert len(opened.evaluate(rows)) == 3
    assert opened.evaluate(sites) == ["frankfurt", "tokyo"]
    opened.select_option("#explore select[name=edge]", "pop-frankfurt-2")
    assert opened.evaluate(sites) == ["frankfurt"]
    opened.select_option("#explore select[name=site]", "tokyo")
    assert opened.evaluate(rows) == ["pop-tokyo-1"]
    assert opened.evaluate(sites) == ["tokyo"]
    table = opened.locator("table.sorts", has_text="pop-tokyo-1").first
    assert table.locator("tbody tr:visible").count() == 1
    assert opened.inner_text("#latency_over_time .whole") == "Not filtered: all sites."
    assert not opened.locator("#edge_load .whole").is_visible()  # it has shown Tokyo's edge only, see above
    opened.select_option("#explore select[name=fault]", "0")
    (found,) = spans(opened)
    assert found[0] == pytest.approx(29.0)
    assert found[1] == pytest.approx(81.0)
    assert opened.inner_text("#hops .whole") == "Not filtered: all sites, the whole run."
    opened.click("[data-act=reset]")
    assert spans(opened) == {(0, 100)}
    assert len(opened.evaluate(rows)) == 3
    assert opened.locator(".whole:visible").count() == 0


def test_charts_of_the_whole_run_show_what_is_chosen(opened):
    first = "[data-variant='0']"
    opened.select_option("#explore select[name=group]", "asia")
    shown = "(all) => all.filter((one) => one.checkVisibility()).map((one) => one.dataset.group)"
    assert opened.locator(f"#latency_ccdf {first} polyline.part").evaluate_all(shown) == ["asia"]
    assert "asia" in str(opened.locator(f"#latency_ccdf {first} text.part").text_content())
    pale = opened.locator(f"#latency_groups {first} .pale")
    assert pale.evaluate_all("(all) => all.map((one) => one.dataset.n)") == ["europe"]
    opened.click("[data-act=reset]")
    opened.select_option("#explore select[name=edge]", "pop-frankfurt-1")
    flows = opened.locator(f"#moves {first} [data-from]")
    assert flows.count() == 18  # six ways between three edges, in three phases
    others = "(all) => all.filter((one) => one.classList.contains('pale')).length"
    assert flows.evaluate_all(others) == 6  # between the two other edges, there and back


def test_tables_and_sentences_follow_the_variant(opened):
    told = "[...document.querySelectorAll('h2')].filter((one) => one.checkVisibility()).map((one) => one.textContent)"
    assert [h for h in opened.evaluate(told) if "(" in h] == [
        "What happened (as written)", "In numbers (as written)", "Side by side (as written)"]  # fmt: skip
    opened.select_option("#explore select[name=variant]", "1")
    assert [h for h in opened.evaluate(told) if "(" in h] == [
        "What happened (nearest)", "In numbers (nearest)", "Side by side (nearest)"]  # fmt: skip


def test_everything_has_a_name(opened):
    """What a screen reader is told: every control, chart, figure and table has a name, and no canvas is told of."""
    nodes = opened.context.new_cdp_session(opened).send("Accessibility.getFullAXTree")["nodes"]
    told = [(n["role"]["value"], n.get("name", {}).get("value", "").strip()) for n in nodes if not n["ignored"]]
    roles = {role for role, _ in told}
    assert {"button", "combobox", "figure", "image", "main", "table", "DisclosureTriangle"} <= roles
    assert "Canvas" not in roles
    named = ("button", "combobox", "figure", "image", "link", "table", "DisclosureTriangle")
    assert [role for role, name in told if role in named and not name] == []
    buttons = [name for role, name in told if role == "button"]
    assert not any(mark in name for name in buttons for mark in "↕↑↓◀▶")  # signs are not read out


@pytest.mark.parametrize("opened", [(1400, "dark")], indirect=True)
def test_paper_is_light_and_charts_fit_its_columns(opened):
    opened.set_viewport_size({"width": 718, "height": 1000})  # A4 less margins of 1 cm
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.emulate_media(media="print")
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    right = "getBoundingClientRect().right"
    beyond = f"(all) => all.filter((one) => one.{right} > one.closest('figure').{right}).length"
    assert opened.locator("figure canvas").evaluate_all(beyond) == 0
    assert opened.evaluate("document.documentElement.scrollWidth") <= 718
    assert opened.locator("details.paper pre, details.paper code").first.is_visible()
    assert not opened.locator("#explore").is_visible()
    opened.emulate_media(media="screen")
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert opened.evaluate("[...report.charts.built].every((c) => c.plot.width === c.place.clientWidth)")
    assert not opened.locator("details.paper code").first.is_visible()


def test_fingers_zoom_move_and_tap(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address)
    page.evaluate("report.charts.fill()")
    over = page.locator("[data-chart=latency_over_time] .over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    page.touchscreen.tap(box["x"] + 0.4145 * box["width"], box["y"] + 60)
    assert "europe-9" in page.inner_text("#requests li:first-child", timeout=2000)
    page.locator("#requests > button").tap()
    session = context.new_cdp_session(page)

    def touch(kind: str, points: list[dict[str, float]]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def move(*ways: tuple[float, float]) -> list[float]:
        """Fingers go from one place to another (shares of the chart's width); gives the span that charts show then."""
        for step in range(6):
            at = [{"x": box["x"] + (a + (b - a) * step / 5) * box["width"], "y": box["y"] + 80} for a, b in ways]
            points = [{**point, "id": number} for number, point in enumerate(at)]
            touch("touchMove" if step else "touchStart", points)
        touch("touchEnd", [])
        page.evaluate("new Promise((done) => setTimeout(done, 50))")
        return page.evaluate("report.state.span")

    assert move((0.4, 0.2), (0.6, 0.8)) == pytest.approx([33.3, 66.7], abs=1.0)  # a fifth apart, then three
    assert move((0.6, 0.3)) == pytest.approx([43.3, 76.7], abs=1.5)  # three tenths of a third of the run to the left
    assert page.evaluate("visualViewport.scale") == 1
    context.close()
