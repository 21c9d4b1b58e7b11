"""SVG by hand: text, scales, ticks, and the frame of a chart. Colours are CSS variables, so that a page sets them.

May import numpy and formats. Everything that comes from outside is escaped here. One unit is about one CSS pixel on
a telephone; coordinates carry one decimal.
"""

from __future__ import annotations

import base64
import html
import math
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WIDTH: Final = 480.0
LETTER: Final = 7.9  # mean width of a letter at the 13.5 px of a telephone, in a wide font; 12 px elsewhere
BLUE, RED, GREEN, PINK, ORANGE, SKY, GREY, YELLOW, INK = range(9)


def escape(text: object) -> str:
    """Text for HTML, SVG and their attributes."""
    return html.escape(str(text), quote=True)


def num(value: float) -> str:
    """A coordinate: one decimal, no `.0`."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def points(xs: Sequence[float] | Floats, ys: Sequence[float] | Floats) -> str:
    """Coordinates for `points=`."""
    return " ".join(f"{num(x)},{num(y)}" for x, y in zip(xs, ys, strict=True))


def short(text: str, letters: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= letters else text[: max(1, letters - 1)] + "…"


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values from low to high, about so many of them."""
    span = high - low
    if not math.isfinite(span) or span <= 0.0:
        return [low]
    raw = span / max(1, about)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next((m * size for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * size >= raw * 0.999), 10.0 * size)
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 times powers of ten where there is room for them, else powers of ten."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1.0, 2.0, 5.0) if len(decades) <= 4 else (1.0,)
    return [m * 10.0**d for d in decades for m in steps if low * 0.999 <= m * 10.0**d <= high * 1.001]


def plain(value: float) -> str:
    """A tick's number."""
    size = abs(value)
    if size >= 10_000 or (size and size < 1e-3):
        mantissa = f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
        return f"{value / 1000:g}k" if 10_000 <= size < 1e6 else mantissa
    return f"{value:.4g}"


def time_unit(duration_s: float) -> tuple[float, str]:
    """The unit of a time axis: (seconds, name)."""
    if duration_s > 5 * 3600:
        return 3600.0, "h"
    return (60.0, "min") if duration_s > 600 else (1.0, "s")


def pixels(levels: Floats, rgb: tuple[int, int, int]) -> str:
    """A data URI of an image with one pixel a value (0..1; NaN is empty): the colour's opacity is the value."""
    rows, columns = levels.shape
    alpha = np.nan_to_num(np.clip(levels, 0.0, 1.0) * 255.0).astype(np.uint8)
    body = np.empty((rows, columns, 4), dtype=np.uint8)
    body[:, :, :3] = rgb
    body[:, :, 3] = alpha
    body[alpha == 0] = 0
    raw = b"".join(b"\0" + body[row].tobytes() for row in range(rows))
    head = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


