"""All faults of a scenario on one world: starts the processes that apply and revert them.

May import: the contract of faults. Does not know any kind of fault, nor how a node fails (nodes do).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.faults.base import Fault, Process
    from simulator.world.world import World


def begin_faults(world: World, faults: Iterable[Fault]) -> None:
    """Start a process for every fault."""
    for number, fault in enumerate(faults):
        for process in fault.processes(world, number):
            world.kernel.process(_numbered(world, number, process))


def _numbered(world: World, number: int, process: Process) -> Process:
    """The same process; what it notes in the log is known to be of fault `number`."""
    while True:
        world.log.fault = number
        try:
            event = next(process)
        except StopIteration:
            return
        finally:
            world.log.fault = None
        yield event
