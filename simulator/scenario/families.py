"""Fields that name a member of a family: a workload, a routing policy, a cache policy.

The families own their registries; a field looks its name up when it validates, so a member of a user's own
(see `simulator.plugins.loading`) counts like a built-in one: in YAML, in the JSON Schema, in errors.

May import: pydantic, units; the families themselves only when a value is validated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SerializerFunctionWrapHandler
from pydantic_core import CoreSchema, core_schema

from simulator.plugins.spec import Spec
from simulator.scenario.inside import ROUTING, SAM
from simulator.scenario.named import MemberName, Members, Named, unknown_name
from simulator.units import QuantityError, show

Registry = Callable[[], Mapping[str, type[Spec]]]


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


def cache_policies() -> Mapping[str, type]:
    """All cache policies by name."""
    from simulator.caches import find_policy, policy_names

    return {name: find_policy(name) for name in policy_names()}


def routing_policies() -> Mapping[str, type]:
    """All routing policies by name."""
    from simulator.routing import POLICIES

    return POLICIES


def _routing_section() -> type[Spec]:
    from simulator.scenario.control import Routing

    return Routing


def sam_models() -> Mapping[str, type]:
    """All stickiness models by name."""
    from simulator.sam.models import models

    return models()


def _sam_section() -> type[Spec]:
    from simulator.scenario.control import Sam

    return Sam


def _named() -> Mapping[str, Members]:
    return {"cache policy": cache_policies, "routing policy": routing_policies, "SAM model": sam_models}


Workload = Annotated[Any, MemberField("workload", "kind", workload_kinds)]
"""The arrivals of a client group: any registered workload spec."""
CachePolicy = Annotated[Named, MemberName("cache policy", cache_policies, _named)]
"""A cache policy: its name, or its name with its settings."""
RoutingPolicy = Annotated[Named, MemberName("routing policy", routing_policies, _named, ROUTING, _routing_section)]
"""A routing policy, likewise."""
SamModel = Annotated[Named, MemberName("SAM model", sam_models, _named, SAM, _sam_section)]
"""A stickiness model, likewise."""
