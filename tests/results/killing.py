"""A program that kills commands at random file events, goes on with them, and says what was lost.

    python killing.py FOLDER KILLS SEED

FOLDER holds tiny.yaml. Each try is a forked child, killed (SIGKILL) just before the n-th time that it creates, renames
or removes something in its own folder. Prints a line for each thing that should not be, and nothing else.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pandas  # noqa: F401 - imported once, here, and not in every child
import pyarrow.parquet  # noqa: F401
import rich.progress  # noqa: F401

import simulator.report.html
import simulator.report.sweep_html
import simulator.run  # noqa: F401
from simulator.cli.main import run
from simulator.experiment.studies.sweep_folder import load_sweep
from simulator.results.loading import load_run
from simulator.results.places import recover

RUN = "run tiny.yaml --replications 2 -j 1 -o out -q"
MORE = "run tiny.yaml --replications 3 -j 1 -o out -q --resume out"
SWEEP = "sweep tiny.yaml -p edges.pop.l1.capacity=5,20 -j 1 -o out -q"
FIND = "find edges.pop.l1.capacity --until hit_ratio.l1>=50% --between 7..9 --replications 2 tiny.yaml -j 1 -o out -q"
EVENTS = ("os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link", "os.symlink")
NEVER = 10**9


def main() -> None:
    """Kill as often as asked, the kinds of commands in turn."""
    root, kills, seed = Path(sys.argv[1]).resolve(), int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    kinds: list[Callable[[Path, random.Random], list[str]]] = [kill_run, kill_overwriting, kill_sweep, kill_find]
    for number in range(kills):
        folder = root / f"try{number}"
        folder.mkdir()
        shutil.copy(root / "tiny.yaml", folder)
        kind = kinds[number % len(kinds)]
        for wrong in kind(folder, rng):
            print(f"{folder.name} {kind.__name__}: {wrong}", flush=True)
        shutil.rmtree(folder)


def kill_run(folder: Path, rng: random.Random) -> list[str]:
    """A run into a new folder."""
    _killed_somewhere(folder, RUN, rng)
    wrong = _whole_run(folder / "out")
    wrong += _goes_on(folder, MORE if (folder / "out").exists() else RUN)
    return wrong + _tidy(folder) + ([] if (folder / "out").exists() else ["no result"]) + _whole_run(folder / "out")


def kill_overwriting(folder: Path, rng: random.Random) -> list[str]:
    """A run that takes an earlier result's place, which is whole all the time, at its place or put back there."""
    _child(folder, RUN, NEVER)
    _killed_somewhere(folder, MORE, rng)
    wrong = _goes_on(folder, MORE)
    return wrong + _tidy(folder) + ([] if (folder / "out").exists() else ["no result"]) + _whole_run(folder / "out")


def kill_sweep(folder: Path, rng: random.Random) -> list[str]:
    """A sweep, and the one that goes on with it."""
    return _killed_study(folder, SWEEP, rng)


def kill_find(folder: Path, rng: random.Random) -> list[str]:
    """A search, likewise."""
    return _killed_study(folder, FIND, rng)


def _killed_study(folder: Path, argv: str, rng: random.Random) -> list[str]:
    resuming = argv.replace("-o out", "--resume out")
    _killed_somewhere(folder, argv, rng)
    before, wrong = _cells(folder)
    if (folder / "out").is_dir() and rng.random() < 0.5:
        _killed_somewhere(folder, resuming, rng)
        again, more = _cells(folder)
        wrong += more + [f"finished and lost: {name}" for name in before if again.get(name) != before[name]]
        before = again
    if (folder / "out" / "manifest.json").exists():
        code, err = _child(folder, "show out", NEVER)
        if code not in (0, 2) or "Traceback" in err:
            wrong.append(f"show: {code} {err}")
    wrong += _goes_on(folder, resuming if (folder / "out").is_dir() else argv)
    after, more = _cells(folder)
    wrong += more + [f"finished and played again: {name}" for name in before if after.get(name) != before[name]]
    try:
        status = load_sweep(folder / "out").status
    except Exception:  # noqa: BLE001 - whatever it is, it is told
        return [*wrong, traceback.format_exc()]
    return wrong + _tidy(folder) + ([] if status == "complete" else [f"the study is {status}"])


def _killed_somewhere(folder: Path, argv: str, rng: random.Random) -> None:
    """Kill the command at a random one of the events that it has in a copy of the folder."""
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, copy)
    code, told = _child(copy, argv, NEVER)
    events = int(told.rpartition("events ")[2])
    shutil.rmtree(copy)
    if code not in (0, 4, 99):
        print(f"{argv}: exit {code} undisturbed\n{told}", flush=True)
    code, _ = _child(folder, argv, rng.randint(1, events))
    if code != -signal.SIGKILL:  # it had fewer this time: it was not killed, which is no fault
        print(f"{argv}: was not killed ({code})", flush=True)


def _child(folder: Path, argv: str, killed_at: int) -> tuple[int, str]:
    """Exit code (negative: signal) and stderr of a command in a process of its own."""
    log = folder.with_name(f"{folder.name}.log")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.chdir(folder)
            for descriptor, name in ((1, os.devnull), (2, str(log))):
                os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
            sys.argv = ["simulator", *argv.split()]
            seen = _count(folder, killed_at)
            code = run(argv.split())
            os.write(2, f"events {seen[0]}".encode())
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    told = log.read_text(errors="replace")
    log.unlink()
    return os.waitstatus_to_exitcode(status), told


def _count(folder: Path, killed_at: int) -> list[int]:
    """Count the events inside the folder in this process, which ends before that one."""
    seen, me, inside = [0], os.getpid(), str(folder)

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            flags = arguments[2] if len(arguments) > 2 else 0
            if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
        elif event not in EVENTS:
            return
        path = arguments[0]
        if os.getpid() != me or not isinstance(path, (str, bytes)):
            return
        name = os.fsdecode(path)
        if os.path.isabs(name) and not name.startswith(inside):  # noqa: PTH117 - a hook makes no objects
            return
        seen[0] += 1
        if seen[0] == killed_at:
            os.kill(me, signal.SIGKILL)

    sys.addaudithook(hear)
    return seen


def _goes_on(folder: Path, argv: str) -> list[str]:
    code, err = _child(folder, argv, NEVER)
    return [] if code in (0, 4, 99) and "Traceback" not in err else [f"{argv}: exit {code}\n{err}"]


def _whole_run(place: Path) -> list[str]:
    """A folder that is there is whole."""
    if not place.exists():
        return []
    try:
        return [] if load_run(place).replications else [f"{place.name} is empty"]
    except Exception:  # noqa: BLE001 - whatever it is, it is told
        return [traceback.format_exc()]


def _cells(folder: Path) -> tuple[dict[str, bytes], list[str]]:
    """The manifest of every cell that is there (or is put back), and what is wrong with them."""
    place = folder / "out" / "cells"
    if not place.is_dir():
        return {}, []
    for part in list(place.iterdir()):
        if part.suffix == ".old":
            recover(place / part.name[1:].rsplit(".", 2)[0])
    cells = [cell for cell in place.iterdir() if not cell.name.startswith(".")]
    wrong = [text for cell in cells for text in _whole_run(cell)]
    return {cell.name: (cell / "manifest.json").read_bytes() for cell in cells}, wrong


def _tidy(folder: Path) -> list[str]:
    """Nothing hidden is left."""
    return [f"left: {path.relative_to(folder)}" for path in folder.rglob(".*")]


if __name__ == "__main__":
    main()
