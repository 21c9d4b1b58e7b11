"""What a family of parts is: specs, settings, how parts of a user's own are loaded, and the guard around them."""

from simulator.plugins.spec import Spec

__all__ = ["Spec"]
