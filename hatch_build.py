"""Build hook: compile the busiest modules with mypyc where that is possible.

The same Python files are compiled that would otherwise be interpreted, and results are the same to the last bit
(`python tests/goldens/goldens.py --check` says so of either). Where there is no C compiler, or anything else goes
wrong, the wheel is plain Python, and the build says why. `STICKYSIM_COMPILE=0` leaves it out; an editable install never
compiles, so that an edit takes effect.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LONGEST_S = 900
# no library is there to check types against; that is done elsewhere, and what mypyc cannot see is Any to it
MYPY = "[mypy]\nignore_missing_imports = True\nfollow_imports = silent\nignore_errors = True\nalways_true = COMPILED\n"
SETUP = """\
from mypyc.build import mypycify
from setuptools import setup

setup(name="compiled", packages=[], ext_modules=mypycify({modules!r}, opt_level="2", debug_level="0"))
"""


class CompileHook(BuildHookInterface[Any]):
    """Adds compiled modules to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and tell the wheel; `version` is `editable` or `standard`."""
        if version == "editable" or os.environ.get("STICKYSIM_COMPILE") == "0" or sys.implementation.name != "cpython":
            return
        self._scratch = tempfile.TemporaryDirectory(prefix="stickysim-")
        scratch = Path(self._scratch.name)
        try:
            compiled = _compile(Path(self.root), scratch, self.config["modules"])
        except Exception as error:  # noqa: BLE001  (whatever is missing, plain Python works)
            self.app.display_warning(f"not compiled, plain Python it is: {error}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for path in compiled:
            build_data["force_include"][str(path)] = path.relative_to(scratch).as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the scratch folder."""
        if hasattr(self, "_scratch"):
            self._scratch.cleanup()


def _compile(root: Path, scratch: Path, modules: list[str]) -> list[Path]:
    """Compile modules in a copy of the package; the paths of the extension modules. Raises on any failure."""
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.csv")
    shutil.copytree(root / "simulator", scratch / "simulator", ignore=ignored)
    (scratch / "mypy.ini").write_text(MYPY)
    (scratch / "setup.py").write_text(SETUP.format(modules=modules))
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=scratch, capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines() or ["nothing was said"]
        raise RuntimeError(said[-1])
    shutil.rmtree(scratch / "build", ignore_errors=True)
    found = sorted(path for ending in ("*.so", "*.pyd") for path in scratch.rglob(ending))
    if len(found) < len(modules):
        raise RuntimeError(f"only {len(found)} extension modules came out")
    return found
