"""The published rule, slow to change its mind: what flickers about a threshold moves nothing."""

from __future__ import annotations

import math

import numpy as np

from simulator.plugins.spec import Spec
from simulator.sam.models.base import ModelContext, Seen, StickinessModel, register
from simulator.sam.rule import FloatArray
from simulator.units import Duration, Weight


@register("hysteresis")
class Hysteresis(StickinessModel):
    """The published target, taken once it has differed by a band for some time.

    At each scoring the target is the published rule's. The weight becomes the target when the two have differed by at
    least `band` at every scoring for `hold`. An interval in which the session is not scored begins the time anew.
    """

    class Settings(Spec):
        """How far and for how long the target must differ."""

        band: Weight = 10.0
        """Smaller differences between target and weight are left alone."""
        hold: Duration = 5.0
        """For how long the difference must last; 0ms: the target is taken at once."""

    settings: Settings

    def __init__(self, context: ModelContext) -> None:
        super().__init__(context)
        self._intervals = math.ceil(self.settings.hold / context.interval_s - 1e-9)
        self._since = np.full(1, -1)  # by slot: number of the scoring since when it differs; -1: it does not
        self._last = np.full(1, -1)  # by slot: number of the last scoring

    def weights(self, seen: Seen) -> FloatArray:
        """The previous ones, and targets that have lasted."""
        slots, number = seen.slots, seen.number
        self._make_room(int(slots.max()) + 2)
        target = self.rule.weights(self.rule.base, seen.latency_s, seen.rate_per_s, seen.error_ratio)
        differs = np.abs(target - seen.previous) >= self.settings.band
        begun = self._since[slots]
        goes_on = (begun >= 0) & (self._last[slots] == number - 1)
        since = np.where(differs, np.where(goes_on, begun, number), -1)
        taken = differs & (number - since >= self._intervals)
        self._since[slots] = np.where(taken, -1, since)  # now they are the same
        self._last[slots] = number
        weights: FloatArray = np.where(taken, target, seen.previous)
        return weights

    def admitted(self, slot: int) -> None:
        """Nothing has differed yet."""
        self._make_room(slot + 2)
        self._since[slot] = -1

    def moved(self, slot: int, failed: int, edge: int) -> None:
        """It starts from another weight."""
        del failed, edge
        self.admitted(slot)

    def _make_room(self, room: int) -> None:
        more = room - len(self._since)
        if more > 0:
            more += room  # the last place, -1, is nobody's
            self._since = np.concatenate((self._since, np.full(more, -1)))
            self._last = np.concatenate((self._last, np.full(more, -1)))
