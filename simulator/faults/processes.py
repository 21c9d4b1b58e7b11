"""Faults as SimPy processes: when each begins and ends, scripted or at random.

May import: kernel, the targets. Does not know how a node fails (nodes do).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING

from simpy.events import Event

from simulator.distributions import Distribution, sampler
from simulator.faults.targets import Targets
from simulator.observe.result import FAULT_BEGIN, FAULT_END
from simulator.scenario.faults import (
    Crash,
    Crowd,
    Degrade,
    Drain,
    Fault,
    Partition,
    RandomFault,
    RollingRestart,
    Slow,
)

if TYPE_CHECKING:
    from simulator.links import Path
    from simulator.world import World

Process = Generator[Event, None, None]
Action = Callable[[], None]


class FaultPlan:
    """All faults of a scenario on one world."""

    def __init__(self, world: World, faults: Iterable[Fault], groups: dict[str, str]) -> None:
        self.world = world
        self.kernel = world.kernel
        self.targets = Targets(world)
        self.groups = groups  # node -> its group's name
        self.faults = list(faults)

    def begin(self) -> None:
        """Start a process for every fault."""
        for number, fault in enumerate(self.faults):
            for process in self._processes(number, fault):
                self.kernel.process(process)

    def _processes(self, number: int, fault: Fault) -> list[Process]:
        if isinstance(fault, RandomFault):
            return [self._random(number, fault, name) for name in self.targets.nodes(fault.of, self.groups)]
        if isinstance(fault, RollingRestart):
            return [self._rolling(fault)]
        begin, end = self._on_links(number, fault) or self._on_actors(fault)
        return [self._scripted(fault, begin, end)]

    def _on_links(self, number: int, fault: Fault) -> tuple[Action, Action] | None:
        """What a fault of links does when it begins and when it ends; None for another."""
        if isinstance(fault, Partition):
            return self._partition(number, fault)
        return self._degrade(number, fault) if isinstance(fault, Degrade) else None

    def _on_actors(self, fault: Fault) -> tuple[Action, Action]:
        """What a fault of nodes or clients does when it begins and when it ends."""
        targets = self.targets
        if isinstance(fault, Crash):
            return self._on_each(fault.crash, targets.crash, targets.restart)
        if isinstance(fault, Drain):
            return self._on_each(fault.drain, targets.drain, targets.undrain)
        if isinstance(fault, Slow):
            factor = fault.factor
            return self._on_each(
                fault.slow, lambda name: targets.slow(name, factor), lambda name: targets.unslow(name, factor)
            )
        if isinstance(fault, Crowd):
            return self._crowd(fault)
        apply = getattr(fault, "apply", None)  # a user's own fault brings both
        revert = getattr(fault, "revert", None)
        if apply is None or revert is None:
            raise TypeError(f"the fault {fault.verb!r} has no apply(world) and revert(world)")
        return (lambda: apply(self.world)), (lambda: revert(self.world))

    def _on_each(
        self, patterns: tuple[str, ...], begin: Callable[[str], None], end: Callable[[str], None]
    ) -> tuple[Action, Action]:
        names = self.targets.nodes(patterns, self.groups)

        def all_begin() -> None:
            for name in names:
                begin(name)

        def all_end() -> None:
            for name in names:
                end(name)

        return all_begin, all_end

    def _crowd(self, fault: Crowd) -> tuple[Action, Action]:
        pairs = self.targets.groups(fault.crowd)

        def begin() -> None:
            for group, source in pairs:
                self.targets.crowd(group, source, fault.factor)

        def end() -> None:
            for group, source in pairs:
                self.targets.disperse(group, source, fault.factor)

        return begin, end

    def _partition(self, number: int, fault: Partition) -> tuple[Action, Action]:
        one, other = fault.partition
        records = self.targets.paths(one, other)
        if fault.direction == "both":
            records += [record for record in self.targets.paths(other, one) if record not in records]
        name = f"{'|'.join(one)} <> {'|'.join(other)}"
        return self._on_paths(
            name, "partition", [record.path for record in records],
            lambda path: path.block(number), lambda path: path.unblock(number),
        )  # fmt: skip

    def _degrade(self, number: int, fault: Degrade) -> tuple[Action, Action]:
        what = fault.degrade
        records = self.targets.paths(what.from_, what.to)
        bits_per_s = float("inf") if what.bandwidth is None else what.bandwidth
        return self._on_paths(
            f"{'|'.join(what.from_)} > {'|'.join(what.to)}", "degrade", [record.path for record in records],
            lambda path: path.degrade(number, what.loss, what.add_latency or 0.0, bits_per_s),
            lambda path: path.restore(number),
        )  # fmt: skip

    def _on_paths(
        self,
        name: str,
        kind: str,
        paths: list[Path],
        begin: Callable[[Path], None],
        end: Callable[[Path], None],
    ) -> tuple[Action, Action]:
        def all_begin() -> None:
            self.world.log.add(FAULT_BEGIN, name, fault=kind)
            for path in paths:
                begin(path)

        def all_end() -> None:
            self.world.log.add(FAULT_END, name, fault=kind)
            for path in paths:
                end(path)

        return all_begin, all_end

    # -- when -----------------------------------------------------------------------------------------
    def _scripted(self, fault: Fault, begin: Action, end: Action) -> Process:
        yield self.kernel.fault_at(fault.at)
        begin()
        if fault.end_s is not None:
            yield self.kernel.fault_at(fault.end_s)
            end()

    def _rolling(self, fault: RollingRestart) -> Process:
        at_s = fault.at
        for name in self.targets.nodes(fault.rolling_restart, self.groups):
            yield self.kernel.fault_at(at_s)
            self.targets.crash(name)
            yield self.kernel.fault_at(at_s + fault.down)
            self.targets.restart(name)
            at_s += fault.down + fault.pause

    def _random(self, number: int, fault: RandomFault, name: str) -> Process:
        """Fail and be repaired again and again; the time to failure counts from the repair."""
        targets = self.targets

        def draw(law: Distribution, purpose: str) -> Callable[[], float]:
            return sampler(law, self.world.streams.generator(f"fault {number} {name}", purpose))

        to_failure, to_repair = draw(fault.mttf, "mttf"), draw(fault.mttr, "mttr")
        begin, end = {
            "crash": (targets.crash, targets.restart),
            "drain": (targets.drain, targets.undrain),
            "slow": (
                lambda node: targets.slow(node, fault.factor or 1.0),
                lambda node: targets.unslow(node, fault.factor or 1.0),
            ),
        }[fault.random]
        at_s, stops_s = fault.at, fault.end_s if fault.end_s is not None else float("inf")
        while True:
            at_s += to_failure()
            if at_s >= stops_s:
                return
            yield self.kernel.fault_at(at_s)
            begin(name)
            at_s += to_repair()
            yield self.kernel.fault_at(at_s)
            end(name)
