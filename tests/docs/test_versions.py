"""The versions that are declared are those that are tried: .ci/oldest.txt has the floors of pyproject.toml."""

import re
import tomllib

from tests.docs.snippets import ROOT

TOOLS = {"import-linter", "mypy", "pandas-stubs", "ruff", "types-pyyaml"}  # they check the source and run no test


def versions(lines, between):
    """Version by name, both as pip compares them."""
    found = (re.match(rf"([\w.-]+)(?:\[\w+\])?{between}([\w.]+)", line) for line in lines)
    return {one[1].lower().replace("_", "-"): one[2] for one in found if one}


def declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return project["dependencies"], extras["dev"], extras


def pinned(name):
    return versions((ROOT / ".ci" / name).read_text(encoding="utf-8").splitlines(), "==")


def test_the_oldest_versions_are_the_declared_ones():
    needed, dev, _ = declared()
    oldest, floors = pinned("oldest.txt"), versions([*needed, *dev], ">=")
    assert len(floors) == len(needed) + len(dev)
    assert {name: floor for name, floor in floors.items() if name not in TOOLS and oldest.get(name) != floor} == {}


def test_everything_that_the_checks_use_is_pinned():
    needed, dev, _ = declared()
    assert set(versions([*needed, *dev], ">=")) - set(pinned("constraints.txt")) == set()


def test_one_distribution_has_one_floor():
    needed, dev, extras = declared()
    floors = versions([*needed, *dev], ">=")
    for name, extra in extras.items():
        for one, floor in versions(extra, ">=").items():
            assert floors.get(one, floor) == floor, name
