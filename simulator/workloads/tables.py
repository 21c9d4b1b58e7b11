"""Tables of requests: `t_s, client` and optionally `op`, as CSV (plain or gzip) or Parquet.

`t_s` is seconds after the start of the run (before time scaling), finite and not negative; rows need not be
sorted. Unlike a log, a table is exact: the first bad row is an error.

May import: numpy, pyarrow (only when a Parquet file is read), its siblings. Does not model: anything.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from simulator.workloads.trace_data import (
    LONGEST_NAME,
    MOST_ROWS,
    OPERATIONS,
    Rows,
    TraceData,
    TraceError,
    excerpt,
)
from simulator.workloads.trace_files import LONGEST_LINE, check, lines, most_unpacked, opened, too_large_unpacked

_CODES = {name: code for code, name in enumerate(OPERATIONS)}
_HEADER = "the header is t_s,client,op (op may be left out: all lookups)"
_BATCH_ROWS = 65_536
Column = Any  # a pyarrow array: pyarrow has no types


def _columns(path: Path, found: Sequence[str]) -> list[int]:
    """Positions of t_s, client and op (-1: there is none) among the columns found."""
    if not ({"t_s", "client"} <= set(found) <= {"t_s", "client", "op"}) or len(set(found)) != len(found):
        raise TraceError(path, f"wrong header {excerpt(','.join(found))}", _HEADER, 1)
    return [found.index(name) if name in found else -1 for name in ("t_s", "client", "op")]


def _wrong_time(text: object) -> tuple[str, str]:
    return f"t_s is {excerpt(str(text))}", "write seconds after the start, finite and not negative"


def _wrong_op(text: object) -> tuple[str, str]:
    return f"unknown operation {excerpt(str(text))}", f"one of {', '.join(OPERATIONS)}"


def _wrong_client(name: str) -> tuple[str, str]:
    if not name:
        return "no client", "every row names its client"
    return f"client {excerpt(name)} is too long", f"at most {LONGEST_NAME} characters"


# -- CSV ----------------------------------------------------------------------------------------------
def read_csv(path: Path) -> TraceData:
    """Read a CSV trace.

    Raises:
        TraceError: the file cannot be read, or a row is not a request.
    """
    with opened(path) as stream:
        reader = csv.reader(_text_lines(path, stream), strict=True)
        try:
            return _read_rows(path, reader)
        except csv.Error as error:
            line = reader.line_num
            raise TraceError(path, f"not CSV ({error})", "check the quotes on this line", line) from None


class _Reader(Protocol):
    """What `csv.reader` returns."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


def _text_lines(path: Path, stream: BinaryIO) -> Iterator[str]:
    for number, raw in enumerate(lines(path, stream), 1):
        if raw is None:
            raise TraceError(path, f"a line longer than {LONGEST_LINE // 1024} KiB", "check the file", number)
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise TraceError(path, f"not UTF-8: {excerpt(raw)}", "save it as UTF-8", number) from None


def _read_rows(path: Path, reader: _Reader) -> TraceData:
    rows = Rows(path)
    header = [name.strip() for name in next(reader, [])]
    at_t, at_client, at_op = _columns(path, header)
    width, names = len(header), rows.names
    add_t, add_client, add_op = rows.t_s.append, rows.client.append, rows.op.append
    for row in reader:
        if not row:
            continue
        if len(row) != width:
            what = f"{len(row)} fields where the header has {width}"
            raise TraceError(path, what, "one value for each column", reader.line_num)
        try:
            t_s = float(row[at_t])
        except ValueError:
            t_s = -1.0
        if not 0 <= t_s < inf:
            raise TraceError(path, *_wrong_time(row[at_t]), reader.line_num)
        name = row[at_client].strip()
        if not 0 < len(name) <= LONGEST_NAME:
            raise TraceError(path, *_wrong_client(name), reader.line_num)
        code = _CODES.get(row[at_op].strip()) if at_op >= 0 else 0
        if code is None:
            raise TraceError(path, *_wrong_op(row[at_op]), reader.line_num)
        add_t(t_s)
        add_client(names.setdefault(name, len(names)))
        add_op(code)
        if len(rows.t_s) > MOST_ROWS:
            raise rows.too_many()
    return _finish(rows)


