"""How a scenario writes a random quantity: `5ms`, `{lognormal: {median: 8ms, p99: 40ms}}`.

Reads and writes every form, and gives the field types for pydantic models.

May import: units, distributions and their laws, pydantic. Does not model anything.
"""

from __future__ import annotations

import hashlib
import math
import re
import stat
from array import array
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from simulator import units
from simulator.laws.distributions import (
    Constant,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    Lognormal,
    Normal,
    Pareto,
    Uniform,
    Weibull,
)
from simulator.laws.parameters import DURATION, LAWS, LONE_PARAMETER, RATE, SIZE, Args, Quantity
from simulator.laws.tails import tail_s
from simulator.text.synonyms import meant
from simulator.units import QuantityError, show

__all__ = [
    "DURATION", "LAWS", "RATE", "SIZE", "DurationDist", "PositiveDurationDist", "Quantity", "RateDist",
    "SizeDist", "dump_distribution", "json_schema", "parse_distribution", "read_empirical",
]  # fmt: skip

_LONGEST_EMPIRICAL_BYTES = 256 * 2**20
_NUMBER = re.compile(units.NUMBER)
_MOST_EMPIRICAL = 10_000_000  # values: 80 MB
_LONGEST_LINE = 64 * 1024
_NO_LAW = ("constant", "fixed", "deterministic", "degenerate")
_LARGEST = 1e15  # seconds, bytes or 1/s: thirty million years, a petabyte


