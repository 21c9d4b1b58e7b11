"""One replication, start to end: build a world, run it, measure it.

A pure function of (scenario, seed, replication). May import: build, observe. Prints and writes nothing.
"""

from __future__ import annotations

import gc
import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

from simpy.events import Event

from simulator.build.builder import build
from simulator.errors import SafetyError, StandstillError
from simulator.faults.plan import begin_faults
from simulator.messages import Attempt, Outcome
from simulator.metrics.events import INVARIANT, TRACE_READ
from simulator.observe.in_flight import attempts_in_flight, groups_due_now
from simulator.observe.invariants import Invariants
from simulator.observe.measure import Measurement
from simulator.observe.recorder import Recorder
from simulator.observe.recovery import RecoveryTracker
from simulator.observe.result import Replication
from simulator.observe.tracing import RequestTrace
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.schema import Scenario
from simulator.world.world import World

Progress = Callable[[float, int], None]
DRAIN_STEP_S = 1.0
LONGEST_DRAIN_S = 3600.0  # after the last arrival; what has no answer by then has no timeout and will not get one
PROGRESS_STEPS = 200
EVENTS_AT_ONCE = 100  # for each client, that are no standstill yet: all can begin at one instant


def run_replication(
    scenario: Scenario,
    *,
    seed: int,
    replication: int,
    progress: Progress | None = None,
    trace: float | None = None,
) -> Replication:
    """Run one replication of a scenario.

    Args:
        scenario: what to simulate.
        seed: the same seed, the same results.
        replication: number of the replication, from 0; it selects the random streams together with `seed`.
        progress: called with (simulated seconds, requests so far) now and then.
        trace: share of requests (0..1) whose rows are kept; None: the scenario's `record.trace`.

    Raises:
        TraceError: a trace that the scenario replays cannot be read.
    """
    share = scenario.record.trace if trace is None else trace
    with _garbage_collected_once():
        result = _Run(scenario, seed, replication, progress, share).replication()
        if result.invariants["violations"] and not share:  # the same again, to show every request up to the violation
            result.requests = _Run(scenario, seed, replication, None, 1.0).replication().requests
    return result


@contextmanager
def _garbage_collected_once() -> Iterator[None]:
    """No garbage collection while a world lives; then the dead world, and only that, is searched for cycles."""
    was_on = gc.isenabled()
    gc.disable()
    gc.freeze()  # what was there before is not searched
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()
        if was_on:
            gc.enable()