def _finish(rows: Rows) -> TraceData:
    if not rows.t_s:
        raise TraceError(rows.path, "a header without rows", "a trace has at least one request")
    return rows.finish(rebase=False)


# -- Parquet ------------------------------------------------------------------------------------------
def read_parquet(path: Path) -> TraceData:
    """Read a Parquet trace: `t_s` numeric, `client` text or whole numbers, `op` text.

    Raises:
        TraceError: the file is not Parquet, is damaged, or a row is not a request.
    """
    if check(path)[:4] != b"PAR1":
        raise TraceError(path, "is not a parquet file", "set format to clf or csv, or write it as parquet")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        texts = [field.name for field in pq.read_schema(path) if field.name != "t_s" and pa.types.is_string(field.type)]
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            at = _columns(path, file.schema_arrow.names)
            meta = file.metadata
            if meta.num_rows > MOST_ROWS:
                raise Rows(path).too_many()
            groups = [meta.row_group(k) for k in range(meta.num_row_groups)]
            if sum(group.column(k).total_uncompressed_size for group in groups for k in range(group.num_columns)) > (
                most_unpacked(path)
            ):
                raise too_large_unpacked(path)
            rows = Rows(path)
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                _add_batch(rows, *(batch.column(k) if k >= 0 else None for k in at))
                if len(rows.t_s) > MOST_ROWS:
                    raise rows.too_many()
    except TraceError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: text that is not UTF-8
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise TraceError(path, f"damaged parquet ({reason})", "write the file again") from None
    return _finish(rows)


def _add_batch(rows: Rows, t_s: Column, client: Column, op: Column) -> None:
    """Take over one record batch; `op` may be None."""
    before = len(rows.t_s)
    times = _times(rows.path, t_s, before)
    rows.t_s.frombytes(times.tobytes())
    rows.client.frombytes(_coded(rows, client, before).tobytes())
    rows.op.frombytes(_op_codes(rows.path, op, before).tobytes() if op is not None else bytes(len(times)))


def _times(path: Path, column: Column, before: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    import pyarrow as pa

    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        what = f"t_s has the type {column.type}"
        raise TraceError(path, what, "write numbers: seconds after the start")
    times = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(~((times >= 0) & (times < inf)))
    if wrong.size:
        raise TraceError(path, *_wrong_time(column[int(wrong[0])].as_py()), before + int(wrong[0]) + 1)
    return np.asarray(times, dtype=np.float64)


def _dictionary(path: Path, name: str, column: Column, before: int) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Distinct values of a column as text, and the index of each row into them."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)):
        raise TraceError(path, f"{name} has the type {column.type}", "write text")
    if column.null_count:
        row = next(k for k, value in enumerate(column) if not value.is_valid)
        raise TraceError(path, f"no {name}", "every row needs a value", before + row + 1)
    if pa.types.is_dictionary(column.type):
        values = column.dictionary.cast(pa.string()).to_pylist()
        longest = next((k for k, value in enumerate(values) if len(value or "") > LONGEST_NAME), None)
        if longest is not None and name == "client":  # told before rows are spelt out: each may be a megabyte
            raise TraceError(path, *_wrong_client(values[longest]))
    coded = column.cast(pa.string()).dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy(zero_copy_only=False)


def _coded(rows: Rows, column: Column, before: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Client indices of a batch; new names join `rows.names`."""
    values, indices = _dictionary(rows.path, "client", column, before)
    for k, name in enumerate(values):
        if not 0 < len(name) <= LONGEST_NAME:
            row = before + int(np.flatnonzero(indices == k)[0]) + 1
            raise TraceError(rows.path, *_wrong_client(name), row)
    number = array("i", (rows.names.setdefault(name, len(rows.names)) for name in values))
    return np.frombuffer(number, dtype=np.int32)[indices] if values else np.empty(0, dtype=np.int32)


def _op_codes(path: Path, column: Column, before: int) -> np.ndarray[Any, np.dtype[np.int8]]:
    values, indices = _dictionary(path, "op", column, before)
    codes = np.array([_CODES.get(name, -1) for name in values], dtype=np.int8)
    out = codes[indices] if values else np.empty(0, dtype=np.int8)
    wrong = np.flatnonzero(out < 0)
    if wrong.size:
        raise TraceError(path, *_wrong_op(values[int(indices[wrong[0]])]), before + int(wrong[0]) + 1)
    return np.asarray(out, dtype=np.int8)
