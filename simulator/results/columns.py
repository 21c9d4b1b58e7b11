"""The Parquet files of a result folder, from replications and back.

May import observe and pyarrow (inside functions: it is slow to import). Tidy tables: one row per value, with
its replication; latency.parquet has one row per histogram, whose buckets can be added to those of others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.metrics.names import unit_of
from simulator.observe.histogram import Histogram
from simulator.observe.result import Replication, Texts
from simulator.results.stored import broken

METRICS, TIMESERIES = "metrics.parquet", "timeseries.parquet"
LATENCY, EVENTS, REQUESTS = "latency.parquet", "events.parquet", "requests.parquet"
DATA_TABLES = (METRICS, TIMESERIES, LATENCY, EVENTS)
"""The tables of every folder; that of requests is there where they were traced."""
_FLOATS = {"halffloat": "float16", "float": "float32", "double": "float64"}
_SERIES = ("t_s", "metric", "label", "value")
_COLUMNS = {
    METRICS: {"replication": "int", "metric": "string", "value": "double"},
    TIMESERIES: {"replication": "int", "t_s": "double", "metric": "string", "label": "string", "value": "double"},
    LATENCY: {"replication": "int", "histogram": "string", "n": "int", "sum": "double", "min": "double",
              "max": "double", "bucket": "list", "count": "list"},
    EVENTS: {"replication": "int", "t_s": "double", "kind": "string", "target": "string", "detail": "string"},
}  # fmt: skip
"""What the reader wants of each table: a column and its kind."""
_LEAST_ROWS, _ROWS_PER_BYTE = 10_000_000, 200
_LEAST_BYTES, _MOST_SPREAD = 2**30, 1000


def write_columns(folder: Path, replications: Sequence[Replication]) -> None:
    """Write every Parquet file of the replications into `folder`."""
    _write(folder / METRICS, _metrics(replications))
    _write(folder / TIMESERIES, _timeseries(replications))
    _write(folder / LATENCY, _histograms(replications))
    _write(folder / EVENTS, _events(replications))
    traced = [r for r in replications if r.requests is not None]
    if traced:
        _write(folder / REQUESTS, _requests(traced))


def read_columns(folder: Path, records: Sequence[Mapping[str, Any]]) -> list[Replication]:
    """The replications whose manifest records are given. Raises FolderError for broken files."""
    found = {int(r["replication"]): _bare(r) for r in records}
    for name, read in ((METRICS, _read_metrics), (TIMESERIES, _read_timeseries), (LATENCY, _read_histograms),
                       (EVENTS, _read_events), (REQUESTS, _read_requests)):  # fmt: skip
        if name != REQUESTS or (folder / REQUESTS).exists():
            try:
                read(folder, found)
            except Exception as error:
                # a damaged table raises whatever pyarrow, or what it gives, likes
                raise broken(folder / name, error) from error
    return [found[number] for number in sorted(found)]


def _read_metrics(folder: Path, found: Mapping[int, Replication]) -> None:
    table = _read(folder / METRICS)
    for number, metric, value in zip(table["replication"], table["metric"], table["value"], strict=True):
        found[number].metrics[metric] = value


def _read_histograms(folder: Path, found: Mapping[int, Replication]) -> None:
    table = _read(folder / LATENCY)
    for row in zip(*table.values(), strict=True):
        cells = dict(zip(table, row, strict=True))
        found[cells["replication"]].histograms[cells["histogram"]] = Histogram.from_columns(cells)


def _read_events(folder: Path, found: Mapping[int, Replication]) -> None:
    table = _read(folder / EVENTS)
    for row in zip(*table.values(), strict=True):
        event = dict(zip(table, row, strict=True))
        event["detail"] = json.loads(event["detail"])
        found[event.pop("replication")].events.append(event)


def _bare(record: Mapping[str, Any]) -> Replication:
    return Replication(
        replication=int(record["replication"]), seed=int(record["seed"]),
        metrics={}, histograms={}, totals=dict(record["totals"]),
        timeseries={name: [] for name in _SERIES}, events=[],
        invariants=dict(record["invariants"]), wall_s=float(record["wall_s"]),
        n_events=int(record["events"]), peak_rss_bytes=int(record["peak_rss_bytes"]),
        fingerprint=str(record["fingerprint"]),
    )  # fmt: skip


def _metrics(replications: Sequence[Replication]) -> dict[str, Any]:
    rows = [(r.replication, name, value, unit_of(name)) for r in replications for name, value in r.metrics.items()]
    return _table(rows, {"replication": "int32", "metric": "string", "value": "float64", "unit": "string"})


def _timeseries(replications: Sequence[Replication]) -> dict[str, Any]:
    import pyarrow as pa

    numbers: list[int] = []
    columns: dict[str, list[Any]] = {name: [] for name in _SERIES}
    for r in replications:
        numbers += [r.replication] * len(r.timeseries.get("t_s", ()))
        for name, column in columns.items():
            column.extend(r.timeseries.get(name, ()))
    text = pa.dictionary(pa.int32(), pa.string())
    return {
        "replication": _array(numbers, "int32"),
        "t_s": _array(columns["t_s"], "float64"),
        "metric": _array(columns["metric"], "string").cast(text),
        "label": _array(columns["label"], "string").cast(text),
        "value": _array(columns["value"], "float64"),
    }


def _read_timeseries(folder: Path, found: Mapping[int, Replication]) -> None:
    table = _read(folder / TIMESERIES)
    numbers = table["replication"]
    for number, replication in found.items():
        mine = [place for place, n in enumerate(numbers) if n == number]
        for name in _SERIES:
            column = table[name]
            replication.timeseries[name] = [column[place] for place in mine]


def _histograms(replications: Sequence[Replication]) -> dict[str, Any]:
    kinds = {
        "replication": "int32", "histogram": "string", "n": "int64", "sum": "float64",
        "min": "float64", "max": "float64", "bucket": "list", "count": "list",
    }  # fmt: skip
    rows = []
    for r in replications:
        for name, h in r.histograms.items():
            low, high = (h.min, h.max) if h.count else (math.inf, -math.inf)
            rows.append((r.replication, name, h.count, h.sum, low, high, *h.buckets))
    return _table(rows, kinds)


def _events(replications: Sequence[Replication]) -> dict[str, Any]:
    kinds = {
        "replication": "int32",
        "t_s": "float64",
        "kind": "string",
        "target": "string",
        "detail": "string",
    }
    rows = [
        (
            r.replication,
            float(e["t_s"]),
            e["kind"],
            e["target"],
            json.dumps(e.get("detail", {}), sort_keys=True),
        )
        for r in replications
        for e in r.events
    ]
    return _table(rows, kinds)


def _requests(traced: Sequence[Replication]) -> dict[str, Any]:
    tables = [r.requests or {} for r in traced]
    lengths = [len(next(iter(table.values()), ())) for table in tables]
    columns = {"replication": _array(np.repeat([r.replication for r in traced], lengths), "int32")}
    for name in dict.fromkeys(name for table in tables for name in table):
        columns[name] = _joined([table.get(name, [None] * n) for table, n in zip(tables, lengths, strict=True)])
    return columns


def _joined(parts: Sequence[Any]) -> Any:
    """An Arrow array of one column's parts, one after the other."""
    import pyarrow as pa

    if all(isinstance(part, Texts) for part in parts):
        words = {word: place for place, word in enumerate(dict.fromkeys(word for part in parts for word in part.words))}
        codes = [np.array([words[word] for word in part.words], dtype=np.int32)[part.codes] for part in parts]
        return pa.DictionaryArray.from_arrays(_array(np.concatenate(codes), "int32"), _array(list(words), "string"))
    if all(isinstance(part, np.ndarray) and part.dtype.kind in "iuf" for part in parts):
        numbers = np.concatenate(parts)
        return _array(numbers, numbers.dtype.name)
    return pa.array([value for part in parts for value in part])  # what another replication function gives


