"""Faults: what a scenario says will go wrong, a file for each kind: its settings, and what it does to a world.

A new kind is one file and its name here; the order is that of `simulator list` and of error messages.
"""

# isort: off
from simulator.faults.crash import Crash
from simulator.faults.drain import Drain
from simulator.faults.slow import Slow
from simulator.faults.error import Error
from simulator.faults.pause import Pause
from simulator.faults.lose import Lose
from simulator.faults.add import Add
from simulator.faults.remove import Remove
from simulator.faults.partition import Partition
from simulator.faults.degrade import Degrade
from simulator.faults.rolling_restart import RollingRestart
from simulator.faults.crowd import Crowd
from simulator.faults.at_random import RandomFault
# isort: on

__all__ = [
    "Add",
    "Crash",
    "Crowd",
    "Degrade",
    "Drain",
    "Error",
    "Lose",
    "Partition",
    "Pause",
    "RandomFault",
    "Remove",
    "RollingRestart",
    "Slow",
]
