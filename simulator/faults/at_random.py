"""Nodes fail and are repaired again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import model_validator

from simulator.faults.base import Fault, register
from simulator.faults.words import SAME_S, Told, names_in, seconds_in
from simulator.laws.distributions import Distribution, sampler
from simulator.laws.fields import PositiveDurationDist
from simulator.plugins.fields import Connections, Globs, choice
from simulator.units import Duration, Factor, QuantityError

if TYPE_CHECKING:
    from simulator.faults.base import Process
    from simulator.world.world import World


@register
class RandomFault(Fault):
    """Each matching node fails and is repaired again and again; MTTF counts from the repair."""

    verb = "random"
    about = "nodes fail and are repaired again and again, at random (mttf, mttr)"
    scattered = 2
    at: Duration = 0.0
    """When the first time to failure begins."""
    random: Annotated[Literal["crash", "slow", "drain"], *choice("crash", "slow", "drain")]
    """What happens to a node."""
    of: Globs
    """Names or globs of nodes, or group names."""
    mttf: PositiveDurationDist
    """From a repair to the next failure."""
    mttr: PositiveDurationDist
    """From a failure to its repair."""
    factor: Factor | None = None
    """Of `random: slow`."""
    connections: Connections = "silent"
    """Of `random: crash`: what becomes of connections to an edge that is down, `silent` or `reset`."""

    @model_validator(mode="after")
    def _without_calendar(self) -> RandomFault:
        if self.every is not None:
            raise QuantityError("random faults come when they come", "remove every; mttf says how often")
        return self

    @model_validator(mode="after")
    def _factor_of_slow(self) -> RandomFault:
        if (self.random == "slow") != (self.factor is not None):
            if self.factor is None:
                raise QuantityError("random: slow needs a factor", "add factor: 10")
            raise QuantityError(f"random: {self.random} has no factor", "remove factor")
        return self

    @model_validator(mode="after")
    def _connections_of_crash(self) -> RandomFault:
        if self.random != "crash" and self.resets:
            raise QuantityError(f"random: {self.random} ends no connections", "remove connections")
        return self

    @property
    def resets(self) -> bool:
        """Whether hosts answer in the place of edges that are down."""
        return self.connections == "reset"

    @property
    def only_edges(self) -> str:
        """Who is drained is an edge."""
        return "drained" if self.random == "drain" else ""

    def targets(self) -> list[tuple[tuple[str | int, ...], tuple[str, ...]]]:
        """What `of` names."""
        return [(("of",), self.of)]

    def processes(self, world: World, number: int) -> Iterator[Process]:
        """One for each node."""
        for name in world.targets.nodes(self.of):
            yield self._again_and_again(world, number, name)

    def _again_and_again(self, world: World, number: int, name: str) -> Process:
        """Fail and be repaired; the time to failure counts from the repair."""
        kernel = world.kernel

        def draw(law: Distribution, purpose: str) -> Callable[[], float]:
            return sampler(law, world.streams.generator(f"fault {number} {name}", purpose))

        to_failure, to_repair = draw(self.mttf, "mttf"), draw(self.mttr, "mttr")
        at_s, stops_s = self.at, self.end_s if self.end_s is not None else float("inf")
        while True:
            at_s += to_failure()
            if at_s >= stops_s:
                return
            yield kernel.fault_at(at_s)
            self._fail(world, name)
            at_s += to_repair()
            yield kernel.fault_at(at_s)
            self._repair(world, name)

    def _fail(self, world: World, name: str) -> None:
        if self.random == "crash":
            world.targets.crash(name, self.resets)
        elif self.random == "drain":
            world.targets.drain(name)
        else:
            world.targets.slow(name, self.factor or 1.0)

    def _repair(self, world: World, name: str) -> None:
        if self.random == "crash":
            world.targets.restart(name, self.resets)
        elif self.random == "drain":
            world.targets.undrain(name)
        else:
            world.targets.unslow(name, self.factor or 1.0)

    # -- what reports say of it -------------------------------------------------------------------------------
    @classmethod
    def target_words(cls, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """What `of` names."""
        return names_in(entry.get("of"))

    @classmethod
    def called(cls, event: str, target: str) -> str:
        """`random crash pop-*`."""
        return f"random {event} {target}".strip()

    @classmethod
    def explains(cls, entry: Mapping[str, Any], event: str, begin_s: float) -> bool:
        """What happens to a node, at any time from its begin."""
        return event == str(entry.get("random")) and begin_s >= seconds_in(entry.get("at")) - SAME_S

    @classmethod
    def sentence(cls, told: Told) -> str:
        """From when to when, and how often."""
        did = told.did.replace("was ", "were ", 1)
        return f"From {told.begin} {told.ends} nodes of {told.target} {did} at random, {told.spans} times in all."
