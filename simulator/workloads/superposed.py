"""The source of a group whose clients are one Poisson process (see superposition).

May import: its siblings. Does not model: kinds whose clients have a memory (see individual).
"""

from __future__ import annotations

from simulator.workloads.base import FloatArray, Source, SourceContext
from simulator.workloads.profile import FLAT, Profile
from simulator.workloads.superposition import Superposition


class Superposed(Source):
    """Poisson arrivals of a fixed population, dealt in proportion to the clients' rates."""

    __slots__ = ("_arrivals",)

    def __init__(self, context: SourceContext, rates: float | FloatArray, shape: Profile = FLAT) -> None:
        """Make the source; arguments and errors are those of `Superposition`."""
        self._arrivals = Superposition(context, rates, shape)

    def begin(self) -> None:
        """Lay out the first candidates."""
        self._arrivals.begin()

    def opened(self, client: int) -> None:
        """Count `client` in."""
        self._arrivals.opened(client)

    def closed(self, client: int) -> None:
        """Count `client` out."""
        self._arrivals.closed(client)

    def set_factor(self, factor: float) -> None:
        """Move the candidates that are still to come."""
        self._arrivals.set_factor(factor)
