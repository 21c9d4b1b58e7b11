"""Who watches whom: edges' heartbeats to the SAM, primaries' heartbeats to their standbys, and what follows.

May import: the world, the detector. Does not model: elections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.metrics.events import DETECTED, SESSIONS_MOVED, TAKEOVER
from simulator.sam.detector import FailureDetector

if TYPE_CHECKING:
    from simulator.links import Link
    from simulator.sam.manager import StickinessManager
    from simulator.world.world import World

INFINITY = float("inf")


def watch_nodes(
    world: World,
    *,
    period_s: float,
    misses: int,
    beats: Sequence[Link],
    slack_s: Sequence[float],
    size_bytes: float,
) -> None:
    """Start the SAM and the detectors of a world; where there are health checks, these watch the edges.

    `beats` are the edges' links to the SAM, empty without one; `slack_s` is what it allows for the jitter of each.
    """
    if world.manager is not None:
        if world.health is None:
            world.detector = _watch_edges(world, period_s, misses, beats, slack_s, size_bytes)
        _start_manager(world, world.manager)
    _watch_cores(world, period_s, misses)


def _start_manager(world: World, manager: StickinessManager) -> None:
    edges = world.edges

    def moved(edge: int, to: dict[int, int]) -> None:
        sessions = sum(to.values())
        world.sessions_moved += sessions
        named = {edges[other].name: to[other] for other in sorted(to)}
        world.log.add(SESSIONS_MOVED, edges[edge].name, sessions=sessions, to=named)

    manager.on_moved = moved
    world.starts.append(lambda: world.kernel.process(manager.run()))


def _watch_edges(
    world: World, period_s: float, misses: int, beats: Sequence[Link], slack_s: Sequence[float], size_bytes: float
) -> FailureDetector:
    manager, kernel, edges = world.manager, world.kernel, world.edges
    assert manager is not None

    def beat(edge: int) -> float:
        if not edges[edge].exists:
            return 0.0  # nobody misses the heartbeats of an edge that is not there
        if edges[edge].down or edges[edge].pausing is not None:
            return INFINITY
        return beats[edge].transit(size_bytes, kernel.now)

    def certain(edge: int) -> float:
        if not edges[edge].exists:
            return 0.0
        silent = edges[edge].down or edges[edge].pausing is not None
        return INFINITY if silent else beats[edge].certain_s(size_bytes, kernel.now + period_s)

    def passed(edge: int, number: int) -> None:
        if not edges[edge].down and edges[edge].exists:
            beats[edge].pass_over(number, size_bytes)

    def failed(edge: int) -> None:
        if not edges[edge].exists:
            return
        name = edges[edge].name
        crashed_s = world.crashed_s.get(name)
        if crashed_s is None:
            world.log.add(DETECTED, name, false_alarm=True)
        else:
            world.detections_s.append(kernel.now - crashed_s)
            world.log.add(DETECTED, name, after_s=kernel.now - crashed_s)
        manager.edge_failed(edge)

    detector = FailureDetector(
        kernel, range(len(edges)), period_s, misses, beat, failed, manager.edge_back, manager.listening,
        slack_s=slack_s, settled=manager.edges_settled, certain=certain, passed=passed,
    )  # fmt: skip
    manager.on_suspect = detector.suspect
    world.starts.append(lambda: kernel.process(detector.run()))
    return detector


def _watch_cores(world: World, period_s: float, misses: int) -> None:
    """Each standby hears its primary over a link of its own, and takes over when it is silent.

    Heartbeats take no time where the two stand side by side, else what the distance between their sites takes.
    """
    kernel, cores = world.kernel, world.cores

    detected = [0] * len(cores)

    def take_over(case: tuple[int, int]) -> None:
        """Unless the primary was heard since; one that came and went unheard has not been."""
        core = cores[case[0]]
        if core.down and core.standby_ready and not detector.believed[case[0]] and detected[case[0]] == case[1]:
            core.take_over()
            world.log.add(TAKEOVER, core.name, after_s=kernel.now - world.crashed_s.get(core.name, kernel.now))

    def failed(index: int) -> None:
        core = cores[index]
        crashed_s = world.crashed_s.get(core.name)
        if crashed_s is None:  # it stands still, and the standby lets it: two must not serve
            world.log.add(DETECTED, core.name, false_alarm=True)
            return
        world.detections_s.append(kernel.now - crashed_s)
        world.log.add(DETECTED, core.name, after_s=kernel.now - crashed_s)
        detected[index] += 1
        if core.standby_ready:
            kernel.call_in(core.policy.takeover_s, take_over, (index, detected[index]))

    def beat(index: int) -> float:
        core = cores[index]
        if core.down or core.pausing is not None:
            return INFINITY
        return 0.0 if core.standby_place is None else core.standby_place.hears_after_s

    detector = FailureDetector(
        kernel, range(len(cores)), period_s, misses, beat, failed, lambda _: None, lambda: True, certain=beat
    )
    world.starts.append(lambda: kernel.process(detector.run()))
