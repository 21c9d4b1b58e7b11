"""What the agents of one group measure at the end of each attempt: round trips, loss and bandwidth.

May import: the client. Does not decide anything: routing reads the averages, the recorder the sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.agents.client import Client

GAIN: Final = 0.125  # of the agents' moving averages (RFC 6298's gain for round-trip times)
INFINITY: Final = float("inf")


class Measuring:
    """Attempts by their end, and sums of what was measured: of round trips (seconds) and of the averages then.

    `told_without` counts attempts of which a balancer said that there is no answer, `late` answers that came after
    their attempt was given up.
    """

    __slots__ = (
        "_keeps_rtt", "answered", "bandwidth_sum", "bandwidths", "late", "loss_sum", "rtt_sum_s", "silent",
        "told_without",
    )  # fmt: skip

    def __init__(self, keeps_rtt: bool) -> None:
        self._keeps_rtt = keeps_rtt  # whether anybody asks for averages of round trips
        self.answered = self.silent = self.told_without = self.late = self.bandwidths = 0
        self.rtt_sum_s = self.loss_sum = self.bandwidth_sum = 0.0

    @property
    def attempts_ended(self) -> int:
        """Attempts that were answered or timed out, establishments included."""
        return self.answered + self.silent + self.told_without

    def note_answer(self, client: Client, node: int, rtt_s: float) -> None:
        """An answer came, over links from and to a node that took `rtt_s` both ways."""
        if self._keeps_rtt:
            client.note_rtt(node, rtt_s, GAIN)
        self.answered += 1
        self.rtt_sum_s += rtt_s
        if client.loss:
            client.note_heard(GAIN)
            self.loss_sum += client.loss
        sample = client.down[node].bits_per_s / 8.0
        if sample < INFINITY:  # how fast the answer came out of the link, which tells nothing of how far it went
            bandwidth = client.bandwidth
            client.bandwidth = bandwidth = bandwidth + GAIN * (sample - bandwidth) if bandwidth else sample
            self.bandwidths += 1
            self.bandwidth_sum += bandwidth

    def note_told(self, client: Client) -> None:
        """A balancer, or its host, said that there is no answer."""
        self.told_without += 1
        if client.loss:
            client.note_heard(GAIN)
            self.loss_sum += client.loss

    def note_silence(self, client: Client) -> None:
        """No answer came in time."""
        client.note_lost(GAIN)
        self.loss_sum += client.loss
        self.silent += 1

    def note_late(self) -> None:
        """An answer came after its attempt was given up."""
        self.late += 1
