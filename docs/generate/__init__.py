"""The parts of the reference that are made from the sources: `python docs/generate` writes them into the pages.

A page says `<!-- generated: NAME -->`, and between this line and `<!-- end of it -->` stands the Markdown that
`PARTS[NAME]` gives, so that the page reads where the repository is read. A test holds it to what the program does now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from generate.commands import command_pages, exit_codes
from generate.families import (
    cache_policies,
    distributions,
    fault_kinds,
    loss_models,
    routing_policies,
    sam_models,
    scenarios,
    workload_kinds,
)
from generate.metrics import causes, metrics, series
from generate.presets import presets
from generate.scenario_keys import quantities, sections

PARTS: Mapping[str, Callable[[], str]] = {
    "cache policies": cache_policies,
    "causes": causes,
    "commands": command_pages,
    "distributions": distributions,
    "exit codes": exit_codes,
    "faults": fault_kinds,
    "loss models": loss_models,
    "metrics": metrics,
    "presets": presets,
    "quantities": quantities,
    "routing policies": routing_policies,
    "SAM models": sam_models,
    "scenario": sections,
    "scenarios": scenarios,
    "series": series,
    "workloads": workload_kinds,
}
_PART = re.compile(
    r"^<!-- generated: ([^\n]+) -->$(?:\n(?:(?!<!-- generated: ).)*?^<!-- end of it -->$)?", re.MULTILINE | re.DOTALL
)
_TABLE = re.compile(r"^<!-- table: ?(.*?) ?-->$\n\n((?:^\|.*$\n)+)", re.MULTILINE)
_ANCHOR = re.compile(r'^<a id="(.+)"></a>$\n', re.MULTILINE)


def filled(page: str) -> str:
    """The page with its generated parts as they are now; KeyError for a part that nobody makes."""

    def part(mark: re.Match[str]) -> str:
        text = re.sub(r"\n{3,}", "\n\n", PARTS[mark[1]]()).strip()
        return f"<!-- generated: {mark[1]} -->\n\n{text}\n\n<!-- end of it -->"

    return _PART.sub(part, page)


def for_site(page: str) -> str:
    """The page in the words of the site's parser: classes of tables, and places that links lead to."""
    return _ANCHOR.sub(r"(\1)=\n", _TABLE.sub(r"```{table}\n:class: stacked \1\n\n\2```\n", page))


def pages(docs: Path) -> Iterator[Path]:
    """The pages that have generated parts."""
    return (page for page in sorted(docs.rglob("*.md")) if _PART.search(page.read_text("utf-8")))
