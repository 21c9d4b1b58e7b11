"""What a case of the suite is, and when its outcome agrees with theory.

The rule: over at least 20 replications, |estimate - expected| <= max(5 standard errors, 0.1 % of expected), and the
standard error must be small enough to mean something (the check's cap, relative to what is expected). An absolute
tolerance, where theory's page gives one, replaces the 5 standard errors; a third of it then caps the standard error.
With 20 replications a right program fails one such check by chance with probability 8e-5 (|t| > 5 with 19 degrees).

May import: numpy. Does not run anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

Measure = Callable[[int], Mapping[str, float]]
"""Number of a replication -> one value for each check, by name."""

REPLICATIONS = 20
STANDARD_ERRORS = 5.0
RELATIVE_SLACK = 1e-3


@dataclass(frozen=True, slots=True)
class TheoryCheck:
    """One number that theory knows.

    Attributes:
        name: what is compared, the key of the measured value.
        expected: theory's number, computed by a formula.
        cap: largest standard error that may pass, relative to `expected`.
        tolerance: absolute; in place of 5 standard errors.
        between: (low, high), ends included: the mean must lie there, in place of everything else (for statements
            such as "at least 500", where `expected` is only shown).
        printed: theory's number as the literature or an independent computation prints it.
    """

    name: str
    expected: float
    cap: float = 0.01
    tolerance: float | None = None
    between: tuple[float, float] | None = None
    printed: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario, or a direct drive of one part, whose answer is known.

    Attributes:
        key: its name in the suite, unique; begins with `row`.
        row: the row of the table of oracles that it belongs to.
        title: one line.
        theory: the formula in words, and its source.
        size: how much is simulated, in words.
        checks: what is compared.
        measure: plays one replication.
        replications: how many make an estimate.
        quick: whether it belongs to the suite that runs in three minutes.
        group: heading in the report.
    """

    key: str
    row: str
    title: str
    theory: str
    size: str
    checks: tuple[TheoryCheck, ...]
    measure: Measure
    replications: int = REPLICATIONS
    quick: bool = False
    group: str = ""


class Verdict(Enum):
    """How a check ended."""

    AGREES = "agrees"
    MISSES = "misses"
    VAGUE = "too vague"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One check with its estimate: mean over replications, standard error (0 for a single replication)."""

    check: TheoryCheck
    mean: float
    standard_error: float
    n: int
    allowed: float
    verdict: Verdict

    @property
    def ok(self) -> bool:
        """Whether theory is reproduced."""
        return self.verdict is Verdict.AGREES

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the estimate (Student's t)."""
        if self.n < 2:
            return self.mean, self.mean
        from scipy.special import stdtrit

        half = float(stdtrit(self.n - 1, 0.975)) * self.standard_error
        return self.mean - half, self.mean + half


def judge(check: TheoryCheck, values: Sequence[float]) -> Judgement:
    """Apply the rule to the values of all replications."""
    data = np.asarray(values, dtype=np.float64)
    n = int(data.size)
    mean = float(data.mean()) if n else math.nan
    error = float(data.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    if check.between is not None:
        low, high = check.between
        verdict = Verdict.AGREES if low <= mean <= high else Verdict.MISSES
        return Judgement(check, mean, error, n, (high - low) / 2.0, verdict)
    slack = RELATIVE_SLACK * abs(check.expected)
    if check.tolerance is not None:
        allowed, too_vague = check.tolerance, 3.0 * error > check.tolerance
    else:
        allowed, too_vague = max(STANDARD_ERRORS * error, slack), error > check.cap * abs(check.expected)
    if not abs(mean - check.expected) <= allowed:
        verdict = Verdict.MISSES
    else:
        verdict = Verdict.VAGUE if too_vague or n < REPLICATIONS else Verdict.AGREES
    return Judgement(check, mean, error, n, allowed, verdict)
