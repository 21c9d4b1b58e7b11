"""Execute the notebooks and keep their outputs, so that they can be read on a code host.

    python notebooks/execute.py            # all of them
    python notebooks/execute.py 03 05      # those whose names begin so

What differs from run to run without meaning anything (execution times, counters of the kernel) is left out, so that a
notebook changes only where its text, its code or its numbers do.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
LONGEST_S = 120


def execute(path: Path) -> float:
    """Run a notebook in place; returns the seconds it took."""
    notebook = nbformat.read(path, as_version=4)
    began = time.perf_counter()
    client = NotebookClient(
        notebook, timeout=LONGEST_S, resources={"metadata": {"path": str(HERE)}}, record_timing=False
    )
    client.execute()
    took_s = time.perf_counter() - began
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    number = 0
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            number += 1
            cell.execution_count = number
            cell.outputs = [o for o in cell.outputs if o.get("data", {}).get("text/html") != ""]  # bars that are gone
            for output in cell.outputs:
                if "execution_count" in output:
                    output["execution_count"] = number
                output.get("data", {}).pop("text/plain", None) if "image/png" in output.get("data", {}) else None
    nbformat.write(notebook, path)
    return took_s


def main(chosen: list[str]) -> None:
    """Execute the notebooks whose names begin with one of `chosen` (all without any)."""
    seen_s = 0.0
    for path in sorted(HERE.glob("*.ipynb")):
        if not chosen or any(path.name.startswith(name) for name in chosen):
            took_s = execute(path)
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu_s, seen_s = used.ru_utime + used.ru_stime - seen_s, used.ru_utime + used.ru_stime
            print(
                f"{path.name}: {took_s:.1f} s ({cpu_s:.1f} s of CPU), {path.stat().st_size / 1000:.0f} kB", flush=True
            )


if __name__ == "__main__":
    main(sys.argv[1:])