def _read_requests(folder: Path, found: Mapping[int, Replication]) -> None:
    table = _opened(folder / REQUESTS)
    columns = {name: _column(table.column(name).combine_chunks()) for name in table.column_names}
    numbers = np.asarray(columns.pop("replication"))
    for number, replication in found.items():
        mine = np.flatnonzero(numbers == number)
        replication.requests = {
            name: [column[place] for place in mine] if isinstance(column, list) else column[mine]
            for name, column in columns.items()
        }


def _column(values: Any) -> Any:
    """Texts, an array of numbers; or a list where cells are empty or of another kind."""
    import pyarrow as pa

    kind = values.type
    if values.null_count:
        return values.to_pylist()
    if pa.types.is_string(kind):
        values = values.dictionary_encode()
    if pa.types.is_dictionary(values.type):
        return Texts(_numbers(values.indices), values.dictionary.to_pylist())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _numbers(values)
    return values.to_pylist()


def _numbers(values: Any) -> NDArray[Any]:
    """An Arrow array without empty cells as it lies in memory: its `to_numpy` would import pandas."""
    kind = str(values.type)
    whole: NDArray[Any] = np.frombuffer(values.buffers()[1], dtype=_FLOATS.get(kind, kind))
    return whole[values.offset : values.offset + len(values)]


