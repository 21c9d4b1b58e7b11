"""What the agents of one group report to the SAM: how each attempt of a request ended.

May import: the SAM (it appends to plain columns). Does not model: the transport of reports; they come with requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.agents.client import Session
    from simulator.engine.clock import Clock
    from simulator.messages import Attempt
    from simulator.sam.manager import StickinessManager


class Reports:
    """The reports of one group. Times in seconds.

    Args:
        from_response: whether latencies are from sending to answer, in place of the time on the links.
        silences: whether agents tell of edges that do not answer.
    """

    __slots__ = (
        "_by_edge", "_clock", "_from_response", "_manager", "_of_edges", "_silences",
        "_slots", "_values",
    )  # fmt: skip

    def __init__(self, manager: StickinessManager, clock: Clock, from_response: bool, silences: bool) -> None:
        self._manager = manager
        self._clock = clock
        self._from_response = from_response
        self._silences = silences
        self._slots, self._values = manager.reported, manager.values  # of every request: without a call
        self._by_edge = manager.by_edge
        self._of_edges = manager.by_edge or manager.client_reports

    def answered(self, attempt: Attempt, rtt_s: float) -> None:
        """An attempt of a request was answered, over links that took `rtt_s` both ways."""
        self._slots.append(attempt.session.slot)
        self._values.append(self._clock.now - attempt.sent_s if self._from_response else rtt_s)
        if attempt.tries:
            self._manager.report_retry(attempt.session.slot)
        if self._of_edges:
            if self._by_edge:
                self._manager.report_edge(attempt.edge)
            if self._manager.client_reports:
                self._manager.report_answer(attempt.edge)

    def failed(self, attempt: Attempt, rtt_s: float) -> None:
        """An attempt of a request ended without success, after a round trip (below 0: without one)."""
        manager, slot = self._manager, attempt.session.slot
        if rtt_s >= 0.0 and self._from_response:
            rtt_s = self._clock.now - attempt.sent_s
        manager.report(slot, -1.0 if rtt_s < 0 else -2.0 - rtt_s)
        if self._by_edge:
            manager.report_edge(attempt.edge)
        if attempt.tries:
            manager.report_retry(slot)

    def left_to_twin(self, attempt: Attempt) -> None:
        """An attempt failed whose twin may yet be answered: the twin is the same request."""
        if not attempt.tries:
            self._manager.report_retry(attempt.session.slot)

    def silent(self, edge: int) -> None:
        """An edge did not answer, or its host did with a reset."""
        if self._silences:
            self._manager.report_silence(edge)

    def forget(self, session: Session) -> None:
        """The client wants nothing more of a session."""
        self._manager.forget(session)
