"""Members of families that are not built in: from entry points of packages, and from files of a user.

They are programs, and run with the rights of whoever reads the scenario (docs/security.md).

A package offers `[project.entry-points."simulator.caches"] mine = "my_package.cache"`; a scenario names
files in `extensions: [my_policy.py]`. Either is imported once, and registers what it defines with the
decorator of its family: `simulator.caches.register("mine")`, `simulator.workloads.register`, ...

May import: the standard library, the names of the families' packages. Does not know the families.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Container
from importlib.metadata import entry_points
from pathlib import Path, PurePath, PureWindowsPath

from simulator.errors import InputError
from simulator.plugins.families import GROUPS
from simulator.units import show

_loaded_entry_points: list[str] = []
_loaded_files: dict[Path, str] = {}


class ExtensionError(InputError):
    """An extension that cannot be loaded.

    Attributes:
        what: what is wrong.
        mend: what to do.
    """

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}\n  = {mend}")
        self.what, self.mend = what, mend


def load_entry_points() -> None:
    """Import what installed packages offer; once in a process. Raises ExtensionError if one is broken."""
    if _loaded_entry_points:
        return
    _loaded_entry_points.append("done")
    for group in GROUPS:
        for point in sorted(entry_points(group=group), key=lambda point: (point.name, point.value)):
            try:
                point.load()
            except Exception as error:
                what = f"the extension {point.name} ({point.value}) cannot be loaded: {error}"
                raise ExtensionError(what, f"it is an entry point of the group {group}") from error
            _loaded_entry_points.append(f"{group}:{point.name}")


def load_file(written: str, base_dir: Path, *, inside: bool = True) -> None:
    """Run a file of a user's; once in a process.

    Args:
        written: its name.
        base_dir: what the name is relative to.
        inside: whether the file must lie in that folder, or below it: nothing else may run unasked.

    Raises:
        ExtensionError: it lies elsewhere, cannot be read, is no Python, or fails.
    """
    path = _inside(base_dir, written) if inside else base_dir / written
    try:
        source = path.read_bytes()
        digest = hashlib.sha256(source).hexdigest()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "cannot be read").lower()
        what = f"the extension {show(written, 80)}: {reason}"
        raise ExtensionError(what, "the path is relative to the scenario" if inside else "check the name") from None
    if digest in _loaded_files.values():
        return  # a copy, as in a result folder and its variants, registers nothing new
    name = f"simulator_extension_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if path.suffix != ".py" or spec is None or spec.loader is None:
        raise ExtensionError(f"the extension {show(written, 80)} is not a Python file", "its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # these bytes, and no __pycache__ left beside them
    except Exception as error:
        del sys.modules[name]
        what = f"the extension {show(written, 80)} fails: {told(error, {path})}"
        raise ExtensionError(what, "mend the file") from error
    _loaded_files[path] = digest


def told(error: BaseException, files: Container[Path] = _loaded_files) -> str:
    """An exception in one line; with the last line of a user's file that it passed through, if it did."""
    passed = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) in files]
    place = f" ({Path(passed[-1].filename).name}, line {passed[-1].lineno})" if passed else ""
    return f"{type(error).__name__}: {error}{place}"


def _inside(base_dir: Path, written: str) -> Path:
    """The file of that name, which lies in the scenario's folder."""
    parts = PurePath(written)
    leaves = parts.is_absolute() or PureWindowsPath(written).is_absolute() or ".." in parts.parts
    try:
        path = (base_dir / parts).resolve()
        leaves = leaves or not path.is_relative_to(base_dir.resolve())
    except (OSError, RuntimeError, ValueError):  # a circle of links, a NUL byte: told when the file is read
        path = base_dir / parts
    if leaves:
        what = f"the extension {show(written, 80)} lies outside the folder of the scenario"
        raise ExtensionError(what, "put the file into that folder or below it, and name it from there: no absolute "
                                   "path, no ..")  # fmt: skip
    return path
