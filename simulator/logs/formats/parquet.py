"""Parquet tables, batch by batch, with the columns of `tables`.

Pages are compressed: what would unpack to far more than a log could hold is refused before it is.

May import: pyarrow, its siblings. Does not model: nested columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.logs.formats.base import Options, Parsed, Reader
from simulator.logs.formats.tables import Roles, chosen
from simulator.logs.model import LONGEST_NAME, MOST_ROWS, BadLineError, TraceError, excerpt
from simulator.logs.sources import check, is_stream, most_unpacked

_BATCH_ROWS = 65_536
_MAGIC = b"PAR1"
_MEND = "write the file again"


def is_parquet(path: Path) -> bool:
    """Whether a regular file begins as Parquet does."""
    if is_stream(path):
        return False
    check(path)
    try:
        with path.open("rb") as file:
            return file.read(4) == _MAGIC
    except OSError:
        return False


class ParquetReader(Reader):
    """Rows of a Parquet table; numbered from 1."""

    web = False
    expected = "rows have a time and a client"

    def __init__(self, path: Path, options: Options) -> None:
        """Look at the schema.

        Raises:
            TraceError: it is not Parquet, or the columns are not there.
        """
        if is_stream(path):
            raise TraceError(path, "a Parquet file cannot be read from a pipe", "write it to disk first")
        if not is_parquet(path):
            raise TraceError(path, "is not a parquet file", "set format to what it is, or auto")
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path = path
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _damaged(path, error) from None
        columns, own = chosen(path, "Parquet", schema.names, options)
        self._columns = {role: n if isinstance(n, str) else schema.names[n - 1] for role, n in columns.items()}
        self._roles = Roles(self._columns, options.time_unit)
        self.title = "Parquet"
        self.exact, self.rebase, self.says_op = own, not own, "op" in columns

    @property
    def dated(self) -> bool:  # type: ignore[override]
        """Whether the times are from 1970."""
        return self._roles.clock.dated

    def rows(self, lines: object = None) -> Iterator[Parsed]:
        """Each row."""
        del lines
        import pyarrow as pa
        import pyarrow.parquet as pq

        path, names = self._path, list(dict.fromkeys(self._columns.values()))
        try:
            schema = pq.read_schema(path)
            texts = [f.name for f in schema if f.name in names and pa.types.is_string(f.type)]
            with pq.ParquetFile(path, read_dictionary=texts) as file:
                _check_size(path, file.metadata)
                before = 0
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=names):
                    yield from self._batch(batch, before)
                    before += batch.num_rows
        except TraceError:
            raise
        except (
            pa.ArrowException,
            OSError,
            ValueError,
            LookupError,
            ArithmeticError,
        ) as error:  # text that is no UTF-8, ..
            raise _damaged(path, error) from None

    def _batch(self, batch: Any, before: int) -> Iterator[Parsed]:
        values = {role: self._values(role, batch.column(name)) for role, name in self._columns.items()}
        roles, row_of = list(values), self._roles.row
        for place, row in enumerate(zip(*values.values(), strict=True)):
            number = before + place + 1
            try:
                yield number, row_of(dict(zip(roles, row, strict=True))), None
            except BadLineError as error:
                yield number, error, str(row)

    def _values(self, role: str, column: Any) -> list[Any]:
        """The values of a batch; a text that is too long is never spelt out: each row may have a megabyte of it."""
        import pyarrow as pa

        kind = column.type
        if role == "t" and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
            column = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
            return [None if us is None else _Stamp(us) for us in column.to_pylist()]
        value_type = kind.value_type if pa.types.is_dictionary(kind) else kind
        if role == "client" and not (
            pa.types.is_string(value_type) or pa.types.is_large_string(value_type) or pa.types.is_integer(value_type)
        ):
            raise TraceError(self._path, f"{self._columns[role]} has the type {kind}", "write text or whole numbers")
        if role == "t" and not (
            pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_string(value_type)
        ):
            raise TraceError(self._path, f"{self._columns[role]} has the type {kind}", "write numbers or timestamps")
        if pa.types.is_dictionary(kind):
            longest = next(
                (v for v in column.dictionary.to_pylist() if isinstance(v, str) and len(v) > LONGEST_NAME), None
            )
            if longest is not None:
                what = f"{self._columns[role]}: {excerpt(longest)} is too long"
                raise TraceError(self._path, what, f"at most {LONGEST_NAME} characters")
            known = column.dictionary.to_pylist()
            return [None if place is None else known[place] for place in column.indices.to_pylist()]
        return list(column.to_pylist())


class _Stamp(float):
    """Microseconds from 1970 that are a time whatever the column's name says."""

    def __str__(self) -> str:
        from datetime import UTC, datetime

        return datetime.fromtimestamp(self / 1e6, UTC).isoformat()


def _check_size(path: Path, meta: Any) -> None:
    if meta.num_rows > MOST_ROWS:
        raise TraceError(path, f"more than {MOST_ROWS:,} rows", "split it, or sample it by client")
    # not the sizes of columns: pyarrow aborts the process over statistics of a column that are damaged
    size = sum(meta.row_group(k).total_byte_size for k in range(meta.num_row_groups))
    if size > most_unpacked(path):
        what = f"unpacks to more than {most_unpacked(path) // 2**20:,} MiB, 250 times its size"
        raise TraceError(path, what, "this is no log: check the file, or unpack it yourself")


def _damaged(path: Path, error: Exception) -> TraceError:
    reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return TraceError(path, f"damaged parquet ({reason})", _MEND)
