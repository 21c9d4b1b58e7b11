"""Stickiness models: how the SAM makes weights out of what it knows. One file for each model.

A new built-in model is a file, and its name in the list of `base`; a user's own needs only `@register("name")`.
"""

from simulator.sam.models.base import FAMILY, ModelContext, Reports, Seen, StickinessModel, find_model, models, register

__all__ = ["FAMILY", "ModelContext", "Reports", "Seen", "StickinessModel", "find_model", "models", "register"]
