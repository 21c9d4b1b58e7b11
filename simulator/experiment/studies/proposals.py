"""Which settings `optimise` tries next: a Latin hypercube first, then optuna's tree-structured Parzen estimator.

Proposals come in batches of a fixed size and depend on the seed and on what was told, never on how many
processes play them; so a search that is repeated over stored cells proposes the same again.

May import dimensions; optuna (Akiba et al. 2019; the estimator: Bergstra et al. 2011, Watanabe 2023) when a
search begins: it takes its time to import. Plays nothing.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.experiment.studies.dimensions import SearchDimension

if TYPE_CHECKING:
    import optuna

BATCH: Final = 4
_FEWEST_FIRST: Final = 10
_FIRST_FOR_EACH: Final = 3
Point = tuple[int | float, ...]


class Everything:
    """The proposals where the budget allows to try everything: each point once."""

    def __init__(self, dimensions: Sequence[SearchDimension]) -> None:
        self._left: Iterator[Point] = itertools.product(*(one.points() for one in dimensions))

    def ask(self) -> list[Point]:
        """The next batch; empty when all were proposed."""
        return list(itertools.islice(self._left, BATCH))

    def tell(self, values: Sequence[Sequence[float] | None], violations: Sequence[Sequence[float]]) -> None:
        """Nothing depends on it."""


class Proposals:
    """Proposals by a model of what was told.

    Args:
        dimensions: what may change.
        minimise: for each objective, whether less is better.
        seed: of all draws.
    """

    def __init__(self, dimensions: Sequence[SearchDimension], minimise: Sequence[bool], seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        first = max(_FEWEST_FIRST, _FIRST_FOR_EACH * len(dimensions))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(
                seed=seed % 2**32, n_startup_trials=first, multivariate=True, constant_liar=True
            )
        self._study = optuna.create_study(
            sampler=sampler, directions=["minimize" if less else "maximize" for less in minimise]
        )
        self._paths = [one.path for one in dimensions]
        self._space = {one.path: _distribution(one) for one in dimensions}
        self._asked: list[optuna.trial.Trial] = []
        rng = np.random.default_rng(seed)
        shares = [(rng.permutation(first) + rng.random(first)) / first for _ in dimensions]
        for row in zip(*shares, strict=True):
            point = {one.path: one.point(float(share)) for one, share in zip(dimensions, row, strict=True)}
            self._study.enqueue_trial(point)

    def ask(self) -> list[Point]:
        """The next batch, whose results are to be told before the next one is asked for."""
        self._asked = [self._study.ask(self._space) for _ in range(BATCH)]
        return [tuple(trial.params[path] for path in self._paths) for trial in self._asked]

    def tell(self, values: Sequence[Sequence[float] | None], violations: Sequence[Sequence[float]]) -> None:
        """The results of the batch: objectives (None: no result), and by how much each constraint is violated."""
        import optuna

        for trial, found, violated in zip(self._asked, values, violations, strict=True):
            if found is None:
                self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            for place, by in enumerate(violated):
                trial.set_constraint(str(place), by)
            self._study.tell(trial, list(found))


def proposals(
    dimensions: Sequence[SearchDimension], minimise: Sequence[bool], seed: int, trials: int
) -> Proposals | Everything:
    """All points where there are at most `trials`; else proposals by a model."""
    if math.prod(one.count for one in dimensions) <= trials:
        return Everything(dimensions)
    return Proposals(dimensions, minimise, seed)


def _distribution(one: SearchDimension) -> Any:
    import optuna

    if one.span is None:
        return optuna.distributions.CategoricalDistribution(range(len(one.values)))
    if one.span.whole:
        return optuna.distributions.IntDistribution(int(one.span.low), int(one.span.high), log=one.span.log)
    return optuna.distributions.FloatDistribution(0.0, 1.0)
