"""Stickiness models: how the SAM makes weights out of what it knows. One file a model; `@register("name")` adds one."""

from simulator.sam.models.base import ModelContext, Reports, Seen, StickinessModel, find_model, models, register
from simulator.sam.models.cumulative import Cumulative
from simulator.sam.models.hysteresis import Hysteresis
from simulator.sam.models.load_aware import LoadAware
from simulator.sam.models.per_edge import PerEdge
from simulator.sam.models.published import Published
from simulator.sam.models.static import Static

__all__ = [
    "Cumulative",
    "Hysteresis",
    "LoadAware",
    "ModelContext",
    "PerEdge",
    "Published",
    "Reports",
    "Seen",
    "Static",
    "StickinessModel",
    "find_model",
    "models",
    "register",
]
