"""A directory, clients and routers without a world, and the laws that several tests compare with."""

import heapq
import math
from dataclasses import dataclass, field

import numpy as np

from simulator.engine.streams import Streams
from simulator.routing import RoutingContext, find_policy
from simulator.routing.directory import Directory
from simulator.routing.leaving import make_leaving
from simulator.routing.near import Nearest
from simulator.scenario.control import RoutingSpec
from tests.actors import a_client, a_policy, a_session

GROUP = a_policy()


def new_client(index, salt, expected_rtt_s):
    """What policies read of a client; clients of one table share it."""
    return a_client(GROUP, index, salt, expected_rtt_s)


def new_session(client, edge=-1, **fields):
    """A session as policies see it: established at `edge`, its first request yet to come."""
    client.session = a_session(client.index, client, **({"edge": edge, "client_weight": 50.0} | fields))
    return client.session


def directory_of(n):
    return Directory([f"pop-{i + 1}" for i in range(n)], [None] * n)


@dataclass
class Bench:
    """One policy over `n` edges, whose loads, clock and expected round trips the test sets."""

    policy: str
    n: int = 4
    seed: int = 1
    replication: int = 0
    settings: dict = field(default_factory=dict)
    expected_rtt_s: list | None = None

    def __post_init__(self):
        self.directory = directory_of(self.n)
        self.loads = [0] * self.n
        self.now_s = 0.0
        self.rng = Streams(self.seed, self.replication).generator("test", "clients")
        self.table_s = self.expected_rtt_s or [0.02] * self.n
        self.salts = iter(self.rng.integers(1 << 63, size=200_000).tolist())
        self.made = 0
        self.router = self.build()

    def build(self):
        settings = RoutingSpec.model_validate({"policy": self.policy} | self.settings)
        self.uniform = Streams(self.seed, self.replication).uniforms("test", f"routing {self.policy}").next

        def uniform():
            return self.uniform()

        def load(client, edge):
            return self.loads[edge]

        return find_policy(self.policy)(
            RoutingContext(
                settings,
                self.directory,
                make_leaving(settings.leave_to, self.directory, uniform, load),
                Nearest(self.directory),
                uniform,
                lambda purpose: Streams(self.seed, 0).generator("test", purpose),
                load,
                lambda: self.now_s,
            )
        )

    def client(self, edge=-1, **fields):
        client = new_client(self.made, next(self.salts), self.table_s)
        self.made += 1
        new_session(client, edge, **fields)
        return client

    def choose(self, client):
        """A request, as a client group treats it."""
        session = client.session
        edge = self.router.choose(client, session)
        if edge >= 0 and self.router.moves:
            session.edge = edge
        return edge

    def retry(self, client, tried):
        return self.router.retry(client, client.session, tried)

    def fail(self, *edges):
        for edge in edges:
            self.directory.set_healthy(edge, False)

    def mend(self, *edges):
        for edge in edges:
            self.directory.set_healthy(edge, True)


def tally(edges, n):
    return np.bincount(np.asarray(edges), minlength=n)


def chi_square(counts, shares):
    """Pearson's statistic: far out in the tail of chi-square(len - 1) if the counts have not these shares."""
    expected = np.asarray(shares) * np.sum(counts)
    return float(np.sum((counts - expected) ** 2 / expected))


def replicate(one, replications=20):
    """Mean and standard error of `one(replication)`."""
    values = np.array([one(r) for r in range(replications)])
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(replications))


def agrees(estimate, standard_error, expected, cap):
    """Within five standard errors (or 0.1 %), and the standard error at most `cap` of what is expected."""
    return standard_error <= cap * expected and abs(estimate - expected) <= max(5 * standard_error, 1e-3 * expected)


def mean_sojourn(bench, load, requests, warmup_s, seed):
    """Mean time in the system, in service times: exponential servers in parallel, Poisson arrivals, one policy.

    Queues begin as the supermarket model has them in equilibrium: P(at least k) = load^(2^k - 1).
    """
    rng = np.random.default_rng(seed)
    loads, n, choose = bench.loads, bench.n, bench.router.choose
    client = bench.client()
    session = client.session
    free_s = [0.0] * n
    departures = []
    for server in range(n):
        chance, service = rng.random(), iter(rng.exponential(size=64).tolist())
        while chance < load ** (2 ** (loads[server] + 1) - 1):
            loads[server] += 1
            free_s[server] += next(service)
            departures.append((free_s[server], server))
    heapq.heapify(departures)
    arrivals = np.cumsum(rng.exponential(1 / (load * n), requests)).tolist()
    total_s, counted = 0.0, 0
    for now_s, service_s in zip(arrivals, rng.exponential(size=requests).tolist(), strict=True):
        while departures and departures[0][0] <= now_s:
            loads[heapq.heappop(departures)[1]] -= 1
        server = choose(client, session)
        loads[server] += 1
        begin_s = free_s[server]
        free_s[server] = end_s = (begin_s if begin_s > now_s else now_s) + service_s
        heapq.heappush(departures, (end_s, server))
        if now_s >= warmup_s:
            total_s += end_s - now_s
            counted += 1
    return total_s / counted
