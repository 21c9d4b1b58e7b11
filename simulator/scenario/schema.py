"""A scenario: everything that decides what is simulated, frozen, in SI units.

`Scenario.load` reads a file (or a bundled scenario by its name), `from_dict` a program's own mapping; both
raise ScenarioError with every fault at its place. A scenario makes any number of worlds, is never changed,
and `with_overrides` and `variant` make others.

May import: its sections. Does not build or run anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from simulator.faults import AnyFault, Fault
from simulator.metrics.price import Price
from simulator.plugins.fields import AutoOrDuration, GroupName, OrOff, ScenarioName, Text, choice
from simulator.plugins.spec import Spec
from simulator.scenario.balancers import BalancerGroup
from simulator.scenario.clients import ClientGroup, Locks, Retry, Session
from simulator.scenario.control import Heartbeat, Leases, Probes, Routing, Sam
from simulator.scenario.health import Health
from simulator.scenario.network import Geo, LinkDefaults, LinkRule, Network, Site, Sites
from simulator.scenario.record import Expectations, Measured, Record, Sweep, Variants
from simulator.scenario.tiers import L1, L2, CoreGroup, EdgeGroup, NodeGroup, Storage, Tier
from simulator.units import DURATION, Count, PositiveDuration, QuantityError, format_duration, parse_count, show

if TYPE_CHECKING:
    from simulator.scenario.tree import Node

__all__ = [
    "L1", "L2", "ClientGroup", "CoreGroup", "EdgeGroup", "Fault", "Geo", "Health", "Heartbeat", "Leases",
    "LinkDefaults", "LinkRule", "Locks", "Network", "NodeGroup", "Probes", "Record", "Retry", "Routing",
    "Sam", "Scenario", "Session", "Site", "Storage", "Tier",
]  # fmt: skip


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


class Scenario(Spec):  # noqa: PLW1641 (it holds mappings; content_hash() identifies it)
    """A validated scenario; times in seconds, sizes in bytes, rates per second, ratios 0..1."""

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
    clients: dict[GroupName, ClientGroup]
    """Groups of client agents, by name: who sends requests, in sessions."""
    balancers: dict[GroupName, BalancerGroup] = Field(default_factory=dict)
    """Groups of balancers, by name: they stand between clients and edges, and decide where requests go. Left out:
    clients decide."""
    edges: dict[GroupName, EdgeGroup]
    """Groups of edge nodes, by name: they answer from L1, or ask a core."""
    cores: dict[GroupName, CoreGroup] = Field(default_factory=lambda: {"core": CoreGroup()})
    """Groups of core shards, by name: they hold L2, leases and locks."""
    storage: Storage = Storage()
    """The source of truth, behind the cores."""
    sam: Annotated[Sam | None, *OrOff] = Sam()
    """The session affinity manager: weights of sessions, and the detection of failed edges. `off`: neither."""
    routing: Routing = Routing()
    """Where requests go."""
    health: Annotated[Health | None, *OrOff] = None
    """Health checks as load balancers do them, in place of the SAM's heartbeats. `off`: none."""
    leases: Annotated[Leases | None, *OrOff] = Leases()
    """For how long an edge may serve a session, and how it renews. `off`: for ever."""
    coherence: Annotated[Literal["ttl", "invalidate"], *choice("ttl", "invalidate")] = "ttl"
    """Whether a change of locks reaches copies in L1 by their TTL, or by a message to each edge that holds one."""
    network: Network = Network()
    """All links."""
    faults: tuple[AnyFault, ...] = ()
    """What goes wrong, when, to whom. The key that names the target says what happens."""
    variants: Variants = Field(default_factory=dict)
    """Name -> paths and values: played beside the scenario as written, on the same arrivals. With `extends` a variant
    has the values of a file, or of several, and then its own."""
    price: Price | None = None
    """What nodes, storage and traffic cost: gives `cost.per_hour` and `cost.per_million_requests`."""
    record: Record = Record()
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

    @classmethod
    def load(cls, source: str | Path, overrides: Sequence[str] | Mapping[str, object] = ()) -> Scenario:
        """Read a file, or the bundled scenario of that name.

        Args:
            source: a path, or a name such as `quickstart`.
            overrides: `path=value` texts as after `--set`, or a mapping of paths to values.

        Raises:
            ScenarioError: with everything that is wrong, each with its place.
        """
        from simulator.scenario.loading import load

        return load(source, overrides)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], base_dir: str | Path = ".") -> Scenario:
        """Validate a program's own mapping, with the keys and units of YAML; raises ScenarioError."""
        from simulator.scenario.loading import from_dict

        return from_dict(values, Path(base_dir))

    def with_overrides(self, overrides: Sequence[str] | Mapping[str, object]) -> Scenario:
        """This scenario with other values at some paths; raises ScenarioError."""
        from simulator.scenario.loading import overridden

        return overridden(self._tree, self._base_dir, overrides)

    def of_tree(self, tree: Node) -> Scenario:
        """The scenario of another tree that stands in the same place; raises ScenarioError."""
        from simulator.scenario.loading import revive

        return revive(tree, self._base_dir)

    def variant(self, name: str) -> Scenario:
        """The variant of that name, without variants and sweep of its own; raises ScenarioError."""
        from simulator.scenario.loading import variant

        return variant(self._tree, self._base_dir, name)

    @property
    def base_dir(self) -> Path:
        """The folder that relative names of data files start from."""
        return self._base_dir

    @property
    def tree(self) -> Node:
        """The values as written, with their places."""
        return self._tree

    def resolved(self) -> dict[str, Any]:
        """Every value as YAML writes it, defaults filled in; reads back to an equal scenario."""
        from simulator.scenario.resolving import resolved

        return resolved(self)

    def content_hash(self) -> str:
        """sha256 (hex) of all values and of the contents of data files: equal for equal scenarios.

        A setting at its default does not enter it, written or not: a later version with more settings gives the
        same hash.
        """
        from simulator.scenario.resolving import content_hash

        return content_hash(self)

    def code(self) -> dict[str, bytes]:
        """The files of `extensions` by name, as they are now; those that are gone are left out."""
        from simulator.scenario.resolving import code

        return code(self)

    def bind(self, tree: Node, base_dir: Path) -> Self:
        """Attach what the values were read from; done once, by the loader."""
        self._tree, self._base_dir = tree, base_dir
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.resolved() == other.resolved()

    def __repr__(self) -> str:
        count = self.replications
        kinds = f", variants {', '.join(self.variants)}" if self.variants else ""
        long = self.duration if isinstance(self.duration, str) else format_duration(self.duration)
        return f"<Scenario {self.name}: {long}, {count} replication{'s' * (count != 1)}, seed {self.seed}{kinds}>"

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what was read, and validate again: so extensions are registered in the other process too."""
        from simulator.scenario.loading import revive

        return revive, (self._tree, self._base_dir)
