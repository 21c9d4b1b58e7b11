"""All cases, and how to find some of them."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence

from simulator.verification.case import Case

SUBJECTS = (
    "queueing", "caches", "stickiness", "dispatch", "leases", "network", "hedging", "availability", "health",
    "regions", "affinity", "balancers", "statistics",
)  # fmt: skip


@functools.cache
def all_cases() -> tuple[Case, ...]:
    """Every case in the order of the page; keys are unique."""
    found = [
        case
        for subject in SUBJECTS
        for case in importlib.import_module(f"simulator.verification.rows.{subject}").cases()
    ]
    keys = [case.key for case in found]
    if len(set(keys)) < len(keys):
        raise ValueError(f"two cases have one key: {sorted({key for key in keys if keys.count(key) > 1})}")
    return tuple(found)


def find_cases(names: Sequence[str] = (), *, everything: bool = False) -> tuple[Case, ...]:
    """The cases of these rows or keys; without names the quick ones, or everything.

    Raises:
        ValueError: no case has that name.
    """
    cases = all_cases()
    if not names:
        return tuple(case for case in cases if everything or case.quick)
    known = {case.row for case in cases} | {case.key for case in cases}
    for name in names:
        if name not in known:
            raise ValueError(f"no row or case {name!r}; rows: {', '.join(dict.fromkeys(c.row for c in cases))}")
    return tuple(case for case in cases if case.row in names or case.key in names)
