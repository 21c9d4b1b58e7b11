"""What a fit found in a log: the laws that were chosen, and what follows from them.

May import its siblings, logs. Fits and writes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from simulator.fitting.amounts import Amounts
from simulator.fitting.bursts import Bursts
from simulator.fitting.cut import Cut
from simulator.fitting.lengths import Lengths
from simulator.fitting.rates import Rates
from simulator.fitting.rhythm import Rhythm
from simulator.fitting.windows import Windows
from simulator.logs import Log

_RETURNING: Final = 1.5  # sessions per client from which clients are taken to come back


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was found in a log, and chosen. Rates are per second, times in seconds."""

    log: Log
    cut: Cut
    laws: tuple[Rates, ...]
    """Every law between clients, the best first."""
    bursts: Bursts | None
    """None: no more variable than a Poisson process."""
    rhythm: Rhythm | None
    """None: less than two days, or no daily rhythm."""
    sizes: Amounts | None
    service: Amounts | None
    operations: Mapping[str, float]
    """Shares; empty where the log does not say."""
    windows: Windows | None = None
    """When the log was written; None: all the time."""
    lengths: tuple[Lengths, ...] = ()
    """Every law of session lengths, the best first; empty where they were not told apart (see `lengths`)."""
    bursty: bool = False
    """Whether bursts explain the gaps better than different rates of the clients."""

    @property
    def rates(self) -> Rates:
        """The law of rates between clients that was chosen."""
        return self.laws[0]

    @property
    def length(self) -> Lengths | None:
        """The law of session lengths that was chosen; None: an exponential one, for want of a choice."""
        return self.lengths[0] if self.lengths and not self.bursty else None

    @property
    def mean_rate(self) -> float:
        """Requests per second of the time on record."""
        return len(self.log.time_s) / self.cut.span_s

    @property
    def cv(self) -> float:
        """Coefficient of variation of the clients' rates, by the better of gamma and lognormal."""
        return next(one.cv for one in self.laws if one.law in ("gamma", "lognormal"))

    @property
    def zipf(self) -> float | None:
        """Exponent of Zipf's law; None where clients come and go."""
        return next((one.spread for one in self.laws if one.law == "zipf"), None)

    @property
    def session_length_s(self) -> float:
        """Mean length; infinity for clients that are always there."""
        end = self.bursts.end_rate if self.bursty and self.bursts is not None else self.rates.end_rate
        return 1 / end if end > 0 and self.rates.end_rate > 0 else math.inf

    @property
    def kind(self) -> str:
        """always, returning or new: what clients do between sessions."""
        if self.rates.end_rate == 0:
            return "always"
        returning = len(self.cut.starts) >= _RETURNING * len(self.cut.clients)
        return "returning" if returning and self.rates.start_rate * self.session_length_s < 0.95 else "new"

    @property
    def count(self) -> int | None:
        """Clients, those that the log does not show among them; None where each session is of a new one."""
        if self.kind == "new":
            return None
        if self.rates.law == "zipf" and not self.bursty:
            return len(self.cut.clients)
        seen = 1.0 if self.bursty else self.rates.seen
        return max(1, round(len(self.cut.clients) / seen))

    @property
    def session_rate(self) -> float:
        """Sessions per second, those among them that end before a request; 0 for clients that are always there."""
        if self.rates.end_rate == 0:
            return 0.0
        if self.bursty and self.bursts is not None:
            return len(self.cut.starts) / (self.cut.span_s * self.bursts.seen)
        return len(self.cut.clients) / self.rates.seen * self.rates.start_rate

    @property
    def pause_s(self) -> float:
        """Mean time between two sessions of a returning client."""
        return max((self.count or 0) / self.session_rate - self.session_length_s, 0.001)

    def with_rates(self, rates: Rates) -> Self:
        """The same with another law of rates."""
        return replace(self, laws=(rates, *self.laws[1:]))
