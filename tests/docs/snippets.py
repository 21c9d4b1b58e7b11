"""Takes the fenced blocks out of Markdown pages, and runs their commands.

A `console` block holds commands (`$ ...`) with what they print; a line `...` stands for any lines, and a command may
say what it exits with: `$ command  # exit 99`. A `python` block is run, page by page in one namespace; what it
prints is in a `text` block right after it. A `yaml` block is a scenario (with `schema: 1`) or a part of one. A block
whose first line is a comment with a file's name (`# clock.py`) is that file, for the commands, the scenarios and the
programs of the page. Run as a program, this file writes true outputs into the pages it is given.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^# ((?:[\w-]+/)*[\w-]+\.(?:py|yaml|csv|log))\n")
_EXIT = re.compile(r"\s+# exit (\d+)$")
ANYTHING = "..."


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, its line in the page, where the text lies."""

    language: str
    text: str
    line: int
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(m[1], m[2], page.count("\n", 0, m.start()) + 2, m.start(2), m.end(2)) for m in _FENCE.finditer(page)]


def file_of(block: Block) -> str | None:
    """The name of the file that a block says it is."""
    named = _FILE.match(block.text)
    return named[1] if named else None


def write_files(page: str, folder: Path) -> None:
    """Save the blocks that say what file they are."""
    for block in blocks(page):
        if (name := file_of(block)) is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def shows_output(page: str, program: Block | None, block: Block) -> bool:
    """Whether a `text` block is right after a program: then it holds what that prints."""
    return program is not None and not page[program.end : block.start].replace("```text", "").strip(" \n`")


def commands(block: Block) -> Iterator[tuple[str, int, list[str]]]:
    """(command, exit code, expected lines) of a console block."""
    command: str | None = None
    expected: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield _with_exit(command, expected)
            command, expected = line[2:], []
        elif command is not None and command.endswith("\\"):
            command = command[:-1] + line.strip()
        else:
            expected.append(line)
    if command is not None:
        yield _with_exit(command, expected)


def _with_exit(command: str, expected: list[str]) -> tuple[str, int, list[str]]:
    found = _EXIT.search(command)
    return _EXIT.sub("", command), int(found[1]) if found else 0, expected


def run(command: str, folder: Path) -> tuple[int, str]:
    """(exit code, standard output) of a shell command that may call `simulator` and `python`, 80 columns wide."""
    shims = folder / ".bin"
    shims.mkdir(exist_ok=True)
    for name, program in (("simulator", f'"{sys.executable}" -m simulator'), ("python", f'"{sys.executable}"')):
        shim = shims / name
        shim.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
        shim.chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80", "NO_COLOR": "1",
        "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + (done.stderr if done.returncode in (1, 2) else "")


def run_python(text: str, namespace: dict[str, Any]) -> str:
    """What a Python block prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(text, "<page>", "exec", dont_inherit=True), namespace)
    return out.getvalue()


def matches(expected: list[str], actual: list[str]) -> bool:
    """Whether the lines are as expected; `...` stands for any number of lines."""
    lines = [line.rstrip() for line in expected]
    pattern = "".join("(?:.*\n)*?" if line.strip() == ANYTHING else re.escape(line) + "\n" for line in lines)
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in actual)) is not None


def renewed(expected: list[str], actual: list[str]) -> list[str]:
    """The actual lines, cut where the page cuts: as many before the first `...` and after the last as there were."""
    marks = [place for place, line in enumerate(expected) if line.strip() == ANYTHING]
    if not marks:
        return actual
    head, tail = marks[0], len(expected) - 1 - marks[-1]
    return [*actual[:head], ANYTHING, *(actual[len(actual) - tail :] if tail else [])]


def renew(page: Path, folder: Path) -> None:
    """Write what its commands and programs print now into a page."""
    text, moved = page.read_text(encoding="utf-8"), 0
    namespace: dict[str, Any] = {}
    printed, program, original = "", None, text
    write_files(text, folder)
    for block in blocks(text):
        new = block.text
        if block.language == "console":
            lines = []
            for command, code, expected in commands(block):
                got, out = run(command, folder)
                assert got == code, f"{page}:{block.line}: {command} exits with {got}:\n{out}"
                note = f"  # exit {code}" if code else ""
                lines += [f"$ {command}{note}", *renewed(expected, [line.rstrip() for line in out.splitlines()])]
            new = "\n".join(lines) + "\n"
        elif block.language == "python" and file_of(block) is None:
            printed, program = run_python(block.text, namespace), block
        elif block.language == "text" and shows_output(original, program, block):
            new = printed
        text = text[: block.start + moved] + new + text[block.end + moved :]
        moved += len(new) - len(block.text)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    import tempfile

    sys.path.insert(0, str(ROOT))
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
            sys.path.insert(0, scratch)
            renew(ROOT / name, Path(scratch))
