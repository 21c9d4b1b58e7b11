"""Fields that name a member of a family: a workload, a fault, a routing or cache policy.

The families own their registries; a field looks its name up when it validates, so a member of a user's own
(see `simulator.extensions`) counts like a built-in one: in YAML, in the JSON Schema, in errors.

May import: pydantic, units; the families themselves only when a value is validated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SerializerFunctionWrapHandler
from pydantic_core import CoreSchema, core_schema

from simulator.spec import Spec
from simulator.synonyms import meant
from simulator.units import QuantityError, show

Registry = Callable[[], Mapping[str, type[Spec]]]


def unknown_name(what: str, name: object, known: Sequence[str]) -> QuantityError:
    """The error for a name that is not one of `known`, with the nearest one or the list."""
    close = meant(name, known)
    mend = f"did you mean {close}?" if close else f"known are {', '.join(known)}"
    return QuantityError(f"unknown {what} {show(name)}", mend)


class MemberField:
    """Pydantic's view of `{kind: NAME, ...}`: finds the member's spec by its name and validates with that."""

    def __init__(self, what: str, key: str, registry: Registry) -> None:
        self.what, self.key, self.registry = what, key, registry

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler

        def dump(spec: Spec, next_: SerializerFunctionWrapHandler, info: object) -> Any:
            del next_, info
            return spec.model_dump(mode="json", by_alias=True)

        return core_schema.with_info_plain_validator_function(
            self._validate,
            serialization=core_schema.wrap_serializer_function_ser_schema(dump, info_arg=True),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema
        return {"anyOf": [handler(spec.__pydantic_core_schema__) for spec in self.registry().values()]}

    def _validate(self, value: object, info: core_schema.ValidationInfo) -> Spec:
        known = self.registry()
        if isinstance(value, Spec):
            return value
        if not isinstance(value, Mapping):
            first = next(iter(known))
            raise QuantityError(
                f"{show(value)} is not a {self.what}", f"write {{{self.key}: {first}, ...}} with its settings"
            )
        if self.key not in value:
            raise QuantityError(f"this {self.what} has no {self.key}", f"add {self.key}: {' | '.join(known)}")
        name = value[self.key]
        if not isinstance(name, str) or name not in known:
            error = unknown_name(f"{self.what} {self.key}", name, list(known))
            raise QuantityError(error.what, error.mend).inside(self.key)
        return known[name].model_validate(value, context=info.context)


def workload_kinds() -> Mapping[str, type[Spec]]:
    """All workload specs by kind."""
    from simulator.workloads import kinds

    return kinds()


def cache_policies() -> Sequence[str]:
    """All cache policies by name."""
    from simulator.caches import policy_names

    return list(policy_names())


def routing_policies() -> Sequence[str]:
    """All routing policies by name."""
    from simulator.routing import policy_names

    return list(policy_names())


_POLICIES: Mapping[str, Callable[[], Sequence[str]]] = {
    "cache policy": cache_policies,
    "routing policy": routing_policies,
}


class NameField:
    """Pydantic's view of a name out of a registry that may grow."""

    def __init__(self, what: str, names: Callable[[], Sequence[str]]) -> None:
        self.what, self.names = what, names

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema, handler
        return {"enum": list(self.names())}

    def _validate(self, value: object) -> str:
        names = list(self.names())
        if isinstance(value, str) and value in names:
            return value
        other = next((what for what, named in _POLICIES.items() if what != self.what and value in named()), None)
        if other is not None:
            raise QuantityError(f"{show(value)} is a {other}, no {self.what}", f"known are {', '.join(names)}")
        raise unknown_name(self.what, value, names)


Workload = Annotated[Any, MemberField("workload", "kind", workload_kinds)]
"""The arrivals of a client group: any registered workload spec."""
CachePolicy = Annotated[str, NameField("cache policy", cache_policies)]
"""The name of a cache policy."""
RoutingPolicy = Annotated[str, NameField("routing policy", routing_policies)]
"""The name of a routing policy."""
