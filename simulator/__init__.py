"""stickysim: a discrete-event simulator of adaptive session stickiness with tiered caching.

The public names are imported when they are first used, so that `import simulator` costs nothing.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from simulator.text.version import VERSION

if TYPE_CHECKING:
    from simulator.errors import SimulatorError
    from simulator.experiment.api import run
    from simulator.experiment.checking.api import check
    from simulator.experiment.checking.check import Report
    from simulator.experiment.comparing.api import compare
    from simulator.experiment.comparing.compare import Compared
    from simulator.experiment.studies.api import find, sensitivity
    from simulator.experiment.studies.find import Found
    from simulator.experiment.studies.optimise import optimise
    from simulator.experiment.studies.optimum import Optimum
    from simulator.experiment.studies.sensitivity import Sensitivity
    from simulator.experiment.studies.sweep import sweep
    from simulator.experiment.studies.sweep_folder import load_sweep
    from simulator.experiment.studies.sweep_result import SweepResult
    from simulator.fitting.backtest import Backtest, backtest
    from simulator.fitting.fit import Fit, fit
    from simulator.interactive.explore import explore
    from simulator.results.loading import load_run
    from simulator.results.result import Result
    from simulator.scenario.errors import ScenarioError
    from simulator.scenario.schema import Scenario

__version__ = VERSION
__all__ = [
    "Backtest", "Compared", "Fit", "Found", "Optimum", "Report", "Result", "Scenario", "ScenarioError", "Sensitivity",
    "SimulatorError", "SweepResult", "backtest", "check", "compare", "explore", "find", "fit", "load_run", "load_sweep",
    "optimise", "run", "sensitivity", "sweep",
]  # fmt: skip

_WHERE = {
    "Backtest": "simulator.fitting.backtest",
    "Fit": "simulator.fitting.fit",
    "backtest": "simulator.fitting.backtest",
    "fit": "simulator.fitting.fit",
    "Compared": "simulator.experiment.comparing.compare",
    "Found": "simulator.experiment.studies.find",
    "Optimum": "simulator.experiment.studies.optimum",
    "Report": "simulator.experiment.checking.check",
    "Sensitivity": "simulator.experiment.studies.sensitivity",
    "check": "simulator.experiment.checking.api",
    "compare": "simulator.experiment.comparing.api",
    "find": "simulator.experiment.studies.api",
    "sensitivity": "simulator.experiment.studies.api",
    "optimise": "simulator.experiment.studies.optimise",
    "explore": "simulator.interactive.explore",
    "Result": "simulator.results.result",
    "Scenario": "simulator.scenario.schema",
    "ScenarioError": "simulator.scenario.errors",
    "SimulatorError": "simulator.errors",
    "load_run": "simulator.results.loading",
    "load_sweep": "simulator.experiment.studies.sweep_folder",
    "SweepResult": "simulator.experiment.studies.sweep_result",
    "sweep": "simulator.experiment.studies.sweep",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    """The package, in which `run` is the function even after the module simulator/run.py was imported.

    (Importing a submodule sets it as an attribute of its package, over whatever has that name.)
    """

    @property
    def run(self) -> Any:
        """`simulator.experiment.api.run`."""
        from simulator.experiment import api

        return api.run

    @run.setter
    def run(self, _submodule: ModuleType) -> None:
        """Leave the name to the function."""


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
