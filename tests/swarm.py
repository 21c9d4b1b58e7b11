"""Whole random worlds under all invariants: `python -m tests.swarm --seeds 0:300`.

A seed draws a world: topology, workloads, policies, faults, extreme values. It runs with its faults under every check
of `simulator.observe.invariants` (safety). Then faults are over and nothing new arrives, and it must converge
(liveness): queues drain, every request has ended, every edge is believed healthy, every live session is answered, no
weight is left unpublished, and when all sessions are closed the stickiness store is empty. A failure prints the seed
and a scenario that was made as small as still fails. (The idea: TigerBeetle's VOPR; delta debugging: Zeller 1999.)
"""

from __future__ import annotations

import argparse
import copy
import gc
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from simulator.agents.client import Client
from simulator.clients.group import ClientGroup
from simulator.errors import SafetyError
from simulator.messages import Call
from simulator.run import _Run
from simulator.scenario.schema import Scenario
from simulator.world.world import World
from tests.safety.swarm_worlds import draw_world

CONVERGES_WITHIN_S = 900.0
STEP_S = 1.0
TRIES = 40  # of one live session: links lose messages all the time
LONGEST_ANSWER_S = 60.0
LONGEST_WALL_S = 60
MOST_ATTEMPTS = 200  # to make one failing world smaller
LOOKUP = 0


class StuckError(AssertionError):
    """A world did not converge."""


def run_world(drawn: dict[str, Any], seed: int) -> World:
    """Run a drawn world through both phases. Raises SafetyError, StuckError, or whatever the model raises."""
    scenario = Scenario.from_dict(copy.deepcopy(drawn))
    run = _Run(scenario, seed, 0, None, None)
    run._begin()
    run._simulate()  # safety: SafetyError passes through
    world = run.world
    if all(getattr(fault, "for_", None) is not None or fault.verb == "rolling_restart" for fault in scenario.faults):
        _converges(run, world)
    run.invariants.finish()
    run._result(0.0)
    return world


def _converges(run: _Run, world: World) -> None:
    _wait(world, "faults to be over", lambda: not (world.crashed_s or any(edge.draining for edge in world.edges)))
    _wait(world, "queues to drain", lambda: _idle(world))
    _every_edge_is_found(world)
    _every_session_is_answered(world)
    _wait(world, "the last request to end", lambda: all(group.issued == group.ended for group in world.groups))
    _wait(world, "queues to drain", lambda: _idle(world))
    run.invariants.check()
    if world.manager is not None:
        _every_weight_is_told(world)
    _nothing_is_left(world)


def _wait(world: World, for_what: str, reached: Any) -> None:
    limit_s = world.kernel.now + CONVERGES_WITHIN_S
    while not reached():
        if world.kernel.now > limit_s:
            raise StuckError(f"waited {CONVERGES_WITHIN_S} s for {for_what}")
        world.kernel.run(until=world.kernel.now + STEP_S)


def _idle(world: World) -> bool:
    """Nothing waits or is served; renewals may go on for ever."""
    edges = not any(edge.in_system or edge.fetching.under_way for edge in world.edges)
    return edges and not any(isinstance(message, Call) for core in world.cores for message in core.waiting)


def _every_edge_is_found(world: World) -> None:
    found: set[int] = set()

    def all_found() -> bool:
        found.update(world.directory.healthy)
        return len(found) == world.directory.size

    _wait(world, "every edge to be believed healthy", all_found)


def _every_session_is_answered(world: World) -> None:
    """Each open session asks until it is answered: one after the other, for there may be no queue at all."""
    for group in world.groups:  # some are drawn that never wait long enough for an answer
        if group.access.timers is not None:
            group.access.timers._delay_s = LONGEST_ANSWER_S
    for edge in world.edges:
        if edge.fetching.timers is not None:
            edge.fetching.timers._delay_s = LONGEST_ANSWER_S / 10
    for balancer in world.balancers:
        if balancer._timers is not None:
            balancer._timers._delay_s = LONGEST_ANSWER_S / 2
    for group in world.groups:
        for client in group.clients:
            for _ in range(TRIES):
                if client.session is None or _answered(world, group, client):
                    break
            else:
                raise StuckError(f"session of client {client.index} of {group.name} is not answered")


