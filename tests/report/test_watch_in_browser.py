"""The replay in a browser: it plays, stops, is scrubbed and steered by keys, and loads nothing."""

from __future__ import annotations

from time import monotonic

import pytest

from simulator.experiment.api import run
from simulator.report.watch.page import render
from simulator.report.watch.playback import playback
from simulator.scenario.schema import Scenario
from tests.report.browser import browser, opened  # noqa: F401  (a fixture)
from tests.report.watch_fakes import SMALL

pytestmark = pytest.mark.interpreted  # of pages: no compiled module has a part in it

PIXELS = "document.getElementById('show').toDataURL().length"


@pytest.fixture(scope="module")
def page_of(tmp_path_factory):
    """Pages by name: with a trace on a map, and without either."""
    folder = tmp_path_factory.mktemp("pages")
    traced = run(Scenario.from_dict(SMALL), trace=1.0, variants=False)
    bare = {**SMALL, "sites": [], "clients": {"eu": {**SMALL["clients"]["eu-west"]}}, "edges": {"pop": {"count": 5}},
            "cores": {"core": {"count": 1}}, "faults": [{"at": "15s", "for": "5s", "crash": "pop-1"}]}  # fmt: skip
    del bare["sites"], bare["clients"]["eu"]["site"]
    plain = run(Scenario.from_dict(bare), variants=False)
    for name, result in (("map", traced), ("scheme", plain)):
        (folder / f"{name}.html").write_text(
            render(playback(result, rerun="simulator run x --trace")), encoding="utf-8"
        )
    return lambda name: folder / f"{name}.html"


def time(page):
    return float(page.evaluate("document.body.dataset.time"))


def state(page):
    return page.evaluate("document.body.dataset.state")


def text(page, selector):
    return page.text_content(selector)


def until(page, wanted, seconds=8.0):
    """Wait for a state; the page's policy lets nobody evaluate a condition inside it."""
    end = monotonic() + seconds
    while state(page) != wanted:
        assert monotonic() < end, f"still {state(page)}, not {wanted}"
        page.wait_for_timeout(20)


def test_it_plays_to_the_end_and_again(browser, page_of):  # noqa: F811
    with opened(browser, page_of("map")) as page:
        assert (time(page), state(page)) == (0.0, "paused")
        page.select_option("#speed", "20")
        page.uncheck("#slow")
        page.click("#poster")
        until(page, "ended")
        assert time(page) == 30.0
        assert text(page, "#title") == "The run is over"
        assert page.get_attribute("#play", "aria-label") == "Play again"
        page.click("#play")
        until(page, "playing")
        assert time(page) < 25.0


def test_it_pauses_on_events_in_turn(browser, page_of):  # noqa: F811
    with opened(browser, page_of("map"), fragment="#t=14.5") as page:
        page.check("#stops")
        page.uncheck("#slow")
        page.select_option("#speed", "5")
        titles = []
        for _ in range(3):
            page.click("#play")
            until(page, "paused")
            titles.append(text(page, "#title"))
        assert titles[0] == "pop-frankfurt-1 crashes"
        assert "is noticed" in " ".join(titles)
        assert time(page) >= 17.0  # three heartbeats of 1 s are missed at least 2 s after the crash
        assert text(page, "#story [aria-current]").endswith(titles[-1])


def test_keys(browser, page_of):  # noqa: F811
    with opened(browser, page_of("map")) as page:
        keys = page.keyboard
        keys.press("ArrowRight")
        assert time(page) == 1.0
        keys.press("Shift+ArrowRight")
        assert time(page) == 11.0
        keys.press("ArrowLeft")
        assert time(page) == 10.0
        keys.press(".")
        assert (time(page), text(page, "#title")) == (15.0, "pop-frankfurt-1 crashes")
        assert "crash pop-frankfurt-1" in text(page, "#on")
        keys.press(",")
        assert (time(page), text(page, "#title")) == (5.0, "Warm-up is over")
        keys.press("End")
        assert (time(page), state(page)) == (30.0, "ended")
        keys.press("Home")
        assert time(page) == 0.0
        speed = float(page.input_value("#speed"))
        keys.press("+")
        assert float(page.input_value("#speed")) > speed
        keys.press("Space")
        assert state(page) == "playing"
        keys.press("Space")
        assert state(page) == "paused"
        keys.press("e")
        assert page.is_checked("#stops")
        keys.press("?")
        assert page.is_visible("#keys")
        keys.press("Escape")
        assert not page.is_visible("#keys")


