"""All keys of a scenario, frozen, in SI units, and what they were read from.

May import: its sections. Does not read, write or check anything: see `schema`, which makes a `Scenario` of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from simulator.faults import AnyFault
from simulator.metrics.price import Price
from simulator.plugins.fields import AutoOrDuration, GroupName, OrOff, ScenarioName, Text, choice
from simulator.plugins.spec import Spec
from simulator.scenario.balancers import BalancerGroupSpec
from simulator.scenario.clients import ClientGroupSpec
from simulator.scenario.control import LeasesSpec, RoutingSpec, SamSpec
from simulator.scenario.health import HealthSpec
from simulator.scenario.network import NetworkSpec, Sites
from simulator.scenario.record import Expectations, Measured, RecordSpec, Sweep, Variants
from simulator.scenario.tiers import CoreGroupSpec, EdgeGroupSpec, StorageSpec
from simulator.scenario.tree import Node
from simulator.units import DURATION, Count, PositiveDuration, QuantityError, parse_count, show

MOST_WINDOWS = 1_000_000
MOST_UNCHOSEN_WINDOWS = 7200
_WINDOWS_S = (1.0, 10.0, 60.0, 600.0, 3600.0)


DurationOrTrace = Annotated[
    PositiveDuration,
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": DURATION.pattern(), "examples": ["50ms"]}, {"const": "trace"}]}
    ),
]


def _schema_one(value: object) -> object:
    if value != 1 or isinstance(value, bool):
        raise QuantityError(f"{show(value)} is not a schema that this program reads", "write schema: 1")
    return value


def _seed(value: object) -> object:
    seed = parse_count(value, 0)
    if seed >= 2**63:
        raise QuantityError(f"{show(value)} is too large for a seed", "choose one below 2^63")
    return seed


class ScenarioSpec(Spec):
    """The keys of a scenario; times in seconds, sizes in bytes, rates per second, ratios 0..1."""

    schema_: Annotated[Literal[1], BeforeValidator(_schema_one)] = Field(default=1, alias="schema")
    """The version of this language; left out: 1."""
    name: ScenarioName
    """Names the result folder; left out: the name of the file."""
    question: Text = ""
    """Echoed above the answer."""
    description: Text = ""
    """As many words as you like, echoed below the question."""
    duration: DurationOrTrace
    """Simulated time during which requests arrive; `trace`: as long as the logs that are played."""
    warmup: AutoOrDuration = 0.0
    """Not counted; `auto` finds its end (MSER-5)."""
    seed: Annotated[int, BeforeValidator(_seed), WithJsonSchema({"type": "integer", "minimum": 0})] = 1
    """Where all randomness comes from: the same seed gives the same numbers."""
    replications: Count = 1
    """Independent repetitions, for intervals."""
    extensions: tuple[Text, ...] = ()
    """Python files in the folder of the scenario, or below it, that register members of families. They run whenever
    the scenario is read: by `run` and `validate`, for instance."""
    sites: Sites = Field(default_factory=dict)
    """Places, with which distance becomes latency: known cities and cloud regions by name, or coordinates."""
    clients: dict[GroupName, ClientGroupSpec]
    """Groups of client agents, by name: they send requests, in sessions."""
    balancers: dict[GroupName, BalancerGroupSpec] = Field(default_factory=dict)
    """Groups of balancers, by name: they stand between clients and edges, and decide where requests go. Left out:
    clients decide."""
    edges: dict[GroupName, EdgeGroupSpec]
    """Groups of edge nodes, by name: they answer from L1, or ask a core."""
    cores: dict[GroupName, CoreGroupSpec] = Field(default_factory=lambda: {"core": CoreGroupSpec()})
    """Groups of core shards, by name: they hold L2, leases and locks."""
    storage: StorageSpec = StorageSpec()
    """The source of truth, behind the cores."""
    sam: Annotated[SamSpec | None, *OrOff] = SamSpec()
    """The session affinity manager: weights of sessions, and the detection of failed edges. `off`: neither."""
    routing: RoutingSpec = RoutingSpec()
    """Where requests go."""
    health: Annotated[HealthSpec | None, *OrOff] = None
    """Health checks as load balancers do them, in place of the SAM's heartbeats. `off`: none."""
    leases: Annotated[LeasesSpec | None, *OrOff] = LeasesSpec()
    """For how long an edge may serve a session, and how it renews. `off`: for ever."""
    coherence: Annotated[Literal["ttl", "invalidate"], *choice("ttl", "invalidate")] = "ttl"
    """Whether a change of locks reaches copies in L1 by their TTL, or by a message to each edge that holds one."""
    network: NetworkSpec = NetworkSpec()
    """All links."""
    faults: tuple[AnyFault, ...] = ()
    """What goes wrong, when, to whom. The key that names the target says what happens."""
    variants: Variants = Field(default_factory=dict)
    """Name -> paths and values: played beside the scenario as written, on the same arrivals. With `extends` a variant
    has the values of a file, or of several, and then its own."""
    price: Price | None = None
    """What nodes, storage and traffic cost: gives `cost.per_hour` and `cost.per_million_requests`."""
    record: RecordSpec = RecordSpec()
    """What is kept of a run."""
    expect: Expectations = ()
    """`METRIC OP VALUE` each: judged on the 95 % interval."""
    measured: Measured = Field(default_factory=dict)
    """Metric -> what you measured in reality, shown beside the model."""
    sweep: Sweep = Field(default_factory=dict)
    """Path -> values, for `simulator sweep`."""

    @model_validator(mode="after")
    def _fitting_window(self) -> Self:
        """A window that nobody chose fits the run: no longer than it, and not more of them than a figure shows."""
        if "window" not in self.record.model_fields_set:
            fitting = (step_s for step_s in _WINDOWS_S if self.duration <= MOST_UNCHOSEN_WINDOWS * step_s)
            window_s = min(next(fitting, _WINDOWS_S[-1]), self.duration)
            self.__dict__["record"] = self.record.model_copy(update={"window": window_s})
        return self

    _tree: Node = PrivateAttr()
    _base_dir: Path = PrivateAttr()

    @property
    def base_dir(self) -> Path:
        """The folder that relative names of data files start from."""
        return self._base_dir

    @property
    def tree(self) -> Node:
        """The values as written, with their places."""
        return self._tree

    def bind(self, tree: Node, base_dir: Path) -> Self:
        """Attach what the values were read from; done once, by the loader."""
        self._tree, self._base_dir = tree, base_dir
        return self
