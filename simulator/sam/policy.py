"""How the SAM works, and what one of its intervals brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.sam.rule import StickinessRule


@dataclass(frozen=True, slots=True)
class ManagerPolicy:
    """Times in seconds; `measured` draws the first weight from one probe."""

    model: str = "published"
    interval_s: float = 1.0
    window_s: float = 10.0
    initial_weight: float = 50.0
    measured: bool = False
    propagation_s: float = 0.05
    shards: int = 1
    client_reports: bool = False
    misses: int = 3
    rule: StickinessRule = field(default_factory=StickinessRule)
    model_settings: Any = None  # of the model's own


@dataclass(frozen=True, slots=True)
class Interval:
    """What one interval brought, one row per session."""

    slots: np.ndarray
    attempts: np.ndarray
    requests: np.ndarray
    failures: np.ndarray
    samples: np.ndarray
    latency_sum_s: np.ndarray
