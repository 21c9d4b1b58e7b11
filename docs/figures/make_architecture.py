"""Draws architecture.svg: the rooms of the package, floor above floor, and the imports between them.

An arrow is all imports of one room from another, type-only ones included. It is left out where a longer way down says
the same, so that what is left can be followed by eye; one that ran up would be red, and the contract in pyproject.toml
forbids it. A room's width is its lines of code. Run it after rooms or imports have changed:

python docs/figures/make_architecture.py
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGE = ROOT / "simulator"
FLOORS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "what people use": (("cli",), ("verification", "interactive"), ("report",)),
    "many runs, and what\nthey gave": (("fitting", "experiment"), ("results",), ("play",)),
    "one run": (("run", "build"), ("observe", "faults", "scenario"), ("world", "health")),
    "what is simulated": (
        ("clients",), ("server", "sam"), ("leases", "routing", "caches", "workloads"), ("messages", "agents", "links"),
    ),
    "what all stand on": (
        ("metrics", "plugins", "statistics", "laws"), ("logs", "geography", "engine"), ("units", "text", "errors"),
    ),
}  # fmt: skip
"""The rooms as they are drawn: floors, each with its shelves from the top down."""
TINTS = ("#E8EEF7", "#E6F2EA", "#FBF1DF", "#F8E5E0", "#EEEAF4")
SHELF, ROOM, LEFT, WIDTH = 1.0, 0.5, 15.0, 108.0


class Place(NamedTuple):
    """Where a room is drawn: its middle and its width."""

    x: float
    y: float
    width: float


def layers() -> list[str]:
    """The rooms in the order of the contract, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    [contract] = [one for one in settings["contracts"] if one["type"] == "layers"]
    return [part.strip().removeprefix("simulator.") for layer in contract["layers"] for part in layer.split("|")]


def modules() -> Iterator[tuple[str, str]]:
    """The text of every module, by the room that it is in."""
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE)
        yield (place.parts[0] if len(place.parts) > 1 else place.stem), file.read_text(encoding="utf-8")


def imports(rooms: set[str]) -> dict[str, set[str]]:
    """The rooms that each room imports from."""
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for room, text in modules():
        for node in ast.walk(ast.parse(text)):
            if room in rooms and isinstance(node, ast.ImportFrom) and (node.module or "").startswith("simulator."):
                found[room].add(str(node.module).split(".")[1])
    return {room: (others & rooms) - {room} for room, others in found.items()}


def without_shortcuts(graph: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """The arrows that no longer way stands for (the transitive reduction, where there are no circles)."""

    def reached(room: str, seen: set[str]) -> set[str]:
        for other in graph[room] - seen:
            seen.add(other)
            reached(other, seen)
        return seen

    for room, others in graph.items():
        for other in sorted(others):
            if not any(other in reached(between, set()) for between in others - {other}):
                yield room, other


def draw() -> Figure:
    """The whole house."""
    order = layers()
    rank = {room: place for place, room in enumerate(order)}
    size = dict.fromkeys(order, 0)
    for room, text in modules():
        if room in size:
            size[room] += len(text.splitlines())
    shelves = sum(map(len, FLOORS.values()))
    figure = Figure(figsize=(9.6, 0.62 * shelves))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    places: dict[str, Place] = {}
    top = float(shelves)
    for tint, (name, floor) in zip(TINTS, FLOORS.items(), strict=True):
        height = SHELF * len(floor)
        axes.add_patch(Rectangle((0.6, top - height + 0.05), WIDTH - 1.2, height - 0.1, color=tint, zorder=0))
        axes.text(1.6, top - height / 2, name, va="center", fontsize=9, style="italic", color="0.25")
        for shelf in floor:
            top -= SHELF
            _shelf(axes, [room for room in shelf if room in size], size, top + SHELF / 2, places)
    for source, target in without_shortcuts(imports(set(places))):
        _arrow(axes, places[source], places[target], up=rank[target] < rank[source])
    axes.set(xlim=(0.0, WIDTH), ylim=(0.0, float(shelves)))
    axes.axis("off")
    return figure


def _shelf(axes: Axes, rooms: list[str], size: Mapping[str, int], middle: float,
           places: dict[str, Place]) -> None:  # fmt: skip
    widths = [7.5 + 0.9 * (size[room] / 100.0) ** 0.5 for room in rooms]
    gap = (WIDTH - LEFT - sum(widths) - 2.0) / len(rooms)
    left = LEFT + gap / 2
    for room, width in zip(rooms, widths, strict=True):
        places[room] = Place(left + width / 2, middle, width)
        axes.add_patch(FancyBboxPatch(
            (left, middle - ROOM / 2), width, ROOM, boxstyle="round,pad=0,rounding_size=0.7", mutation_aspect=0.1,
            facecolor="white", edgecolor="0.35", linewidth=0.8, zorder=3,
        ))  # fmt: skip
        axes.text(left + width / 2, middle, room, ha="center", va="center", fontsize=9, weight="bold", zorder=4)
        left += width + gap


def _arrow(axes: Axes, begin: Place, end: Place, *, up: bool) -> None:
    level = begin.y == end.y
    bend = 0.0 if level or abs(begin.y - end.y) <= SHELF else 0.06
    side = (1.0 if end.x > begin.x else -1.0) if level else 0.0
    edge = 0.0 if level else ROOM / 2 if begin.y > end.y else -ROOM / 2
    axes.add_patch(FancyArrowPatch(
        (begin.x + side * begin.width / 2, begin.y - edge), (end.x - side * end.width / 2, end.y + edge),
        connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>", mutation_scale=7, linewidth=0.9, shrinkA=0, shrinkB=0,
        color="#C0392B" if up else "0.45", alpha=0.85, zorder=2,
    ))  # fmt: skip


if __name__ == "__main__":
    mpl.rcParams.update({"svg.hashsalt": "stickysim", "svg.fonttype": "none", "font.family": "sans-serif"})
    draw().savefig(HERE / "architecture.svg", metadata={"Date": None})
