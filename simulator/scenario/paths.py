"""Which paths a scenario has, and which of them a wrong one probably meant: `ttl` is `edges.pop.l1.ttl`.

May import: the spec (for its fields), families, the tree. Does not set or read values.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, get_args

from pydantic.fields import FieldInfo

from simulator.plugins.families import family
from simulator.plugins.named import MemberName
from simulator.plugins.spec import Spec
from simulator.scenario.merge import GROUPS
from simulator.scenario.spec import ScenarioSpec
from simulator.scenario.tree import Node

_MOST = 3  # paths that a hint names
_ALIKE = 0.65
_MOST_GROUPS = 50  # of one section, among whose paths is searched


@lru_cache(maxsize=1)
def known_paths(tree: Node) -> tuple[str, ...]:
    """Every path that can be set in this scenario, its groups by their names; items of lists left out."""
    return tuple(_below(ScenarioSpec, tree, ""))


def probably(tree: Node, written: str) -> list[str]:
    """Up to three paths that `written` may mean: those that end so, else those that end much like it."""
    parts = written.split(".")
    paths = [path for path in known_paths(tree) if path != written]
    tails = {path: ".".join(path.split(".")[-len(parts) :]) for path in paths}
    same = [path for path in paths if tails[path] == written]
    if not same:
        keys = {path: path.rsplit(".", maxsplit=1)[-1] for path in paths}
        close = difflib.get_close_matches(parts[-1], dict.fromkeys(keys.values()), 1, _ALIKE)
        same = [path for path in paths if keys[path] in close]
        shared = {path: _shared(path.split("."), parts) for path in same}
        most = max(shared.values(), default=0)
        same = [path for path in same if shared[path] == most]
    return same[:_MOST]


def _shared(one: list[str], other: list[str]) -> int:
    """How many parts two paths have in common from the left."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _below(model: type[Spec], node: Node | None, before: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = field.alias or name
        path = f"{before}{key}"
        child = node.get(key) if node is not None else None
        if not before and key in ("extensions", "variants", "sweep", "schema"):
            continue
        if not before and key in GROUPS:
            names = list(child.value) if child is not None and child.is_mapping() else []
            for group in (names or (["core"] if key == "cores" else []))[:_MOST_GROUPS]:
                inside = child.get(group) if child is not None else None
                yield from _below(_spec(field.annotation), inside, f"{path}.{group}.")  # type: ignore[arg-type]
            continue
        below = _workload(child) if key == "workload" else _spec(field.annotation)
        yield path
        yield from _inside_name(field, child, path)
        if below is not None:
            yield from _below(below, child, f"{path}.")


def _inside_name(field: FieldInfo, child: Node | None, path: str) -> Iterator[str]:
    """The paths of settings of the member that a field names, if it names one that has some of its own."""
    member = next((part for part in field.metadata if isinstance(part, MemberName)), None)
    if member is None or child is None:
        return
    name = next(iter(child.value), None) if child.is_mapping() else child.value
    own = member.own_settings(name)
    if own is not None:
        yield from _below(own, child.get(str(name)), f"{path}.{name}.")


def _spec(annotation: Any) -> type[Spec] | None:
    """The model that a field holds: itself, an option, or by name; None for values and for lists."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation
    if getattr(annotation, "__origin__", None) in (tuple, list):
        return None
    found = (_spec(part) for part in get_args(annotation))
    return next((spec for spec in found if spec is not None), None)


def _workload(node: Node | None) -> type[Spec] | None:
    kind = node.get("kind") if node is not None else None
    known = family("simulator.workloads")
    return known.get(kind.value) if kind is not None and isinstance(kind.value, str) else None
