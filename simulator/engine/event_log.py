"""The log of one world: what happened, when and to whom, as results keep it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.engine.kernel import Kernel


class EventLog:
    """What happened: faults, detections, moves, recoveries, trips of invariants."""

    __slots__ = ("_kernel", "fault", "on_event", "rows")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.rows: list[dict[str, Any]] = []
        self.fault: int | None = None  # which of the scenario's faults acts now, from 0
        self.on_event: Callable[[str, int | None], None] = _ignore  # hears of each event: its kind, and whose it is

    def add(self, kind: str, target: str, **detail: object) -> None:
        """Note an event at the present time."""
        if self.fault is not None:
            detail["number"] = self.fault
        self.rows.append({"t_s": self._kernel.now, "kind": kind, "target": target, "detail": detail})
        self.on_event(kind, self.fault)


def _ignore(kind: str, fault: int | None) -> None:
    """Nobody wants to hear of events."""
