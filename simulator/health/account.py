"""How much of the time edges were believed healthy, and how much of it that was wrong.

Of an edge that exists, belief is wrong while it is believed healthy although it is down, or believed unhealthy although
it is neither down nor standing still nor answering with errors. Time counts in the measured window. May import: the
world (to read it). Changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.server.edge import EdgeNode

NAN = float("nan")


class Account:
    """Time integrals of belief, edge by edge, seconds.

    Whoever changes belief, or what it is about, calls `touch` before: until then all was as it is.

    Args:
        edges: of the world.
        believed: whether each is believed healthy.
        now: the time, seconds.
        measured_s: how much of a span, (since, until), lies in the measured window.
    """

    def __init__(
        self,
        edges: Sequence[EdgeNode],
        believed: Sequence[bool],
        now: Callable[[], float],
        measured_s: Callable[[float, float], float],
    ) -> None:
        self._edges = edges
        self._believed = believed
        self._now = now
        self._measured_s = measured_s
        self._since_s = 0.0
        self.existed_s = [0.0] * len(edges)
        self.believed_s = [0.0] * len(edges)
        self.wrong_s = [0.0] * len(edges)
        self._window_s = [0.0, 0.0, 0.0]  # since the window's beginning, of all edges: existed, believed healthy, wrong

    def touch(self) -> None:
        """Book the time since the last call: something changes now."""
        now = self._now()
        whole_s, width_s = now - self._since_s, self._measured_s(self._since_s, now)
        self._since_s = now
        if whole_s <= 0.0:
            return
        window_s = self._window_s
        for index, edge in enumerate(self._edges):
            if not edge.exists:
                continue
            believed = self._believed[index]
            wrong = edge.down if believed else not (edge.down or edge.pausing is not None or edge.erring)
            self.existed_s[index] += width_s
            self.believed_s[index] += width_s * believed
            self.wrong_s[index] += width_s * wrong
            window_s[0] += whole_s
            window_s[1] += whole_s * believed
            window_s[2] += whole_s * wrong

    def window(self) -> tuple[float, float]:
        """The shares of the edges' time, since this was asked last, believed healthy and wrongly; NaN without edges."""
        self.touch()
        existed_s, believed_s, wrong_s = self._window_s
        self._window_s = [0.0, 0.0, 0.0]
        return (believed_s / existed_s, wrong_s / existed_s) if existed_s else (NAN, NAN)

    def shares(self) -> dict[str, float]:
        """`health.believed.ratio` and `health.wrong.ratio`, of all edges and of each."""
        self.touch()
        result: dict[str, float] = {}
        for name, spent_s in (("health.believed.ratio", self.believed_s), ("health.wrong.ratio", self.wrong_s)):
            existed_s = sum(self.existed_s)
            result[name] = sum(spent_s) / existed_s if existed_s else NAN
            for edge, one_s, there_s in zip(self._edges, spent_s, self.existed_s, strict=True):
                result[f"{name}[{edge.name}]"] = one_s / there_s if there_s else NAN
        return result
