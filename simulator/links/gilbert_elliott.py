"""Bursty loss: a link is in a good or a bad state, and each state lets messages through at its own rate.

Source: E. N. Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39 (1960); E. O.
Elliott, "Estimates of error rates for codes on burst-noise channels", ibid. 42 (1963). Parameter letters as
in G. Hasslinger and O. Hohlfeld, "The Gilbert-Elliott model for packet loss in real time services on the
Internet" (2008).

May import: simulator.units and the family's base. Does not model time: the chain moves once for each message,
so that a pause in the traffic does not end a burst.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, model_validator

from simulator.links.base import LossModel, LossProcess, Uniform, register
from simulator.units import Ratio

ALIASES = {"p": "good_to_bad", "r": "bad_to_good", "k": "pass_good", "h": "pass_bad"}
"""The letters of the literature -> the names of the parameters."""


def _schema_with_aliases(schema: dict[str, Any]) -> None:
    properties = schema["properties"]
    required = schema.pop("required", [])
    either = []
    for letter, name in ALIASES.items():
        properties[letter] = properties[name]
        only_one = [{"required": [name]}, {"required": [letter]}]
        either.append({"oneOf": only_one} if name in required else {"not": {"required": [name, letter]}})
    schema["allOf"] = either


@register
class GilbertElliott(LossModel):
    """A two-state chain stepped per message: step, then draw; a link starts in the stationary state.

    Stationary loss is pi_bad (1 - pass_bad) + (1 - pi_bad)(1 - pass_good) with pi_bad = p / (p + r). With the
    default pass ratios (Gilbert's first model, all or nothing) the mean burst is 1 / bad_to_good messages.
    """

    model_config = ConfigDict(json_schema_extra=_schema_with_aliases)

    kind: Literal["gilbert_elliott"] = "gilbert_elliott"
    good_to_bad: Ratio
    """p: probability of a step from good to bad, per message."""
    bad_to_good: Ratio
    """r: probability of a step from bad to good, per message."""
    pass_good: Ratio = 1.0
    """k: probability that a message gets through in the good state."""
    pass_bad: Ratio = 0.0
    """h: probability that a message gets through in the bad state."""

    @model_validator(mode="before")
    @classmethod
    def _resolve_aliases(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        named: dict[Any, Any] = {}
        for key, parameter in value.items():
            name = ALIASES.get(key, key)
            if name in named:
                letter = next(short for short, long in ALIASES.items() if long == name)
                raise ValueError(f"{name} is given twice: {letter} is its alias; keep one of them")
            named[name] = parameter
        return named

    @model_validator(mode="after")
    def _has_one_stationary_state(self) -> GilbertElliott:
        if self.good_to_bad == 0 and self.bad_to_good == 0:
            raise ValueError("good_to_bad and bad_to_good are both 0%: the link would never change its state")
        return self

    @property
    def bad_share(self) -> float:
        """Stationary probability of the bad state."""
        return self.good_to_bad / (self.good_to_bad + self.bad_to_good)

    @property
    def mean_ratio(self) -> float:
        """The stationary share of messages lost."""
        bad = self.bad_share
        return bad * (1 - self.pass_bad) + (1 - bad) * (1 - self.pass_good)

    def process(self, uniform: Uniform) -> LossProcess:
        """One link's chain; two draws a message: the step, then whether the message gets through."""
        good_to_bad, stay_bad = self.good_to_bad, 1 - self.bad_to_good
        pass_good, pass_bad = self.pass_good, self.pass_bad
        bad = uniform() < self.bad_share

        def lost() -> bool:
            nonlocal bad
            bad = uniform() < (stay_bad if bad else good_to_bad)
            return uniform() >= (pass_bad if bad else pass_good)

        return lost