class _Run:
    def __init__(
        self, scenario: Scenario, seed: int, number: int, progress: Progress | None, trace: float | None
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.number = number
        self.progress = progress
        self.world = world = build(scenario, seed, number)
        population = sum(spec.count or 0 for spec in scenario.clients.values())
        clock = world.kernel.clock
        clock.patience = max(clock.patience, EVENTS_AT_ONCE * population)
        self.recorder = Recorder(world)
        self.invariants = Invariants(world)
        self.recovery = RecoveryTracker(world)
        self.trace = RequestTrace(world, trace) if trace else None
        self.violations: list[str] = []
        world.targets.on_edge_crash = self._edge_crashes
        for group in world.groups:
            group.endings.watch = None if self.trace is None else self.trace.see

    def replication(self) -> Replication:
        """Run, and measure."""
        self._begin()
        began = time.perf_counter()
        try:
            self._simulate()
        except SafetyError as error:
            self._trip(error)
            if self.recorder.at_warmup is None:
                self.recorder.begin_counting(self.recorder.look())
            if self.recorder.at_end is None:
                self.recorder.stop()
        finally:
            wall_s = time.perf_counter() - began
        result = self._result(wall_s)
        self.world.dissolve()
        self.invariants.dissolve()
        return result

    # -- simulating -----------------------------------------------------------------------------------
    def _begin(self) -> None:
        kernel = self.world.kernel
        for group, source in zip(self.world.groups, self.world.sources, strict=True):
            read = source.account()
            if read:
                self.world.log.add(TRACE_READ, group.name, **read)
        kernel.process(self.recorder.run())
        kernel.process(self._each_window())
        begin_faults(self.world, self.scenario.faults)
        kernel.settle()  # faults at t = 0 come before what is sent then
        for start in self.world.starts:
            start()

    def _simulate(self) -> None:
        world, kernel = self.world, self.world.kernel
        steps = PROGRESS_STEPS if self.progress is not None else 1
        for step in range(1, steps + 1):
            self._run_until(world.duration_s * step / steps if step < steps else world.duration_s)
            self._tell(kernel.now)
        self.recorder.stop()
        self._drain()

    def _run_until(self, time_s: float) -> None:
        """Run up to a time; a world that stands still is a scenario without any time in one of its loops."""
        kernel = self.world.kernel
        try:
            kernel.run(until=time_s)
        except StandstillError:
            groups = groups_due_now(self.world) or [group.name for group in self.world.groups]
            keys = ", ".join(f"clients.{name}" for name in groups)
            raise ScenarioError(
                [
                    Issue(
                        f"the world stands still at {kernel.now:g} s: {kernel.clock.patience:,} events at that "
                        f"instant, and requests of {' and '.join(groups)} keep on coming ({keys})",
                        "give the loop some time: a think_time, backoff, pause, service_time or latency above 0",
                    )
                ]
            ) from None

    def _drain(self) -> None:
        """Go on without new arrivals until every request has ended."""
        world, kernel = self.world, self.world.kernel
        limit_s = world.duration_s + LONGEST_DRAIN_S
        while self._open_requests() and kernel.now < limit_s:
            self._run_until(kernel.now + DRAIN_STEP_S)
        self.recorder.flush()
        self.recovery.finish()
        self.invariants.finish()
        if self._open_requests():
            self._close_unanswered()

    def _close_unanswered(self) -> None:
        """What never got an answer and has no timeout counts as a failure, when it was due."""
        for attempt in attempts_in_flight(self.world):
            outcome = Outcome.CRASHED if attempt.met_crash else Outcome.TIMEOUT
            self.world.groups[attempt.client.group.number].books.no_answer(attempt, int(outcome))
        self.recorder.flush()

    def _open_requests(self) -> bool:
        return any(group.issued > group.ended for group in self.world.groups)

    def _each_window(self) -> Generator[Event, None, None]:
        """Check the invariants and look back, once a window."""
        world, number = self.world, 0
        while True:
            number += 1
            yield world.kernel.tick_at(number * world.window_s)
            self.invariants.check()
            self.recorder.turn_phase()
            self.recovery.window()
            if not self.recovery.active and self.trace is None:
                for group in world.groups:
                    group.endings.watch = None

    def _edge_crashes(self, index: int) -> None:
        self.recovery.edge_crashes(index)
        self.invariants.edge_crashes(index)
        if self.recovery.active:
            watch = self.recovery.see if self.trace is None else self._see_both
            for group in self.world.groups:
                group.endings.watch = watch

    def _see_both(self, attempt: Attempt, now: float) -> None:
        self.recovery.see(attempt, now)
        if self.trace is not None:
            self.trace.see(attempt, now)

    def _tell(self, now: float) -> None:
        if self.progress is not None:
            self.progress(now, sum(group.issued for group in self.world.groups))

    # -- the result -----------------------------------------------------------------------------------
    def _trip(self, error: SafetyError) -> None:
        """Note that an invariant broke."""
        self.violations.append(str(error))
        self.world.log.add(INVARIANT, "world", message=str(error))

    def _check(self, metrics: dict[str, float]) -> None:
        try:
            self.invariants.check_metrics(metrics)
        except SafetyError as error:
            self._trip(error)

    def _result(self, wall_s: float) -> Replication:
        recorder, world = self.recorder, self.world
        measurement = Measurement(recorder)
        metrics = {name: float(value) for name, value in measurement.metrics().items()}
        if not self.violations:  # a run that was cut short has counted by halves
            self._check(metrics)
        histograms = {(f"latency[{label}]" if label else "latency"): h for label, h in recorder.latencies().items()}
        histograms |= recorder.by_fault.histograms()
        histograms |= {
            (f"latency.failed[{label}]" if label else "latency.failed"): h for label, h in recorder.failed.items()
        }
        for family, by_edge in (("edge.wait", recorder.waits), ("edge.sojourn", recorder.sojourns)):
            histograms |= {(f"{family}[{edge}]" if edge else family): h for edge, h in by_edge.items()}
        result = Replication(
            replication=self.number,
            seed=self.seed,
            metrics=metrics,
            histograms=histograms,
            totals=measurement.totals(),
            timeseries=recorder.series.columns,
            events=sorted(world.log.rows, key=lambda row: float(row["t_s"])),
            requests=None if self.trace is None else self.trace.columns(),
            invariants={"checked": self.invariants.checked, "violations": self.violations},
            wall_s=wall_s,
            n_events=world.kernel.events_processed,
            peak_rss_bytes=peak_rss_bytes(),
        )
        result.fingerprint = fingerprint(result, world)
        return result


def peak_rss_bytes() -> int:
    """The largest resident set that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def fingerprint(result: Replication, world: World) -> str:
    """sha256 (hex) of everything that must be the same for the same seed."""
    parts = {
        "metrics": {name: repr(value) for name, value in sorted(result.metrics.items())},
        "totals": dict(sorted(result.totals.items())),
        "events": result.n_events,
        "log": [[repr(row["t_s"]), row["kind"], row["target"]] for row in result.events],
        "scored": 0 if world.manager is None else world.manager.scored,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
