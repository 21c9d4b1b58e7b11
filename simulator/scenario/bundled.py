"""The files of scenarios: those that come with the program, how a bare name finds one, what a folder stands for.

In a wheel they lie in `simulator/bundled/`, in a checkout in `scenarios/` beside the package.

May import: the standard library.
"""

from __future__ import annotations

from pathlib import Path

FILE_OF_FOLDER = "scenario.yaml"
"""The file that a folder stands for, where a scenario is asked for."""


def bundled_folder() -> Path:
    """The folder of the bundled scenarios."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "bundled"
    return shipped if shipped.is_dir() else package.parent / "scenarios"


def bundled_names() -> list[str]:
    """Their names, sorted."""
    return sorted(path.stem for path in bundled_folder().glob("*.yaml"))


def find_bundled(name: str) -> Path | None:
    """`quickstart` or `scenarios/quickstart.yaml` -> the bundled file, if there is one."""
    parts = Path(name).parts
    if len(parts) == 2 and parts[0] == "scenarios":
        parts = parts[1:]
    if len(parts) != 1:
        return None
    stem = parts[0].removesuffix(".yaml").removesuffix(".yml")
    return bundled_folder() / f"{stem}.yaml" if stem in bundled_names() else None
