"""Nodes restart one after the other: a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from simulator.faults.base import Fault, register
from simulator.faults.words import SAME_S, Told, seconds_in
from simulator.plugins.fields import Connections, Globs
from simulator.units import Duration, PositiveDuration, QuantityError

if TYPE_CHECKING:
    from simulator.faults.base import Process
    from simulator.world.world import World


@register
class RollingRestart(Fault):
    """The nodes restart one after the other."""

    verb = "rolling_restart"
    about = "nodes restart one after the other, each `down` long, drained before, with a `pause` between"
    scattered = 1
    rolling_restart: Globs
    """Names or globs of nodes, or group names."""
    down: PositiveDuration
    """How long each node is down."""
    drain: Duration = 0.0
    """How long each node is drained before it goes down: its sessions leave it."""
    pause: Duration = 0.0
    """From one node being up again to the next one going down, or being drained."""

    connections: Connections = "reset"
    """What becomes of connections to an edge that is down: `reset` (its host says that the process is gone), or
    `silent` (the host restarts: what arrives vanishes)."""

    @model_validator(mode="after")
    def _has_its_own_end(self) -> RollingRestart:
        if self.for_ is not None:
            raise QuantityError("a rolling restart ends when every node has restarted", "remove for")
        return self

    @property
    def resets(self) -> bool:
        """Whether hosts answer in the place of edges that are down."""
        return self.connections == "reset"

    @property
    def only_edges(self) -> str:
        """Who is drained is an edge."""
        return "drained" if self.drain else ""

    def script(self, world: World, at_s: float) -> Process:
        """One node after the other is drained, down and up again, and takes sessions from then on."""
        targets = world.targets
        for name in targets.nodes(self.rolling_restart):
            yield world.kernel.fault_at(at_s)
            if self.drain:
                targets.drain(name)
                at_s += self.drain
                yield world.kernel.fault_at(at_s)
            targets.crash(name, self.resets)
            yield world.kernel.fault_at(at_s + self.down)
            targets.restart(name, self.resets)
            if self.drain:
                targets.undrain(name)
            at_s += self.down + self.pause

    def lasts_s(self, targets: int) -> float:
        """All drains, times down and pauses between them."""
        return targets * (self.drain + self.down + self.pause) - self.pause

    # -- what reports say of it -------------------------------------------------------------------------------
    @classmethod
    def explains(cls, entry: Mapping[str, Any], event: str, begin_s: float) -> bool:
        """Crashes, a whole number of turns after its begin."""
        steps = (begin_s - seconds_in(entry.get("at"))) / (
            (seconds_in(entry.get("down")) + seconds_in(entry.get("pause"))) or 1.0
        )
        return event == "crash" and steps > -SAME_S and abs(steps - round(steps)) < SAME_S

    @classmethod
    def sentence(cls, told: Told) -> str:
        """From when to when they restarted."""
        return (
            f"From {told.begin} {told.ends} {told.targets} nodes ({told.target}) were restarted, one after the other."
        )
