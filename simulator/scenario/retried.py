"""`on`, the outcomes that a client or a balancer retries: one of them, or a list.

Does not retry anything; `simulator.build.outcomes` says what the names mean.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from simulator.plugins.named import unknown_name
from simulator.units import QuantityError, show

BY_CLIENTS: Final = ("timeout", "refused", "unroutable", "error", "reset")
BY_BALANCERS: Final = ("timeout", "reset", "refused", "error")
_TOLD_APART: Final = {
    "ok": "an answer is never tried again",
    "denied": "an answer is never tried again, though it be a no",
    "crashed": "timeout says it: nobody can tell a crash from silence",
    "session_expired": "leave it out: an expired session is always established anew, at the cost of a retry",
}
"""Why outcomes that there are cannot be listed as what is retried."""


def _retried(*known: str) -> tuple[BeforeValidator, PlainSerializer, WithJsonSchema]:
    def read(value: object) -> tuple[str, ...]:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, (list, tuple)):
            raise QuantityError(f"{show(value)} is not a list of outcomes", f"write [{', '.join(known)}], or some")
        for place, name in enumerate(names):
            if name not in known:
                wrong = _wrong(name, known)
                raise wrong if names is not value else wrong.inside(place)
        return tuple(outcome for outcome in known if outcome in names)

    schema: dict[str, Any] = {"type": "string", "enum": list(known)}
    either = {"anyOf": [schema, {"type": "array", "items": schema}]}
    return BeforeValidator(read), PlainSerializer(list), WithJsonSchema(either)


def _wrong(name: object, known: tuple[str, ...]) -> QuantityError:
    if isinstance(name, str) and name in _TOLD_APART:
        return QuantityError(f"{show(name)} is not chosen here", _TOLD_APART[name])
    return unknown_name("outcome", name, known)


RetriedByClients = Annotated[tuple[str, ...], *_retried(*BY_CLIENTS)]
RetriedByBalancers = Annotated[tuple[str, ...], *_retried(*BY_BALANCERS)]
