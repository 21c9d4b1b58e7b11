"""How long a run of fitted sessions has to wait for its steady state.

In a log that is cut anywhere sessions are in the middle of their lives: what is left of those open has density
(1 - F(t)) / mean, the residual life of renewal theory (the inspection paradox). A run begins with new sessions, or with
none. With S = 1 - F and R the distribution function of the residual life, the number of open sessions at t is, as a
share of the steady state,

- R(t) where it begins with none (M/G/inf: what began since and is still open),
- S(t) + R(t) where as many as in the steady state begin at t = 0 (for clients that come back seldom),

so what is missing is 1 - R in the first case, and 1 - R - S in the second: nothing if lengths are exponential.

May import: numpy, its siblings. Does not model: caches, which have a warm-up of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.fitting.cut import Floats
from simulator.fitting.lengths import Lengths

if TYPE_CHECKING:
    from simulator.fitting.fitted import Fitted

OFF: Final = 0.02
"""By what share the open sessions of the measured time may be off, on average."""
MOST: Final = 20.0
"""Mean lengths: the longest wait. Tails that are heavier settle too slowly."""
_CELLS: Final = 4000


def settling_s(fit: Fitted, measured_s: float) -> float:
    """Warm-up from which on the open sessions of `measured_s` are right to 2 % on average; seconds.

    It is 0 where a run begins in its steady state, and 20 mean lengths where it takes longer.
    """
    law = fit.length or Lengths("exponential", fit.session_length_s, 1.0, 1.0, 0.0)
    if fit.kind == "always" or (fit.kind == "returning" and law.law == "exponential"):
        return 0.0
    longest_s = MOST * law.mean_s
    waits_s = np.linspace(0.0, longest_s, _CELLS)
    at_s = np.concatenate([waits_s, longest_s + np.geomspace(1e-3, 1.0, _CELLS) * measured_s])
    survival = law.survival(at_s)
    left = 1.0 - _integral(survival, at_s) / law.mean_s
    missing = _integral(left if fit.kind == "new" else left - survival, at_s)
    mean = (np.interp(waits_s + measured_s, at_s, missing) - missing[:_CELLS]) / measured_s
    off = np.flatnonzero(abs(mean) > OFF)
    return float(waits_s[min(off[-1] + 1, _CELLS - 1)]) if len(off) else 0.0


def _integral(values: Floats, at_s: Floats) -> Floats:
    """From the first place to each; shape as given."""
    parts = (values[1:] + values[:-1]) / 2 * np.diff(at_s)
    return np.concatenate([[0.0], np.cumsum(parts)])
