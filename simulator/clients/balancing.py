"""How the clients of one group reach edges through balancers: over which of them, and what they think of it.

Each client sends to its nearest balancer, by expected latency; to the next nearest while it believes that one failed:
after two attempts in a row without an answer (or with a reset). From then on it knocks once a second, with a message as
small as a probe, and goes back when that is answered. May import: the balancer, routing's contract. Does not choose
edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.clients.routes import Routes
from simulator.messages import Outcome
from simulator.routing.near import tie_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.client import Client
    from simulator.agents.policies import Sizes
    from simulator.clients.access import Access
    from simulator.engine.clock import Clock
    from simulator.engine.samplers import Sampler
    from simulator.messages import Attempt, Call
    from simulator.server.balancer import Balancer

INFINITY: Final = float("inf")
RESET: Final = int(Outcome.RESET)
SILENCES: Final = 2
KNOCK_S: Final = 1.0
_SAME_S: Final = 1e-9  # expectations closer than this are a tie


class Balancing(Routes):
    """The ways of one group's clients to the balancers, and what the clients believe of these."""

    __slots__ = ("_access", "_failed", "_misses", "_orders", "_request_bytes", "balancers", "clock", "sizes")

    def __init__(
        self, clock: Clock, access: Access, balancers: Sequence[Balancer], request_bytes: Sampler, sizes: Sizes
    ) -> None:
        self.clock = clock
        self._access = access
        self.balancers = list(balancers)
        self._request_bytes = request_bytes
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

    # -- on their way ---------------------------------------------------------------------------------
    def first(self, attempt: Attempt) -> None:
        """Send a request's first attempt."""
        self._send(attempt, self._request_bytes.next())

    def again(self, failed: Attempt, again: Attempt) -> None:  # noqa: ARG002  (a balancer knows of no attempt before)
        """Send another attempt of a request, as the first."""
        self._send(again, self._request_bytes.next())

    def establish(self, attempt: Attempt) -> None:
        """Send an attempt to establish a session."""
        self._send(attempt, self.sizes.metadata)

    def establish_again(self, failed: Attempt, again: Attempt) -> None:  # noqa: ARG002
        """Send another attempt to establish a session, as the first."""
        self._send(again, self.sizes.metadata)

    def _send(self, attempt: Attempt, size_bytes: float) -> None:
        attempt.sent_s = now = self.clock.now
        balancer = self.of(attempt.client)
        attempt.size_bytes = size_bytes
        attempt.via = balancer.index
        attempt.up_s = delay_s = self._access.up(attempt, balancer.index, size_bytes)
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, balancer.receiving, attempt)
        self._access.wait(attempt, delay_s)

    def tell(self, call: Call) -> None:
        """Send a message that needs no answer to the edge of its session."""
        client = call.session.client
        balancer = self.of(client)
        delay_s = self._access.small_up(client, balancer.index)
        if delay_s < INFINITY:
            self.clock.push_call(self.clock.now + delay_s, balancer.forward, call)

    def probe(self, client: Client, edge: int) -> float:
        """Seconds until the echo of a small message to an edge is back; infinity if it does not come."""
        balancer, at_s = self.of(client), self.clock.now
        if balancer.down or balancer.pausing is not None or balancer.edges[edge].down:
            return INFINITY
        index, began_s = balancer.index, at_s
        at_s += self._access.small_up(client, index)
        for link in (balancer.up_links[edge], balancer.down_links[edge]):
            if at_s < INFINITY:
                at_s += link.transit(self.sizes.lookup, at_s)
        if at_s < INFINITY:
            at_s += self._access.small_down(client, index, at_s)
        return at_s - began_s

    def edge_restarted(self, edge: int, clients: list[Client]) -> None:
        """An edge has come back, which is the balancers' business."""

    # -- what clients believe -------------------------------------------------------------------------
    def told(self, attempt: Attempt) -> None:
        """There is no answer, says a balancer; or its host with a reset, which is as good as none."""
        if attempt.outcome == RESET:
            self.silent(attempt)
        else:
            self.answered(attempt)

    def answered(self, attempt: Attempt) -> int:
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
            self.clock.push_call(self.clock.now + KNOCK_S, self._knock, (attempt.client, case[1]))

    def _knock(self, case: tuple[Client, int]) -> None:
        client, index = case
        now = self.clock.now
        delay_s = self._access.small_up(client, index)
        if delay_s < INFINITY:
            self.clock.push_call(now + delay_s, self._knocked, case)
        else:
            self.clock.push_call(now + KNOCK_S, self._knock, case)

    def _knocked(self, case: tuple[Client, int]) -> None:
        """A knock is at its balancer."""
        client, index = case
        balancer, now = self.balancers[index], self.clock.now
        if balancer.pausing is not None and not balancer.down:
            balancer.pausing.message(self._knocked, case)
            return
        delay_s = INFINITY
        if not balancer.down:
            delay_s = self._access.small_down(client, index, now)
        if delay_s < INFINITY:
            self.clock.push_call(now + delay_s, self._let_in, case)
        else:
            self.clock.push_call(now + KNOCK_S, self._knock, case)

    def _let_in(self, case: tuple[Client, int]) -> None:
        """A knock was answered."""
        client, index = case
        self._misses.pop((client.index, index), None)
        failed = self._failed[client.index]
        failed.remove(index)
        if not failed:
            del self._failed[client.index]
