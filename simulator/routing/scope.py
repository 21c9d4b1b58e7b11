"""Routing within sites: which site's edges are candidates, and every policy at work inside that site alone.

A client's sites are in order of expected one-way latency. Where an edge is chosen, the site is drawn first: with h_i
the open share of site i's edges, site i gets min(what is left, min(1, o * h_i) / min(1, sum of min(1, o * h_j))), where
o is the overprovisioning factor (Envoy's priority levels). A site that is well enough keeps all of its clients; one
that is not sends the rest to the next nearest. A request that stays at its session's edge draws nothing.

May import: the directory, policies, and how nearest edges are found. Does not model: who believes what of an edge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from simulator.foreign import checked_router
from simulator.routing.base import Router, RoutingContext
from simulator.routing.directory import Directory
from simulator.routing.hashing import mix64, position_of_client
from simulator.routing.leaving import Leaving
from simulator.routing.near import tie_key

if TYPE_CHECKING:
    from simulator.nodes.client import Client
    from simulator.nodes.session import Session

_SAME_S: Final = 1e-9  # latencies closer than this are a tie
_NOTHING: Final = 1e-12  # shares below this are what rounding left over
_KEY: Final = 0x2545F4914F6CDD1D  # sets a client's draw of a site apart from its position on rings and tables

Order = tuple[int, ...]
"""Numbers of sites, nearest first."""


def spill(open_shares: Sequence[float], overprovision: float) -> list[float]:
    """The share of the load that each site gets, in order, nearest first; they sum to 1 unless nothing is open.

    Args:
        open_shares: of each site's edges, 0..1.
        overprovision: how many times what its share of open edges says a site can carry, > 0; infinity for all.
    """
    carried = [min(1.0, overprovision * share) if share > 0.0 else 0.0 for share in open_shares]
    total = min(1.0, sum(carried))
    left = 1.0
    shares = []
    for one in carried:
        share = min(left, one / total) if total > 0.0 else 0.0
        shares.append(share if share > _NOTHING else 0.0)
        left -= shares[-1]
    return shares


def own_draw(client: Client) -> float:
    """A fixed number from [0, 1) for each client, by its hash: so that hashing sends it to one site, always."""
    return mix64(position_of_client(client.salt) ^ _KEY) / float(1 << 64)


class Scope:
    """The sites of one group's clients, and the shares of load that each gets now.

    Args:
        directory: all edges.
        overprovision: see `spill`.
        draw: a number from [0, 1) for a client whose site is to be chosen.
    """

    def __init__(self, directory: Directory, overprovision: float, draw: Callable[[Client], float]) -> None:
        self.directory = directory
        self.sites = list(dict.fromkeys(directory.sites))
        self.members = [[e for e in range(directory.size) if directory.sites[e] == site] for site in self.sites]
        self.parts = [directory.part(members) for members in self.members]
        self._overprovision = overprovision
        self._draw = draw
        self._orders: list[Order] = []  # of each client
        self._bounds: dict[Order, list[tuple[int, float]]] = {}  # good for this version of the directory
        self._version = -1

    def enter(self, salt: int, own: str | None, expected_s: Sequence[float]) -> str | None:
        """The group's next client, by its salt, its site and its expected one-way latency to each edge (seconds).

        Among sites that are equally far its own comes first, the others in a random order of its own. Returns the name
        of the nearest.
        """
        least_s = [min(expected_s[edge] for edge in members) for members in self.members]
        near = sorted(range(len(self.sites)), key=least_s.__getitem__)
        order: list[int] = []
        while near:
            ties = [site for site in near if least_s[site] <= least_s[near[0]] + _SAME_S]
            near = near[len(ties) :]
            order += sorted(ties, key=lambda site: (self.sites[site] != own, tie_key(salt, site)))
        self._orders.append(tuple(order))
        return self.sites[order[0]]

    def site(self, client: Client) -> int:
        """The number of the site whose edges are the client's candidates now: drawn where more than one may be."""
        if self._version != self.directory.version:
            self._version = self.directory.version
            self._bounds.clear()
        order = self._orders[client.index]
        bounds = self._bounds.get(order)
        if bounds is None:
            bounds = self._bounds[order] = self._bounds_of(order)
        if len(bounds) > 1:
            drawn = self._draw(client)
            for site, bound in bounds:
                if drawn < bound:
                    return site
        return bounds[-1][0]

    def _bounds_of(self, order: Order) -> list[tuple[int, float]]:
        """The sites that get a share, with the upper ends of their shares; the nearest alone where nothing is open."""
        is_open = self.directory.open
        shares = spill(
            [sum(is_open[edge] for edge in self.members[site]) / len(self.members[site]) for site in order],
            self._overprovision,
        )
        bounds: list[tuple[int, float]] = []
        below = 0.0
        for site, share in zip(order, shares, strict=True):
            if share > 0.0:
                below += share
                bounds.append((site, below))
        return bounds or [(order[0], 1.0)]


class InScope:
    """Chooses the site, then an edge there: a way of leaving for each site."""

    def __init__(self, scope: Scope, ways: Sequence[Leaving]) -> None:
        self._site = scope.site
        self._ways = ways

    def pick(self, client: Client, current: int) -> int:
        """An edge of the drawn site other than `current`; -1 where that site has no other."""
        return self._ways[self._site(client)].pick(client, current)


class EachSite(Router):
    """A policy that chooses anew for each request, at work in each site by itself."""

    def __init__(self, context: RoutingContext, scope: Scope, routers: Sequence[Router]) -> None:
        super().__init__(context)
        self.moves, self.retry_moves = routers[0].moves, routers[0].retry_moves
        self._site = scope.site
        self._routers = routers
        self._remember = type(routers[0]).forget is not Router.forget
        self._known: dict[int, int] = {}  # client -> the site whose router may keep something for it

    def choose(self, client: Client, session: Session) -> int:
        """The choice of the drawn site."""
        return self._at(client, session).choose(client, session)

    def retry(self, client: Client, session: Session, tried: int) -> int:
        """The choice of the drawn site; the same edge again where that site has no other."""
        return self._at(client, session).retry(client, session, tried)

    def forget(self, session: Session) -> None:
        """The session is over, for the site that kept something for it."""
        known = self._known.pop(session.client.index, None)
        if known is not None:
            self._routers[known].forget(session)

    def _at(self, client: Client, session: Session) -> Router:
        site = self._site(client)
        if self._remember:
            before = self._known.get(client.index, site)
            if before != site:
                self._routers[before].forget(session)
            self._known[client.index] = site
        return self._routers[site]


def scoped(policy: type[Router], scope: Scope, context_of: Callable[[Directory], RoutingContext]) -> Router:
    """A policy within a scope.

    Args:
        policy: its class.
        scope: of the group.
        context_of: what a policy is built from, when it sees only the edges of a directory.
    """
    parts = [context_of(part) for part in scope.parts]
    whole = replace(
        context_of(scope.directory),
        leaving=InScope(scope, [part.leaving for part in parts]),
        nearest=InScope(scope, [part.nearest for part in parts]),
    )
    if policy.keeps_edge:
        return checked_router(policy(whole))
    return EachSite(whole, scope, [checked_router(policy(part)) for part in parts])
