"""A field that names a member of a family: `policy: lru`, or `policy: {two_q: {share: 30%}}` with its settings.

A field looks a name up in its family when it validates, so that a member of a user's own counts like a built-in one: in
YAML, in the JSON Schema, in errors. `MemberKind` is the field of a family whose members are specs themselves:
`{kind: poisson, rate: 1/s}`.

May import: pydantic, units, settings, families by the names of their packages. Does not know any family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SerializerFunctionWrapHandler, create_model
from pydantic_core import CoreSchema, core_schema

from simulator.plugins.families import families, family
from simulator.plugins.family import Family
from simulator.plugins.settings import settings_of
from simulator.plugins.spec import Spec
from simulator.text.synonyms import meant
from simulator.units import QuantityError, show

Table = Mapping[str, tuple[str, ...]]
"""Name of a member -> those of its settings that are keys of the section."""


class Named(str):
    """The name of a member, and its `settings`: a model of the member's own, or None."""

    __slots__ = ("settings",)
    settings: Spec | None

    def __new__(cls, name: str, settings: Spec | None = None) -> Self:
        """A name, with the settings that belong to it."""
        named = super().__new__(cls, name)
        named.settings = settings
        return named

    def __getnewargs__(self) -> tuple[str, Spec | None]:  # type: ignore[override]
        return str(self), self.settings


def settings_in(name: str) -> Spec | None:
    """The settings that came with a name, if any did."""
    return name.settings if isinstance(name, Named) else None


def unknown_name(what: str, name: object, known: Sequence[str]) -> QuantityError:
    """The error for a name that is not one of `known`, with the nearest one or the list."""
    close = meant(name, known)
    mend = f"did you mean {close}?" if close else f"known are {', '.join(known)}"
    return QuantityError(f"unknown {what} {show(name)}", mend)


class MemberName:
    """Pydantic's view of a name, or a name with settings.

    Args:
        group: the package of the family.
        flat: settings of members that are keys of the section too.
        section: the model of that section.
    """

    def __init__(self, group: str, flat: Table | None = None, section: Callable[[], type[Spec]] | None = None) -> None:
        self.group, self.flat, self.section = group, flat or {}, section

    @property
    def family(self) -> Family[Any]:
        """Whose members may be named."""
        return family(self.group)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.with_info_plain_validator_function(
            self._validate, serialization=core_schema.plain_serializer_function_ser_schema(_plain)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema
        inside: dict[str, Any] = {}
        for name, member in self.family.items():
            model = self.every_setting(name)
            about = (member.__doc__ or f"The {self.family.what} {name}.").strip().split("\n")[0]
            nothing = {"type": "object", "maxProperties": 0}
            settings = nothing if model is None else handler(model.__pydantic_core_schema__)
            inside[name] = {**settings, "description": about}
        named = {"type": "object", "properties": inside, "minProperties": 1, "maxProperties": 1}
        return {"anyOf": [{"enum": list(inside)}, {**named, "additionalProperties": False}]}

    def own_settings(self, name: object) -> type[Spec] | None:
        """The settings that a member declares; None where it has none, or is none."""
        member = self.family.get(name) if isinstance(name, str) else None
        return None if member is None else _settings(member)

    def every_setting(self, name: str) -> type[Spec] | None:
        """A model of all settings that may be written inside a name; None where there are none."""
        own, keys = self.own_settings(name), self.flat.get(name, ())
        if self.section is None or not keys:
            return own
        fields = self.section().model_fields
        title = "".join(part.title() for part in name.split("_")) + "Settings"
        listed: dict[str, Any] = {key: (fields[key].annotation, fields[key]) for key in keys}
        return create_model(title, __base__=own or Spec, **listed)

    def _validate(self, value: object, info: core_schema.ValidationInfo) -> Named:
        known = self.family
        settings: object = {}
        name = value
        if isinstance(value, Mapping):
            if len(value) != 1:
                first = ", ".join(map(str, value)) or "nothing"
                raise QuantityError(f"one {known.what} is named here, not {first}", "write {NAME: {its settings}}")
            [(name, settings)] = value.items()
        if not isinstance(name, str) or name not in known:
            error = self._unknown(name)
            raise error.inside(str(name)) if isinstance(value, Mapping) else error
        model = self.own_settings(name)
        if model is None and not settings and isinstance(settings, Mapping):
            return Named(name)
        if model is None:
            model = self.every_setting(name)
        if model is None:
            raise QuantityError(f"{name} takes no settings", f"write {name} alone").inside(name)
        checked: Any = _holder(name, model).model_validate({name: settings}, context=info.context)
        return Named(name, getattr(checked, name))

    def _unknown(self, name: object) -> QuantityError:
        known = self.family
        others = (one for one in families() if one is not known and one.takes_settings)
        other = next((one for one in others if isinstance(name, str) and name in one), None)
        if other is None:
            return unknown_name(known.what, name, list(known))
        return QuantityError(f"{show(name)} is a {other.what}, no {known.what}", f"known are {', '.join(known)}")


class MemberKind:
    """Pydantic's view of `{kind: NAME, ...}`: finds the member's spec by its name, and validates with that."""

    def __init__(self, group: str) -> None:
        self.group = group

    @property
    def family(self) -> Family[Any]:
        """Whose members may be written."""
        return family(self.group)

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
        return {"anyOf": [handler(spec.__pydantic_core_schema__) for spec in self.family.values()]}

    def _validate(self, value: object, info: core_schema.ValidationInfo) -> Spec:
        known = self.family
        what, key = known.what, known.key
        if isinstance(value, Spec):
            return value
        if not isinstance(value, Mapping):
            first = next(iter(known))
            raise QuantityError(f"{show(value)} is not a {what}", f"write {{{key}: {first}, ...}} with its settings")
        if key not in value:
            raise QuantityError(f"this {what} has no {key}", f"add {key}: {' | '.join(known)}")
        name = value[key]
        if not isinstance(name, str) or name not in known:
            error = unknown_name(f"{what} {key}", name, list(known))
            raise QuantityError(error.what, error.mend).inside(key)
        member: type[Spec] = known[name]
        return member.model_validate(value, context=info.context)


def _settings(member: type) -> type[Spec] | None:
    return settings_of(member)


@lru_cache(maxsize=256)
def _holder(name: str, model: type[Spec]) -> type[Spec]:
    """A model with one key, so that errors inside it have their place."""
    holder: type[Spec] = create_model("Named", __base__=Spec, **{name: (model, ...)})  # type: ignore[call-overload]
    return holder


def _plain(value: str) -> Any:
    settings = settings_in(value)
    return str(value) if settings is None else {str(value): settings.model_dump(mode="json", by_alias=True)}
