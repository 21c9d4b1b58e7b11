"""The questions of edges at a core shard: from their arrival at the queue until their answers are on their way back.

What a core does for them is in `simulator.server.core`. Of edges it knows no more than that they asked (`Asker`).
May import: stations, a level of cache, the vocabulary. Does not model: connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.messages import Asker, Batch, Call, Kind, Message, Outcome
from simulator.server.level import Level
from simulator.server.station import Station

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.policies import Sizes
    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.links import Link

INFINITY: Final = float("inf")
LOOKUP: Final = int(Kind.LOOKUP)  # plain integers: enums cost in the hot path
UPDATE: Final = int(Kind.UPDATE)
ERROR: Final = int(Outcome.ERROR)


class Questions(Station[Message, Message]):
    """The station of a core shard: an unlimited queue of messages, and the links back to the edges.

    Times are seconds. `storage_legs` are the links to storage and back, where the scenario says something about them.
    """

    __slots__ = (
        "askers", "l2", "received", "reply_link_sum_s", "sizes", "storage_legs", "to_edge", "wait_sum_s",
    )  # fmt: skip

    def __init__(
        self,
        index: int,
        name: str,
        site: str | None,
        kernel: Kernel,
        workers: float,
        service_s: Sampler,
        l2: Level,
        sizes: Sizes,
    ) -> None:
        super().__init__(index, name, site, kernel, workers, service_s)
        self.l2 = l2
        self.sizes = sizes
        self.askers: list[Asker] = []
        self.to_edge: list[Link] = []
        self.storage_legs: tuple[Link, Link] | None = None

    def reset_counters(self) -> None:
        """Set all counters to zero."""
        self.received = 0
        self.start_sum_s = self.departure_sum_s = 0.0
        self.wait_sum_s = self.reply_link_sum_s = 0.0

    def reach(self, askers: Sequence[Asker], links: Sequence[Link]) -> None:
        """Say who asks, and over which links they are answered, by edge."""
        self.askers, self.to_edge = list(askers), list(links)

    # -- coming ---------------------------------------------------------------------------------------
    def receive(self, arrival: Message) -> None:
        """A message from an edge has arrived."""
        if self.disturbed and self._turns_away(arrival):
            return
        self.admit(self._take_in(arrival))

    def _take_in(self, arrival: Message) -> Message:
        self.received += 1
        arrival.received_s = self.clock.now
        arrival.core_epoch = self.epoch
        return arrival

    def _may_err(self, arrival: Message) -> bool:
        """Requests only."""
        return isinstance(arrival, Call) and arrival.attempt is not None

    def _err(self, work: Message) -> None:
        assert isinstance(work, Call)
        if work.core_epoch != self.epoch:
            self.lose(work)
            return
        work.outcome = ERROR
        self.reply(work)

    # -- going back -----------------------------------------------------------------------------------
    def reply(self, call: Call) -> None:
        """Send the answer to a question over the link to its edge."""
        now = self.clock.now
        call.read_at_s = now
        if call.kind in (LOOKUP, UPDATE):
            call.ttl_left_s = self.l2.ttl_left_s(call.session.session_id, now)
        delay_s = self.to_edge[call.edge].transit(self.sizes.metadata, now)
        if delay_s < INFINITY:
            self.reply_link_sum_s += delay_s
            self.clock.push(now + delay_s, self.askers[call.edge].filling, call)
        else:
            self.askers[call.edge].note_lost(call)

    def return_batch(self, batch: Batch) -> None:
        """Send the answers to a batch of renewals back."""
        now, asker = self.clock.now, self.askers[batch.edge]
        size = self.sizes.batch + self.sizes.batch_lease * len(batch.leases)
        delay_s = self.to_edge[batch.edge].transit(size, now)
        if delay_s < INFINITY:
            self.clock.push_call(now + delay_s, asker.receive_renewals, batch)
        else:
            asker.renewals_lost(batch)

    def lose(self, arrival: Message) -> None:
        """A message that met a crash: its sender learns by its timeout."""
        asker = self.askers[arrival.edge]
        if isinstance(arrival, Batch):
            asker.renewals_lost(arrival)
        else:
            assert isinstance(arrival, Call)
            arrival.note_crashed()
            asker.unanswered(arrival)
