"""Rate profiles: how the intensity of arrivals changes over time, and the clock that turns areas into times.

A Poisson process of intensity c * shape(t) is a unit-rate Poisson process read at the area A(t) = integral of
c * shape. Sources draw areas; a profile turns them into times by its exact inverse, so nothing is thrown away
and a change of rate moves the pending arrival without a new draw.

May import: numpy. Does not model: randomness; see mmpp for a profile that is itself random.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from simulator.workloads.base import FloatArray


class Profile(Protocol):
    """A relative rate over time: a dimensionless shape >= 0."""

    def integral(self, time_s: float) -> float:
        """Area under the shape from 0 to `time_s`, in seconds."""
        ...

    def inverse(self, area_s: FloatArray) -> FloatArray:
        """When the integral reaches each of the (ascending, finite) areas; infinity: never."""
        ...

    def forget(self, before_s: float) -> None:
        """No earlier time will be asked for: memory may be freed."""
        ...


class Flat:
    """The shape 1."""

    __slots__ = ()

    def integral(self, time_s: float) -> float:
        """The time itself."""
        return time_s

    def inverse(self, area_s: FloatArray) -> FloatArray:
        """The area itself."""
        return area_s

    def forget(self, before_s: float) -> None:
        """Nothing is kept."""


FLAT = Flat()


class Steps:
    """A shape of constant levels > 0 from `starts_s` on (ascending, the first 0), the last for ever."""

    __slots__ = ("_areas", "_levels", "_starts")

    def __init__(self, starts_s: Sequence[float], levels: Sequence[float]) -> None:
        self._starts = np.asarray(starts_s, dtype=np.float64)
        self._levels = np.asarray(levels, dtype=np.float64)
        self._areas = np.concatenate(([0.0], np.cumsum(np.diff(self._starts) * self._levels[:-1])))

    def integral(self, time_s: float) -> float:
        """Sum of the steps up to `time_s`."""
        k = int(np.searchsorted(self._starts, time_s, side="right")) - 1
        return float(self._areas[k] + (time_s - self._starts[k]) * self._levels[k])

    def inverse(self, area_s: FloatArray) -> FloatArray:
        """Exact: linear inside a step."""
        k = np.searchsorted(self._areas, area_s, side="right") - 1
        return self._starts[k] + (area_s - self._areas[k]) / self._levels[k]

    def forget(self, before_s: float) -> None:
        """Nothing is freed: the table is small."""


class Cycle:
    """A periodic shape of mean 1, linear between equally spaced corners (4096 a day are 21 s apart)."""

    __slots__ = ("_areas", "_corners", "_offset", "_period", "_phase", "_slopes", "_step")

    def __init__(self, corners: FloatArray, period_s: float, phase_s: float = 0.0) -> None:
        """Make the shape.

        Args:
            corners: heights >= 0 at k * period / n, shape (n,), mean 1.
            period_s: length of a cycle.
            phase_s: how far into the cycle time 0 lies.
        """
        ring = np.append(corners, corners[0])
        self._period = period_s
        self._step = period_s / len(corners)
        self._corners = corners
        self._slopes = np.diff(ring) / self._step
        self._areas = np.concatenate(([0.0], np.cumsum((ring[:-1] + ring[1:]) / 2 * self._step)))
        self._areas *= period_s / self._areas[-1]  # the mean is 1 but for rounding: let whole cycles be exact
        self._phase = phase_s % period_s
        self._offset = self._within(self._phase)

    def _within(self, time_s: float) -> float:
        """Area from the start of a cycle."""
        k = min(int(time_s / self._step), len(self._corners) - 1)
        over = time_s - k * self._step
        return float(self._areas[k] + over * (self._corners[k] + over * self._slopes[k] / 2))

    def integral(self, time_s: float) -> float:
        """Whole cycles and the rest of the last."""
        cycles, rest = divmod(time_s + self._phase, self._period)
        return cycles * self._period + self._within(rest) - self._offset

    def inverse(self, area_s: FloatArray) -> FloatArray:
        """Exact: the root of a quadratic inside each piece."""
        cycles, rest = np.divmod(area_s + self._offset, self._period)
        k = np.clip(np.searchsorted(self._areas, rest, side="right") - 1, 0, len(self._corners) - 1)
        rest = np.maximum(rest - self._areas[k], 0.0)
        height = self._corners[k]
        root = height + np.sqrt(np.maximum(height * height + 2 * self._slopes[k] * rest, 0.0))
        over = np.divide(2 * rest, root, out=np.zeros_like(rest), where=root > 0)
        start = cycles * self._period + k * self._step - self._phase
        times: FloatArray = start + np.minimum(over, self._step)
        return times

    def forget(self, before_s: float) -> None:
        """Nothing is freed: the table is one cycle."""


class AreaClock:
    """Turns areas into times under a profile and a factor that may change on the way (a flash crowd).

    The area runs from 0 at `start_s`; it grows at factor * shape(t).
    """

    __slots__ = ("_area", "_shape", "factor", "profile")

    def __init__(self, profile: Profile, start_s: float = 0.0, factor: float = 1.0) -> None:
        self.profile = profile
        self.factor = factor
        self._shape = profile.integral(start_s)
        self._area = 0.0

    def set_factor(self, now_s: float, factor: float) -> None:
        """From `now_s` on the area grows at `factor` times the shape."""
        shape = self.profile.integral(now_s)
        self._area += self.factor * (shape - self._shape)
        self._shape = shape
        self.factor = factor

    def times(self, areas: FloatArray, now_s: float) -> FloatArray:
        """When each of the ascending areas is reached (infinity: never), not before `now_s`; ascending.

        Areas passed before the last change of factor have no time any more: they get `now_s`.
        """
        first, last = (int(k) for k in np.searchsorted(areas, (self._area, np.inf)))
        out = np.full(len(areas), np.inf)
        out[:first] = now_s
        if self.factor > 0 and last > first:
            ahead = areas[first:last] - self._area
            out[first:last] = self.profile.inverse(self._shape + ahead / self.factor)
        return np.maximum.accumulate(np.maximum(out, now_s))
