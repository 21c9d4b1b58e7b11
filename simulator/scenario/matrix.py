"""A matrix of measured round trips between sites: `network.matrix: file.csv`.

The first line names the sites that are measured to, the first cell of each further line the site that is measured from:

    ,frankfurt,london,tokyo
    frankfurt,0.6,14.9,236
    london,15.1,0.5,241
    tokyo,236,,0.7

Plain numbers are milliseconds, as `ping` prints them, or of the unit in the very first cell; `14.9ms` says it itself.
An empty cell was not measured. May import: units, pydantic. Does not know where the sites are.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from simulator.units import NUMBER, QuantityError, parse_duration, show

_LONGEST_BYTES: Final = 16 * 2**20
_MOST_SITES: Final = 1000
_PLAIN: Final = re.compile(NUMBER)
_UNITS: Final = ("us", "ms", "s")
_NOT_MEASURED: Final = ("", "-", "na", "n/a", "nan", "null")
_FORM: Final = "the first line and the first column name the sites, the cells are round trips"


@dataclass(frozen=True, eq=False, slots=True)
class RoundTripMatrix:
    """Measured round trips in seconds, by (from, to).

    Attributes:
        path: the file.
        trips_s: what was measured.
        sites: all names in the file, in order.
        plain: the pairs whose cells are numbers without a unit.
        digest: sha256 (hex) of the file.
    """

    path: Path
    trips_s: Mapping[tuple[str, str], float]
    sites: tuple[str, ...]
    plain: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    digest: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RoundTripMatrix) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def one_way_s(self, one: str, other: str) -> float | None:
        """Half of the round trip measured from `one` to `other`, or the other way round; None where neither was."""
        trip_s = self.trips_s.get((one, other))
        if trip_s is None:
            trip_s = self.trips_s.get((other, one))
        return None if trip_s is None else trip_s / 2.0


def read_matrix(path: Path, written: str = "") -> RoundTripMatrix:
    """Read a matrix of round trips; raises QuantityError with the line of what is wrong."""
    name = show(written or path.name, 80)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise QuantityError(f"{name} is {kind}", "name a CSV file")
        if status.st_size > _LONGEST_BYTES:
            raise QuantityError(f"{name} is larger than 16 MiB", f"a matrix has at most {_MOST_SITES} sites")
        data = path.read_bytes()
    except OSError as error:
        raise QuantityError(f"cannot read {name}", (error.strerror or "unreadable").lower()) from None
    except ValueError:  # a NUL byte in the name
        raise QuantityError(f"cannot read {name}", "name a CSV file") from None
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise QuantityError(f"{name} is not text", "give a CSV file in UTF-8") from None
    return _parsed(path, lines, hashlib.sha256(data).hexdigest())


def _parsed(path: Path, lines: list[str], digest: str) -> RoundTripMatrix:
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if len(rows) < 2:
        raise QuantityError(f"{path.name} holds no matrix", _FORM)
    first = rows[0][1]
    comma = max(",;\t", key=first.count)
    corner, *targets = _cells(path, *rows[0], comma)
    unit = corner.lower() if corner.lower() in _UNITS else "ms"
    _refuse_twice(path, rows[0][0], targets)
    if len(targets) > _MOST_SITES or len(rows) > _MOST_SITES + 1:
        raise QuantityError(f"{path.name} has more than {_MOST_SITES} sites", "leave out those that are not needed")
    trips_s: dict[tuple[str, str], float] = {}
    plain: set[tuple[str, str]] = set()
    sources: list[str] = []
    for number, line in rows[1:]:
        source, *cells = _cells(path, number, line, comma)
        sources.append(source)
        _refuse_twice(path, number, sources)
        if len(cells) > len(targets):
            what = f"{path.name}:{number}: {len(cells)} round trips to {len(targets)} sites"
            raise QuantityError(what, _FORM)
        for target, cell in zip(targets, cells, strict=False):
            if cell.lower() in _NOT_MEASURED:
                continue
            trips_s[source, target] = _trip_s(path, number, cell, unit)
            if _PLAIN.fullmatch(cell):
                plain.add((source, target))
    if not trips_s:
        raise QuantityError(f"{path.name} holds no round trips", _FORM)
    return RoundTripMatrix(path, trips_s, tuple(dict.fromkeys([*targets, *sources])), frozenset(plain), digest)


def _cells(path: Path, number: int, line: str, comma: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=comma, strict=True))]
    except csv.Error as error:
        raise QuantityError(f"{path.name}:{number}: {error}", "write it as CSV") from None


def _refuse_twice(path: Path, number: int, names: list[str]) -> None:
    if not all(names):
        raise QuantityError(f"{path.name}:{number}: a site without a name", _FORM)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise QuantityError(f"{path.name}:{number}: {show(twice)} comes twice", "remove one")


def _trip_s(path: Path, number: int, cell: str, unit: str) -> float:
    try:
        trip_s = parse_duration(f"{cell}{unit}" if _PLAIN.fullmatch(cell) else cell)
        if not 0.0 <= trip_s < math.inf:
            raise QuantityError("out of range")
    except QuantityError:
        what = f"{path.name}:{number}: {show(cell)} is not a round trip"
        raise QuantityError(what, f"write {unit} (85.3) or a duration (85.3ms), or leave the cell empty") from None
    return trip_s


def _field(value: object, info: ValidationInfo) -> RoundTripMatrix:
    if isinstance(value, RoundTripMatrix):
        return value
    if not isinstance(value, str) or not value:
        raise QuantityError(f"{show(value)} is not a file name", "write matrix: round-trips.csv")
    base_dir = info.context.get("base_dir") if isinstance(info.context, Mapping) else None
    return read_matrix((base_dir or Path()) / value, value)


MatrixFile = Annotated[
    RoundTripMatrix,
    PlainValidator(_field),
    PlainSerializer(lambda trips: str(trips.path)),
    WithJsonSchema({"type": "string", "format": "path", "examples": ["round-trips.csv"]}),
]
"""The name of a CSV file of round trips between sites."""
