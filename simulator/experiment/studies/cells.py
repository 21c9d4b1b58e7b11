"""The cells of a sweep: a name, a content hash and a scenario for each point, and how one is played.

A cell is the scenario as written with some values set, without its variants and its `sweep:` section. Its key
is a hash of all that decides its numbers (not of its question or its expectations) and of the program's
version; the folder's name ends with it, so a finished cell is known by its name alone. All cells use the
scenario's seed: they meet the same arrivals (common random numbers).

May import the scenario language and the runner. Runs nothing by itself, writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from simulator.errors import SimulatorError
from simulator.experiment.studies.design import Design, Value, short_names
from simulator.observe.result import Replication
from simulator.play.job import REPLICATION_FUNCTION, UNPLAYABLE, Item, Job
from simulator.scenario import loading
from simulator.scenario import overrides as setting
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.schema import Scenario
from simulator.scenario.tree import Mark, Node, SourceText
from simulator.scenario.validating import make
from simulator.text.version import VERSION

VARIANT: Final = "variant"
"""The axis of the scenario's variants."""
AS_WRITTEN: Final = "as written"
_LONGEST_NAME = 90
_KEY_SHOWN = 10
_AT_HAND = 1000
_DESCRIBING: Final = {"question": "", "description": "", "expect": (), "measured": {}}


class CellError(SimulatorError):
    """A cell whose scenario or data cannot be played; costs that cell alone."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One point of a design.

    Attributes:
        number: its place in the design, from 1.
        name: its folder's name, which ends with the key.
        slug: the name without the key: the same for the same values, whatever the rest of the scenario is.
        values: path -> value.
        key: hash of what decides its numbers.
    """

    number: int
    name: str
    slug: str
    values: Mapping[str, Value]
    key: str

    def __str__(self) -> str:
        return self.slug

    @property
    def texts(self) -> dict[str, str]:
        """Path -> value as people read it."""
        return {path: value.text for path, value in self.values.items()}

    @property
    def plain(self) -> dict[str, Any]:
        """Path -> value as a program reads it."""
        return {path: value.plain for path, value in self.values.items()}


