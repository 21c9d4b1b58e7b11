"""Members of families that are not built in: from entry points of packages, and from files of a user.

They are programs, and run with the rights of whoever reads the scenario (docs/security.md).

A package offers `[project.entry-points."simulator.caches"] mine = "my_package.cache"`; a scenario names
files in `extensions: [my_policy.py]`. Either is imported once, and registers what it defines with the
decorator of its family: `simulator.caches.register("mine")`, `simulator.routing.register("mine")`,
`simulator.sam.models.register("mine")`, `simulator.workloads.register`, `simulator.links.register`,
`simulator.scenario.faults.register`.

May import: the standard library, the scenario's tree and errors. Does not know the families.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path, PurePath, PureWindowsPath

from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.tree import Node
from simulator.units import show

ENTRY_POINT_GROUPS = (
    "simulator.routing", "simulator.caches", "simulator.sam", "simulator.workloads", "simulator.links",
    "simulator.faults",
)  # fmt: skip
_loaded_entry_points: list[str] = []
_loaded_files: dict[Path, str] = {}


def load_entry_points() -> None:
    """Import what installed packages offer; once in a process. Raises ScenarioError if one is broken."""
    if _loaded_entry_points:
        return
    _loaded_entry_points.append("done")
    for group in ENTRY_POINT_GROUPS:
        for point in sorted(entry_points(group=group), key=lambda point: (point.name, point.value)):
            try:
                point.load()
            except Exception as error:
                what = f"the extension {point.name} ({point.value}) cannot be loaded: {error}"
                raise ScenarioError([Issue(what, f"it is an entry point of the group {group}")]) from error
            _loaded_entry_points.append(f"{group}:{point.name}")


def load_extensions(section: Node | None, base_dir: Path) -> None:
    """Import entry points, then the files of a scenario's `extensions`; raises ScenarioError."""
    load_entry_points()
    if section is None or not section.is_list():
        return  # what is not a list of names is told by the validation of the section
    for item in section.value:
        if isinstance(item.value, str):
            _load_file(_inside(base_dir, item), item)


def _inside(base_dir: Path, item: Node) -> Path:
    """The file that an item names, which lies in the scenario's folder: nothing else may run unasked."""
    written = PurePath(item.value)
    leaves = written.is_absolute() or PureWindowsPath(item.value).is_absolute() or ".." in written.parts
    try:
        path = (base_dir / written).resolve()
        leaves = leaves or not path.is_relative_to(base_dir.resolve())
    except (OSError, RuntimeError, ValueError):  # a circle of links, a NUL byte: told when the file is read
        path = base_dir / written
    if leaves:
        what = f"the extension {show(item.value, 80)} lies outside the folder of the scenario"
        raise ScenarioError([Issue(what, "put the file into that folder or below it, and name it from there: no "
                                   "absolute path, no ..", item.mark)])  # fmt: skip
    return path


def _load_file(path: Path, item: Node) -> None:
    try:
        source = path.read_bytes()
        digest = hashlib.sha256(source).hexdigest()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "cannot be read").lower()
        raise ScenarioError([Issue(f"the extension {show(item.value, 80)}: {reason}",
                                   "the path is relative to the scenario", item.mark)]) from None  # fmt: skip
    if digest in _loaded_files.values():
        return  # a copy, as in a result folder and its variants, registers nothing new
    name = f"simulator_extension_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if path.suffix != ".py" or spec is None or spec.loader is None:
        what = f"the extension {show(item.value, 80)} is not a Python file"
        raise ScenarioError([Issue(what, "its name ends in .py", item.mark)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # these bytes, and no __pycache__ left beside them
    except Exception as error:
        del sys.modules[name]
        what = f"the extension {show(item.value, 80)} fails: {type(error).__name__}: {error}"
        raise ScenarioError([Issue(what, "mend the file", item.mark)]) from error
    _loaded_files[path] = digest
