"""What is wrong with a scenario, told so that it can be mended: where, what, the line with a caret, and how.

May import: the standard library, simulator.text.printable, marked values. Decides nothing about what is valid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.errors import SimulatorError
from simulator.scenario.tree import Mark
from simulator.text.printable import printable, printable_lines

_WIDEST_LINE = 110
_MOST_SHOWN = 50


@dataclass(frozen=True)
class Issue:
    """One fault: `what` is wrong, how to `mend` it (may be empty), where it stands and its path."""

    what: str
    mend: str = ""
    mark: Mark | None = None
    path: str = ""

    def render(self) -> str:
        """The whole text: `file:line:col: path: what`, the line, a caret, and the mend."""
        where = printable(self.mark.where()) if self.mark is not None else ""
        head = ": ".join(part for part in (where, printable(self.path), printable_lines(self.what)) if part)
        lines = [head, *(_excerpt(self.mark) if self.mark is not None else [])]
        if self.mend:
            lines.append(f"  = {printable_lines(self.mend)}")
        return "\n".join(lines)


class ScenarioError(SimulatorError):
    """A scenario that cannot be used; `str(error)` is the whole message, with every fault that was found."""

    def __init__(self, issues: Iterable[Issue] | str) -> None:
        found = [Issue(issues)] if isinstance(issues, str) else list(issues)
        self.issues: list[Issue] = []
        seen: set[tuple[str, str]] = set()
        for issue in found:
            key = (issue.what, issue.mark.where() if issue.mark is not None else issue.path)
            if key not in seen:
                seen.add(key)
                self.issues.append(issue)
        super().__init__(self._render())

    def _render(self) -> str:
        parts = [issue.render() for issue in self.issues[:_MOST_SHOWN]]
        if len(self.issues) > 1:
            rest = len(self.issues) - _MOST_SHOWN
            more = f", {rest} of them not shown" if rest > 0 else ""
            parts.append(f"{len(self.issues)} errors{more}")
        return "\n\n".join(parts)

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[list[Issue]]]:
        return type(self), (self.issues,)


def _excerpt(mark: Mark) -> list[str]:
    line = mark.text()
    if line is None:
        return []
    start, length = mark.col - 1, max(mark.length, 1)
    text = printable(line)
    if len(text) > _WIDEST_LINE:
        cut = max(0, start - _WIDEST_LINE // 2)
        left, right = "…" if cut else "", "…" if cut + _WIDEST_LINE < len(text) else ""
        text = left + text[cut : cut + _WIDEST_LINE] + right
        start = start - cut + len(left)
    length = max(1, min(length, len(text) - start))
    number = f"{mark.line:>5}"
    return [f"{number} | {text}", f"{' ' * len(number)} | {' ' * start}{'^' * length}"]
