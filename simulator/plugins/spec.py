"""The base of everything a scenario is made of: frozen, with unknown keys refused.

A member of a family (a cache policy, a workload, a loss process, a routing policy, a fault) is a subclass in
a file of its own, with a `Literal` that names it and a `build` method that makes the thing that runs.

May import: pydantic. Does not know any family.
"""

from __future__ import annotations

from collections.abc import MutableMapping

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator


class Spec(BaseModel):
    """A frozen, closed pydantic model; values are SI floats once it exists."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
        allow_inf_nan=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _note_reader(cls, value: object, info: ValidationInfo) -> object:
        """Tell whoever asked (`context["models"]`) which model reads which mapping, for did-you-mean."""
        if isinstance(info.context, dict) and isinstance(value, dict):
            models = info.context.get("models")
            if isinstance(models, MutableMapping):
                models[id(value)] = cls
        return value
