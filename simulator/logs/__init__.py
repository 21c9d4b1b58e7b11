"""Logs of real traffic: read in the formats that servers, balancers and people's tables have, and accounted for.

May import: its own modules. Does not model: how a log is played (see workloads.trace).
"""

from __future__ import annotations

from simulator.logs.model import OPERATIONS, Log, SkippedLine, TraceError
from simulator.logs.reading import read_log

__all__ = ["OPERATIONS", "Log", "SkippedLine", "TraceError", "read_log"]