def read_empirical(path: Path, quantity: Quantity, written: str = "") -> Empirical:
    """Read the first column of a CSV: SI numbers or quantities with units.

    A first line that is neither is a header; empty lines and `#` comments are passed over.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise QuantityError(
                f"{show(written or path.name, 80)} is {kind}", "name a CSV file; write a stream to disk first"
            )
        if status.st_size > _LONGEST_EMPIRICAL_BYTES:
            raise QuantityError(f"{path.name} is larger than 256 MiB", "sample it first")
        with path.open("rb") as file:
            values, digest = _column(path, file, quantity)
    except OSError as error:
        raise QuantityError(
            f"cannot read {show(written or path.name, 80)}", (error.strerror or "unreadable").lower()
        ) from None
    except UnicodeDecodeError:
        raise QuantityError(f"{path.name} is not text", "give a CSV file in UTF-8") from None
    if not values:
        raise QuantityError(f"{path.name} holds no values", "one number a line, in its first column")
    return Empirical(path, np.frombuffer(values, dtype=np.float64).copy(), digest)


def _column(path: Path, file: BinaryIO, quantity: Quantity) -> tuple[array[float], str]:
    """The values of the first column, line by line, and the sha256 (hex) of the file."""
    values, digest = array("d"), hashlib.sha256()
    number = 0
    while line := file.readline(_LONGEST_LINE + 1):
        number += 1
        digest.update(line)
        if len(line) > _LONGEST_LINE:
            raise QuantityError(f"{path.name}:{number}: a line longer than 64 KiB", "write one number a line")
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        cell = re.split(r"[,;\t]", text, maxsplit=1)[0].strip().strip('"')
        if not cell or cell.startswith("#"):
            continue
        try:
            value = float(cell) if _NUMBER.fullmatch(cell) else quantity.parse(cell)
            if not 0 <= value < math.inf:
                raise QuantityError(f"{cell} is negative or too large")
        except QuantityError:
            if not values and number == 1:
                continue
            raise QuantityError(
                f"{path.name}:{number}: {show(cell)} is not a {quantity.name}",
                f"write numbers in {quantity.bare}, zero or more, one a line",
            ) from None
        values.append(value)
        if len(values) > _MOST_EMPIRICAL:
            raise QuantityError(f"{path.name} holds more than {_MOST_EMPIRICAL:,} values", "sample it first")
    return values, digest.hexdigest()


def parse_distribution(value: object, quantity: Quantity, base_dir: Path | None = None) -> Distribution:
    """Read any form of a random quantity; raises QuantityError."""
    if not isinstance(value, (Mapping, str, int, float, list, tuple)) and isinstance(value, Distribution):
        return value
    if not isinstance(value, Mapping):
        return Constant(quantity.parse(value))
    known = ", ".join([*LAWS, "empirical"])
    if len(value) != 1:
        raise QuantityError("a distribution is a mapping with one key", f"one of {known}")
    law, raw = next(iter(value.items()))
    if law == "empirical":
        if not isinstance(raw, (str, Path)) or not str(raw):
            raise QuantityError(f"{show(raw)} is not a file name", "write {empirical: file.csv}").inside(law)
        try:
            return read_empirical((base_dir or Path()) / raw, quantity, str(raw))
        except QuantityError as error:
            raise error.inside(law) from None
    if law not in LAWS:
        mend = f"did you mean {close}?" if (close := meant(law, [*LAWS, "empirical"])) else f"known are {known}"
        if law in _NO_LAW:
            mend = f"a value that never varies is written by itself: {quantity.text(1.0)}"
        raise QuantityError(f"unknown distribution {show(law)}", mend).inside(str(law))
    if law in LONE_PARAMETER and not isinstance(raw, Mapping):
        try:
            return _in_range(LAWS[law].make(Args(law, {LONE_PARAMETER[law]: raw}, quantity, LAWS[law].forms)), law)
        except QuantityError as error:
            raise QuantityError(error.what, error.mend).inside(law) from None
    return _in_range(LAWS[law].make(Args(law, raw, quantity, LAWS[law].forms)), law)


def _in_range(dist: Distribution, law: str) -> Distribution:
    """The distribution, if one draw in ten thousand is still a number that a simulation can bear."""
    if isinstance(dist, (Lognormal, Weibull, Pareto, Hyperexponential, Normal)):
        try:
            tail = tail_s(dist)
        except OverflowError:
            tail = math.inf
        if not tail < _LARGEST:
            what = f"one value in ten thousand of this {law} is above {_LARGEST:.0e}"
            raise QuantityError(what, "its tail is too long: lower sigma, or raise alpha or shape").inside(law)
    return dist


def dump_distribution(dist: Distribution, quantity: Quantity) -> str | dict[str, Any]:
    """The canonical YAML form of a distribution, which reads back to an equal one."""
    if isinstance(dist, Constant):
        return quantity.text(dist.value)
    if isinstance(dist, Empirical):
        return {"empirical": str(dist.path)}
    return _dump_law(dist, quantity.text, units.format_number)


def _dump_law(
    dist: Distribution, text: Callable[[float], str], number: Callable[[float], float | int]
) -> dict[str, Any]:
    form: dict[str, Any]
    match dist:
        case Exponential(mean):
            form = {"exponential": text(mean)}
        case Uniform(low, high):
            form = {"uniform": {"low": text(low), "high": text(high)}}
        case Normal(mu, sd, least):
            form = {"normal": {"mean": text(mu), "sd": text(sd), "min": text(least)}}
        case Lognormal(median, sigma):
            form = {"lognormal": {"median": text(median), "sigma": number(sigma)}}
        case Gamma(mean, cv):
            form = {"gamma": {"mean": text(mean), "cv": number(cv)}}
        case Erlang(k, mean):
            form = {"erlang": {"k": k, "mean": text(mean)}}
        case Hyperexponential(weights, means):
            shares = [units.format_ratio(w) for w in weights]
            form = {"hyperexponential": {"weights": shares, "means": [text(m) for m in means]}}
        case Pareto(least, alpha):
            form = {"pareto": {"min": text(least), "alpha": number(alpha)}}
        case Weibull(scale, shape):
            form = {"weibull": {"scale": text(scale), "shape": number(shape)}}
        case _:
            raise TypeError(f"no YAML form for {type(dist).__name__}")
    return form


def json_schema(quantity: Quantity) -> dict[str, Any]:
    """JSON Schema of every form of a random quantity."""
    amount = {"type": "string", "pattern": quantity.pattern}
    value = {"anyOf": [amount, {"type": "number"}, {"type": "array"}]}
    laws: list[dict[str, Any]] = []
    for name, law in LAWS.items():
        body: dict[str, Any] = {"type": "object", "additionalProperties": value, "description": law.about}
        body["examples"] = [form.strip("{}") for form in law.forms]
        lone = {"anyOf": [amount, body], "description": law.about}
        laws.append(_one_key(name, lone if name in LONE_PARAMETER else body))
    laws.append(_one_key("empirical", {"type": "string", "description": "a CSV file of measured values"}))
    return {"anyOf": [amount, *laws]}


def _one_key(name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: body}, "required": [name], "additionalProperties": False}


def _field(quantity: Quantity, check: Callable[[Distribution, object], None] | None = None) -> tuple[Any, ...]:
    def validate(value: object, info: ValidationInfo) -> Distribution:
        base_dir = info.context.get("base_dir") if isinstance(info.context, Mapping) else None
        dist = parse_distribution(value, quantity, base_dir)
        if check is not None:
            check(dist, value)
        return dist

    def dump(dist: Distribution) -> str | dict[str, Any]:
        return dump_distribution(dist, quantity)

    return PlainValidator(validate), PlainSerializer(dump), WithJsonSchema(json_schema(quantity))


def _must_have_mean_above_zero(dist: Distribution, value: object) -> None:
    if dist.mean <= 0:
        raise QuantityError(f"{show(value)} is too small", "it must be above zero")


DurationDist = Annotated[Distribution, *_field(DURATION)]
"""A random duration in seconds (`never` is the constant infinity)."""
PositiveDurationDist = Annotated[Distribution, *_field(DURATION, _must_have_mean_above_zero)]
"""A random duration whose mean is above zero."""
SizeDist = Annotated[Distribution, *_field(SIZE)]
"""A random size in bytes."""
RateDist = Annotated[Distribution, *_field(RATE)]
"""A random rate per second, drawn once per client."""
