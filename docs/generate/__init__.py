"""The parts of the reference that are made from the sources when the site is built.

A page says `<!-- generated: NAME -->`, and the line is replaced by the Markdown that `PARTS[NAME]` gives. So nothing
is kept twice, and what a page says is what the program does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

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
from generate.metrics import causes, metrics
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
    "workloads": workload_kinds,
}
_MARK = re.compile(r"^<!-- generated: (.+) -->$", re.MULTILINE)


def filled(page: str) -> str:
    """The page with its generated parts; KeyError for a part that nobody makes."""
    return _MARK.sub(lambda mark: PARTS[mark[1]](), page)


def has_generated_parts(page: str) -> bool:
    """Whether the page has any."""
    return _MARK.search(page) is not None
