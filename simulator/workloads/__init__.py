"""Workloads: when which client sends a request; one file a kind.

The kinds below *are* the registry: they give the schema, the error that lists the valid kinds, and
the contract tests. A kind of a user's own joins them with the decorator `register`.

May import: its own kinds, and pydantic. Does not model: what a request does once it has been
sent.
"""

from __future__ import annotations

from typing import TypeVar, get_args

from pydantic.fields import FieldInfo

from simulator.logs.model import TraceError
from simulator.workloads.base import Source, SourceContext, WorkloadSpec
from simulator.workloads.closed import Closed
from simulator.workloads.diurnal import Diurnal
from simulator.workloads.mmpp import Mmpp
from simulator.workloads.poisson import Poisson
from simulator.workloads.renewal import Renewal
from simulator.workloads.spike import Spike
from simulator.workloads.trace import Trace

__all__ = [
    "Closed", "Diurnal", "Mmpp", "Poisson", "Renewal", "Source", "SourceContext", "Spike", "Trace",
    "TraceError", "WorkloadSpec", "kinds", "register",
]  # fmt: skip

_Spec = TypeVar("_Spec", bound=WorkloadSpec)
_KINDS: dict[str, type[WorkloadSpec]] = {}


def register(cls: type[_Spec]) -> type[_Spec]:
    """Add a kind (as a decorator): its name is the `Literal` of its field `kind`.

    Raises:
        TypeError: `kind` is missing or is not a `Literal` with one name.
        ValueError: another class has that name already.
    """
    fields: dict[str, FieldInfo] = cls.model_fields
    names = get_args(fields["kind"].annotation) if "kind" in fields else ()
    if len(names) != 1 or not isinstance(names[0], str):
        raise TypeError(f'{cls.__name__} needs a field `kind: Literal["its name"]`')
    former = _KINDS.setdefault(names[0], cls)
    if former is not cls:
        raise ValueError(f"a workload of kind {names[0]!r} is registered already: {former.__name__}")
    return cls


for _built_in in (Poisson, Mmpp, Diurnal, Spike, Closed, Renewal, Trace):
    register(_built_in)


def kinds() -> dict[str, type[WorkloadSpec]]:
    """Every kind known now, by name, in order of registration."""
    return dict(_KINDS)
