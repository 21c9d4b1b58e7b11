"""A node answers requests with errors, and fast: it looks idle to balancers that count what is outstanding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.faults.base import Fault, register
from simulator.plugins.fields import Globs
from simulator.units import Duration, Ratio

if TYPE_CHECKING:
    from simulator.world.world import World


@register
class Error(Fault):
    """A share of the requests is answered with an error after a fixed time, without service or queue."""

    verb = "error"
    about = "a share of requests is answered with an error at once, without service: a fail-fast black hole"
    did = "answered with errors"
    only_servers = "answer with errors"
    error: Globs
    """Names or globs of edges or cores, or group names."""
    ratio: Ratio = 1.0
    """Which share of requests."""
    after: Duration = 0.0
    """From a request's arrival to its error."""

    def apply(self, world: World) -> None:
        """All targets err; overlapping errors compose."""
        for name in world.targets.nodes(self.error):
            world.targets.err(name, self.ratio, self.after)

    def revert(self, world: World) -> None:
        """This error is over."""
        for name in world.targets.nodes(self.error):
            world.targets.err_no_more(name, self.ratio, self.after)
