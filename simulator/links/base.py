"""What a loss model is: the contract that every file of this family fulfils.

A loss model describes how one link loses messages, one message at a time. Models whose losses are independent
of each other say so (`independent_ratio`), and a path then draws the number of messages until the next loss
instead of asking for each message; every other model gives each link a process of its own (`process`).

May import: simulator.plugins only. Does not model partitions (a path counts those apart) or retransmission: a
lost message is gone, and its sender learns by a timeout.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from simulator.plugins.family import Family
from simulator.plugins.spec import Spec

Uniform = Callable[[], float]
"""Gives the next number of a random stream, uniform on [0, 1)."""
LossProcess = Callable[[], object]
"""The loss of one link: each call is one message; what is true means that this message is lost."""


class LossModel(Spec, ABC):
    """Base of all loss models; a subclass names itself by `kind: Literal["its_name"] = "its_name"`."""

    @property
    def independent_ratio(self) -> float | None:
        """The loss probability (0..1) of each message if losses are independent, else None."""
        return None

    @abstractmethod
    def process(self, uniform: Uniform) -> LossProcess:
        """The loss process of one link, in its stationary state, drawing from `uniform`."""

    def to_plain(self) -> object:
        """How a scenario writes this model: a ratio, or `{kind: parameters}`."""
        parameters = self.model_dump(mode="json", exclude={"kind"})
        return {type(self).model_fields["kind"].default: parameters}


FAMILY: Final[Family[LossModel]] = Family(
    "loss model", "Loss models", group="simulator.links", base=LossModel, base_path="simulator.links.LossModel",
    key="kind", named_by='a field `kind: Literal["its_name"] = "its_name"`', built_in=("bernoulli", "gilbert_elliott"),
)  # fmt: skip
"""All loss models."""
register = FAMILY.add
