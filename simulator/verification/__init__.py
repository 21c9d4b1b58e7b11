"""The oracle suite: known answers that the simulator must reproduce, as data and code that ship with the package.

`theory` holds the formulas (never the simulator's output), `rows` the cases that compare them with simulation, `case`
the rule by which a case is accepted, `runner` plays cases, `report` writes the page. Nothing in the model imports this.
"""

from __future__ import annotations

from simulator.verification.case import Case, Judgement, TheoryCheck, Verdict, judge
from simulator.verification.suite import all_cases, find_cases

__all__ = ["Case", "Judgement", "TheoryCheck", "Verdict", "all_cases", "find_cases", "judge"]
