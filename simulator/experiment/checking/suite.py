"""The suite file of `simulator check`: which scenarios, which metrics, how much each may move.

    schema: 1
    confidence: 95%                            # of the whole suite
    replications: {first: 5, most: 40}         # stages: 5, 10, 20, 40
    checks:
      shop:
        scenario: shop.yaml                    # beside the suite, or bundled; SCENARIO:variant
        set: {duration: 30s}
        values: {from: ../deploy/values.yaml, map: {edges.pop.l1.ttl: cache.ttl}}
        metrics:
          hit_ratio.l1: 0.5points              # it may get worse by so much
          latency.p99: {rise: 5%, drop: 20%}   # or: so much each way

May import the scenario language, margins and metrics. Plays and judges nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.metrics.margins import Margin, parse_margin
from simulator.metrics.names import ParsedMetric, parse_metric
from simulator.scenario.bundled import FILE_OF_FOLDER
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.reader import read_file
from simulator.scenario.tree import Mark, Node, SourceText
from simulator.units import parse_ratio

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario

DEFAULT_SUITE: Final = Path("results/baselines/suite.yaml")
_KEYS: Final = ("schema", "description", "confidence", "replications", "baselines", "checks")
_CHECK_KEYS: Final = ("scenario", "description", "set", "values", "metrics")
_NAME: Final = re.compile(r"[\w][\w.+-]*")


@dataclass(frozen=True, slots=True)
class Limit:
    """How far a metric may move: `drop` and `rise` (None: as far as it likes).

    Attributes:
        metric: what. line: of the suite file, for annotations (0: none).
        free: whether only the direction that people do not want is limited, so that it can improve.
    """

    metric: ParsedMetric
    drop: Margin | None
    rise: Margin | None
    line: int = 0

    @property
    def free(self) -> bool:
        """Whether one direction is not limited."""
        return self.drop is None or self.rise is None

    @property
    def margin(self) -> Margin:
        """The limit, or the first of two."""
        found = self.drop if self.drop is not None else self.rise
        assert found is not None
        return found

    def __str__(self) -> str:
        told = [f"{word} {m}" for word, m in (("drop", self.drop), ("rise", self.rise)) if m is not None]
        return f"may {' or '.join(told)}"


@dataclass(frozen=True, slots=True)
class Check:
    """One scenario of the suite with its limits."""

    name: str
    source: str
    base_dir: Path
    changes: Node | None
    values: Node | None
    limits: tuple[Limit, ...]
    line: int = 0

    def scenario(self, base_dir: Path | None = None) -> Scenario:
        """The scenario to play, from `base_dir` (default: the suite's folder). Raises ScenarioError."""
        from simulator.scenario.overrides import apply, from_node
        from simulator.scenario.schema import Scenario
        from simulator.scenario.validating import make
        from simulator.scenario.values import mapped

        folder = base_dir if base_dir is not None else self.base_dir
        loaded = Scenario.load(self.located(folder))
        tree = loaded.tree
        if self.values is not None:
            tree = apply(tree, mapped(self.values, folder))
        if self.changes is not None:
            tree = apply(tree, from_node(self.changes))
        return make(Scenario, tree.without("variants", "sweep"), loaded.base_dir)

    def located(self, folder: Path) -> str:
        """The scenario's file in that folder (with its variant), or the bundled name."""
        head, colon, variant = self.source.rpartition(":")
        name, tail = (head, f":{variant}") if colon and not (folder / self.source).exists() else (self.source, "")
        beside = folder / name
        return f"{beside}{tail}" if beside.is_file() or (beside / FILE_OF_FOLDER).is_file() else self.source


@dataclass(frozen=True, slots=True)
class Suite:
    """A whole suite.

    Attributes:
        path: its file. name: for reports. checks: in order.
        confidence: family-wise, over all metrics and stages.
        first, most: replications of the first stage, and at most.
        folder: where the baselines are.
    """

    path: Path
    name: str
    checks: tuple[Check, ...]
    confidence: float
    first: int
    most: int
    folder: Path

    @property
    def stages(self) -> list[int]:
        """Replications after each stage: doubled until `most`."""
        sizes = [self.first]
        while sizes[-1] < self.most:
            sizes.append(min(self.most, 2 * sizes[-1]))
        return sizes

    def only(self, names: Sequence[str]) -> Suite:
        """The suite with some checks only. Raises ScenarioError for a name that is not there."""
        known = [check.name for check in self.checks]
        for name in names:
            if name not in known:
                close = difflib.get_close_matches(name, known, 1)
                mend = f"did you mean {close[0]}?" if close else f"it has {', '.join(known)}"
                raise ScenarioError(f"{self.path} has no check '{name}': {mend}")
        kept = tuple(check for check in self.checks if not names or check.name in names)
        return Suite(self.path, self.name, kept, self.confidence, self.first, self.most, self.folder)


def load_suite(path: Path) -> Suite:
    """Read a suite file; raises ScenarioError with every fault at its place."""
    root = read_file(path, str(path))
    if not root.is_mapping():
        raise _wrong("a suite is a mapping", "begin with schema: 1", root)
    _known(root, _KEYS)
    if (schema := root.get("schema")) is not None and schema.value != 1:
        raise _wrong(f"schema {schema.value} is not one that this program reads", "write schema: 1", schema)
    section = root.get("checks")
    if section is None or not section.is_mapping() or not section.value:
        raise _wrong("there are no checks", "write checks: {NAME: {scenario: ..., metrics: {...}}}", section or root)
    first, most = _stages(root.get("replications"))
    folder = root.get("baselines")
    issues: list[Issue] = []
    checks = []
    for name, node in section.value.items():
        try:
            checks.append(_check(name, node, path.resolve().parent))
        except ScenarioError as error:
            issues += error.issues
    if issues:
        raise ScenarioError(issues)
    return Suite(
        path, path.parent.name if path.stem == "suite" else path.stem, tuple(checks),
        _confidence(root.get("confidence")), first, most,
        path.parent / (str(folder.value) if folder is not None else ""),
    )  # fmt: skip


def limits_of(metrics: Node, where: str = "") -> tuple[Limit, ...]:
    """The limits of a `metrics` mapping; raises ScenarioError with every fault at its place."""
    issues: list[Issue] = []
    limits = []
    for name, node in metrics.value.items():
        try:
            limits.append(_limit(name, node))
        except ValueError as error:
            issues.append(Issue(str(error), "", node.key_mark or node.mark, where))
    if issues:
        raise ScenarioError(issues)
    return tuple(limits)


def _check(name: str, node: Node, base_dir: Path) -> Check:
    if _NAME.fullmatch(name) is None:
        raise _wrong(f"'{name}' cannot name a check", "use letters, digits and . _ -", node)
    if not node.is_mapping():
        raise _wrong(f"checks.{name} is no mapping", "write {scenario: ..., metrics: {...}}", node)
    _known(node, _CHECK_KEYS, f"checks.{name}")
    source, metrics = node.get("scenario"), node.get("metrics")
    if source is None or not isinstance(source.value, str):
        raise _wrong(f"checks.{name} names no scenario", "write scenario: quickstart", source or node)
    if metrics is None or not metrics.is_mapping() or not metrics.value:
        raise _wrong(f"checks.{name} has no metrics", "write metrics: {hit_ratio.l1: 0.5points}", metrics or node)
    changes = node.get("set")
    if changes is not None and not changes.is_mapping():
        raise _wrong(f"checks.{name}.set is no mapping", "write set: {duration: 30s}", changes)
    limits = limits_of(metrics, f"checks.{name}.metrics")
    return Check(name, source.value, base_dir, changes, node.get("values"), limits, _line(node))


def _limit(name: str, node: Node) -> Limit:
    metric = parse_metric(name)
    if node.is_mapping():
        wrong = [key for key in node.value if key not in ("rise", "drop")]
        if wrong or not node.value:
            raise ValueError(f"`{name}`: write a margin, or {{rise: MARGIN, drop: MARGIN}}")
        drop, rise = (
            parse_margin(node.value[key].value, metric) if key in node.value else None for key in ("drop", "rise")
        )
        return Limit(metric, drop, rise, _line(node))
    if node.is_list() or node.value is None or isinstance(node.value, bool):
        raise ValueError(f"`{name}`: by how much may it move? write for example 5%")
    margin = parse_margin(node.value, metric)
    return Limit(
        metric,
        None if metric.better == "lower" else margin,
        None if metric.better == "higher" else margin,
        _line(node),
    )


def _stages(node: Node | None) -> tuple[int, int]:
    if node is None:
        return 5, 40
    value = node.plain()
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value, value
    if isinstance(value, dict) and value and set(value) <= {"first", "most"}:
        first, most = value.get("first", 5), value.get("most", 40)
        if all(isinstance(n, int) and not isinstance(n, bool) and n >= 2 for n in (first, most)) and first <= most:
            return first, most
    raise _wrong("replications is no number of them", "write {first: 5, most: 40}", node)


def _confidence(node: Node | None) -> float:
    if node is None:
        return 0.95
    try:
        value = float(parse_ratio(node.value if isinstance(node.value, (int, float)) else str(node.value)))
    except ValueError as error:
        raise _wrong(f"confidence: {error}", "write confidence: 95%", node) from None
    if not 0.5 <= value < 1.0:
        raise _wrong("confidence lies between 50% and 100%", "write confidence: 95%", node)
    return value


def _known(node: Node, keys: Sequence[str], where: str = "") -> None:
    issues = []
    for key, child in node.value.items():
        if key not in keys:
            close = difflib.get_close_matches(key, keys, 1)
            mend = f"did you mean {close[0]}?" if close else f"it takes {', '.join(keys)}"
            issues.append(Issue(f"unknown key '{key}'", mend, child.key_mark or child.mark, where))
    if issues:
        raise ScenarioError(issues)


def _line(node: Node) -> int:
    mark = node.key_mark or node.mark
    return mark.line if mark is not None else 0


def _wrong(what: str, mend: str, node: Node) -> ScenarioError:
    return ScenarioError([Issue(what, mend, node.mark or node.key_mark or Mark(SourceText("suite", is_file=False)))])
