"""What every workload shares: where a source lives, what it must answer to, and the base of its spec.

A workload has two halves. Its *spec* is a frozen pydantic model, one row of a scenario. `spec.build(context)`
makes the *source* of one client group in one world: the thing that calls `emit(client)` at every arrival.

Arrivals never depend on what the model does with them: a source draws from its own named streams only, so two
policies under one seed meet the same requests at the same times (the closed loop excepted: waiting for the
answer is its meaning).

May import: numpy, pydantic, `simulator.plugins.spec`. Does not model: what a request asks for (the client draws its
operation), retries and establishment, which are not arrivals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

import numpy as np
from pydantic import SerializerFunctionWrapHandler, model_serializer

from simulator.engine.clock import Clock as EventClock
from simulator.plugins.family import Family
from simulator.plugins.spec import Spec

FloatArray = np.ndarray[tuple[int], np.dtype[np.float64]]
IntArray = np.ndarray[tuple[int], np.dtype[np.int64]]


class Clock(Protocol):
    """The part of the kernel that a source needs."""

    @property
    def now(self) -> float:
        """The simulated time, seconds."""
        ...

    @property
    def clock(self) -> EventClock:
        """The clock itself, for what is due so often that it has a handler."""
        ...

    def call_at(self, time_s: float, function: Callable[[Any], None], argument: object = None) -> None:
        """Call `function(argument)` at `time_s`."""
        ...


@dataclass(frozen=True, slots=True)
class SourceContext:
    """The place of a source in its world."""

    kernel: Clock
    group: str
    population: int | None
    """Number of clients; None: sessions arrive openly, client numbers grow from 0, each is opened once."""
    rng: Callable[[str], np.random.Generator]
    """Purpose -> that stream of this group, from its start."""
    emit: Callable[[int], None]
    """One request of client i arrives now."""
    emit_op: Callable[[int, str], None]
    """The same, with the operation given (traces)."""
    open_session: Callable[[int], None]
    """Client i's session begins now (traces only)."""
    close_session: Callable[[int], None]
    """Client i's session ends now (traces only)."""
    end_s: float
    """No arrivals at or after this time."""
    base_dir: Path = Path()
    """The folder that a trace's relative path starts from."""
    origin_s: float | None = None
    """The time of t = 0 of traces that share their clock, seconds from 1970; None: no trace has dates."""
    scenario_rng: Callable[[str], np.random.Generator] = lambda purpose: np.random.default_rng(list(purpose.encode()))
    """Purpose -> that stream of this group, the same in all replications."""


class Source:
    """The arrivals of one client group. Each method is a no-op here; kinds override what they need."""

    __slots__ = ()

    def begin(self) -> None:
        """Start, at t = 0; before or after the first `opened`."""

    def opened(self, client: int) -> None:
        """A session of `client` begins now: requests may arrive."""

    def closed(self, client: int) -> None:
        """The session of `client` ended: no arrivals until it is opened again."""

    def ended(self, client: int) -> None:
        """A request of `client` ended, ok or failed."""

    def account(self) -> dict[str, object]:
        """What was read to make the arrivals, if anything was: noted in the events of the run."""
        return {}

    def set_factor(self, factor: float) -> None:
        """From now on the rate is `factor` (>= 0) times what the spec says; 1 restores it."""


class WorkloadSpec(Spec):
    """The base of every kind; a subclass adds `kind: Literal["name"]` and overrides `build`."""

    needs_count: ClassVar[bool] = False
    """Whether the kind makes sense only for a group with a fixed `count`."""
    brings_clients: ClassVar[bool] = False
    """Whether clients and sessions come from the workload itself (a trace): no `count`, no `session`."""

    @model_serializer(mode="wrap")
    def _without_none(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not set: a rate that is None is no key of the scenario."""
        return {key: value for key, value in handler(self).items() if value is not None}

    def build(self, context: SourceContext) -> Source:
        """Make the source of one group in one world."""
        raise NotImplementedError(f"{type(self).__name__} does not override build")


FAMILY: Final[Family[WorkloadSpec]] = Family(
    "workload", "Workloads", group="simulator.workloads", base=WorkloadSpec,
    base_path="simulator.workloads.WorkloadSpec", key="kind", named_by='a field `kind: Literal["its name"]`',
    built_in=("poisson", "mmpp", "diurnal", "spike", "closed", "renewal", "trace"),
)  # fmt: skip
"""All kinds."""
register = FAMILY.add


def kinds() -> dict[str, type[WorkloadSpec]]:
    """Every kind known now by name, the built-in ones first, each in order of registration."""
    return dict(FAMILY)
