"""A run with many faults: one entry and one label a fault as written, ordered by what it did, and one tint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from simulator.metrics.events import DETECTED, FAULT_BEGIN, FAULT_END, SESSIONS_MOVED
from simulator.report.figures import figures
from simulator.report.flows import phases
from simulator.report.offline import asset
from simulator.report.plot_style import COLOURS, FAULT_COLOUR
from simulator.report.story import story
from simulator.report.written_faults import written_faults
from tests.report.fakes import LENGTH_S, result

SVG = "{http://www.w3.org/2000/svg}"


def on(kind: str, target: str, begin: float, end: float, moved: int = 0) -> Iterator[dict]:
    yield {"t_s": begin, "kind": FAULT_BEGIN, "target": target, "detail": {"fault": kind}}
    if moved:
        yield {"t_s": begin + 2.0, "kind": DETECTED, "target": target, "detail": {"after_s": 2.0}}
        detail = {"sessions": moved, "to": {"other": moved}}
        yield {"t_s": begin + 2.0, "kind": SESSIONS_MOVED, "target": target, "detail": detail}
    yield {"t_s": end, "kind": FAULT_END, "target": target, "detail": {"fault": kind}}


RESTARTS = [event for k in range(5) for event in on("crash", f"pop-london-{k + 1}", 12 + 5 * k, 15 + 5 * k, moved=3)]
LOSS = [event for k in range(4) for event in on("crash", f"pop-tokyo-{k + 1}", 40, 60, moved=30)]
SLOW = [*on("slow", "pop-london-1", 30.5, 33.25), *on("slow", "pop-london-1", 70.25, 75.75)]
FAULTS = [
    {"at": "12s", "rolling_restart": "pop-london-*", "down": "3s", "pause": "2s"},
    {"at": "40s", "for": "20s", "crash": "pop-tokyo-*"},
    {"at": "0s", "random": "slow", "of": ["pop-london-1"], "mttf": "20s", "mttr": "3s", "factor": "2x"},
    {"at": "45s", "for": "5s", "degrade": {"from": "pop-london-1", "to": ["core-*"], "loss": "5%"}},
]  # fmt: skip
EVENTS = [*RESTARTS, *LOSS, *SLOW, *on("degrade", "pop-london-1 > core-*", 45, 50)]


def run(events=EVENTS, faults=FAULTS):
    made = result(sorted(events, key=lambda event: event["t_s"]))
    made.facts.resolved["faults"] = faults
    return made


def test_each_fault_as_written_has_its_spans():
    found = {fault.name: len(fault.spans) for fault in written_faults(run())}
    assert found == {
        "rolling restart pop-london-*": 5, "crash pop-tokyo-*": 4, "random slow pop-london-1": 2,
        "degrade pop-london-1 > core-*": 1,
    }  # fmt: skip


def test_no_span_is_lost_and_none_told_twice():
    """Whatever the scenario says (or does not), entries hold all spans of the events once."""
    spans = len([event for event in EVENTS if event["kind"] == FAULT_BEGIN])
    for faults in (FAULTS, FAULTS[:1], [], [FAULTS[1], FAULTS[1]]):
        assert sum(len(fault.spans) for fault in written_faults(run(faults=faults))) == spans


def test_a_group_named_by_itself_and_the_same_crash_written_twice():
    twice = [{"at": "40s", "for": "20s", "crash": "pop"}, {"at": "40s", "for": "20s", "crash": "pop"}]
    names = [(fault.name, len(fault.spans)) for fault in written_faults(run([*LOSS, *LOSS], twice))]
    assert names == [("crash pop", 4), ("crash pop", 4)]


def test_the_loss_of_a_region_comes_before_the_restarts_of_a_deployment():
    """All failures of the hand-made run are from 40 to 44 s: of the loss, though the restarts came first."""
    told = story(run())
    assert len(told) == len(FAULTS)
    assert told[0][0] == "At 40 s 4 nodes (pop-tokyo-*) crashed, for 20 s."
    assert told[0][1] == "Missing heartbeats gave them away after 2.00 s, and 120 sessions were given another edge."
    assert any("of the requests failed (20 of 2 000)" in sentence for sentence in told[0])
    assert told[1][0] == "From 12 s to 35 s 5 nodes (pop-london-*) were restarted, one after the other."
    assert "15 sessions were given another edge" in told[1][1]
    assert told[2][0].startswith("From 30.5 s to 1 min 16 s nodes of pop-london-1 became slower at random, 2 times")
    assert told[0][-1] == "(degrade pop-london-1 > core-* was on at the same time.)"


@pytest.fixture(scope="module")
def drawn():
    return {figure.name: ElementTree.fromstring(figure.svg) for figure in figures(run())}


def test_an_instant_has_one_tint_however_many_faults_overlap(drawn):
    """The union of all spans: five restarts, of which the last runs into the first slow time, the loss, the second."""
    for name in ("latency_over_time", "outcomes", "l1", "weights", "renewals"):
        root = drawn[name]
        left, right, end = (float(part) for part in root.get("data-time").split()[:3])
        assert end == LENGTH_S
        shades = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "fault"]
        spans = [(float(r.get("x")), float(r.get("x")) + float(r.get("width"))) for r in shades]
        seconds = [tuple((x - left) / (right - left) * end for x in span) for span in sorted(spans)]
        expected = [(12, 15), (17, 20), (22, 25), (27, 30), (30.5, 35), (40, 60), (70.25, 75.75)]
        assert [pytest.approx(span, abs=0.1) for span in expected] == seconds
        assert [text.text for text in root.iter(f"{SVG}text") if text.text == "crash pop-tokyo-*"]  # it did most


def test_the_tint_is_of_no_series():
    for theme in (asset("static/light.css").replace(": ", ":"), asset("static/dark.css").replace(": ", ":")):
        colours = {key: _hue(value) for key, value in re.findall(r"--(c\d|ill):#(\w{3,6});", theme)}
        greys = {key for key, hue in colours.items() if hue is None}
        assert "ill" not in greys
        assert min(_apart(hue, colours["ill"]) for key, hue in colours.items() if key not in greys | {"ill"}) > 35.0
        red, green, blue = map(int, re.search(r"--fault:rgba\((\d+),(\d+),(\d+)", theme).groups())
        assert _apart(_hue(f"{red:02x}{green:02x}{blue:02x}"), colours["ill"]) < 10.0
    lines = [_hue(colour[1:]) for colour in COLOURS]
    assert min(_apart(hue, _hue(FAULT_COLOUR[1:])) for hue in lines if hue is not None) > 35.0


def _hue(colour: str) -> float | None:
    """Degrees on the colour wheel; None for a grey."""
    import colorsys

    red, green, blue = (int(colour[k : k + 2], 16) / 255.0 for k in (0, 2, 4))
    hue, _, saturation = colorsys.rgb_to_hls(red, green, blue)
    return None if saturation < 0.2 else 360.0 * hue


def _apart(a: float, b: float) -> float:
    return min(abs(a - b), 360.0 - abs(a - b))


def test_no_fault_means_that_there_was_none():
    """The phases of the run begin at 10, 40 and 60 s; in the last a fault is on for 5.5 s of 40, off at its middle."""
    told = [phase.what for phase in phases(run(), "moves.rate")]
    assert "no fault" not in told
    assert told[1].startswith("crash pop-tokyo-*")
    assert told[2] == "random slow pop-london-1 for a part"
    calm = [phase.what for phase in phases(run([*LOSS], FAULTS[1:2]), "moves.rate")]
    assert calm == ["no fault", "crash pop-tokyo-*", "no fault"]
