"""Plays cases, in one process or several, and judges them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from simulator.verification.case import Case, Judgement, judge
from simulator.verification.suite import all_cases


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """A case with what came of it; `error` tells why there is nothing to judge."""

    case: Case
    judged: tuple[Judgement, ...]
    wall_s: float
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether all checks agree with theory."""
        return not self.error and all(one.ok for one in self.judged)


def run_case(case: Case) -> CaseOutcome:
    """Play all replications of a case here."""
    began = time.perf_counter()
    rows = [case.measure(replication) for replication in range(case.replications)]
    return _outcome(case, rows, time.perf_counter() - began)


def _outcome(case: Case, rows: Sequence[object], wall_s: float) -> CaseOutcome:
    judged = tuple(judge(check, [row[check.name] for row in rows]) for check in case.checks)  # type: ignore[index]
    return CaseOutcome(case, judged, wall_s)


def run_cases(
    cases: Sequence[Case], jobs: int = 1, progress: Callable[[CaseOutcome], None] | None = None
) -> list[CaseOutcome]:
    """Play cases; the outcomes are in the order of `cases`, and the same for any number of jobs."""
    done: dict[str, CaseOutcome] = {}
    for outcome in _each(cases, jobs):
        done[outcome.case.key] = outcome
        if progress is not None:
            progress(outcome)
    return [done[case.key] for case in cases]


def _each(cases: Sequence[Case], jobs: int) -> Iterator[CaseOutcome]:
    if jobs <= 1 or len(cases) < 2:
        yield from map(_run_safely, cases)
        return
    by_key = {case.key: case for case in cases}
    with ProcessPoolExecutor(jobs) as pool:
        futures = [pool.submit(_run_by_key, case.key) for case in cases]
        for future in as_completed(futures):
            key, judged, wall_s, error = future.result()
            yield CaseOutcome(by_key[key], judged, wall_s, error)


def _run_safely(case: Case) -> CaseOutcome:
    try:
        return run_case(case)
    except Exception as error:  # noqa: BLE001 (one broken case must not hide the others; it counts as a miss)
        return CaseOutcome(case, (), 0.0, f"{type(error).__name__}: {error}")


def _run_by_key(key: str) -> tuple[str, tuple[Judgement, ...], float, str]:
    case = next(case for case in all_cases() if case.key == key)
    outcome = _run_safely(case)
    return key, outcome.judged, outcome.wall_s, outcome.error
