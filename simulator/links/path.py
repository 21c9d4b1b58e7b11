"""Messages on their way: transmit queue, loss and latency, at the speed of the request loop.

A `Path` holds the parameters in force between two kinds of endpoints, in one direction; links with equal
parameters share it. A `Line` holds what is one link's own: its transmit queue and its loss state.
`Path.transit` tells when a message arrives.

Meaning of a transit: the message waits until the messages before it on its line have left (FIFO), takes size
/ rate to leave, and then travels for its latency. Latencies are independent, so messages may overtake each
other under way. A lost message takes its place in the transmit queue like any other: it is lost on the way. A
change of bandwidth concerns later messages; those already queued keep their times, and later ones still wait
behind them. A partition loses every message and is counted apart (`dropped_partition`), and loss processes
stand still meanwhile.

Every message draws one latency, lost or not: the latencies that two variants of a scenario meet stay aligned.

May import: numpy, samplers and the family's base types. Does not model acknowledgements, retransmission, packets (a
message is one unit), finite transmit buffers or routers shared by several lines.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from simulator.engine.samplers import Sampler, Shifted
from simulator.links.counters import PathCounters

if TYPE_CHECKING:
    import numpy as np

    from simulator.links.base import LossModel, LossProcess

_HORIZON: Final = 1 << 29
"""Longest countdown to the next loss; a longer gap is drawn again there (the geometric law has no memory)."""
_NO_DELAY: Final = 0.0
INFINITY: Final = float("inf")
NAN: Final = float("nan")
_UNLIMITED: Final = 0  # ways that a message can go
_LIMITED: Final = 1
_ANY: Final = 2
_BLOCKED: Final = 3


class Line:
    """The state of one link (one direction between two actors); about 60 bytes."""

    __slots__ = ("fit", "free_at_s", "in_burst", "processes")

    def __init__(self) -> None:
        self.free_at_s = 0.0
        """When the transmit queue will be empty."""
        self.in_burst = False
        """Whether the last message was lost."""
        self.processes: dict[Hashable, LossProcess] | None = None
        """Loss processes of this link, by who put them in force; made at the first message that meets one."""
        self.fit: object = None
        """The path state that `processes` was made for."""


class _Source:
    """Where a loss comes from: one for all paths of a rule, so that going to another edge ends no burst."""

    __slots__ = ("loss", "token")

    def __init__(self, token: Hashable, loss: LossModel | None) -> None:
        self.token = token
        self.loss = loss

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Source) and self.loss is other.loss and self.token == other.token

    def __hash__(self) -> int:
        return id(self.loss)


class _Degradation(NamedTuple):
    key: _Source
    loss: LossModel | None
    add_latency_s: float
    bits_per_s: float


def _uniforms(rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield from rng.random(1024).tolist()


def _gaps(rng: np.random.Generator, ratio: float) -> Iterator[int]:
    """Number of messages up to and including the next loss: geometric; never (0) for ratio 0."""
    block = 16
    while ratio > 0:
        yield from rng.geometric(ratio, block).tolist()
        block = min(4 * block, 1024)
    while True:
        yield _HORIZON + 1


class Path:
    """The parameters in force for the messages of one or many lines, and what happened to them.

    Args:
        latency_s: the random part of each message's latency, in seconds; the part that is constant for a line is
            passed to each transit.
        loss: the loss of the undisturbed path, or None.
        rng_loss: the stream of its losses, and of those that degradations add.
        bits_per_s: bandwidth of each line, > 0; infinity for no transmit queue.

    Raises ValueError for a bandwidth that is not positive.

    Two slots more than a class should have: counts of messages are kept where they are drawn, without a call.
    """

    __slots__ = (
        "_armed",
        "_base",
        "_blocks",
        "_degradations",
        "_fit",
        "_gap_is_loss",
        "_late_sent",
        "_latency_s",
        "_left",
        "_limited_sent",
        "_lossy_sent",
        "_models",
        "_next_gap",
        "_rng_loss",
        "_s_per_byte",
        "_settled",
        "_undisturbed_latency_s",
        "_uniform",
        "_was_limited",
        "_way",
        "add_latency_s",
        "bits_per_s",
        "bursts",
        "dropped_partition",
        "loss_ratio_independent",
        "lost",
        "wait_sum_s",
    )

    _way: int  # what every message looks at comes first: side by side in memory where this is compiled
    _left: int
    _s_per_byte: float
    _latency_s: Sampler
    wait_sum_s: float

    def __init__(
        self,
        latency_s: Sampler,
        loss: LossModel | None,
        rng_loss: np.random.Generator,
        bits_per_s: float = math.inf,
    ) -> None:
        self._base = _Degradation(_Source(None, loss), loss, _NO_DELAY, _positive(bits_per_s))
        self._degradations: dict[Hashable, _Degradation] = {}
        self._blocks: dict[Hashable, None] = {}
        self._undisturbed_latency_s = self._latency_s = latency_s
        self._rng_loss = rng_loss
        self._uniform = _uniforms(rng_loss).__next__
        self.lost = self.dropped_partition = self.bursts = 0
        self.wait_sum_s = 0.0
        self._lossy_sent = self._limited_sent = self._late_sent = 0
        self._armed = self._left = 0
        self._gap_is_loss = False
        self._settled = (0, 0)
        self.loss_ratio_independent, self.add_latency_s, self.bits_per_s = 0.0, _NO_DELAY, math.inf
        self._s_per_byte, self._was_limited = 0.0, False
        self._models: tuple[tuple[_Source, LossModel], ...] = ()
        self._fit = object()
        self._restart_gaps()
        self._refresh()

    def degrade(
        self,
        token: Hashable,
        loss: LossModel | None = None,
        add_latency_s: float = 0.0,
        bits_per_s: float = math.inf,
    ) -> None:
        """Put a degradation in force, on top of all others.

        Losses are independent of each other, latencies add, and the least bandwidth counts.

        Raises ValueError if `token` has one in force already, or for a bandwidth that is not positive.
        """
        if token in self._degradations:
            raise ValueError(f"{token!r} degrades this path already")
        source = _Source(token, loss)
        self._degradations[token] = _Degradation(source, loss, add_latency_s, _positive(bits_per_s))
        self._refresh()

    def restore(self, token: Hashable) -> None:
        """End the degradation of `token`; raises ValueError if there is none."""
        if self._degradations.pop(token, None) is None:
            raise ValueError(f"{token!r} does not degrade this path")
        self._refresh()

    def block(self, token: Hashable) -> None:
        """Cut the path until all who block it unblock; raises ValueError if `token` blocks already."""
        if token in self._blocks:
            raise ValueError(f"{token!r} blocks this path already")
        self._blocks[token] = None
        self._refresh()

    def unblock(self, token: Hashable) -> None:
        """Take back the cut of `token`; raises ValueError if it does not block."""
        if token not in self._blocks:
            raise ValueError(f"{token!r} does not block this path")
        del self._blocks[token]
        self._refresh()

    @property
    def blocked(self) -> bool:
        """Whether a partition cuts the path."""
        return bool(self._blocks)

    @property
    def sent(self) -> int:
        """Messages offered so far, lost and dropped ones included."""
        return self._armed - self._left + self.dropped_partition

    def counters(self) -> PathCounters:
        """All counts so far; take the difference of two for a window (`PathCounters.since`)."""
        self._settle()
        return PathCounters(
            sent=self.sent,
            lost=self.lost,
            dropped_partition=self.dropped_partition,
            lossy_sent=self._lossy_sent,
            bursts=self.bursts,
            limited_sent=self._limited_sent + self._late_sent,
            wait_sum_s=self.wait_sum_s,
        )

    # -- the ways a message can go

    def transit(self, line: Line, size_bytes: float, now_s: float, base_s: float) -> float:
        """Send a message.

        Seconds until it arrives (transmit queue, serialisation, `base_s`, a drawn latency, added latency), or infinity
        if it is lost or dropped.
        """
        way = self._way
        if way == _LIMITED:
            wait_s = line.free_at_s - now_s
            if wait_s > 0.0:
                self.wait_sum_s += wait_s
                delay_s = wait_s + size_bytes * self._s_per_byte
            else:
                delay_s = size_bytes * self._s_per_byte
            line.free_at_s = now_s + delay_s
            base_s = delay_s + base_s
        elif way == _ANY:
            return self._transit_any(line, size_bytes, now_s, base_s)
        elif way == _BLOCKED:
            self._queue(line, size_bytes, now_s)
            self._latency_s.next()
            self.dropped_partition += 1
            return INFINITY
        left = self._left = self._left - 1
        if left:
            if line.in_burst:
                line.in_burst = False
            return base_s + self._latency_s.next()
        return self._end_of_gap(line, base_s)

    def certain_s(self, line: Line, size_bytes: float, from_s: float, base_s: float) -> float:
        """Seconds that each message from `from_s` on takes for sure, alone; NaN where chance or a queue decides."""
        random = self.loss_ratio_independent > 0.0 or line.in_burst or line.free_at_s > from_s
        if random or self._way > _LIMITED:
            return NAN
        latency_s = base_s + self._latency_s.always()
        return size_bytes * self._s_per_byte + latency_s if self._way == _LIMITED else latency_s

    def pass_over(self, messages: int) -> None:
        """So many messages went through, each alone and for sure (`certain_s`)."""
        self._armed += messages

    def _transit_any(self, line: Line, size_bytes: float, now_s: float, base_s: float) -> float:
        """Through loss processes, or behind a backlog that outlasts its limit."""
        delay_s = self._queue(line, size_bytes, now_s) + base_s + self._latency_s.next()
        left = self._left = self._left - 1
        lost = not left and self._next_gap_after_loss()
        if line.fit is not self._fit:
            self._fit_line(line)
        if line.processes is not None:
            for process in line.processes.values():
                if process():
                    lost = True
        if lost:
            return self._lose(line)
        line.in_burst = False
        return delay_s

    def _queue(self, line: Line, size_bytes: float, now_s: float) -> float:
        """Seconds until the message has left; without a limit any more, only the backlog holds it up."""
        if not self._was_limited:
            return _NO_DELAY
        wait_s = line.free_at_s - now_s
        if wait_s > 0.0:
            self.wait_sum_s += wait_s
            if not self._s_per_byte:
                self._late_sent += 1
                return wait_s
        else:
            wait_s = _NO_DELAY
        delay_s = wait_s + size_bytes * self._s_per_byte
        line.free_at_s = now_s + delay_s
        return delay_s

    # -- loss

    def _end_of_gap(self, line: Line, delay_s: float) -> float:
        delay_s += self._latency_s.next()
        if self._next_gap_after_loss():
            return self._lose(line)
        line.in_burst = False
        return delay_s

    def _lose(self, line: Line) -> float:
        self.lost += 1
        if not line.in_burst:
            line.in_burst = True
            self.bursts += 1
        return INFINITY

    def _next_gap_after_loss(self) -> bool:
        """Start the next countdown; whether the one that ended was a loss (and not the horizon)."""
        was_loss = self._gap_is_loss
        gap = self._next_gap()
        self._gap_is_loss = gap <= _HORIZON
        self._left = min(gap, _HORIZON)
        self._armed += self._left
        return was_loss

    def _restart_gaps(self) -> None:
        """Draw gaps for the loss ratio now in force; the countdown under way has no memory and is dropped."""
        self._next_gap = _gaps(self._rng_loss, self.loss_ratio_independent).__next__
        self._armed -= self._left
        self._gap_is_loss = False
        self._next_gap_after_loss()

    def _fit_line(self, line: Line) -> None:
        """Give a line the processes now in force; those it has already go on where they are."""
        known = line.processes or {}
        line.processes = {key: known.get(key) or model.process(self._uniform) for key, model in self._models}
        line.fit = self._fit

    # -- change of state

    def _settle(self) -> None:
        """Book the messages since the last change under the parameters that they met."""
        through, dropped = self._armed - self._left, self.dropped_partition
        through_before, dropped_before = self._settled
        if self.loss_ratio_independent > 0 or self._models:
            self._lossy_sent += through - through_before
        if self._s_per_byte:
            self._limited_sent += through - through_before + dropped - dropped_before
        self._settled = (through, dropped)

    def _refresh(self) -> None:
        """Compute the parameters in force anew from the base and all degradations, and the way that messages go."""
        self._settle()
        in_force = (self._base, *self._degradations.values())
        self.add_latency_s = math.fsum(part.add_latency_s for part in in_force)
        self.bits_per_s = min(part.bits_per_s for part in in_force)
        self._s_per_byte = 8.0 / self.bits_per_s
        self._was_limited = self._was_limited or self._s_per_byte > 0
        undisturbed, add_s = self._undisturbed_latency_s, self.add_latency_s
        self._latency_s = Shifted(add_s, undisturbed) if add_s else undisturbed
        self._refresh_loss([(part.key, part.loss) for part in in_force if part.loss is not None])
        if self._blocks:
            self._way = _BLOCKED
        elif self._models or (self._was_limited and not self._s_per_byte):
            self._way = _ANY
        else:
            self._way = _LIMITED if self._s_per_byte else _UNLIMITED

    def _refresh_loss(self, losses: list[tuple[_Source, LossModel]]) -> None:
        models = tuple((key, model) for key, model in losses if model.independent_ratio is None)
        ratios = [model.independent_ratio or 0.0 for _, model in losses if model.independent_ratio is not None]
        ratio = _any_of(ratios)
        if ratio != self.loss_ratio_independent:
            self.loss_ratio_independent = ratio
            self._restart_gaps()
        if models != self._models:
            self._models = models
            self._fit = object()


class Link:
    """One link between two nodes: its path, its line, the constant part of its latency, and the bytes sent over it."""

    __slots__ = ("base_s", "bytes_sent", "line", "path")

    def __init__(self, path: Path, base_s: float) -> None:
        self.path = path
        self.line = Line()
        self.base_s = base_s
        self.bytes_sent = 0.0

    def transit(self, size_bytes: float, now_s: float) -> float:
        """Send a message (see `Path.transit`)."""
        self.bytes_sent += size_bytes
        return self.path.transit(self.line, size_bytes, now_s, self.base_s)

    def certain_s(self, size_bytes: float, from_s: float) -> float:
        """Seconds that each message from `from_s` on takes for sure (see `Path.certain_s`)."""
        return self.path.certain_s(self.line, size_bytes, from_s, self.base_s)

    def pass_over(self, messages: int, size_bytes: float) -> None:
        """So many messages of that size went through, each alone and for sure (`certain_s`)."""
        self.path.pass_over(messages)
        self.bytes_sent += messages * size_bytes


def _positive(bits_per_s: float) -> float:
    if not bits_per_s > 0:
        raise ValueError(f"a bandwidth must be above 0 bit/s, not {bits_per_s}")
    return bits_per_s


def _any_of(ratios: list[float]) -> float:
    """Probability of at least one of independent events; exact for one of them, whatever the order."""
    some = sorted(ratio for ratio in ratios if ratio > 0)
    return some[0] if len(some) == 1 else 1.0 - math.prod(1.0 - ratio for ratio in some)
