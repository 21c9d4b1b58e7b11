"""A station: workers, one queue in the order of arrival, and what faults do to both.

Edges, cores and balancers are stations. What they serve differs, and so does what they count of it; how work gets a
worker, how it waits, and what a crash, a pause or an error does to it is written here, once. May import: the engine,
errors at nodes. Does not model: what service is, CPU sharing, priorities.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, Generic, TypeVar

from simulator.engine.handler import Handler
from simulator.engine.kernel import Kernel
from simulator.engine.node import Node
from simulator.engine.pausing import Pausing
from simulator.engine.samplers import Sampler, Scaled
from simulator.server.erring import Erring

INFINITY: Final = float("inf")

Arrival = TypeVar("Arrival")
Work = TypeVar("Work")


class Receiving(Handler):
    """Something arrives at a station."""

    __slots__ = ("_station",)

    def __init__(self, station: Station[Any, Any]) -> None:
        self._station = station

    def call(self, argument: Any) -> None:
        """It is there."""
        self._station.receive(argument)


class Finishing(Handler):
    """A service at a station ends."""

    __slots__ = ("_station",)

    def __init__(self, station: Station[Any, Any]) -> None:
        self._station = station

    def call(self, argument: Any) -> None:
        """It ends."""
        self._station.finish(argument)


class Station(Node, Generic[Arrival, Work]):
    """A queue in front of `workers`, which may be infinite; `Work` is what becomes of an `Arrival` inside.

    A subclass says how service begins (`serve`) and ends (`finish`), and what a crash means for what arrives
    (`lose`). The request loop has no `if` for faults but one: `disturbed` says that what arrives may meet something
    else than the queue, as the station is down, stands still, or errs; and `service_s` is swapped when it is slowed.

    Times are seconds. The integral of busy workers up to `now` is `busy * now - start_sum_s + departure_sum_s`.

    Args:
        index: its number among its kind.
        name: its name.
        site: where it stands, if anywhere.
        kernel: for the clock.
        workers: how many, or infinity.
        service_s: service times in seconds, undisturbed.
    """

    __slots__ = (
        "_undisturbed_service_s", "busy", "clock", "departure_sum_s", "disturbed", "erring", "finishing", "receiving",
        "resets", "service_s", "site", "start_sum_s", "waiting", "workers",
    )  # fmt: skip

    def __init__(
        self,
        index: int,
        name: str,
        site: str | None,
        kernel: Kernel,
        workers: float,
        service_s: Sampler,
    ) -> None:
        self.index = index
        self.epoch = 0
        self.down = False
        self.pausing = None
        self.name = name
        self.site = site
        self.clock = kernel.clock
        self.workers = workers
        self._undisturbed_service_s = self.service_s = service_s
        self.erring: Erring | None = None
        self.disturbed = False
        self.resets = False  # whether it is down and its host, which is up, answers with resets
        self.waiting: deque[Work] = deque()
        self.busy = 0
        self.start_sum_s = self.departure_sum_s = 0.0
        self.receiving, self.finishing = Receiving(self), Finishing(self)

    # -- what a subclass does with it -----------------------------------------------------------------
    def receive(self, arrival: Arrival) -> None:
        """Something has arrived over the network."""
        raise NotImplementedError

    def serve(self, work: Work) -> None:
        """Begin service: a worker is there."""
        raise NotImplementedError

    def finish(self, work: Work) -> None:
        """End of service."""
        raise NotImplementedError

    def lose(self, arrival: Arrival) -> None:
        """What arrived meets a crash."""
        raise NotImplementedError

    def _is_wanted(self, work: Work) -> bool:  # noqa: ARG002
        """Whether work that has waited until now is still to be done; if not, it is let go of here."""
        return True

    def _take_in(self, arrival: Arrival) -> Work:
        """Count what has arrived in this life."""
        raise NotImplementedError

    def _may_err(self, arrival: Arrival) -> bool:  # noqa: ARG002
        """Whether an error may be the answer, where the station errs."""
        return True

    def _err(self, work: Work) -> None:
        """Answer with an error, unless a crash came before."""
        raise NotImplementedError

    # -- the queue ------------------------------------------------------------------------------------
    def admit(self, work: Work) -> None:
        """Give work to an idle worker, or let it wait."""
        if self.busy < self.workers:
            self.busy += 1
            self.serve(work)
        else:
            self.waiting.append(work)

    def free_worker(self, now: float) -> None:
        """A service is over, and its worker turns to the next in the queue."""
        self.departure_sum_s += now
        waiting = self.waiting
        while waiting:
            work = waiting.popleft()
            if self._is_wanted(work):
                self.serve(work)
                return
        self.busy -= 1

    def _turns_away(self, arrival: Arrival) -> bool:
        """Whether what arrives meets something else than the queue: a crash, a pause, or an error."""
        if self.down:
            self.lose(arrival)
            return True
        if self.pausing is not None:
            self.pausing.message(self.receive, arrival)
            return True
        if self.erring is None or not self._may_err(arrival):
            return False
        after_s = self.erring.strikes()
        if after_s < 0.0:
            return False
        self.clock.call_at(self.clock.now + after_s, self._err, self._take_in(arrival))
        return True

    # -- faults ---------------------------------------------------------------------------------------
    def note_disturbance(self) -> None:
        """What disturbs it has begun or ended."""
        self.disturbed = self.down or self.pausing is not None or (self.erring is not None and bool(self.erring))

    def slowness_changed(self) -> None:
        """Swap the service times."""
        undisturbed, factor = self._undisturbed_service_s, self.slowness
        self.service_s = undisturbed if factor == 1.0 else Scaled(factor, undisturbed)

    def _go_down(self, resets: bool) -> None:
        """A life is over; with `resets` the host answers for it."""
        self.down = True
        self.resets = resets
        self.note_disturbance()
        self.epoch += 1

    def _lose_queue(self) -> deque[Work]:
        """What waits and what is in service is lost: the former."""
        self.busy = 0
        lost, self.waiting = self.waiting, deque()
        return lost

    def _lose_paused(self) -> None:
        """What waits for the end of a pause meets the crash; the pause goes on."""
        if self.pausing is not None:
            pausing, self.pausing = self.pausing, None
            pausing.lose()
            self.pausing = pausing

    def restart(self) -> None:
        """Come back; what it held is lost."""
        self.down = self.resets = False
        self.note_disturbance()

    def pause(self) -> None:
        """Stand still."""
        self.pausing = Pausing(self.clock, self._ends_service)
        self.note_disturbance()

    def _ends_service(self, handler: Handler) -> bool:
        """Whether a handler that waits on the clock ends a service here."""
        return handler is self.finishing

    def go_on(self) -> None:
        """Stand still no more: what waited happens now."""
        pausing, self.pausing = self.pausing, None
        self.note_disturbance()
        if pausing is not None:
            self._wake(pausing.since_s)
            pausing.end()

    def _wake(self, since_s: float) -> None:
        """Hook: it has stood still since then, and what waited is about to happen."""
