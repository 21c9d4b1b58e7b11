"""`fit`: a log in, a workload out; what was chosen against what, and what the log could not tell.

May import its siblings, logs; the scenario language inside functions. Writes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.fitting import writing
from simulator.fitting.amounts import amounts
from simulator.fitting.bursts import Bursts, bursts
from simulator.fitting.cut import Cut, cut, even_times
from simulator.fitting.fitted import Fitted
from simulator.fitting.lengths import lengths, with_lengths
from simulator.fitting.rates import Likelihood, Rates, candidates, matched
from simulator.fitting.rhythm import rhythm
from simulator.fitting.windows import Windows, windows
from simulator.logs import OPERATIONS, Log, TraceError, read_log
from simulator.logs.formats.base import ClientKey
from simulator.logs.stray import stray, stretched

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simulator.scenario.schema import Scenario

GAP_S = 1800.0
LEAST_REQUESTS = 50


class Fit(Fitted):
    """A fitted workload, to be looked at, drawn, and written as a scenario."""

    def clients(self, phase_s: float = 0.0) -> dict[str, Any]:
        """The client group as a scenario has it; the daily rhythm begins `phase_s` after the log."""
        return writing.client_group(self, phase_s)

    def to_yaml(self) -> str:
        """A commented scenario that `simulator run` plays."""
        return writing.scenario_text(self)

    def scenario(self) -> Scenario:
        """That scenario, read."""
        return writing.scenario_of(self)

    def assumed(self) -> list[str]:
        """What the log cannot tell, and what is assumed instead."""
        return writing.assumptions(self)

    def plot(self) -> Figure:
        """What was fitted beside the log."""
        from simulator.fitting.figure import draw  # matplotlib takes a while

        return draw(self)

    def summary(self) -> str:
        """What was found, for a terminal."""
        return writing.summary(self)

    def to_dict(self) -> dict[str, Any]:
        """What was fitted, as JSON has it."""
        chosen = "bursts" if self.bursty else self.rates.law
        finite = math.isfinite(self.session_length_s)
        return {
            "log": self.log.summary(), "requests": len(self.log.time_s), "span_s": self.cut.span_s,
            "windows": _windows(self.windows),
            "clients": len(self.cut.clients), "sessions": len(self.cut.starts), "kind": self.kind,
            "mean_rate": self.mean_rate, "between_clients": chosen, "cv": self.cv, "zipf": self.zipf,
            "laws": {one.law: {"mean": one.mean, "spread": one.spread, "aic": one.aic} for one in self.laws},
            "lengths": {one.law: {"mean_s": one.mean_s, "shape": one.shape, "bic": one.bic} for one in self.lengths},
            "session_length_s": self.session_length_s if finite else None, "session_rate": self.session_rate,
            "dispersion": None if self.bursts is None else self.bursts.dispersion,
            "rhythm": None if self.rhythm is None else {"peak": self.rhythm.peak, "phase_s": self.rhythm.phase_s},
            "operations": dict(self.operations), "scenario": self.clients(), "assumed": self.assumed(),
        }  # fmt: skip

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.summary())}</pre>"

    def __repr__(self) -> str:
        return f"<Fit of {self.log.name}: {len(self.log.time_s)} requests, {self.kind} clients>"


def fit(
    log: Log | str | Path | Sequence[str], *, format: str = "auto",  # noqa: A002
    columns: Mapping[str, str | int] | None = None, client_key: ClientKey = "host", gap_s: float = GAP_S,
) -> Fit:  # fmt: skip
    """Fit a workload to a log.

    Args:
        log: a path, a glob, several of them, or a log that was read already.
        format: as in a trace workload.
        columns: as in a trace workload.
        client_key: as in a trace workload.
        gap_s: a silence of a client that is longer ends its session, seconds.

    Raises:
        TraceError: the log cannot be read, has too few requests to fit anything, or a few lines stretch its span.
    """
    data = log if isinstance(log, Log) else read(log, format, columns, client_key)
    refuse_stray(data)
    return fit_within(data, gap_s, written(data))


def refuse_stray(log: Log) -> None:
    """Raise TraceError where a few lines stretch the log: every rate would be over a time that is mostly empty."""
    places = stray(log.time_s)
    if len(places):
        it = "it" if len(places) == 1 else "them"
        raise TraceError(log.paths[0], stretched(log, places), f"remove {it} from the log, or mend the dates")


def written(log: Log) -> Windows | None:
    """When a log was written; None: all the time."""
    return windows(even_times(log), log.client)


def fit_within(data: Log, gap_s: float, seen: Windows | None) -> Fit:
    """`fit` to a log of which it is known when it was written (None: all the time). Raises TraceError."""
    if len(data.time_s) < LEAST_REQUESTS or data.span_s <= 0:
        what = f"{len(data.time_s)} requests in {data.span_s:g} s are too few to fit a workload"
        raise TraceError(data.paths[0], what, f"give a log of {LEAST_REQUESTS} requests or more")
    parts = cut(data, gap_s, seen)
    whole = seen is None
    laws, found = candidates(parts), bursts(parts) if whole else None
    bursty = found is not None and _bursts_win(parts, found, laws)
    drawn = lengths(parts, next(one for one in laws if one.law != "zipf")) if not bursty else ()
    laws = matched(parts, laws) if not drawn else with_lengths(parts, laws, drawn[0])
    return Fit(
        data, parts, tuple(laws), found, rhythm(parts) if whole else None, amounts(data.bytes),
        amounts(data.response_s), _operations(data), seen, drawn, bursty,
    )  # fmt: skip


def _bursts_win(parts: Cut, found: Bursts, laws: list[Rates]) -> bool:
    """Whether bursts explain the gaps better than different rates of the clients."""
    clients = parts.clients
    gaps, inside_s = clients.requests - clients.sessions, clients.inside_s
    law = next(one for one in laws if one.law != "zipf")
    likelihood = Likelihood(parts, law.law, sessions=law.end_rate > 0)
    rates, weights = likelihood.points(law.mean, law.spread)
    rows, times = np.unique(np.column_stack([gaps, inside_s]), axis=0, return_counts=True)
    either = rates + law.end_rate  # the law of a gap, given that the session goes on
    each = rows[:, :1] * np.log(either) - rows[:, 1:] * either + weights
    mixture = float(times @ np.logaddexp.reduce(each, axis=1))
    return 2 * 3 - 2 * found.log_likelihood < 2 * 2 - 2 * mixture


def read(
    log: str | Path | Sequence[str], log_format: str, columns: Mapping[str, str | int] | None, client_key: ClientKey
) -> Log:
    """Read a log, relative to the folder of the program. Raises TraceError."""
    files = str(log) if isinstance(log, (str, Path)) else list(log)
    return read_log(files, Path(), format=log_format, columns=columns, client_key=client_key)


def _windows(seen: Windows | None) -> dict[str, float] | None:
    if seen is None:
        return None
    return {"number": len(seen), "mean_s": seen.observed_s / len(seen), "period_s": seen.period_s}


def _operations(log: Log) -> dict[str, float]:
    if log.op is None:
        return {}
    share = np.bincount(log.op, minlength=len(OPERATIONS)) / len(log.op)
    return {name: float(part) for name, part in zip(OPERATIONS, share, strict=True) if part > 0}
