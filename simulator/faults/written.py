"""A fault as a scenario writes it: a mapping whose one verb says which kind it is, and names its target.

May import: the contract of faults, units, synonyms. Does not know any fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from simulator.faults.base import FAMILY, Fault
from simulator.text.synonyms import meant
from simulator.units import QuantityError, show


def verb_of(entry: Mapping[str, Any]) -> str | None:
    """The verb of a fault as written; None where it has none that is known, or several."""
    verbs = _verbs(entry)
    return verbs[0] if len(verbs) == 1 else None


def _verbs(entry: Mapping[Any, Any]) -> list[str]:
    """The verbs among some keys: `drain` beside `rolling_restart`, which has a setting of that name, is none."""
    found = [verb for verb in FAMILY if verb in entry]
    return [verb for verb in found if not any(verb in FAMILY[other].model_fields for other in found if other != verb)]


class _FaultField:
    """Pydantic's view of a fault: finds its spec by the verb."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler

        def dump(fault: Fault) -> dict[str, Any]:
            return fault.model_dump(mode="json", by_alias=True)

        return core_schema.with_info_plain_validator_function(
            _parse_fault, serialization=core_schema.plain_serializer_function_ser_schema(dump)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema
        return {"anyOf": [handler(fault.__pydantic_core_schema__) for fault in FAMILY.values()]}


def _parse_fault(value: object, info: core_schema.ValidationInfo) -> Fault:
    if isinstance(value, Fault):
        return value
    if not isinstance(value, Mapping):
        raise QuantityError(f"{show(value)} is not a fault", "write {at: 2min, for: 60s, crash: pop-1}")
    verbs = _verbs(value)
    if len(verbs) > 1:
        raise QuantityError(f"one fault cannot be both {verbs[0]} and {verbs[1]}", "write two faults")
    if verbs:
        return FAMILY[verbs[0]].model_validate(value, context=info.context)
    for key in value:
        close = meant(key, FAMILY) if key not in Fault.model_fields and key not in ("for", "factor") else None
        if close:
            raise QuantityError(f"unknown fault {show(key)}", f"did you mean {close}?").inside(str(key))
    raise QuantityError("this fault does not say what happens", f"add one of {', '.join(FAMILY)}")


AnyFault = Annotated[Fault, _FaultField()]
"""Any registered fault."""
