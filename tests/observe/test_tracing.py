"""The trace tells every request as it was when it ended: in order, late answers or not, sampled or not."""

import copy
import math
import pickle
from collections import Counter

import numpy as np
import pytest

from simulator.build.builder import build
from simulator.messages import Outcome
from simulator.observe import tracing
from simulator.run import run_replication
from simulator.scenario.schema import Scenario

WORLD = {
    "schema": 1, "name": "traced", "duration": "10s", "warmup": "2s", "seed": 1,
    "clients": {
        "near": {
            "count": 30, "session": {"length": "forever", "established": True},
            "workload": {"kind": "poisson", "total_rate": "150/s"},
            "retry": {"timeout": "50ms", "max": 1, "backoff": "10ms", "budget": "unlimited"},
        },
        "far": {
            "count": 20, "session": {"length": "forever", "established": True},
            "workload": {"kind": "poisson", "total_rate": "50/s"},
            "retry": {"timeout": "50ms", "max": 0, "budget": "unlimited"},
        },
    },
    "edges": {"pop": {
        "count": 3, "workers": 1, "service_time": {"exponential": {"mean": "10ms"}}, "l1": {"ttl": "2s"},
    }},
    "sam": "off", "leases": "off", "routing": {"policy": "random"},
    "network": {"default": {"latency": "2ms", "loss": "1%"}}, "storage": {"read": "8ms", "write": "8ms"},
}  # fmt: skip


@pytest.fixture(scope="module")
def scenario():
    return Scenario.from_dict(copy.deepcopy(WORLD))


def traced(scenario, trace=1.0):
    return run_replication(scenario, seed=1, replication=0, trace=trace)


def lists(columns):
    return {name: list(column) for name, column in columns.items()}


def cells(columns):
    return {name: [repr(cell) for cell in column] for name, column in columns.items()}  # nan equals itself so


@pytest.fixture(scope="module")
def whole(scenario):
    return traced(scenario)


def test_every_request_has_a_row_in_the_order_in_which_they_ended(whole):
    columns = whole.requests
    assert list(columns) == [
        "t_s", "client", "session", "operation", "edge", "outcome", "tier", "tries", "latency_s",
        "retry_s", "network_s", "edge_wait_s", "edge_service_s", "core_s",
    ]  # fmt: skip
    assert {len(column) for column in columns.values()} == {whole.totals["requests.simulated"]}
    ended_s = columns["t_s"] + columns["latency_s"]
    assert np.diff(ended_s).min() > -1e-9
    assert set(columns["edge"]) == {"pop-1", "pop-2", "pop-3"}
    assert set(columns["client"]) == {f"near-{n + 1}" for n in range(30)} | {f"far-{n + 1}" for n in range(20)}
    by_session = dict(zip(columns["session"], columns["client"], strict=True))
    assert all(by_session[s] == c for s, c in zip(columns["session"], columns["client"], strict=True))
    sent = Counter(name.split("-")[0] for name in columns["client"])
    assert 2.5 < sent["near"] / sent["far"] < 3.5
    assert {client for client, tries in zip(columns["client"], columns["tries"], strict=True) if tries} <= {
        f"near-{n + 1}" for n in range(30)
    }  # the others do not try again


def test_a_request_that_was_given_up_is_told_as_it_ended_though_its_answer_comes_late(scenario, whole, monkeypatch):
    seen = []
    see = tracing.RequestTrace.see

    def watch(self, attempt, now):
        seen.append((attempt, attempt.outcome))
        see(self, attempt, now)

    monkeypatch.setattr(tracing.RequestTrace, "see", watch)
    requests = traced(scenario).requests
    assert cells(requests) == cells(whole.requests)
    columns = lists(requests)
    assert columns["outcome"] == [Outcome(outcome).name.lower() for _, outcome in seen]
    timeout = int(Outcome.TIMEOUT)
    late = [place for place, (attempt, o) in enumerate(seen) if o == timeout and hasattr(attempt, "down_s")]
    assert len(late) > 50  # these have times and a tier by now
    for place in late:
        assert (columns["outcome"][place], columns["tier"][place]) == ("timeout", "")
        assert [columns[hop][place] for hop in tracing.HOPS] == [0.0] * len(tracing.HOPS)
        assert columns["latency_s"][place] == pytest.approx(0.05 if not columns["tries"][place] else 0.11, abs=0.011)


def test_what_is_told_of_an_attempt_is_taken_at_once(scenario, whole, monkeypatch):
    see = tracing.RequestTrace.see

    def spoil(self, attempt, now):
        see(self, attempt, now)
        kept, attempt.outcome = attempt.outcome, int(Outcome.REFUSED)
        if kept != Outcome.OK:
            attempt.tier, attempt.sent_s, attempt.edge = 3, -1.0, 0

    monkeypatch.setattr(tracing.RequestTrace, "see", spoil)
    assert cells(traced(scenario).requests) == cells(whole.requests)


@pytest.mark.parametrize("together", [1, 7, 10**9])
def test_how_many_rows_are_unpacked_at_once_does_not_matter(scenario, whole, monkeypatch, together):
    monkeypatch.setattr(tracing, "TOGETHER", together)
    assert len(whole.requests["t_s"]) % 7
    assert cells(traced(scenario).requests) == cells(whole.requests)


@pytest.mark.parametrize("share", [0.3, 0.001])
def test_a_sample_has_the_rows_that_its_own_draws_choose(scenario, whole, share):
    draw = build(scenario, 1, 0).streams.uniforms("trace", "sample").next
    chosen = [place for place in range(len(whole.requests["t_s"])) if draw() < share]
    sampled = traced(scenario, share)
    assert chosen
    assert cells(sampled.requests) == {
        name: [repr(column[place]) for place in chosen] for name, column in whole.requests.items()
    }
    assert sampled.fingerprint == whole.fingerprint


def test_a_request_that_is_never_answered_nor_given_up_has_no_latency():
    world = copy.deepcopy(WORLD)
    world["faults"] = [{"crash": "pop-1", "at": "5s", "for": "2s"}]
    del world["clients"]["near"]["retry"], world["clients"]["far"]["retry"]
    world["network"] = {"default": {"latency": "2ms"}}
    columns = lists(traced(Scenario.from_dict(world)).requests)
    crashed = [place for place, outcome in enumerate(columns["outcome"]) if outcome == "crashed"]
    assert len(crashed) > 20
    assert all(math.isnan(columns["latency_s"][place]) for place in crashed)
    assert {columns["edge"][place] for place in crashed} == {"pop-1"}
    assert {columns["tier"][place] for place in crashed} == {""}


def test_a_trace_without_a_row_has_all_columns(scenario):
    columns = traced(scenario, 1e-12).requests
    assert len(columns) == 14
    assert {len(column) for column in columns.values()} == {0}
    assert lists(columns)["client"] == []


def test_a_row_takes_less_than_a_hundred_bytes_between_processes(whole):
    packed = pickle.dumps(whole.requests)
    assert len(packed) < 84 * len(whole.requests["t_s"]) + 5000
    assert cells(pickle.loads(packed)) == cells(whole.requests)


def test_texts_are_a_sequence_of_text(whole):
    texts = whole.requests["outcome"]
    listed = list(texts)
    assert (texts[0], texts[-1], len(texts)) == (listed[0], listed[-1], len(listed))
    assert type(texts[0]) is str
    assert list(texts[2:5]) == listed[2:5]
    assert list(texts[np.array([4, 2])]) == [listed[4], listed[2]]
    assert (np.asarray(texts) == "ok").tolist() == [text == "ok" for text in listed]
    assert texts.count("ok") == listed.count("ok")
