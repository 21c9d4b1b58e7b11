"""The files of scenarios and presets that come with the program, how a bare name finds one, what a folder stands for.

In a wheel they lie in `simulator/bundled/`, in a checkout in `scenarios/` beside the package.

May import: the standard library.
"""

from __future__ import annotations

from pathlib import Path

FILE_OF_FOLDER = "scenario.yaml"
"""The file that a folder stands for, where a scenario is asked for."""


PRESETS = "presets"
"""The folder of presets: parts of scenarios, which others extend."""


def bundled_folder() -> Path:
    """The folder of the bundled scenarios."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "bundled"
    return shipped if shipped.is_dir() else package.parent / "scenarios"


def bundled_names() -> list[str]:
    """Their names, sorted."""
    return sorted(path.stem for path in bundled_folder().glob("*.yaml"))


def preset_names() -> list[str]:
    """The names of the bundled presets, sorted."""
    return sorted(path.stem for path in (bundled_folder() / PRESETS).glob("*.yaml"))


def find_bundled(name: str) -> Path | None:
    """`quickstart`, `scenarios/quickstart.yaml` or `presets/haproxy` -> the bundled file, if there is one."""
    parts = Path(name).parts
    if len(parts) > 1 and parts[0] == "scenarios":
        parts = parts[1:]
    stem = parts[-1].removesuffix(".yaml").removesuffix(".yml") if parts else ""
    if len(parts) == 2 and parts[0] == PRESETS:
        return bundled_folder() / PRESETS / f"{stem}.yaml" if stem in preset_names() else None
    return bundled_folder() / f"{stem}.yaml" if len(parts) == 1 and stem in bundled_names() else None


def is_preset(path: Path) -> bool:
    """Whether a file lies where presets do."""
    return path.resolve().parent.name == PRESETS
