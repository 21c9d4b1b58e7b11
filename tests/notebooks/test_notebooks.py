"""Every notebook runs, from a question to a conclusion, and what is committed can be read on a code host.

The conclusions are checked by assertions inside the notebooks; executing one is the test.
"""

from __future__ import annotations

import resource
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
QUICK = ("07", "08", "10")  # executed by a plain `pytest` too
MOST_CPU_S = 40.0  # 20 s on two cores
MOST_BYTES = 250_000


def text(cell) -> str:
    return "".join(cell.source)


def test_there_are_ten():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{number:02d}" for number in range(1, 11)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_asks_a_question_and_answers_it(path):
    cells = nbformat.read(path, as_version=4).cells
    assert text(cells[0]).startswith(f"# {path.name[:2]} · ")
    assert "**Question.**" in text(cells[0])
    assert text(cells[-1]).startswith("**Conclusion.**")
    assert any("assert " in text(cell) for cell in cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_with_small_outputs_and_no_error(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < MOST_BYTES
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 1
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert str(Path.home()) not in path.read_text(encoding="utf-8")


def execute(path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, startup_timeout=180, resources={"metadata": {"path": str(FOLDER)}}).execute()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < MOST_CPU_S


@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if p.name.startswith(QUICK)], ids=lambda path: path.stem)
def test_a_quick_one_runs(path):
    execute(path)


@pytest.mark.notebooks
@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if not p.name.startswith(QUICK)], ids=lambda path: path.stem)
def test_it_runs(path):
    execute(path)
