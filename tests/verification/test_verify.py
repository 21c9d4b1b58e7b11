"""The rule of acceptance, the runner, the page, and `simulator verify` (with toy cases: nothing is simulated)."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from simulator.cli import verify
from simulator.verification import Case, TheoryCheck, Verdict, find_cases, judge, suite
from simulator.verification.report import as_json_object, number, write_page
from simulator.verification.runner import run_case, run_cases

GOOD = [9.9, 10.1] * 10


def toy(key, mean, quick=True, error=None):
    def measure(replication):
        if error:
            raise error
        return {"x": mean + 0.01 * (-1) ** replication}

    return Case(key, key, f"toy {key}", "none", "20", (TheoryCheck("x", 10.0),), measure, quick=quick, group="Toys")


@pytest.mark.parametrize(
    ("check", "values", "verdict"),
    [
        (TheoryCheck("x", 10.0), GOOD, Verdict.AGREES),
        (TheoryCheck("x", 10.3), GOOD, Verdict.MISSES),
        (TheoryCheck("x", 10.05), GOOD, Verdict.AGREES),
        (TheoryCheck("x", 10.0, cap=0.001), GOOD, Verdict.VAGUE),
        (TheoryCheck("x", 10.0), GOOD[:10], Verdict.VAGUE),
        (TheoryCheck("x", 10.0), [math.nan] * 20, Verdict.MISSES),
        (TheoryCheck("x", 10.0), [10.005] * 20, Verdict.AGREES),
        (TheoryCheck("x", 10.0), [10.02] * 20, Verdict.MISSES),
        (TheoryCheck("x", 10.0, tolerance=0.001), [10.0009] * 20, Verdict.AGREES),
        (TheoryCheck("x", 10.0, tolerance=0.01), GOOD, Verdict.VAGUE),
        (TheoryCheck("x", 10.0, tolerance=0.1), [10.2] * 20, Verdict.MISSES),
        (TheoryCheck("x", 1.0, between=(9.0, 10.0)), [10.0], Verdict.AGREES),
        (TheoryCheck("x", 1.0, between=(9.0, 10.0)), [10.1], Verdict.MISSES),
    ],
)
def test_the_rule(check, values, verdict):
    assert judge(check, values).verdict is verdict


def test_the_interval_is_students():
    judged = judge(TheoryCheck("x", 0.0), np.arange(20.0))
    half = 2.093024 * judged.standard_error
    assert judged.interval == pytest.approx((9.5 - half, 9.5 + half))


def test_a_case_that_breaks_is_a_miss_and_hides_no_other():
    outcomes = run_cases([toy("a", 10.0), toy("b", 10.0, error=RuntimeError("boom")), toy("c", 11.0)])
    assert [outcome.ok for outcome in outcomes] == [True, False, False]
    assert outcomes[1].error == "RuntimeError: boom"


def test_the_same_outcomes_with_any_number_of_jobs():
    cases = find_cases(["46", "72"])
    one, two = run_cases(cases), run_cases(cases, jobs=2)
    assert [[j.mean for j in o.judged] for o in one] == [[j.mean for j in o.judged] for o in two]


@pytest.fixture
def toys(monkeypatch):
    cases = [toy("good", 10.0), toy("long", 10.0, quick=False), toy("bad", 11.0, quick=False)]
    monkeypatch.setattr(suite, "all_cases", lambda: cases)
    return cases


def invoke(*arguments):
    return CliRunner().invoke(verify.command, [*arguments, "-j", "1", "--progress", "none"])


def test_all_agree(toys):
    result = invoke()
    assert result.exit_code == 0
    assert "1 cases, 1 numbers: all agree with theory." in result.output
    assert "toy good" in result.output


def test_a_miss_is_99(toys):
    result = invoke("--all")
    assert result.exit_code == 99
    assert "1 cases do not agree with theory" in result.output


def test_only_one_row_even_a_long_one(toys):
    assert invoke("--only", "long").exit_code == 0
    unknown = invoke("--only", "nothing")
    assert unknown.exit_code == 2
    assert "no row or case 'nothing'" in unknown.output


def test_json_and_list(toys):
    told = json.loads(invoke("--json", "--all").stdout)
    assert [case["ok"] for case in told["cases"]] == [True, True, False]
    assert told["cases"][0]["checks"][0]["verdict"] == "agrees"
    assert "toy bad" in invoke("--list", "--all").output


def test_the_page_is_the_same_each_time_it_is_written(tmp_path):
    cases = [toy("a|b", 10.0), *find_cases(["46 lru"])]
    outcomes = [run_case(case) for case in cases]
    pages = [write_page(outcomes, tmp_path / name) for name in ("one", "two")]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    text = pages[0].read_text(encoding="utf-8")
    assert "toy a\\|b" in text
    assert "87253" in text
    figures = sorted(path.name for path in (tmp_path / "one" / "figures").iterdir())
    assert figures == ["verification-caches-errors.svg", "verification-toys-errors.svg"]
    for name in figures:
        assert (tmp_path / "one" / "figures" / name).read_bytes() == (tmp_path / "two" / "figures" / name).read_bytes()


def test_json_has_no_nan():
    outcome = run_case(toy("nan", math.nan))
    assert as_json_object([outcome])["cases"][0]["checks"][0]["mean"] is None
    assert not outcome.ok


@pytest.mark.parametrize(
    ("value", "text"), [(0.05, "0.05"), (87253.0, "87253"), (3e-7, "3.000e-07"), (math.nan, "nan")]
)
def test_numbers_read_plainly(value, text):
    assert number(value) == text
