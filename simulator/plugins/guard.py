"""A user's own parts, at the border: what they answer becomes the plain types that the model counts on.

A policy may answer with one of numpy's integers, and a workload name its clients with them; compiled code takes plain
ones only. Built-in parts pass unchanged and pay nothing. Routing policies have a guard of their own (see
`simulator.routing.guard`). May import: numpy. Does not check what a part does, only what it answers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np


def is_foreign(part: object) -> bool:
    """Whether an object's class, or a class, comes from outside of this package."""
    cls = part if isinstance(part, type) else type(part)
    return not cls.__module__.startswith("simulator.")


def checked_weights(weights: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    """A SAM model's `weights`: one weight 0..100 per row; ValueError if it answers anything else."""

    def checked(seen: Any) -> Any:
        answer = np.asarray(weights(seen), dtype=float)
        if answer.shape != seen.previous.shape:
            raise ValueError(f"SAM model {name} answered an array of {answer.shape}, not of {seen.previous.shape}")
        if not np.all((answer >= 0.0) & (answer <= 100.0)):
            raise ValueError(f"SAM model {name} answered a weight that is not within 0..100")
        return answer

    return checked


def plain_index(take: Callable[[int], None]) -> Callable[[Any], None]:
    """`take`, called with a plain integer whatever kind of integer it is given; TypeError for no integer."""
    return lambda index: take(operator.index(index))
