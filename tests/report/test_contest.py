"""Who may win: hand-made rows in which one seems best for the wrong reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.report.contest import contest_of
from simulator.report.terminal import render
from simulator.report.verdict import answer, table_of
from tests.report.fakes import result

METRICS = ("latency.p99", "hit_ratio.l1", "failures.ratio")
WRITTEN = {"latency.p99": 0.060, "hit_ratio.l1": 0.8, "failures.ratio": 0.006}


def rows(paths=None, expect=(), **variants):
    """A result of one replication: metrics of the variants, and the paths that each changes (else its routing)."""

    def one(metrics):
        made = result([])
        made.replications[0].metrics.update({**WRITTEN, **metrics})
        return made

    made = one({})
    changed = {name: (paths or {}).get(name, {"routing.policy": "cookie"}) for name in variants}
    made.facts = replace(made.facts, expect=expect, resolved={**made.facts.resolved, "variants": changed})
    made.variants = {name: one(metrics) for name, metrics in variants.items()}
    return made


def test_who_fails_more_does_not_win_on_latency():
    made = rows(
        no_retries={"latency.p99": 0.050, "failures.ratio": 0.015},
        retries={"latency.p99": 0.062, "failures.ratio": 0.0},
    )
    told = answer(made)
    assert told.startswith("retries leads on failures (0 % against 0.600 % as written).")
    assert "p99 is of requests that succeeded: that of no_retries leaves out what it failed." in told


@pytest.mark.parametrize(
    ("failed", "competes"),
    [(0.0061, True), (0.0119, True), (0.0121, False)],  # twice 0.6 %, and 0.1 points more than that
)
def test_it_must_fail_clearly_more(failed, competes):
    contest = contest_of(rows(quick={"latency.p99": 0.050, "failures.ratio": failed}), METRICS)
    assert ("latency.p99" in contest.comparison.leads) == competes
    assert dict(contest.survivors) == ({} if competes else {"latency.p99": "quick"})


def test_a_few_failures_more_of_almost_none_are_nothing():
    none = {"failures.ratio": 0.0}
    made = rows(quick={"latency.p99": 0.050, "failures.ratio": 0.0009}, none=none)
    made.replications[0].metrics.update(none)
    assert contest_of(made, METRICS).comparison.leads["latency.p99"].best == "quick"


def test_those_that_fail_as_little_compete_on_latency():
    few = {"failures.ratio": 0.0}
    made = rows(
        survivor={"latency.p99": 0.04, "failures.ratio": 0.02}, slow={"latency.p99": 0.07, **few},
        quick={"latency.p99": 0.05, **few},
    )  # fmt: skip
    lead = contest_of(made, METRICS).comparison.leads["latency.p99"]
    assert (lead.best, lead.second) == ("quick", "slow")
    assert "p99 (50.0 ms against 70.0 ms with slow)" in answer(made)


def test_what_was_asked_decides_who_is_named():
    better = {"latency.p99": 0.05, "core.requests.rate": 10.0}
    made = {
        expect: rows(
            expect=(expect,) if expect else (), two={"core.requests.rate": 20.0, **better},
            one={"hit_ratio.l1": 0.9, "core.requests.rate": 40.0},
        )
        for expect in ("", "hit_ratio.l1 >= 85%")
    }  # fmt: skip
    assert answer(made[""]).startswith("two leads on ")
    assert answer(made["hit_ratio.l1 >= 85%"]).startswith("one leads on L1 hits (90.0 % against 80.0 % as written)")


def test_another_world_does_not_compete_and_stays_in_the_table():
    paths = {"lossless": {"network.links.0.loss": "0%"}, "dead": {"faults": [], "routing.policy": "cookie"}}
    made = rows(paths, lossless={"hit_ratio.l1": 0.95}, dead={"hit_ratio.l1": 0.9}, cookie={"hit_ratio.l1": 0.85})
    told = answer(made)
    assert told.startswith("cookie leads on L1 hits (85.0 % against 80.0 % as written)")
    assert "(2 variants change the faults or the network: another world, left out of this sentence.)" in told
    assert [name for name, _ in table_of(made).rows] == ["as written", "lossless", "dead", "cookie"]


def test_only_other_worlds_have_no_winner():
    made = rows({"lossless": {"network.links.0.loss": "0%"}}, lossless={"hit_ratio.l1": 0.95})
    assert answer(made) == (
        "No winner is named: every variant changes the faults or the network, and is another world."
    )


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        (
            ("hit_ratio.l1 >= 85%",),
            "one meets the expectation; as written and two miss hit_ratio.l1 >= 85%.",
        ),
        (("hit_ratio.l1 >= 50%", "latency.p99 <= 80ms"), "All 3 meet all 2 expectations."),
        (
            ("hit_ratio.l1 >= 85%", "latency.p99 <= 55ms"),
            "None meets all 2 expectations; as written misses hit_ratio.l1 >= 85%, latency.p99 <= 55ms; one misses lat",
        ),
        (("storage.reads.rate <= 3/s",), "two meets the expectation;"),
    ],
)
def test_the_sentence_says_which_variants_meet_the_expectations(bounds, told):
    made = rows(expect=bounds, one={"hit_ratio.l1": 0.9, "storage.reads.rate": 9.0},
                two={"latency.p99": 0.050, "storage.reads.rate": 2.0})  # fmt: skip
    made.replications[0].metrics["storage.reads.rate"] = 5.0
    assert told in answer(made)


def test_expectations_are_the_first_columns_and_judged_in_every_row():
    expected = ("storage.reads.rate <= 3/s", "latency.p99 <= 55ms", "hit_ratio.l1 >= 85%")
    made = rows(expect=expected, one={"hit_ratio.l1": 0.9, "storage.reads.rate": 9.0},
                two={"latency.p99": 0.050, "storage.reads.rate": 2.0})  # fmt: skip
    made.replications[0].metrics["storage.reads.rate"] = 5.0
    table = table_of(made)
    assert tuple(table.headings[:3]) == expected
    assert not any(heading.startswith(("p99", "L1 hits")) for heading in table.headings)  # shown once
    assert {name: [cell.verdict for cell in cells[:3]] for name, cells in table.rows} == {
        "as written": ["missed", "missed", "missed"],
        "one": ["missed", "missed", "met"],
        "two": ["met", "met", "missed"],
    }
    text = render(made, width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert " ".join(text.split()).count("storage.reads.rate <= 3/s") >= 1


def test_a_column_has_one_precision():
    made = rows(one={"core.requests.rate": 8.0}, two={"core.requests.rate": 123.4})
    made.replications[0].metrics["core.requests.rate"] = 25.25
    table = table_of(made)
    column = next(k for k, heading in enumerate(table.headings) if heading.startswith("core"))
    assert [cells[column].text for _, cells in table.rows] == ["25.2", "8.0", "123.4"]
