"""The scenario that a caller means: loaded if it was named, with the seed and the replications that were asked for."""

from __future__ import annotations

import os

from simulator.scenario.schema import Scenario


def adjusted(scenario: Scenario | str | os.PathLike[str], seed: int | None, replications: int | None) -> Scenario:
    """The scenario, loaded, with another seed or number of replications: what is stored says what was played.

    Raises:
        ScenarioError: the scenario is wrong.
    """
    if isinstance(scenario, (str, os.PathLike)):
        scenario = Scenario.load(os.fspath(scenario))
    changes: dict[str, object] = {}
    if seed is not None and seed != scenario.seed:
        changes["seed"] = seed
    if replications is not None and replications != scenario.replications:
        changes["replications"] = replications
    return scenario.with_overrides(changes) if changes else scenario
