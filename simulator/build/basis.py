"""What the steps of building share: kernel, streams, links, and which nodes there are.

Knows nothing of the steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from simulator.agents.client import Client
from simulator.agents.policies import Sizes
from simulator.build.wiring import Wiring
from simulator.engine.kernel import Kernel
from simulator.engine.samplers import Sampler
from simulator.engine.streams import Streams
from simulator.laws.distributions import Distribution, sampler
from simulator.leases.renewal import LeasePolicy
from simulator.links import Link
from simulator.links.ends import CORE, EDGE, Endpoint
from simulator.routing import RoutingContext
from simulator.routing.directory import Directory
from simulator.routing.leaving import make_assigning, make_leaving
from simulator.routing.near import Nearest
from simulator.scenario.joining import joining
from simulator.scenario.schema import Scenario
from simulator.server.home_shards import HomeShards
from simulator.server.tally import Tally
from simulator.workloads.trace import common_origin_s

INFINITY = math.inf


def limit(number: int | None) -> float:
    """A limit as the model has it: infinity where there is none."""
    return INFINITY if number is None else number


class Basis:
    """A scenario, the kernel and the streams of its world, the names and places of its nodes, and what links them."""

    def __init__(self, scenario: Scenario, streams: Streams) -> None:
        self.scenario = scenario
        self.streams = streams
        self.kernel = Kernel()
        self.wiring = Wiring(scenario, streams)
        self.between_sites: list[Link] = []
        self.origin_s = common_origin_s((group.workload for group in scenario.clients.values()), scenario.base_dir)
        messages = scenario.network.messages
        self.sizes = Sizes(messages.control, messages.metadata, messages.batch, messages.batch_lease)
        leases = scenario.leases
        self.leases: LeasePolicy | None = None
        if leases is not None:
            self.leases = LeasePolicy(
                leases.length, leases.renew_before, leases.batch_every, limit(leases.max_batch), leases.batching,
                leases.idle_after, leases.lock_delay, leases.clock_skew, leases.phase == "spread",
            )  # fmt: skip
        self.edge_specs = [
            (name, site, group_name, group)
            for group_name, group in scenario.edges.items()
            for name, site in group.nodes(group_name)
        ]
        self.joining = joining(scenario)
        self.edge_specs += [
            (edge.name, edge.site, edge.group, scenario.edges[edge.group])
            for edges in self.joining.values()
            for edge in edges
        ]
        self.core_specs = [
            (name, site, group_name, group)
            for group_name, group in scenario.cores.items()
            for name, site in group.nodes(group_name)
        ]
        self.edge_ends = [Endpoint(EDGE, name, group, site) for name, site, group, _ in self.edge_specs]
        self.tallies: list[Tally] = []  # what nodes keep of each client group, as the next: their samplers of responses
        self.response_bytes: list[Sampler] = []
        self.core_ends = [Endpoint(CORE, name, group, site) for name, site, group, _ in self.core_specs]
        by_site = any(group.shard_by == "site" for group in scenario.cores.values())
        self.home_shards = HomeShards([end.site for end in self.core_ends]) if by_site else None

    def draw(self, law: Distribution, entity: str, purpose: str) -> Sampler:
        """Scalar draws of a law from the stream of that name."""
        return sampler(law, self.streams.generator(entity, purpose))

    def link(self, source: Endpoint, target: Endpoint) -> Link:
        """A link between two nodes."""
        leg = self.wiring.connect(source, target)
        link = Link(leg.path, leg.base_s)
        if self.scenario.price is not None and source.site != target.site:
            self.between_sites.append(link)
        return link

    def hash_salt(self) -> int:
        """Of the positions of edges on rings and tables: another one in each replication, unless it is fixed."""
        if self.scenario.routing.hash_salt == "fixed":
            return 0
        return int(self.streams.generator("routing", "hash salt").integers(1, 1 << 63))

    def routing_context(
        self, seen: Directory, entity: str, uniform: Callable[[], float], load: Callable[[Client, int], int]
    ) -> RoutingContext:
        """What the policy of some actor is built from, when it sees only the edges of a directory."""
        routing, rng = self.scenario.routing, partial(self.streams.generator, f"{entity}.routing")
        return RoutingContext(
            routing, seen, make_leaving(routing.leave_to, seen, uniform, load), Nearest(seen),
            uniform, rng, load, lambda: self.kernel.now, self.hash_salt(),
            make_assigning(routing.assign, seen, uniform, load),
        )  # fmt: skip
