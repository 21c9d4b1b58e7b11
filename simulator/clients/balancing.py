"""How the clients of one group reach edges through balancers: over which of them, and what they think of it.

Each client sends to its nearest balancer, by expected latency; to the next nearest while it believes that one failed:
after two attempts in a row without an answer (or with a reset). From then on it knocks once a second, with a message as
small as a probe, and goes back when that is answered. May import: the balancer, routing's contract. Does not choose
edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.routing.near import tie_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.client import Client, Sizes
    from simulator.engine.clock import Clock
    from simulator.messages import Attempt, Call
    from simulator.server.balancer import Balancer

INFINITY: Final = float("inf")
SILENCES: Final = 2
KNOCK_S: Final = 1.0
_SAME_S: Final = 1e-9  # expectations closer than this are a tie


class Balancing:
    """The balancers as one group's clients see them."""

    __slots__ = ("_failed", "_misses", "_orders", "balancers", "clock", "sizes")

    def __init__(self, clock: Clock, balancers: Sequence[Balancer], sizes: Sizes) -> None:
        self.clock = clock
        self.balancers = list(balancers)
        self.sizes = sizes
        self._orders: list[list[int]] = []  # of each client: balancers, nearest first
        self._misses: dict[tuple[int, int], int] = {}  # (client, balancer) -> attempts without an answer in a row
        self._failed: dict[int, list[int]] = {}  # client -> the balancers that it believes failed

    def enter(self, client: Client) -> Client:
        """The group's next client, which expects round trips to balancers; ties are drawn once."""
        expected_s, salt, left = client.expected_rtt_s, client.salt, list(range(len(self.balancers)))
        order: list[int] = []
        while left:
            least_s = min([expected_s[one] for one in left])
            near = [one for one in left if expected_s[one] <= least_s + _SAME_S]
            order.append(min([(tie_key(salt, one), one) for one in near])[1])
            left.remove(order[-1])
        self._orders.append(order)
        self.balancers[order[0]].guide.router(client)  # from here on it sees edges from there
        return client

    def of(self, client: Client) -> Balancer:
        """The balancer that a client sends to: the nearest that it does not believe failed, or else the nearest."""
        order = self._orders[client.index]
        failed = self._failed.get(client.index)
        if failed is not None:
            for one in order:
                if one not in failed:
                    return self.balancers[one]
        return self.balancers[order[0]]

    def send(self, attempt: Attempt, size_bytes: float) -> float:
        """Send an attempt to its client's balancer; seconds until it is there, infinity if it is lost."""
        client = attempt.client
        balancer = self.of(client)
        attempt.size_bytes = size_bytes
        attempt.via = index = balancer.index
        now = self.clock.now
        attempt.up_s = delay_s = client.up[index].transit(client.up_line, size_bytes, now, client.base_s[index])
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, balancer.receive, attempt)
        return delay_s

    def tell(self, call: Call, size_bytes: float) -> None:
        """Send a message that needs no answer to the edge of its session."""
        client, now = call.session.client, self.clock.now
        balancer = self.of(client)
        index = balancer.index
        delay_s = client.up[index].transit(client.up_line, size_bytes, now, client.base_s[index])
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, balancer.forward, call)

    def probe(self, client: Client, edge: int, size_bytes: float) -> float:
        """Seconds until the echo of a small message to an edge is back; infinity if it does not come."""
        balancer, at_s = self.of(client), self.clock.now
        if balancer.down or balancer.pausing is not None or balancer.edges[edge].down:
            return INFINITY
        index, began_s = balancer.index, at_s
        at_s += client.up[index].transit(client.up_line, size_bytes, at_s, client.base_s[index])
        for link in (balancer.up_links[edge], balancer.down_links[edge]):
            if at_s < INFINITY:
                at_s += link.transit(size_bytes, at_s)
        if at_s < INFINITY:
            at_s += client.down[index].transit(client.down_line, size_bytes, at_s, client.back_s[index])
        return at_s - began_s

    # -- what clients believe -------------------------------------------------------------------------
    def heard(self, attempt: Attempt) -> int:
        """An attempt was answered, by an edge or by the balancer itself: the number of that balancer."""
        index = attempt.via
        if self._misses:
            self._misses.pop((attempt.client.index, index), None)
        return index

    def silent(self, attempt: Attempt) -> None:
        """An attempt was not answered, or with a reset of the balancer's host."""
        if attempt.via < 0:
            return
        case = (attempt.client.index, attempt.via)
        misses = self._misses[case] = self._misses.get(case, 0) + 1
        failed = self._failed.setdefault(case[0], [])
        if misses >= SILENCES and case[1] not in failed:
            failed.append(case[1])
            self.clock.push(self.clock.now + KNOCK_S, self._knock, (attempt.client, case[1]))

    def _knock(self, case: tuple[Client, int]) -> None:
        client, index = case
        now = self.clock.now
        delay_s = client.up[index].transit(client.up_line, self.sizes.lookup, now, client.base_s[index])
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, self._knocked, case)
        else:
            self.clock.push(now + KNOCK_S, self._knock, case)

    def _knocked(self, case: tuple[Client, int]) -> None:
        """A knock is at its balancer."""
        client, index = case
        balancer, now = self.balancers[index], self.clock.now
        if balancer.pausing is not None and not balancer.down:
            balancer.pausing.message(self._knocked, case)
            return
        delay_s = INFINITY
        if not balancer.down:
            delay_s = client.down[index].transit(client.down_line, self.sizes.lookup, now, client.back_s[index])
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, self._let_in, case)
        else:
            self.clock.push(now + KNOCK_S, self._knock, case)

    def _let_in(self, case: tuple[Client, int]) -> None:
        """A knock was answered."""
        client, index = case
        self._misses.pop((client.index, index), None)
        failed = self._failed[client.index]
        failed.remove(index)
        if not failed:
            del self._failed[client.index]
