"""Settings of a member of a family: what a class declares as `Settings`, and the class with values for them.

    class TwoQ(Cache):
        class Settings(Spec):
            share: Ratio = 0.25
            \"\"\"Of the capacity, for what came once.\"\"\"

A scenario then writes `policy: two_q` or `policy: {two_q: {share: 30%}}`, and the class reads `self.settings.share`.
`Settings` is a pydantic model; derived from `Spec` its fields may have docstrings, which become the schema's.

May import: pydantic, `simulator.plugins.spec`. Does not know any family.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError, create_model

from simulator.plugins.spec import Spec

_C = TypeVar("_C", bound=type)


@lru_cache(maxsize=256)
def settings_of(cls: type) -> type[Spec] | None:
    """The settings that a class declares, unknown keys refused; None where it has none.

    Raises:
        TypeError: its `Settings` is no pydantic model.
    """
    declared: Any = getattr(cls, "Settings", None)
    if declared is None:
        return None
    if not (isinstance(declared, type) and issubclass(declared, BaseModel)):
        raise TypeError(f"{cls.__name__}.Settings must be a pydantic model: derive it from simulator.plugins.Spec")
    if issubclass(declared, Spec):
        return declared
    bases: Any = (declared, Spec)
    return create_model(declared.__name__, __base__=bases, __module__=declared.__module__)  # type: ignore[no-any-return]


def with_defaults(cls: _C) -> _C:
    """Let a class read its settings' defaults where nobody gave others; none where one of them must be given."""
    declared = settings_of(cls)
    if declared is not None:
        try:
            cls.settings = declared()  # type: ignore[attr-defined]
        except ValidationError:
            cls.settings = None  # type: ignore[attr-defined]
    return cls


def configured(cls: _C, settings: BaseModel | None) -> _C:
    """The class with these settings; itself where there are none."""
    if settings is None:
        return cls
    body = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    return type(cls.__name__, (cls,), {**body, "settings": settings})  # type: ignore[return-value]
