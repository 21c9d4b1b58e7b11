"""The terminal summary: what people must see, at 80 columns, with and without colour."""

import io
import re

import pytest

from simulator.experiment.api import run
from simulator.experiment.comparing.comparison import compare
from simulator.play.job import Item
from simulator.report.format import scale_for, show, show_difference, show_duration
from simulator.report.progress import LiveProgress, PlainProgress, listener
from simulator.report.terminal import render, render_short
from simulator.report.verdict import comparison_of, sentence_of
from tests.results.fakes import PLAY, FakeScenario

NEAREST = {"hit_ratio": 0.8, "latency_median": 0.025}


@pytest.fixture(scope="module")
def text():
    scenario = FakeScenario(
        variants={"nearest": NEAREST, "a-variant-with-a-really-long-name": {}},
        expect=("within[200ms] >= 90%", "each(latency.p99) < 20ms"),
        measured={"hit_ratio.l1": 0.71, "latency.p50": 0.024},
        description="A long description. " * 12,
    )
    return render(run(scenario, function=PLAY))


def test_it_fits_80_columns_and_has_no_colour(text):
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert not re.search(r" +$", text, re.MULTILINE)


def test_the_question_comes_first_and_then_the_verdict(text):
    places = [text.index(part) for part in ("edge-crash", "Does adaptive", "met ", "nearest wins", "Latency and")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "part",
    [
        "3 replications of 1 min (the first 10 s not counted), seed 42, 6 000 requests",
        "69.7 % ±",  # an interval
        "left their edge", "29.0 %", "crossed sites", "11.0 %",
        "within 200 ms", "of all requests, failures included",
        "migrated 75.0 %, ttl expired 25.0 %",
        "failed during faults", "10.0 %",
        "At 20 s pop-1 crashed, for 10 s. Missing heartbeats gave it away after 2.40 s,",
        "and 231 sessions were given another edge.",
        "71.0 %", "points",
        "missed in replication 0, 1, 2",
    ],
)  # fmt: skip
def test_it_shows(text, part):
    assert part in text


def test_colour_says_nothing_that_words_do_not(text):
    result = run(FakeScenario(variants={"nearest": NEAREST}), function=PLAY)
    coloured = render(result, color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).replace(" \n", "\n").split() == render(result).split()


def test_names_are_no_markup():
    result = run(FakeScenario(name="[bold red]x[/]", question="[link=http://x]q"), function=PLAY)
    assert "[bold red]x[/]" in render(result)
    assert "[link=http://x]q" in render(result)


def test_failures_are_named():
    result = run(FakeScenario(behaviour={1: "raise"}), function=PLAY)
    text = render(result)
    assert "as written, replication 1: RuntimeError: the tape is torn" in text
    assert "the tape is torn" in render_short(result)


def test_the_sentence_names_the_winner_its_gains_and_its_price():
    """The fake's variants share their noise: +.1 L1 hits is decided, and so is the slower p99."""
    result = run(FakeScenario(variants={"nearest": NEAREST}), function=PLAY)
    sentence = sentence_of(comparison_of(result))
    assert sentence.startswith("nearest wins on L1 hits (79.7 % against 69.7 % as written, +10.0 points)")
    assert "its price: p99 (" in sentence
    assert "p50" not in sentence


def test_the_sentence_says_when_nothing_differs_or_is_decided():
    same = run(FakeScenario(variants={"same": {}}), function=PLAY)
    assert sentence_of(comparison_of(same)).startswith("No difference")
    one = run(FakeScenario(variants={"nearest": NEAREST}), replications=1, function=PLAY)
    assert "One replication decides nothing" in sentence_of(comparison_of(one))


def test_an_undecided_lead_is_no_win():
    """Two rows whose difference changes sign from replication to replication."""
    a, b = (run(FakeScenario(), seed=seed, function=PLAY).replications for seed in (1, 2))
    found = compare({"a": a, "b": b}, ["hit_ratio.l1"])
    lead = found.leads["hit_ratio.l1"]
    assert lead.decided == lead.difference.decided
    assert found.wins(lead.best) == (["hit_ratio.l1"] if lead.decided else [])
    assert found.wins(lead.best, decided=False) == ["hit_ratio.l1"]


@pytest.mark.parametrize(
    ("value", "unit", "half", "expected"),
    [
        (0.0123, "s", None, "12.3 ms"),
        (0.0123, "s", 0.00042, "12.3 ms ± 0.4"),
        (0.712, "ratio", 0.004, "71.2 % ± 0.4"),
        (0.9995, "ratio", None, "99.95 %"),
        (1.0, "ratio", None, "100 %"),
        (1240.0, "1/s", None, "1.24 k/s"),
        (999.9, "1/s", None, "1.00 k/s"),
        (0.0, "s", None, "0 s"),
        (0.0004, "ratio", None, "0.0400 %"),
        (90.0, "s", None, "90.0 s"),
        (5e-7, "s", None, "0.500 µs"),
        (1.5e6, "B/s", None, "1.50 MB/s"),
        (float("nan"), "s", None, "–"),
        (None, "s", None, "–"),
        (123456.0, "1", None, "123 456"),
        (5.0, "1", 0.0, "5.00"),
    ],
)
def test_numbers(value, unit, half, expected):
    assert show(value, unit, half) == expected


def test_differences_and_durations():
    assert show_difference(0.013, "ratio", 0.004) == "+1.3 ± 0.4 points"
    assert show_difference(-0.0041, "s") == "-4.10 ms"
    assert show_difference(-0.00001, "ratio", 0.0003) == "0.00 ± 0.03 points"
    assert show_duration(7500) == "2 h 5 min"
    assert show_duration(200) == "3 min 20 s"
    assert scale_for("furlongs", 3.0).symbol == "furlongs"


def test_plain_progress_says_time_rate_and_what_is_left():
    out = io.StringIO()
    ear = PlainProgress(out, every_s=0.0)
    ear.started(4, 60.0)
    ear.advanced(Item(0, ""), 30.0, 1000)
    ear.finished(Item(0, ""), 2000)
    ear.stopped()
    first, *_, last = out.getvalue().splitlines()
    assert re.fullmatch(r"0/4 · 30 s of 4 min simulated · .* requests/s · .* left", first)
    assert last.startswith("1/4 replications, 2 000 requests in")


@pytest.mark.parametrize("kind", [PlainProgress, LiveProgress])
def test_progress_counts_on_to_another_plan(kind):
    ear = kind(io.StringIO())
    ear.started(10, 60.0)
    ear.finished(Item(0, "a"), 1000)
    ear.planned(4)
    assert ear._account.line().startswith("1/4 · 1 min of 4 min simulated")
    ear.stopped()


def test_replications_of_variants_are_runs():
    out = io.StringIO()
    ear = PlainProgress(out)
    ear.started(2, 60.0)
    for variant in ("", "nearest"):
        ear.finished(Item(0, variant), 1000)
    ear.stopped()
    assert out.getvalue().startswith("2/2 runs, 2 000 requests in")


def test_progress_none_is_silent_and_auto_is_plain_in_a_pipe():
    out = io.StringIO()
    run(FakeScenario(), progress=listener("none", out), function=PLAY)
    assert out.getvalue() == ""
    assert isinstance(listener("auto", out), PlainProgress)


def test_in_a_notebook_it_is_text_too(monkeypatch):
    """rich shows what it prints in a notebook as outputs of its own, one a line, and keeps no text."""
    result = run(FakeScenario(), function=PLAY)
    plain = result.summary()
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("rich.jupyter.display", lambda *_: pytest.fail("an output of its own"))
    assert result.summary() == plain
