"""From the `balancers` of a scenario to actors of its world: their links, their routers, and the groups that use them.

Part of building a world (simulator.build.builder): may import scenario models, wiring, nodes and routing. Runs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.agents.trips import round_trips
from simulator.build.basis import Basis
from simulator.build.outcomes import outcomes
from simulator.clients.balancing import Balancing
from simulator.laws.distributions import Constant
from simulator.links.ends import BALANCER, Endpoint
from simulator.messages import Outcome
from simulator.plugins.named import settings_in
from simulator.plugins.settings import configured
from simulator.routing import Router, RoutingContext, find_policy
from simulator.routing.guard import checked_router
from simulator.routing.scope import SiteScope, own_draw, scoped
from simulator.routing.subset import SubsetScope
from simulator.server.balancer import Balancer, BalancerPolicy
from simulator.server.guide import Guide

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session
    from simulator.clients.access import Access
    from simulator.engine.samplers import Sampler
    from simulator.routing.directory import Directory
    from simulator.routing.moves import Moves
    from simulator.scenario.balancers import BalancerGroupSpec
    from simulator.world.world import World


@dataclass(frozen=True, slots=True)
class Seat:
    """A balancer in the place of a client, for a scope: its number, and where it stands on rings."""

    index: int
    salt: int


class FromSeat:
    """The edges that may be chosen, as seen from a balancer, whoever the client is."""

    def __init__(self, directory: Directory, seat: Seat) -> None:
        self.directory = directory
        self.inner: SiteScope | SubsetScope
        self._seat: Any = seat
        self._client: Client | None = None

    def candidates(self, client: Client) -> Directory:
        """The same for all clients, but for those that are hashed to a site."""
        self._client = client
        return self.inner.candidates(self._seat)

    def own_draw(self, _: object) -> float:
        """Of the client that is asked for."""
        assert self._client is not None
        return own_draw(self._client)


class ByBalancer(Router):
    """A group's router where balancers decide: that of the balancer that a client sends to."""

    def __init__(self, balancing: Balancing, sample: Router) -> None:
        self.context, self.directory = sample.context, sample.directory
        self.moves, self.retry_moves = sample.moves, sample.retry_moves
        self._balancing = balancing
        self.leave = lambda client, current: self._at(client).leave(client, current)
        self.nearest = lambda client, current: self._at(client).nearest(client, current)

    def _at(self, client: Client) -> Router:
        return self._balancing.of(client).guide.router(client)

    def choose(self, client: Client, session: Session) -> int:
        """The choice of the client's balancer."""
        return self._at(client).choose(client, session)

    def retry(self, client: Client, session: Session, tried: int) -> int:
        """The choice of the client's balancer."""
        return self._at(client).retry(client, session, tried)

    def assign(self, client: Client, current: int) -> int:
        """The choice of the client's balancer."""
        return self._at(client).assign(client, current)

    def forget(self, session: Session) -> None:
        """The session is over, for all of them."""
        number = session.client.group.number
        for balancer in self._balancing.balancers:
            balancer.guide.routers[number].forget(session)


