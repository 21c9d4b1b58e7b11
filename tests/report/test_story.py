"""The sentences of *what happened* repeat the numbers of a hand-made run (see fakes.py), and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.metrics.events import DETECTED, FAULT_BEGIN, FAULT_END, RECOVERED, SESSIONS_MOVED
from simulator.report.changes import change_of, spans_of
from simulator.report.story import story
from tests.report.fakes import CORE, CRASH, result


def sentences(events=None, **more):
    return story(result(events, **more))


def test_a_crash_is_told_from_its_events_and_series():
    (told,) = sentences()
    assert told[0] == "At 40 s pop-1 crashed, for 20 s."
    assert (
        told[1]
        == "Missing heartbeats gave it away after 2.50 s, and 30 sessions were given another edge: 20 pop-2, 10 pop-3."
    )
    cost = told[2]
    assert cost.startswith("While it lasted, 1.00 % of the requests failed (20 of 2 000)")
    assert "p99 rose from 100 ms to 891 ms at 41.0 s" in cost.replace("41 s", "41.0 s")
    assert "L1 hit ratio fell from 80.0 % to 59.4 % at 45" in cost
    assert "core load rose from 20.0 /s to 35" in cost
    assert "queue at the edge: 12.1 ms a visit at its worst, against 4.00 ms before" in told[3]
    assert "longest queue was at pop-2: 4.0 requests there, against 0.5 before" in told[4]
    assert told[5] == "11.0 s after the fault the hit ratio of the sessions it hit was back at 95 % of before."


def test_a_crash_that_nobody_noticed():
    events = [e for e in CRASH if e["kind"] in (FAULT_BEGIN, FAULT_END)]
    (told,) = sentences(events)
    assert "Nobody noticed within the 20 s." in told
    assert not any("back at 95 %" in sentence for sentence in told)


def without_recovery(**judged):
    begin, *rest = (e for e in CRASH if e["kind"] != RECOVERED)
    return [{**begin, "detail": {**begin["detail"], **judged}}, *rest]


def test_a_crash_without_recovery_says_so_where_that_was_seen():
    (told,) = sentences(without_recovery(judged=3))
    assert told[-1] == "The hit ratio of the sessions it hit did not come back to 95 % of before by the end."
    (told,) = sentences(without_recovery(judged=0))
    assert told[-1] == "Too few requests of the sessions it hit were there to tell when their hit ratio was back."
    (told,) = sentences(without_recovery())  # of a folder that does not say
    assert not any("hit ratio of the sessions" in sentence for sentence in told)


def test_in_how_many_replications_it_was_seen():
    made = result(without_recovery(judged=3), count=3)
    made.replications[1].events[0]["detail"] = {"fault": "crash", "judged": 0}
    assert story(made)[0][-1].endswith("by the end (in 2 of 3 replications).")


def with_rates(rates, **more):
    """The hand-made run with other values in some series: metric -> function of the window's number."""
    made = result(**more)
    for replication in made.replications:
        rows = replication.timeseries
        for place, (t, metric) in enumerate(zip(rows["t_s"], rows["metric"], strict=True)):
            if metric in rates:
                rows["value"][place] = rates[metric](int(t))
    return made


def test_too_few_requests_tell_nothing():
    """0.2 requests a second: one window with a request for the core is no load that rose from 0 to 6 a second."""
    thin = with_rates(
        {
            "requests.rate": lambda t: float(t % 5 == 0), "failures.rate": lambda t: 0.0,
            "core.requests.rate": lambda t: 6.0 * (t == 45),
        },
        events=without_recovery(judged=0),
    )  # fmt: skip
    (told,) = story(thin)
    assert told[2:] == ["There were too few requests around it to tell what it changed."]


def test_windows_are_merged_until_there_are_enough_requests():
    """10 requests a second: spans of 5 s, the worst of which holds the 60 % at 45 s and four windows of 70 %."""
    (told,) = story(with_rates({"requests.rate": lambda t: 10.0}))
    mean = (0.6 * 0.99 + 0.7 * (1.01 + 0.99 + 1.01 + 0.99)) / 5
    assert f"the L1 hit ratio fell from 80.0 % to {100 * mean:.1f} % at 45 s" in told[2]


