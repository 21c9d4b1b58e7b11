"""index.parquet: the tidy table of a sweep, a row for each cell and metric; made again from the cells at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simulator.experiment.studies.outcomes import CellOutcome
from simulator.results.places import write_whole_by
from simulator.units import BANDWIDTH, DISTANCE, DURATION_OR_NEVER, RATE, SIZE, QuantityError, parse_ratio

_CELLS_AT_ONCE: Final = 500


def write_index(outcomes: Sequence[CellOutcome], paths: Sequence[str], file: Path) -> None:
    """The tidy table: a row for each cell and metric, with a column for each swept path.

    A path whose values are all numbers is a number column; of quantities there is the text, and `<path>:si`
    with the number in SI units.
    """
    import pyarrow.parquet as pq

    columns = columns_of(outcomes, paths)

    def write(scratch: Path) -> None:
        first = _rows(outcomes[:_CELLS_AT_ONCE], columns, 0)
        with pq.ParquetWriter(scratch, first.schema, compression="zstd") as writer:
            writer.write_table(first)
            for place in range(_CELLS_AT_ONCE, len(outcomes), _CELLS_AT_ONCE):
                writer.write_table(_rows(outcomes[place : place + _CELLS_AT_ONCE], columns, place))

    write_whole_by(file, write)


def _rows(outcomes: Sequence[CellOutcome], columns: Mapping[str, list[Any]], begin: int) -> Any:
    """The rows of some cells, of which the first is the `begin`-th: a pyarrow Table."""
    import pyarrow as pa

    rows = [(place, outcome, name) for place, outcome in enumerate(outcomes, begin) for name in outcome.estimates]
    found = [outcome.estimates[name] for _, outcome, name in rows]
    kinds = {name: _kind(values) for name, values in columns.items()}
    text = pa.dictionary(pa.int32(), pa.string())
    table = {
        "cell": pa.array([o.cell.name for _, o, _ in rows], pa.string()).cast(text),
        "number": pa.array([o.cell.number for _, o, _ in rows], pa.int32()),
        "status": pa.array([o.status for _, o, _ in rows], pa.string()).cast(text),
        **{name: pa.array([values[place] for place, _, _ in rows], kinds[name]()) for name, values in columns.items()},
        "metric": pa.array([name for _, _, name in rows], pa.string()).cast(text),
        "unit": pa.array([e.unit for e in found], pa.string()).cast(text),
        "mean": pa.array([e.mean for e in found], pa.float64()),
        "ci_low": pa.array([e.low for e in found], pa.float64()),
        "ci_high": pa.array([e.high for e in found], pa.float64()),
        "n": pa.array([e.n for e in found], pa.int32()),
        "per_replication": pa.array([list(e.by_replication) for e in found], pa.list_(pa.float64())),
    }
    return pa.table(table)


def _kind(values: Sequence[Any]) -> Any:
    """The pyarrow type of a column of swept values."""
    import pyarrow as pa

    if any(isinstance(value, str) for value in values):
        return pa.string
    return pa.int64 if values and all(isinstance(value, int) for value in values) else pa.float64


def columns_of(outcomes: Sequence[CellOutcome], paths: Sequence[str]) -> dict[str, list[Any]]:
    """The swept values as columns, a value for each cell: numbers where all are numbers, else text."""
    columns: dict[str, list[Any]] = {}
    for path in paths:
        values = [outcome.cell.values[path] for outcome in outcomes]
        numbers = [value.plain for value in values]
        if all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers):
            whole = all(isinstance(n, int) for n in numbers)
            columns[path] = [n if whole else float(n) for n in numbers]
            continue
        columns[path] = [value.text for value in values]
        quantities = [quantity(value.text) for value in values]
        if values and all(q is not None for q in quantities):
            columns[f"{path}:si"] = quantities
    return columns


def quantity(text: str) -> float | None:
    """The SI number of a quantity or a plain number; None for other text."""
    try:
        return float(text)
    except ValueError:
        pass
    for dimension in (DURATION_OR_NEVER, RATE, SIZE, BANDWIDTH, DISTANCE):
        try:
            return dimension.parse(text)
        except QuantityError:
            continue
    try:
        return parse_ratio(text)
    except ValueError:
        return None
