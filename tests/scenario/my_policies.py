"""A user's own members of every family, as a scenario's `extensions` would name them."""

from typing import Literal

from simulator.caches import lru, register
from simulator.faults import Fault, Globs
from simulator.faults import register as register_fault
from simulator.laws.fields import DurationDist
from simulator.links import LossModel
from simulator.links import register as register_loss
from simulator.workloads import WorkloadSpec
from simulator.workloads import register as register_workload


@register("my_lru")
class MyLru(lru.LruCache):
    """Evicts what I would."""


@register_workload
class Metronome(WorkloadSpec):
    """Ticks."""

    kind: Literal["metronome"]
    every: DurationDist


@register_loss
class EveryOther(LossModel):
    """Loses every second message."""

    kind: Literal["every_other"] = "every_other"

    @property
    def mean_ratio(self):
        return 0.5

    def process(self, uniform):
        state = [False]

        def lost():
            state[0] = not state[0]
            return state[0]

        return lost


@register_fault
class Flood(Fault):
    """Water."""

    verb = "flood"
    about = "water comes in"
    flood: Globs

    def apply(self, world):
        world.log.add("flood", self.flood[0])

    def revert(self, world):
        world.log.add("ebb", self.flood[0])
