"""What a routing policy is, and how the policies that may be named in a scenario are found.

A policy is one class in a file of its own, under `@register("name")`. It is built once per client group and asked for
the edge of each request's first attempt (`choose`) and of each retry (`retry`). May import: the directory, streams.
Does not model: the network; what an agent knows of it is in `Client`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

import numpy as np

from simulator.plugins.family import Family
from simulator.routing.choosing import Asking, Choosing
from simulator.routing.directory import Directory
from simulator.routing.leaving import Leaving
from simulator.routing.near import first_edges

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


class RoutingSettings(Protocol):
    """The `routing` section of a scenario, as far as policies read it."""

    @property
    def weight(self) -> float | None:
        """Of the static policy."""

    @property
    def after_leaving(self) -> str:
        """Stay | return."""

    @property
    def duration(self) -> float:
        """Of a cookie, seconds."""

    @property
    def idle(self) -> float:
        """A cookie unused for so long is void, seconds."""

    @property
    def refresh(self) -> str:
        """Never | request: what a cookie's duration counts from besides its giving."""

    @property
    def on_down(self) -> str:
        """Reassign | return | strict: what a cookie does whose edge is believed failed."""

    @property
    def on_failed_attempt(self) -> str:
        """Excursion | reassign | stay: what a retry does while the cookie's edge is not."""

    @property
    def virtual_nodes(self) -> int:
        """Points a node."""

    @property
    def load_bound(self) -> float:
        """Over the mean load; infinity for none."""

    @property
    def table_size(self) -> int:
        """Of a lookup table."""


@dataclass(frozen=True, slots=True)
class RoutingContext:
    """What a policy is built from.

    `uniform()` draws from [0, 1); `rng(purpose)` gives a stream of the group; `load(client, edge)` is the load in the
    view that the scenario chose; `now()` is the time in seconds; `hash_salt` sets the positions of this replication's
    edges apart from those of others; `assigning` chooses where a session without a cookie goes (None: to the nearest).
    """

    settings: RoutingSettings
    directory: Directory
    leaving: Leaving
    nearest: Leaving
    uniform: Callable[[], float]
    rng: Callable[[str], np.random.Generator]
    load: Callable[[Client, int], int]
    now: Callable[[], float]
    hash_salt: int = 0
    assigning: Leaving | None = None


class Router:
    """Base of all policies: retries go to another healthy edge as leaving requests do.

    `moves`: whether the edge that was chosen becomes the session's current edge, and `retry_moves` the same for a
    retry's; `moves_vary`: whether `moves` differs from choice to choice. `needs_manager`: whether it is nothing without
    the SAM's weights. `uses_rtt`: whether it looks at the round-trip times that agents measured. `moves_alone`: whether
    it alone decides where a session goes, so that the SAM moves none off a failed edge. `keeps_edge`: whether a session
    keeps its edge from request to request, and leaves it by `leave` and `nearest` alone: under `scope: site` these two
    choose the site, and the policy sees all edges. Any other policy is then built once for each site, and sees the
    edges of that site only. `counts_sessions`: whether it looks at the sessions that stand at each edge
    (`Directory.standing`).
    """

    name: ClassVar[str] = ""
    needs_manager: ClassVar[bool] = False
    uses_rtt: ClassVar[bool] = False
    moves_alone: ClassVar[bool] = False
    keeps_edge: ClassVar[bool] = False
    counts_sessions: ClassVar[bool] = False
    moves_vary: ClassVar[bool] = False
    moves: bool = True
    retry_moves: bool = True

    def __init__(self, context: RoutingContext) -> None:
        self.context = context
        self.directory = context.directory
        self.leave = context.leaving.pick
        self.nearest = context.nearest.pick

    def assign(self, client: Client, current: int) -> int:
        """The edge of an establishment, other than `current` (-1: any); -1 where there is none."""
        return self.nearest(client, current)

    def assign_all(self, clients: Sequence[Client]) -> Iterable[int]:
        """`assign(client, -1)` of each: at once where that is the nearest edge, else of each when its turn comes."""
        nearest = type(self).assign is Router.assign
        return first_edges(self.nearest if nearest else self.assign, clients)

    def choose(self, client: Client, session: Session) -> int:
        """The edge of a request's first attempt; -1 where none is believed healthy."""
        raise NotImplementedError(f"{type(self).__name__} does not override choose")

    @property
    def choosing(self) -> Choosing:
        """What is asked for every request in place of `choose`, which it asks."""
        return Asking(self.choose)

    def retry(self, client: Client, session: Session, tried: int) -> int:  # noqa: ARG002 (policies may need it)
        """The edge of a retry: another healthy one, or the same where there is no other; -1 where none is."""
        return self.or_same(self.leave(client, tried), tried)

    def hedge(self, client: Client, session: Session, tried: int) -> int:
        """The edge of a hedge, always an excursion: that of a retry, if it is another; -1 where there is none."""
        edge = self.retry(client, session, tried)
        return -1 if edge == tried else edge

    def or_same(self, edge: int, tried: int) -> int:
        """`edge`; where that is -1, the edge that was tried, if it is believed healthy."""
        if edge >= 0:
            return edge
        return tried if tried >= 0 and self.directory.open[tried] else -1

    def kept(self, session: Session) -> int:
        """The edge that this session was at and may stay at although it is drained; -1 for none."""
        edge = session.last_edge
        return edge if edge >= 0 and self.directory.stays[edge] and not self.directory.open[edge] else -1

    def forget(self, session: Session) -> None:
        """A session is over: policies that keep something for it let it go. May be called more than once."""


FAMILY: Final[Family[Router]] = Family(
    "routing policy", "Routing policies", group="simulator.routing", base=Router,
    base_path="simulator.routing.Router", key="name", takes_settings=True,
    built_in=(
        "adaptive", "consistent_hash", "cookie", "least_outstanding", "least_sessions", "maglev", "nearest",
        "power_of_two", "random", "round_robin", "static",
    ),
)  # fmt: skip
"""All policies."""
register = FAMILY.register
find_policy = FAMILY.find


def policy_names() -> tuple[str, ...]:
    """The names of all known policies, the built-in ones first, each in order of registration."""
    return tuple(FAMILY)
