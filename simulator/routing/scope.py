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
from typing import TYPE_CHECKING, Final, Protocol

from simulator.routing.base import Router, RoutingContext
from simulator.routing.directory import Directory
from simulator.routing.guard import checked_router
from simulator.routing.hashing import mix64, position_of_client
from simulator.routing.leaving import Leaving
from simulator.routing.near import tie_key
from simulator.routing.subset import subsets

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session

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


class Scope(Protocol):
    """Which edges are a client's candidates."""

    directory: Directory

    def candidates(self, client: Client) -> Directory:
        """The edges that may be chosen now, as the open ones of a directory."""


class SiteScope:
    """The sites of one group's clients, and the shares of load that each gets now.

    Args:
        directory: all edges.
        overprovision: see `spill`.
        draw: a number from [0, 1) for a client whose site is to be chosen.
        subset: so many edges of each site are a client's candidates; None for all.
        salt: of subsets, see `subset_of`.
    """

    def __init__(
        self,
        directory: Directory,
        overprovision: float,
        draw: Callable[[Client], float],
        subset: int | None = None,
        salt: int = 0,
    ) -> None:
        self.directory = directory
        self.sites = list(dict.fromkeys(directory.sites))
        self.members = [[e for e in range(directory.size) if directory.sites[e] == site] for site in self.sites]
        self._within = [subsets(directory, members, subset, salt) for members in self.members]
        self._most = subset or directory.size  # edges of a site that a client may know
        self._alike = subset is None  # clients with the same order of sites
        self._overprovision = overprovision
        self._draw = draw
        self._orders: list[Order] = []  # of each client
        self._bounds: dict[Order | int, list[tuple[int, float]]] = {}  # by order or client, for this version
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

    def candidates(self, client: Client) -> Directory:
        """The edges of the site whose turn it is."""
        return self._within[self.site(client)](client)

    def site(self, client: Client) -> int:
        """The number of the site whose edges are the client's candidates now: drawn where more than one may be."""
        if self._version != self.directory.version:
            self._version = self.directory.version
            self._bounds.clear()
        order = self._orders[client.index]
        key = order if self._alike else client.index
        bounds = self._bounds.get(key)
        if bounds is None:
            bounds = self._bounds[key] = self._bounds_of(client, order)
        if len(bounds) > 1:
            drawn = self._draw(client)
            for site, bound in bounds:
                if drawn < bound:
                    return site
        return bounds[-1][0]

    def _known(self, site: int) -> int:
        """How many edges of a site a client knows, of those that exist."""
        return min(sum(self.directory.exists[edge] for edge in self.members[site]), self._most)

    def _bounds_of(self, client: Client, order: Order) -> list[tuple[int, float]]:
        """The sites that get a share, with the upper ends of their shares; the nearest alone where nothing is open."""
        open_shares = [self._within[site](client).well / max(self._known(site), 1) for site in order]
        shares = spill(open_shares, self._overprovision)
        bounds: list[tuple[int, float]] = []
        below = 0.0
        for site, share in zip(order, shares, strict=True):
            if share > 0.0:
                below += share
                bounds.append((site, below))
        return bounds or [(order[0], 1.0)]


class InScope:
    """Chooses the candidates, then one of them: a way of leaving for each set of candidates."""

    def __init__(self, scope: Scope, way_of: Callable[[Directory], Leaving]) -> None:
        self._candidates = scope.candidates
        self._way_of = way_of
        self._ways: dict[Directory, Leaving] = {}

    def pick(self, client: Client, current: int) -> int:
        """One of the candidates other than `current`; -1 where there is no other."""
        part = self._candidates(client)
        way = self._ways.get(part)
        if way is None:
            way = self._ways[part] = self._way_of(part)
        return way.pick(client, current)


class EachPart(Router):
    """A policy that chooses anew for each request, at work in each set of candidates by itself."""

    def __init__(self, context: RoutingContext, scope: Scope, router_of: Callable[[Directory], Router]) -> None:
        super().__init__(context)
        self._candidates = scope.candidates
        self._router_of = router_of
        self._routers: dict[Directory, Router] = {}
        sample = self._in(scope.directory)
        self.moves, self.retry_moves = sample.moves, sample.retry_moves
        self._remember = type(sample).forget is not Router.forget
        self._known: dict[int, Router] = {}  # client -> the router that may keep something for it

    def assign(self, client: Client, current: int) -> int:
        """The choice among the candidates."""
        return self._in(self._candidates(client)).assign(client, current)

    def choose(self, client: Client, session: Session) -> int:
        """The choice among the candidates."""
        return self._at(client, session).choose(client, session)

    def retry(self, client: Client, session: Session, tried: int) -> int:
        """The choice among the candidates; the same edge again where there is no other."""
        return self._at(client, session).retry(client, session, tried)

    def hedge(self, client: Client, session: Session, tried: int) -> int:
        """The choice among the candidates."""
        return self._in(self._candidates(client)).hedge(client, session, tried)

    def forget(self, session: Session) -> None:
        """The session is over, for the router that kept something for it."""
        known = self._known.pop(session.client.index, None)
        if known is not None:
            known.forget(session)

    def _at(self, client: Client, session: Session) -> Router:
        router = self._in(self._candidates(client))
        if self._remember:
            before = self._known.get(client.index, router)
            if before is not router:
                before.forget(session)
            self._known[client.index] = router
        return router

    def _in(self, part: Directory) -> Router:
        router = self._routers.get(part)
        if router is None:
            router = self._routers[part] = self._router_of(part)
        return router


def scoped(policy: type[Router], scope: Scope, context_of: Callable[[Directory], RoutingContext]) -> Router:
    """A policy within a scope.

    Args:
        policy: its class.
        scope: of the group.
        context_of: what a policy is built from, when it sees only the edges of a directory.
    """
    whole = replace(
        context_of(scope.directory),
        leaving=InScope(scope, lambda part: context_of(part).leaving),
        nearest=InScope(scope, lambda part: context_of(part).nearest),
        assigning=InScope(scope, lambda part: context_of(part).assigning or context_of(part).nearest),
    )
    if policy.keeps_edge:
        return checked_router(policy(whole))
    return EachPart(whole, scope, lambda part: checked_router(policy(context_of(part))))