def test_the_time_line_is_scrubbed_by_pointer_and_by_keyboard(browser, page_of):  # noqa: F811
    with opened(browser, page_of("map")) as page:
        box = page.locator("#strips").bounding_box()
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + 200, y)
        page.mouse.down()
        early = time(page)
        page.mouse.move(box["x"] + box["width"] - 200, y, steps=4)
        late = time(page)
        page.mouse.up()
        page.mouse.move(box["x"] + 300, y)
        assert 0.0 < early < 5.0
        assert 22.0 < late < 30.0
        assert time(page) == late
        page.focus("#scrub")
        page.keyboard.press("ArrowLeft")
        assert time(page) == pytest.approx(late - 1.0, abs=0.002)
        assert "s: " in page.get_attribute("#scrub", "aria-valuetext")


def test_numbers_beside_the_picture_are_those_of_the_window(browser, page_of):  # noqa: F811
    with opened(browser, page_of("map"), fragment="#t=16.5") as page:
        page.click("#edges summary")
        row = page.locator("#edges tbody tr", has_text="pop-frankfurt-1").text_content()
        assert "down" in row
        failures = page.locator("#now div", has_text="Failures").locator("dd")
        assert failures.text_content() != "0/s"
        assert failures.evaluate("cell => cell.classList.contains('bad')")
        assert page.locator("#edges tbody tr").count() == 3


@pytest.mark.parametrize("name", ["map", "scheme"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_it_fits_in_both_themes_and_draws(browser, page_of, name, theme, width):  # noqa: F811
    with opened(browser, page_of(name), width=width, theme=theme, fragment="#t=15.8") as page:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, dark.strip("rgb()").split(","))) < 150) == (theme == "dark")
        before = page.evaluate(PIXELS)
        page.keyboard.press("t")
        assert page.evaluate(PIXELS) != before
        for control in ("#play", "#speed", "#previous", "#next"):
            box = page.locator(control).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


def test_without_a_trace_it_plays_series_and_says_so(browser, page_of):  # noqa: F811
    with opened(browser, page_of("scheme"), fragment="#t=15") as page:
        assert "simulator run x --trace" in text(page, "#notrace")
        assert text(page, "#here") == "time series only"
        assert page.get_attribute("#show", "aria-label").startswith("Map: 1 client groups, 5 edges, 1 cores.")


def test_reduced_motion_goes_window_by_window(browser, page_of):  # noqa: F811
    with opened(browser, page_of("map"), motion="reduce") as page:
        page.select_option("#speed", "5")
        page.click("#play")
        seen = set()
        while len(seen) < 3:
            seen.add(time(page))
            page.wait_for_timeout(40)
        assert all(t % 1.25 == 0.0 for t in seen)  # a quarter of a second is 1.25 s at this speed


def test_everything_that_acts_has_a_name(browser, page_of):  # noqa: F811
    with opened(browser, page_of("map")) as page:
        nameless = page.evaluate("""() => [...document.querySelectorAll('button, input, select, [role=img]')]
            .filter(el => !(el.getAttribute('aria-label') || el.textContent.trim() || el.labels?.length))
            .map(el => el.outerHTML)""")
        assert nameless == []
        assert page.locator("h1").count() == 1
        assert page.get_attribute("#caption > div", "aria-live") == "polite"


def test_the_policy_stops_what_is_not_of_the_page(browser, page_of):  # noqa: F811
    with opened(browser, page_of("map"), quiet=False) as page:
        ran = page.evaluate("""() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';
            document.body.append(s); return window.ran; }""")
        assert ran is None
        failed = page.evaluate("() => fetch('http://127.0.0.1:9/').then(() => 'went', error => String(error))")
        assert failed != "went"
