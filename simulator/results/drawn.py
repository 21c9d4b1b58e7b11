"""What can be looked at: a result's class says who draws it, and that is imported when somebody looks.

Numbers never depend on pictures: nothing below the report imports it, and a result that nobody looks at costs no
drawing. A drawer is named as an entry point is: "package.module:function".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from simulator.plugins.dotted import named


class Drawn:
    """Base of results that show themselves: in notebooks, as text, as matplotlib axes, as the pages of a folder."""

    _fragment: ClassVar[str] = ""
    """Draws the result as HTML without a page around it."""
    _plots: ClassVar[str] = ""
    """Makes the object whose methods return matplotlib axes."""
    _text: ClassVar[str] = ""
    """Renders the terminal's summary."""
    _pages: ClassVar[str] = ""
    """Writes report.html and figures/ into a folder."""

    @property
    def plot(self) -> Any:
        """Figures of this result: each method draws one on `ax`, or a new figure, and returns the axes."""
        return named(self._plots)(self)

    def write_pages(self, folder: Path) -> Path:
        """Draw report.html and figures/ into its folder; returns the page. Raises OSError."""
        page: Path = named(self._pages)(self, folder)
        return page

    def _repr_html_(self) -> str:
        text: str = named(self._fragment)(self)
        return text