@dataclass(eq=False)
class Cells(Mapping[str, "Scenario"]):
    """Cell name -> its scenario, made when asked for; small enough to travel to workers.

    Scenarios that were made are at hand for playing and keeping them, here and in workers that are forked: of the
    first thousand cells, and of the last.

    Attributes:
        tree, base_dir: the scenario as written.
        cells: by name.
        warmups: cell name -> warm-up in seconds that was found, where the scenario says `auto`.
    """

    tree: Node
    base_dir: Path
    cells: dict[str, Cell] = field(default_factory=dict)
    warmups: dict[str, float] = field(default_factory=dict)
    _made: dict[tuple[str, float | None], Scenario] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, scenario: Scenario) -> Cells:
        """No cells yet, of that scenario."""
        return cls(scenario.tree.without("sweep"), scenario.base_dir)

    def add(self, design: Design) -> list[Cell]:
        """Make the cells of a design, each validated. Raises ScenarioError naming the first bad value."""
        self._check_paths(design.paths)
        shorts = short_names(design.paths)
        made: list[Cell] = []
        for point in design.points:
            values = dict(zip(design.paths, point, strict=True))
            made.append(self.make(values, shorts, number=len(made) + 1))
        return made

    def make(self, values: Mapping[str, Value], shorts: Mapping[str, str], number: int) -> Cell:
        """One cell, validated. Raises ScenarioError."""
        scenario = self.scenario(values)
        key = key_of(scenario)
        slug = _slug({shorts[path]: value.text for path, value in values.items()})
        cell = Cell(number, f"{slug}.{key[:_KEY_SHOWN]}", slug, dict(values), key)
        self.cells[cell.name] = cell
        self._at_hand(cell.name, None, scenario)
        return cell

    def scenario(self, values: Mapping[str, Value]) -> Scenario:
        """The scenario with these values. Raises ScenarioError."""
        tree = setting.apply(self.tree, [(path, value.node) for path, value in values.items() if path != VARIANT])
        chosen = values[VARIANT].text if VARIANT in values else AS_WRITTEN
        if chosen != AS_WRITTEN:
            return loading.variant(Scenario, tree, self.base_dir, chosen)
        return make(Scenario, tree.without("variants"), self.base_dir, alternatives=False)

    def __getitem__(self, name: str) -> Scenario:
        warmup_s = self.warmups.get(name)
        scenario = self._made.get((name, warmup_s))
        if scenario is None:
            scenario = self.scenario(self.cells[name].values)
            if warmup_s is not None:
                scenario = scenario.with_overrides({"warmup": f"{warmup_s:g}s"})
            self._at_hand(name, warmup_s, scenario)
        return scenario

    def _at_hand(self, name: str, warmup_s: float | None, scenario: Scenario) -> None:
        if len(self._made) >= _AT_HAND:
            self._made.popitem()  # the last: those before it come first again when they are played
        self._made[name, warmup_s] = scenario

    def __iter__(self) -> Iterator[str]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    def __reduce__(self) -> tuple[Any, ...]:
        """What travels is what scenarios are made of, not those at hand."""
        return Cells, (self.tree, self.base_dir, self.cells, self.warmups)

    def only(self, name: str) -> Cells:
        """The same with one cell: what a worker on another machine needs."""
        warmups = {name: self.warmups[name]} if name in self.warmups else {}
        return Cells(self.tree, self.base_dir, {name: self.cells[name]}, warmups)

    def _check_paths(self, paths: Sequence[str]) -> None:
        """A variant sets its own values over a cell's: then the cell's would change nothing."""
        variants = self.tree.get("variants")
        if VARIANT not in paths or variants is None:
            return
        for name, changes in variants.value.items():
            both = sorted(set(paths) & set(changes.value))
            if both:
                raise ScenarioError(
                    [Issue(f"variant {name} sets {both[0]} too", "sweep it without --variants",
                           Mark(SourceText(f"-p {both[0]}", is_file=False)))]
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class CellJob(Job):
    """Plays (cell, replication) with the cell's own seed; a bad cell fails by itself.

    Attributes:
        pilot: whether to play with nothing cut off, to find the warm-up.
    """

    pilot: bool = False

    def play(self, item: Item, tell: Callable[[float, int], None]) -> Replication:
        """Play one replication of one cell here."""
        try:
            scenario = self.scenarios[item.variant]
            if self.pilot:
                scenario = scenario.with_overrides({"warmup": "0s"})
            whole = Job({item.variant: scenario}, scenario.seed, scenario.record.trace, self.function)
            return whole.play(item, tell)
        except UNPLAYABLE as error:
            raise CellError(str(error)) from error

    def for_one(self, item: Item) -> CellJob:
        """The same job with what this item needs, to send away."""
        scenarios = self.scenarios
        if isinstance(scenarios, Cells):
            scenarios = scenarios.only(item.variant)
        return CellJob(scenarios, self.seed, self.trace, self.function, self.pilot)


def job_of(cells: Cells, function: str = REPLICATION_FUNCTION, *, pilot: bool = False) -> CellJob:
    """The job of playing these cells."""
    return CellJob(cells, 0, None, function, pilot)


def key_of(scenario: Scenario) -> str:
    """Hash of everything that decides the numbers of a replication: the scenario and this program."""
    lean = scenario.model_copy(update={**_DESCRIBING, "name": "cell", "replications": 1, "variants": {}, "sweep": {}})
    return hashlib.sha256(f"{VERSION} {lean.content_hash()}".encode()).hexdigest()


def _slug(texts: Mapping[str, str]) -> str:
    """Values as a folder's name: what people read stays as it is; a long one is cut and told by its hash."""
    plain = ",".join(f"{name}={text}" for name, text in texts.items())
    slug = quote(plain.replace(" ", ""), safe="=,+@()%").lstrip(".") or "cell"
    if len(slug) <= _LONGEST_NAME:
        return slug
    digest = hashlib.sha256(slug.encode()).hexdigest()
    return f"{slug[: _LONGEST_NAME - 9]}~{digest[:8]}"
