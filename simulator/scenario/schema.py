"""A scenario: everything that decides what is simulated, frozen, in SI units.

`Scenario.load` reads a file (or a bundled scenario by its name), `from_dict` a program's own mapping; both
raise ScenarioError with every fault at its place. A scenario makes any number of worlds, is never changed,
and `with_overrides` and `variant` make others. Its keys are in `spec`.

Does not build or run anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.scenario import loading, resolving
from simulator.scenario.spec import ScenarioSpec
from simulator.scenario.tree import Node
from simulator.scenario.validating import revive
from simulator.units import format_duration


class Scenario(ScenarioSpec):  # noqa: PLW1641 (it holds mappings; content_hash() identifies it)
    """A validated scenario; times in seconds, sizes in bytes, rates per second, ratios 0..1."""

    @classmethod
    def load(cls, source: str | Path, overrides: Sequence[str] | Mapping[str, object] = ()) -> Scenario:
        """Read a file, or the bundled scenario of that name.

        Args:
            source: a path, or a name such as `quickstart`.
            overrides: `path=value` texts as after `--set`, or a mapping of paths to values.

        Raises:
            ScenarioError: with everything that is wrong, each with its place.
        """
        return loading.load(cls, source, overrides)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], base_dir: str | Path = ".") -> Scenario:
        """Validate a program's own mapping, with the keys and units of YAML; raises ScenarioError."""
        return loading.from_dict(cls, values, Path(base_dir))

    def with_overrides(self, overrides: Sequence[str] | Mapping[str, object]) -> Scenario:
        """This scenario with other values at some paths; raises ScenarioError."""
        return loading.overridden(type(self), self.tree, self.base_dir, overrides)

    def of_tree(self, tree: Node) -> Scenario:
        """The scenario of another tree that stands in the same place; raises ScenarioError."""
        return revive(type(self), tree, self.base_dir)

    def variant(self, name: str) -> Scenario:
        """The variant of that name, without variants and sweep of its own; raises ScenarioError."""
        return loading.variant(type(self), self.tree, self.base_dir, name)

    def resolved(self) -> dict[str, Any]:
        """Every value as YAML writes it, defaults filled in; reads back to an equal scenario."""
        return resolving.resolved(self)

    def content_hash(self) -> str:
        """sha256 (hex) of all values and of the contents of data files: equal for equal scenarios.

        A setting at its default does not enter it, written or not: a later version with more settings gives the
        same hash.
        """
        return resolving.content_hash(self)

    def code(self) -> dict[str, bytes]:
        """The files of `extensions` by name, as they are now; those that are gone are left out."""
        return resolving.code(self)

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
        return revive, (type(self), self.tree, self.base_dir)