@pytest.mark.parametrize("requests", [49.0, 50.0, 17.0])
def test_a_span_holds_at_least_fifty_requests_and_every_window_once(requests):
    made = with_rates({"requests.rate": lambda t: requests, "goodput": float})
    times, means = spans_of(made, "goodput", "", 10.0, 40.0)
    windows = math.ceil(50.0 / requests)
    starts = list(range(10, 41 - windows, windows))
    assert times.tolist() == starts
    assert means.tolist() == pytest.approx([start + (windows - 1) / 2 for start in starts])


def test_the_worst_of_many_windows_is_not_taken_for_a_change():
    """Core requests by a Poisson process of one rate. The worst of 60 windows of mean 20 passes 3 standard deviations
    (34 or more: 0.27 %) with 1 - 0.9973^60 = 15 %, so in some 6 of 40 runs; what grows with the windows, in one or two.
    """
    told = 0
    for seed in range(40):
        noise = np.random.default_rng(seed).poisson(20.0, 100)
        made = with_rates({"core.requests.rate": lambda t, noise=noise: float(noise[t])})
        told += change_of(made, (40.0, 100.0, "crash pop-1"), "core.requests.rate", up=True) is not None
    assert told < 4


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        ({"sessions": 1, "to": {"pop-2": 1}}, "1 session was given another edge: pop-2."),
        ({"sessions": 0, "to": {}}, "no session had to move."),
        ({"sessions": 2, "to": {"pop-2": 2}}, "2 sessions were given another edge, all of them pop-2."),
    ],
)
def test_one_session_and_none(moved, expected):
    events = [{**e, "detail": moved} if e["kind"] == SESSIONS_MOVED else e for e in CRASH]
    assert sentences(events)[0][1] == f"Missing heartbeats gave it away after 2.50 s, and {expected}"


def test_a_takeover_of_the_core():
    (told,) = sentences(CORE)
    assert told[1] == "Missing heartbeats gave it away after 3.00 s, and its standby served 6.00 s after the crash."


def test_no_fault_and_false_alarms():
    assert sentences([]) == [["No fault was injected."]]
    alarm = [{"t_s": 50.0, "kind": DETECTED, "target": "pop-1", "detail": {"false_alarm": True}}]
    begin_end = [e for e in CRASH if e["kind"] in (FAULT_BEGIN, FAULT_END)]
    (told,) = sentences(sorted(begin_end + alarm, key=lambda e: e["t_s"]))
    assert "Nobody noticed within the 20 s." in told


@pytest.mark.parametrize(
    ("fault", "detail", "expected"),
    [
        ("slow", {"factor": 10.0}, "pop-1 became 10 times slower"),
        ("drain", {}, "pop-1 was drained"),
        ("crowd", {"factor": 4.0}, "pop-1 sent 4 times as many requests"),
        ("degrade", {}, "the links pop-1 degraded"),
    ],
)
def test_other_faults(fault, detail, expected):
    events = [
        {"t_s": 40.0, "kind": FAULT_BEGIN, "target": "pop-1", "detail": {"fault": fault, **detail}},
        {"t_s": 60.0, "kind": FAULT_END, "target": "pop-1", "detail": {"fault": fault}},
    ]
    assert sentences(events)[0][0] == f"At 40 s {expected}, for 20 s."


def test_several_replications_give_ranges():
    made = result(count=2)
    late = made.replications[1].events
    for event in late:
        if event["kind"] == DETECTED:
            event["detail"] = {"after_s": 3.5}
        if event["kind"] == SESSIONS_MOVED:
            event["detail"] = {"sessions": 50, "to": {"pop-2": 50}}
    told = story(made)[0][1]
    assert "after 3.00 s (2.50 s to 3.50 s)" in told
    assert "40 sessions were given another edge: 35 pop-2, 5 pop-3" in told


def test_what_does_not_stand_out_is_not_told():
    calm = [{**e, "t_s": e["t_s"] + 30.0} for e in CRASH]  # the series are calm from 60 s on; the minute before is not
    (told,) = sentences(calm)
    assert not any("fell from" in s or "rose from" in s for s in told)
    assert change_of(result(), (80.0, 90.0, "crash pop-1"), "core.requests.rate", up=True) is None


def test_many_faults_are_cut_short():
    events = []
    for k in range(15):
        events += [{**CRASH[0], "t_s": 20.0 + 5 * k}, {**CRASH[-1], "t_s": 22.0 + 5 * k}]
    told = sentences(events)
    assert len(told) == 13
    assert told[0][0] == "At 40 s pop-1 crashed, for 2 s."  # in which requests failed
    assert told[-1] == ["And 3 more faults that did less, shaded in the figures."]
