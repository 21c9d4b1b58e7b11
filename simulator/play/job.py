"""A job and its items: one replication of one variant each; how one is played, and what became of it.

Every item is a pure function of (scenario, seed, replication): replication r of a scenario with seed s uses
(s, r) in every variant, so variants meet the same arrivals (common random numbers). The replication function is given
by dotted path ("package.module:function") and imported where it is used. Writes no files and prints nothing: progress
goes to the caller's `Listener`.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from simulator.errors import SafetyError
from simulator.logs.model import TraceError
from simulator.observe.result import Replication
from simulator.plugins.dotted import named
from simulator.plugins.loading import told
from simulator.scenario.errors import ScenarioError

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario

AS_WRITTEN: Final = ""
"""The variant name of the scenario itself."""
UNPLAYABLE: Final = (ScenarioError, TraceError)
"""The scenario cannot be played, or a log that it names: so it is with all replications."""
REPLICATION_FUNCTION: Final = "simulator.run:run_replication"
_TELL_EVERY_S = 0.2

ReplicationFunction = Callable[..., Replication]


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One replication of one variant (AS_WRITTEN: of the scenario itself)."""

    replication: int
    variant: str

    def __str__(self) -> str:
        return f"{self.variant or 'as written'}, replication {self.replication}"


@dataclass(frozen=True, slots=True)
class Failure:
    """An item without a result.

    Attributes:
        item: which.
        kind: "raised" (an exception), "scenario" (the scenario or its data are wrong), "invariant" (a
            safety invariant broke) or "died" (the worker process ended).
        message: one line.
        trace: the traceback, or empty.
    """

    item: Item
    kind: Literal["raised", "scenario", "invariant", "died"]
    message: str
    trace: str = ""


class HopelessError(Exception):
    """The scenario itself cannot be played: what is left would fail in the same way."""


class Listener(Protocol):
    """Hears how a run proceeds. Called from the process that started it, never from workers."""

    def started(self, items: int, duration_s: float) -> None:
        """`items` replications of `duration_s` simulated seconds each are about to be played."""

    def advanced(self, item: Item, sim_s: float, requests: int) -> None:
        """An item has reached simulated time `sim_s` after `requests` requests."""

    def finished(self, item: Item, requests: int) -> None:
        """An item is done."""

    def failed(self, failure: Failure) -> None:
        """An item will give no result."""

    def stopped(self) -> None:
        """Nothing more is coming."""


class Silence:
    """The listener that says nothing."""

    def started(self, items: int, duration_s: float) -> None:
        """Say nothing."""

    def advanced(self, item: Item, sim_s: float, requests: int) -> None:
        """Say nothing."""

    def finished(self, item: Item, requests: int) -> None:
        """Say nothing."""

    def failed(self, failure: Failure) -> None:
        """Say nothing."""

    def stopped(self) -> None:
        """Say nothing."""


@dataclass(slots=True)
class Played:
    """What became of the items: results by item, failures, and whether Ctrl-C ended it."""

    results: dict[Item, Replication] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    interrupted: bool = False

    def of(self, variant: str) -> list[Replication]:
        """The finished replications of a variant, in their order."""
        return [self.results[item] for item in sorted(self.results) if item.variant == variant]


@dataclass(frozen=True, slots=True)
class Job:
    """What every item has in common: travels to workers once.

    Attributes:
        scenarios: the scenario of each variant name.
        seed: the seed of all of them.
        trace: share of the requests to record one by one, or None.
        function: dotted path of the replication function.
    """

    scenarios: Mapping[str, Scenario]
    seed: int
    trace: float | None
    function: str = REPLICATION_FUNCTION

    def play(self, item: Item, tell: Callable[[float, int], None]) -> Replication:
        """Play one item here; `tell` hears (simulated seconds, requests) a few times a second at most."""
        return resolve(self.function)(
            self.scenarios[item.variant],
            seed=self.seed,
            replication=item.replication,
            progress=_throttled(tell),
            trace=self.trace,
        )


def resolve(path: str) -> ReplicationFunction:
    """The function at "package.module:name"."""
    function: ReplicationFunction = named(path)
    return function


def failure_of(item: Item, error: BaseException) -> Failure:
    """The failure that an exception of an item is."""
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, UNPLAYABLE):
        return Failure(item, "scenario", str(error), trace)
    if isinstance(error, SafetyError):
        return Failure(item, "invariant", str(error), trace)
    return Failure(item, "raised", told(error), trace)


def record_result(outcome: Played, ear: Listener, item: Item, result: Replication) -> None:
    """Take note of a finished item."""
    outcome.results[item] = result
    ear.finished(item, simulated_requests(result))


def record_failure(outcome: Played, ear: Listener, failure: Failure) -> None:
    """Take note of an item that gives no result; raises HopelessError where none of them can."""
    outcome.failures.append(failure)
    if failure.kind == "scenario":
        raise HopelessError
    ear.failed(failure)


def simulated_requests(result: Replication) -> int:
    """All requests that a replication simulated, the warm-up's too where the model counts them."""
    return result.totals.get("requests.simulated", result.totals.get("requests", 0))


def _throttled(tell: Callable[[float, int], None]) -> Callable[[float, int], None]:
    last: list[Any] = [time.monotonic()]

    def told(sim_s: float, requests: int) -> None:
        now = time.monotonic()
        if now - last[0] >= _TELL_EVERY_S:
            last[0] = now
            tell(sim_s, requests)

    return told