def _table(rows: Sequence[tuple[Any, ...]], kinds: Mapping[str, str]) -> dict[str, Any]:
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in kinds]
    return {name: _array(column, kind) for (name, kind), column in zip(kinds.items(), columns, strict=True)}


def _array(values: Sequence[Any] | NDArray[Any], kind: str) -> Any:
    """An Arrow array, from its buffers: `pyarrow.array` would import pandas, which takes as long as a short run."""
    import pyarrow as pa

    if kind == "string":
        texts = [value.encode() for value in values]
        offsets = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
        return pa.Array.from_buffers(pa.string(), len(texts), buffers)
    if kind == "list":
        flat = _array(np.concatenate([np.empty(0, dtype=np.int64), *values]), "int64")
        offsets = np.cumsum([0, *map(len, values)], dtype=np.int32)
        buffers = [None, pa.py_buffer(offsets)]
        return pa.Array.from_buffers(pa.list_(pa.int64()), len(values), buffers, children=[flat])
    numbers = np.ascontiguousarray(values, dtype=kind)
    return pa.Array.from_buffers(pa.from_numpy_dtype(numbers.dtype), len(numbers), [None, pa.py_buffer(numbers)])


def _write(path: Path, columns: Mapping[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    pq.write_table(table, path, compression="zstd")


def _read(path: Path) -> dict[str, list[Any]]:
    """The columns of a table of ours, none of whose cells is empty. Raises ValueError, and what pyarrow does."""
    table = _opened(path)
    expected = _COLUMNS[path.name]
    kinds = {name: str(table.schema.field(name).type) for name in expected if name in table.column_names}
    for name, kind in expected.items():
        if kind not in kinds.get(name, ""):
            raise ValueError(f"its column {name} is {kinds.get(name, 'missing')}, not of {kind}")
        if table.column(name).null_count:
            raise ValueError(f"its column {name} has empty cells")
    return {name: table.column(name).to_pylist() for name in expected}


def _opened(path: Path) -> Any:
    """A whole table. Raises ValueError where it says to be far larger than its bytes can mean."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    size = path.stat().st_size
    spread = sum(file.metadata.row_group(place).total_byte_size for place in range(file.metadata.num_row_groups))
    if file.metadata.num_rows > _LEAST_ROWS + _ROWS_PER_BYTE * size or spread > _LEAST_BYTES + _MOST_SPREAD * size:
        raise ValueError(f"{size} bytes that claim to be {file.metadata.num_rows} rows of {spread} bytes")
    return file.read()
