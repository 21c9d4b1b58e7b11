"""The session affinity manager: the published rule, the scoring of sessions, and the detection of failed edges."""

from simulator.sam.models.base import FAMILY
from simulator.sam.rule import StickinessRule, adjust_stickiness

__all__ = ["FAMILY", "StickinessRule", "adjust_stickiness"]
