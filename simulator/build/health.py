"""From the `health` section of a scenario to the checks of a world. Part of building a world: may import scenarios."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from simulator.health.account import Account
from simulator.health.active import ActiveChecks, ActivePolicy
from simulator.health.belief import Belief
from simulator.health.ejections import EjectionPolicy, Ejections
from simulator.health.health import Health
from simulator.health.panic import PanicBelow, PanicLimit
from simulator.health.passive import Passive
from simulator.health.sweep import Criterion, Sweep
from simulator.links.ends import HEALTH, Endpoint
from simulator.metrics.events import DETECTED, HEALTHY, PANIC_BEGIN, PANIC_END
from simulator.routing.weights import Weights

if TYPE_CHECKING:
    from simulator.links import Link
    from simulator.scenario.health import (
        ActiveSpec,
        FailurePercentageSpec,
        HealthSpec,
        LatencySpec,
        PassiveSpec,
        SlowStartSpec,
        SuccessRateSpec,
    )
    from simulator.scenario.schema import Scenario
    from simulator.world.world import World

ALL = "edges"  # what a panic of all edges is told under


def make_health(
    world: World,
    scenario: Scenario,
    spec: HealthSpec,
    ends: Sequence[Endpoint],
    link: Callable[[Endpoint, Endpoint], Link],
    size_bytes: float,
) -> Health:
    """The checks of a world, which begin with it.

    Args:
        world: with its edges; groups may be made later.
        scenario: of which `spec` is a section.
        spec: what checks there are.
        ends: the edges as ends of links.
        link: makes a link between two ends.
        size_bytes: of a probe, and of its answer.
    """
    directory, kernel = world.directory, world.kernel
    account = Account(world.edges, directory.believed, lambda: kernel.now, world.measured_s)
    belief = Belief(directory, account.touch, _ramps(world, spec.slow_start))
    health = Health(account, belief)
    scopes = _scopes(scenario, ends)
    by_site = ALL not in scopes or len(scopes) > 1
    if spec.panic_below:
        below = spec.panic_below
        limit = PanicLimit(number=below) if isinstance(below, int) else PanicLimit(below)
        overprovision = scenario.routing.overprovision if by_site else None
        directory.set_panic(PanicBelow(limit, scopes, overprovision, _panic_teller(world)))
    if spec.active is not None:
        site = spec.site
        if site is None and scenario.sam is not None:
            site = scenario.sam.site
        prober = Endpoint(HEALTH, HEALTH, HEALTH, site)
        health.active = _active(world, spec.active, belief, prober, ends, link, size_bytes)
        world.starts.append(health.active.begin)
    if spec.passive is not None:
        _add_passive(world, health, spec.passive, list(scopes.values()))
    return health


def _scopes(scenario: Scenario, ends: Sequence[Endpoint]) -> dict[str, list[int]]:
    """The edges that are candidates together: those of each site under `scope: site`, else all."""
    if scenario.routing.scope != "site" or all(group.site is None for group in scenario.clients.values()):
        return {ALL: list(range(len(ends)))}
    scopes: dict[str, list[int]] = {}
    for index, end in enumerate(ends):
        scopes.setdefault(ALL if end.site is None else end.site, []).append(index)
    return scopes


def _ramps(world: World, spec: SlowStartSpec | None) -> Callable[[int, bool], None]:
    """What is done when an edge is believed healthy again: it starts slowly where the scenario says so."""
    if spec is None:
        return lambda edge, joined: None  # noqa: ARG005
    wanted = {"both": (False, True), "recovery": (False,), "join": (True,)}[spec.when]
    directory, kernel = world.directory, world.kernel
    weights = directory.weights
    if weights is None:
        weights = directory.weights = Weights([1.0] * directory.size, lambda: kernel.now)
    weights.slow_start(spec.window, spec.min, spec.aggression)

    def begin(edge: int, joined: bool) -> None:
        if joined in wanted:
            weights.begin(edge, kernel.now)

    return begin


def _panic_teller(world: World) -> Callable[..., None]:
    def told(name: str, healthy: int, of: int, *, begins: bool) -> None:
        world.log.add(PANIC_BEGIN if begins else PANIC_END, name, healthy=healthy, of=of)

    return told


def _active(
    world: World,
    spec: ActiveSpec,
    belief: Belief,
    prober: Endpoint,
    ends: Sequence[Endpoint],
    link: Callable[[Endpoint, Endpoint], Link],
    size_bytes: float,
) -> ActiveChecks:
    uniform = world.streams.uniforms(HEALTH, "phase").next
    phases_s = [spec.period * uniform() for _ in ends]

    def failed(edge: int) -> None:
        """Believed at once; with a SAM its sessions are moved when the news has gone round."""
        name, now = world.edges[edge].name, world.kernel.now
        crashed_s = world.crashed_s.get(name)
        if crashed_s is None:
            world.log.add(DETECTED, name, by="checks", false_alarm=True)
        else:
            world.detections_s.append(now - crashed_s)
            world.log.add(DETECTED, name, by="checks", after_s=now - crashed_s)
        belief.set_failed(edge, True)
        if world.manager is not None:
            world.manager.edges_settled([edge])

    def passed(edge: int, joined: bool) -> None:
        world.log.add(HEALTHY, world.edges[edge].name, joined=joined)
        belief.set_failed(edge, False, joined=joined)

    return ActiveChecks(
        world.kernel, ActivePolicy(spec.period, spec.timeout, spec.fall, spec.rise), world.edges,
        [link(prober, end) for end in ends], [link(end, prober) for end in ends], phases_s, size_bytes, failed, passed,
    )  # fmt: skip


def _add_passive(world: World, health: Health, spec: PassiveSpec, scopes: Sequence[Sequence[int]]) -> None:
    kernel, edges = world.kernel, world.edges
    policy = EjectionPolicy(spec.ejection, spec.max_ejection, spec.max_ejected, spec.half_open)
    ejections = Ejections(policy, scopes, edges, kernel.clock, health.belief, world.log)
    rate, failures, latency = spec.success_rate, spec.failure_percentage, spec.latency
    compares = not (rate is None and failures is None and latency is None)
    passive = Passive(len(edges), spec.consecutive or 0, spec.window or 0.0, compares, ejections)
    sweep = Sweep(
        kernel, spec.interval, scopes, edges, passive, ejections,
        None if rate is None else _criterion(rate, rate.stdev),
        None if failures is None else _criterion(failures, failures.threshold),
        None if latency is None else _criterion(latency, latency.factor),
    )  # fmt: skip
    health.passive, health.ejections = passive, ejections
    world.starts.append(lambda: kernel.process(sweep.run()))


def _criterion(spec: SuccessRateSpec | FailurePercentageSpec | LatencySpec, limit: float) -> Criterion:
    return Criterion(limit, spec.minimum_hosts, spec.minimum_requests)
