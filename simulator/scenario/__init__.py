"""The scenario language: YAML with units and positions, `extends`, overrides, one frozen model of it all.

May import: units, distributions and the families' specs. Does not import the model that is simulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.scenario.errors import ScenarioError
    from simulator.scenario.schema import Scenario

__all__ = ["Scenario", "ScenarioError"]


def __getattr__(name: str) -> Any:
    if name == "Scenario":
        from simulator.scenario.schema import Scenario

        return Scenario
    if name == "ScenarioError":
        from simulator.scenario.errors import ScenarioError

        return ScenarioError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
