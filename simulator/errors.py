"""What can go wrong, as one tree; each class says with which status a command ends (`exit_code`).

    SimulatorError                      2
      InputError                        2  what a user gave cannot be used: a scenario, a value, a file, an option
        StudyError                      2  a sweep, a search or a comparison that cannot be set up as asked
        QuantityError, TraceError, UnknownMetricError, ...: where they are raised
      ScenarioError                     2  what is wrong with a scenario, each fault with its place (simulator.scenario)
      MetricUnavailableError            2  this run does not give that metric
      FolderError                       2  a result folder that cannot be read or written (3: finished work is lost)
      SchedulerError                    2  a cluster that is not there, or does not answer
      IncompleteError                   3  a comparison whose replications did not all finish
      ModelError                        1  the simulated world did what it must not
        SafetyError                     5  a safety invariant broke
        StandstillError                 1  time does not go on

Most also derive from the exception that Python's own code would raise there (`ValueError`, `LookupError`). Apart from
the parts that raise them, because a compiled module cannot define an exception.
"""

from __future__ import annotations


class SimulatorError(Exception):
    """Base of all that this package raises on purpose; `str(error)` is the whole message for a user."""

    exit_code: int = 2


class InputError(SimulatorError, ValueError):
    """What a user gave cannot be used; the message says what, and how to mend it."""


class StudyError(InputError):
    """A sweep, a search, an analysis or a comparison that cannot be set up as asked."""


class FolderError(SimulatorError):
    """A result folder that cannot be written or read; the message says why and what to do.

    Attributes:
        exit_code: 2 where the user asked for something impossible, 3 where finished work could not be stored.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class SchedulerError(SimulatorError):
    """A scheduler that cannot be used; the message says what to do."""


class ModelError(SimulatorError, RuntimeError):
    """The simulated world did what it must not do."""

    exit_code = 1


class SafetyError(ModelError):
    """A safety invariant broke; the message tells which and how."""

    exit_code = 5


class StandstillError(ModelError):
    """The world does one thing after the other at one instant, and time does not go on."""
