"""What a stickiness model is: from what the SAM knows of sessions at a scoring to their weights, row by row.

A model is one class in a file of its own, under `@register("name")`; its settings are a pydantic model `Settings`
inside it. It works on arrays with one row per session that had an attempt end in the window. May import: numpy, the
rule, settings. Does not model: who measures, when weights are told, and failover, which are the manager's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from simulator.plugins.family import Family
from simulator.sam.rule import FloatArray, StickinessRule

IntArray = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class ModelContext:
    """What a model is built from: the section `sam`, and how many edges there are."""

    rule: StickinessRule
    interval_s: float
    window_s: float
    initial_weight: float
    edges: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the SAM knows at one scoring, one row per session.

    `number`: of the scoring, which is at `number` intervals. `slots`: where the sessions are, from 0; -1 for nobody.
    `previous`: their weights until now. `latency_s`: mean over the window, NaN without a sample. `rate_per_s`: requests
    per second. `error_ratio`: failed / all attempts that ended. `edges()` gives the number of each one's current edge,
    -1 for none; `utilisation()` that edge's busy share of its workers over the window, NaN where they are unlimited.
    """

    number: int
    slots: IntArray
    previous: FloatArray
    latency_s: FloatArray
    rate_per_s: FloatArray
    error_ratio: FloatArray
    edges: Callable[[], IntArray]
    utilisation: Callable[[], FloatArray]


@dataclass(frozen=True, slots=True)
class Reports:
    """The attempts that ended in one interval, one row per attempt, in their order.

    `slots` and `edges` say whose they were and where (-1: nobody's, nowhere); `failed` and `sampled` are 0 or 1;
    `latency_s` is 0 where there is no sample.
    """

    slots: IntArray
    edges: IntArray
    failed: FloatArray
    sampled: FloatArray
    latency_s: FloatArray


class StickinessModel:
    """Base of all models.

    `scores`: False for one that leaves all weights alone, and is never asked. `by_edge`: whether it wants to know of
    each attempt at which edge it ended (`note`), and keeps weights by edge (`weight_at`). `by_load`: whether it asks
    for utilisations.
    """

    name: ClassVar[str] = ""
    scores: ClassVar[bool] = True
    by_edge: ClassVar[bool] = False
    by_load: ClassVar[bool] = False

    def __init__(self, context: ModelContext) -> None:
        self.context = context
        self.rule = context.rule

    def weights(self, seen: Seen) -> FloatArray:
        """New weights 0..100, one per row of what was seen."""
        raise NotImplementedError(f"{type(self).__name__} does not override weights")

    def note(self, reports: Reports) -> None:
        """An interval is over (with `by_edge`, before the scoring)."""

    def weight_at(self, slot: int, edge: int) -> float:
        """The weight of a session that comes to an edge (with `by_edge`)."""
        raise NotImplementedError(f"{type(self).__name__} does not override weight_at")

    def admitted(self, slot: int) -> None:
        """A slot has another session: what was kept for it is void."""

    def moved(self, slot: int, failed: int, edge: int) -> None:
        """The SAM moved a session off an edge, to another, where it starts from the initial weight."""


FAMILY: Final[Family[StickinessModel]] = Family(
    "SAM model", "SAM models", group="simulator.sam", base=StickinessModel,
    base_path="simulator.sam.models.StickinessModel", key="name", takes_settings=True, package="simulator.sam.models",
    built_in=("cumulative", "hysteresis", "load_aware", "per_edge", "published", "static"),
)  # fmt: skip
"""All models."""
register = FAMILY.register
find_model = FAMILY.find


def models() -> dict[str, type[StickinessModel]]:
    """All known models by name, the built-in ones first, each in order of registration."""
    return dict(FAMILY)