@dataclass
class Chart:
    """A plot area with margins, into which a figure draws; `render` gives the SVG.

    Attributes:
        title: for those who cannot see it.
        height, left, right, top, bottom: of the whole, and of the margins.
        x0, x1, y0, y1: what the plot area spans (in the figure's units); logarithmic where `log_x`, `log_y`.
        data: attributes of the SVG element (for the page's script).
    """

    title: str
    height: float = 216.0
    left: float = 50.0
    right: float = 10.0
    top: float = 24.0
    bottom: float = 34.0
    x0: float = 0.0
    x1: float = 1.0
    y0: float = 0.0
    y1: float = 1.0
    log_x: bool = False
    log_y: bool = False
    data: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)

    @property
    def plot_right(self) -> float:
        """The right edge of the plot area."""
        return WIDTH - self.right

    @property
    def plot_bottom(self) -> float:
        """The lower edge of the plot area."""
        return self.height - self.bottom

    def x(self, value: float | Floats) -> Floats:
        """Horizontal place of a value."""
        return self.left + _share(value, self.x0, self.x1, log=self.log_x) * (self.plot_right - self.left)

    def y(self, value: float | Floats) -> Floats:
        """Vertical place of a value."""
        return self.plot_bottom - _share(value, self.y0, self.y1, log=self.log_y) * (self.plot_bottom - self.top)

    def add(self, *parts: str) -> None:
        """Draw."""
        self.parts.extend(parts)

    def text(self, x: float, y: float, text: object, kind: str = "", *, anchor: str = "", more: str = "") -> None:
        """Escaped text; `kind` is its class, `anchor` start, middle or end."""
        attributes = f' class="{kind}"' if kind else ""
        attributes += f' text-anchor="{anchor}"' if anchor else ""
        attributes += f" {more}" if more else ""
        self.add(f'<text x="{num(float(x))}" y="{num(float(y))}"{attributes}>{escape(text)}</text>')

    def line(self, xs: Floats, ys: Floats, kind: str, name: str = "") -> None:
        """Polylines through the values (in the figure's units); NaN interrupts them."""
        px, py = self.x(xs), self.y(ys)
        known = np.isfinite(px) & np.isfinite(py)
        label = f' data-n="{escape(name)}"' if name else ""
        if known.all():
            self.add(f'<polyline class="{kind}"{label} points="{points(px.tolist(), py.tolist())}"/>')
            return
        edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(int)))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            shown = points(px[begin:end].tolist(), py[begin:end].tolist())
            if end - begin == 1:
                self.add(f'<circle class="{kind} dot" cx="{num(px[begin])}" cy="{num(py[begin])}" r="1.5"/>')
            else:
                self.add(f'<polyline class="{kind}"{label} points="{shown}"/>')

    def area(self, xs: Floats, low: Floats, high: Floats, kind: str, name: str = "") -> None:
        """A filled band between two curves."""
        px = self.x(xs).tolist()
        top, bottom = self.y(high).tolist(), self.y(low).tolist()
        label = f' data-n="{escape(name)}"' if name else ""
        shown = points([*px, *px[::-1]], [*top, *bottom[::-1]])
        self.add(f'<polygon class="{kind}"{label} points="{shown}"/>')

    def rect(self, x: float, y: float, width: float, height: float, kind: str, more: str = "") -> None:
        """A rectangle in the chart's own units."""
        place = f'x="{num(x)}" y="{num(y)}" width="{num(max(width, 0.0))}" height="{num(max(height, 0.0))}"'
        self.add(f'<rect class="{kind}" {place}{" " + more if more else ""}/>')

    def y_axis(self, ticks: Sequence[float], unit: str, show: Callable[[float], str] = plain) -> None:
        """Horizontal grid lines with their numbers, and the unit above them."""
        grid = "".join(f"M{num(self.left)} {num(float(self.y(t)))}H{num(self.plot_right)}" for t in ticks)
        self.add(f'<path class="grid" d="{grid}"/>')
        for tick in ticks:
            self.text(self.left - 6, float(self.y(tick)) + 4, show(tick), "tick", anchor="end")
        self.text(4, self.top - 10, unit, "unit")

    def x_axis(self, ticks: Sequence[float], unit: str, show: Callable[[float], str] = plain) -> None:
        """Numbers below the plot area, the unit with the last one."""
        y = self.plot_bottom
        marks = "".join(f"M{num(float(self.x(t)))} {num(y)}v4" for t in ticks)
        self.add(f'<path class="axis" d="M{num(self.left)} {num(y)}H{num(self.plot_right)}{marks}"/>')
        for tick in ticks:
            self.text(float(self.x(tick)), y + 16, show(tick), "tick", anchor="middle")
        self.text(self.plot_right, self.height - 4, unit, "unit", anchor="end")

    def legend(self, entries: Sequence[tuple[str, str]], *, x: float | None = None, y: float = 13.0) -> float:
        """Swatches with names in rows from the top; returns the y below them. Entries are (class, name)."""
        begin = self.left + 38 if x is None else x
        at, row = begin, y
        for kind, name in entries:
            shown = short(name, 34)
            width = 16 + LETTER * len(shown) + 12
            if at + width > WIDTH and at > begin:
                at, row = begin, row + 16
            self.rect(at, row - 9, 11, 9, kind)
            self.text(at + 15, row - 0.5, shown, "key")
            at += width
        return row

    def render(self) -> str:
        """The SVG element."""
        data = "".join(f' data-{key}="{escape(value)}"' for key, value in self.data.items())
        return (
            f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {num(WIDTH)} {num(self.height)}" '
            f'role="img" aria-label="{escape(self.title)}"{data}>{"".join(self.parts)}</svg>'
        )


def legend_rows(entries: Sequence[tuple[str, str]], begin: float) -> int:
    """How many rows a legend will take."""
    at, rows = begin, 1
    for _, name in entries:
        width = 16 + LETTER * len(short(name, 34)) + 12
        if at + width > WIDTH and at > begin:
            at, rows = begin, rows + 1
        at += width
    return rows


def _share(value: float | Floats, low: float, high: float, *, log: bool) -> Floats:
    number = np.asarray(value, dtype=float)
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log10(number) - math.log10(low)
        return np.asarray(logs / (math.log10(high) - math.log10(low)))
    return np.asarray((number - low) / ((high - low) or 1.0))
