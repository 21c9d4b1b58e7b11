"""The oracle suite as tests: one test a case. `pytest tests/statistical` runs the quick ones, `-m wheel` those that
take some seconds, `-m slow` the rest.

Every case carries its theory, its size and its checks (simulator/verification/rows). Each number is judged over at
least 20 replications by |simulated - theory| <= max(5 standard errors, 0.1 %) with a cap on the standard error, or by
an absolute tolerance of at least three. False alarms: 8e-5 a number for a right program with fresh seeds (|t_19| > 5);
the seeds are fixed, so a case passes always or never.
"""

import pytest

from simulator.verification import all_cases
from simulator.verification.runner import run_case

QUEUES = ["1", "3", "6", "8", "9", "11", "13", "15", "17", "18", "20", "22"]
CACHES = ["27", "28", "30", "33", "34", "35", "37", "40", "41", "43", "44", "46"]
OTHERS = [
    "48",
    "49",
    "50",
    "51",
    "53",
    "54",
    "55",
    "56",
    "57",
    "59",
    "60",
    "61",
    "70",
    "72",
    "73",
    "80",
    "82",
    "83",
    "84",
    "85",
    "109",
]
SUBJECTS = (
    "sliding follow", "fixed follow", "sliding home", "fixed home", "cold start", "exponential TTLs", "SAM", "coverage",
    "CRN", "Little", "PASTA", "MSER-5",
)  # fmt: skip


LONGER = {
    "1", "3", "6", "9", "27", "28", "33", "41", "43", "48", "49", "50", "60", "70", "80", "83", "103", "104", "105",
    "109", "110", "120", "121", "PASTA", "cold start", "fixed follow", "fixed home", "sliding follow", "sliding home",
}  # fmt: skip
"""Rows whose quick cases take seconds: `.ci/run` plays them once, on the compiled wheel."""


def as_parameters(quick):
    return [
        pytest.param(case, id=case.key, marks=[pytest.mark.wheel] if quick and case.row in LONGER else [])
        for case in all_cases()
        if case.quick == quick
    ]


def agrees(case):
    outcome = run_case(case)
    for one in outcome.judged:
        print(f"{one.check.name}: theory {one.check.expected}, simulated {one.mean} (SE {one.standard_error})")
    wrong = [(one.check.name, one.verdict.value, one.check.expected, one.mean) for one in outcome.judged if not one.ok]
    assert not wrong, f"{case.key} ({case.theory}; {case.size}): {wrong}"


@pytest.mark.parametrize("case", as_parameters(quick=True))
def test_row(case):
    """Theory and n: `case.theory`, `case.size`. False alarm 8e-5 a number."""
    agrees(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", as_parameters(quick=False))
def test_long_row(case):
    """Theory and n: `case.theory`, `case.size`. False alarm 8e-5 a number."""
    agrees(case)


@pytest.mark.parametrize("row", [*QUEUES, *CACHES, *OTHERS, *SUBJECTS])
def test_every_row_has_a_case(row):
    assert any(case.row == row for case in all_cases())


def test_every_case_says_what_it_is():
    for case in all_cases():
        assert case.key.startswith(case.row)
        assert case.title
        assert case.theory
        assert case.size
        assert case.group
        assert case.replications >= 20 or all(check.between is not None for check in case.checks)
