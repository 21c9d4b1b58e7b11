"""Logs of real traffic: read in the formats that servers, balancers and people's tables have, and accounted for.

May import: its own modules. Does not model: how a log is played (see workloads.trace).
"""

from __future__ import annotations

from simulator.logs.formats.base import FAMILY, LogFormat, Options, Reader, register
from simulator.logs.model import OPERATIONS, BadLineError, Log, Row, SkippedLine, TraceError
from simulator.logs.reading import read_log

__all__ = [
    "FAMILY", "OPERATIONS", "BadLineError", "Log", "LogFormat", "Options", "Reader", "Row", "SkippedLine",
    "TraceError", "read_log", "register",
]  # fmt: skip