def _answered(world: World, group: ClientGroup, client: Client) -> bool:
    assert client.session is not None
    ok, ended, limit_s = group.books.ok, group.ended, world.kernel.now + LONGEST_ANSWER_S
    group.issue(client, client.session, LOOKUP)
    while group.ended == ended and world.kernel.now < limit_s:
        world.kernel.run(until=world.kernel.now + STEP_S / 4)
    if group.books.ok > ok:
        return True
    world.kernel.run(until=world.kernel.now + STEP_S)  # no edge may have been believed healthy at that moment
    return False


def _every_weight_is_told(world: World) -> None:
    manager = world.manager
    assert manager is not None
    _wait(
        world, "weights to be published",
        lambda: all(session.published_weight == session.weight for session in manager.store.values()),
    )  # fmt: skip


def _nothing_is_left(world: World) -> None:
    """Close every session: then the store is empty, and nobody stands in line for a lock."""
    for group in world.groups:
        for client in group.clients:
            if client.session is not None:
                group.close_session(client.index)
    _wait(world, "sessions to close", lambda: world.manager is None or not world.manager.store)
    if world.edges[0].leases is not None:  # without leases a lock is lost with the message that gives it back
        _wait(world, "lines for locks to end", lambda: not any(world.cores[0].locks.table._lines.values()))


# -- one seed -------------------------------------------------------------------------------------------
def _alarm(*_: object) -> None:
    raise StuckError(f"still running after {LONGEST_WALL_S} s")


def failure_of(drawn: dict[str, Any], seed: int) -> str | None:
    """What is wrong with a world: kind and message; None if it is well."""
    gc.disable()
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(LONGEST_WALL_S)
    try:
        run_world(drawn, seed)
    except (SafetyError, StuckError) as error:
        return f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what we look for)
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = "" if where is None else f" in {Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}"
        return f"{type(error).__name__}: {error}{place}"
    finally:
        signal.alarm(0)
        gc.enable()
        gc.collect()
    return None


def check_seed(seed: int) -> str | None:
    """Draw and run the world of a seed."""
    return failure_of(draw_world(random.Random(seed)), seed)


# -- making a failing world small -------------------------------------------------------------------------
def _smaller(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of everything that could be left out, large parts first."""
    if isinstance(value, dict):
        for key in list(value):
            yield (*path, key)
        for key in list(value):
            yield from _smaller(value[key], (*path, key))
    elif isinstance(value, list):
        for place in reversed(range(len(value))):
            yield (*path, place)


def _without(drawn: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    result = copy.deepcopy(drawn)
    inner: Any = result
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return result


def minimise(drawn: dict[str, Any], seed: int, kind: str) -> dict[str, Any]:
    """A scenario that fails with the same kind of error and from which nothing more can be left out."""
    again, budget = True, MOST_ATTEMPTS
    while again:
        again = False
        for path in list(_smaller(drawn)):
            try:
                smaller = _without(drawn, path)
            except (KeyError, IndexError):
                continue
            budget -= 1
            if budget < 0:
                return drawn
            found = failure_of(smaller, seed)
            if found is not None and found.partition(":")[0] == kind:
                drawn, again = smaller, True  # and on with what follows: what came before failed without it
    return drawn


def report(seed: int, failure: str) -> str:
    """What to show of a failing seed."""
    small = minimise(draw_world(random.Random(seed)), seed, failure.partition(":")[0])
    return f"seed {seed}: {failure}\nas small as it still fails:\n{yaml.safe_dump(small, sort_keys=False)}"


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.swarm", description=__doc__)
    parser.add_argument("--seeds", default="0:20", help="A:B, from A up to but not including B")
    parser.add_argument("--show", action="store_true", help="print the worlds and do not run them")
    parser.add_argument("--no-minimise", action="store_true", help="print failing worlds as they were drawn")
    options = parser.parse_args(arguments)
    first, _, last = options.seeds.partition(":")
    seeds = range(int(first), int(last or int(first) + 1))
    failed, slowest, began = [], (0.0, -1), time.perf_counter()
    for seed in seeds:
        if options.show:
            print(yaml.safe_dump(draw_world(random.Random(seed)), sort_keys=False))
            continue
        at = time.perf_counter()
        failure = check_seed(seed)
        slowest = max(slowest, (time.perf_counter() - at, seed))
        if failure is not None:
            failed.append(seed)
            if options.no_minimise:
                print(f"seed {seed}: {failure}", flush=True)
            else:
                print(report(seed, failure), flush=True)
    wall_s = time.perf_counter() - began
    print(
        f"{len(seeds)} worlds in {wall_s:.1f} s (slowest: seed {slowest[1]}, {slowest[0]:.1f} s), {len(failed)} failed"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