class BalancerBuilder:
    """Makes the balancers of a world."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        self.specs = [
            (name, site, group_name, group)
            for group_name, group in basis.scenario.balancers.items()
            for name, site in group.nodes(group_name)
        ]
        self.ends = [Endpoint(BALANCER, name, group, site) for name, site, group, _ in self.specs]
        self._shared: dict[str, Router] = {}  # balancer -> the router that all of its clients share

    def make(self, world: World) -> None:
        """All balancers, wired to the edges."""
        for index, (name, site, _, spec) in enumerate(self.specs):
            world.balancers.append(self._balancer(world, index, name, site, spec))

    def _balancer(self, world: World, index: int, name: str, site: str | None, spec: BalancerGroupSpec) -> Balancer:
        basis = self.basis
        service = basis.draw(spec.service_time, name, "service")
        passes = spec.workers is None and spec.service_time == Constant(0.0)
        balancer = Balancer(
            index, name, site, basis.kernel, _policy(spec), service, passes, world.directory, world.edges,
            basis.sizes.lookup,
        )  # fmt: skip
        here, wiring = self.ends[index], basis.wiring
        expected_s = []
        for end in basis.edge_ends:
            balancer.up_links.append(basis.link(here, end))
            balancer.down_links.append(basis.link(end, here))
            expected_s.append(wiring.expected_s(here, end) + wiring.expected_s(end, here))
        nearest = basis.edge_ends[min(range(len(expected_s)), key=expected_s.__getitem__)].site
        clock = basis.kernel.clock
        balancer.guide = Guide(clock, round_trips(len(expected_s)), expected_s, nearest, world.manager, basis.tallies)
        return balancer

    def join(self, world: World, access: Access, moves: Moves, request_bytes: Sampler) -> Balancing:
        """Let the clients of the next group send to balancers, which route for them."""
        for balancer in world.balancers:
            balancer.guide.serve(self._router(balancer, world), moves)
            balancer.guide.passive = None if world.health is None else world.health.passive
        return Balancing(self.basis.kernel.clock, access, world.balancers, request_bytes, self.basis.sizes)

    @staticmethod
    def router(balancing: Balancing) -> Router:
        """The router of the group that has joined last."""
        return ByBalancer(balancing, balancing.balancers[0].guide.routers[-1])

    def _router(self, balancer: Balancer, world: World) -> Router:
        """The router of a balancer for a group; policies that keep nothing by client serve all groups alike."""
        named = self.basis.scenario.routing.policy
        policy = configured(find_policy(named), settings_in(named))
        if policy.moves_alone:
            return self._new_router(balancer, world, policy)
        if balancer.name not in self._shared:
            self._shared[balancer.name] = self._new_router(balancer, world, policy)
        return self._shared[balancer.name]

    def _new_router(self, balancer: Balancer, world: World, policy: type[Router]) -> Router:
        basis, directory = self.basis, world.directory
        entity = f"balancers.{balancer.name}"
        load: Callable[[Client, int], int] = lambda _, edge: balancer.outstanding[edge]  # noqa: E731
        if basis.scenario.routing.view == "shared":
            load = lambda _, edge: directory.outstanding[edge]  # noqa: E731
        uniform = basis.streams.uniforms(entity, "routing").next

        def context_of(seen: Directory) -> RoutingContext:
            return basis.routing_context(seen, entity, uniform, load)

        scope = self._scope(balancer, directory, policy, entity)
        if scope is None:
            return checked_router(policy(context_of(directory)))
        return scoped(policy, scope, context_of)

    def _scope(self, balancer: Balancer, directory: Directory, policy: type[Router], entity: str) -> FromSeat | None:
        basis, routing = self.basis, self.basis.scenario.routing
        subset = None if policy.moves_alone else routing.subset
        if routing.scope == "global" or balancer.site is None:
            if subset is None:
                return None
            found = FromSeat(directory, Seat(balancer.index, 0))
            found.inner = SubsetScope(directory, subset, basis.hash_salt())
            return found
        seat = Seat(0, int(basis.streams.generator(entity, "salt").integers(1 << 63)))
        found = FromSeat(directory, seat)
        draws = basis.streams.uniforms(entity, "site").next
        draw: Callable[[Client], float] = found.own_draw if policy.moves_alone else lambda _: draws()
        found.inner = sites = SiteScope(directory, routing.overprovision, draw, subset, basis.hash_salt())
        here = self.ends[balancer.index]
        sites.enter(seat.salt, balancer.site, [basis.wiring.expected_s(here, end) for end in basis.edge_ends])
        return found


def _policy(spec: BalancerGroupSpec) -> BalancerPolicy:
    retry = spec.retry
    again = outcomes(retry.on)
    most = math.inf if spec.max_outstanding is None else spec.max_outstanding
    return BalancerPolicy(
        math.inf if spec.workers is None else spec.workers, retry.max, retry.timeout, retry.to, retry.turnaround,
        tuple(outcome in again for outcome in Outcome), spec.abort_on_close, most, spec.queue_timeout,
    )  # fmt: skip
