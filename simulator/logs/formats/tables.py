"""Tables: CSV, and the choice of columns that JSON lines and Parquet share.

`columns: {t: timestamp, client: user_id, op: method}` names them, or numbers them from 1.
Without `columns` a table has those of this program: `t_s` (seconds after the start of the run, not rebased), `client`
and, if there is one, `op`; such a table is exact: its first bad row is an error. Other columns are left alone.

May import: the standard library, its siblings. Does not model: what columns mean beyond their roles.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from simulator.logs.fields import TableClock, cache_status, number, operation, status_code
from simulator.logs.formats.base import Lines, LogFormat, Options, Parsed, Reader, register
from simulator.logs.model import LONGEST_NAME, BadLineError, Row, TraceError, excerpt
from simulator.logs.sources import LONGEST_LINE

ROLES = {
    "t": "The time: seconds, ms, us or ns from 1970, or a date as in ISO 8601.",
    "client": "What tells clients apart.",
    "op": "GET, HEAD, get and read are lookups; other methods, set, put and write are updates.",
    "size": "Bytes of the answer.",
    "response": "What the answer took: seconds, or in the unit that ends the column's name (`_ms`).",
    "status": "The HTTP status.",
    "cache": "HIT, MISS and their like, or true and false.",
    "edge": "Which server answered.",
}
"""What `columns` may name, and what it means."""
OWN = {"t": "t_s", "client": "client", "op": "op"}
_DELIMITERS = ",;\t|"
_GUESSES = {
    "t": r"t|t_?s|ts(_\w+)?|time(_?stamp)?(_\w+)?|date(_?time)?|@?timestamp|at|when|epoch(_\w+)?|start(ed)?(_\w+)?",
    "client": r"client(_?(id|ip))?|user(_?(id|name))?|session(_?id|\.id)?|customer(_?id)?|visitor(_?id)?|c-?ip|ip"
    r"|host|src(_ip)?|(.*[._])?remote_?(addr(ess)?|ip|host)|.*(client|user|session)_?(id|ip)|who\b.*",
    "op": r"op|operation|method|kind|verb|command|cmd|.*method",
}
_RESPONSE_EACH = {"ms": 1e3, "us": 1e6, "ns": 1e9}
_LEAST_COLUMNS = 2
_WITH_PORT = re.compile(r"^\[?((?<=\[)[0-9a-fA-F:.]+(?=\])|(?<!\[)\d{1,3}(?:\.\d{1,3}){3})\]?:\d{1,5}$")
"""`192.0.2.7:4711` and `[2001:db8::9]:443`: each connection has a port of its own, the client has one address."""


class Roles:
    """The columns chosen, and rows out of their values."""

    def __init__(self, columns: Mapping[str, str | int], time_unit: str) -> None:
        """`columns` has `t` and `client` at least."""
        self.columns = columns
        self.clock = TableClock(str(columns["t"]), time_unit)
        ending = re.search(r"[_.(]?(ms|us|ns)\)?$", str(columns.get("response", "")))
        self._each = _RESPONSE_EACH[ending[1]] if ending else 1.0
        self._ops: dict[object, int] = {}
        self._more = not set(columns) <= {"t", "client", "op"}

    def row(self, values: Mapping[str, object]) -> Row:
        """One row out of the values by role.

        Raises:
            BadLineError: a value is missing, or is none of its kind; it names the column.
        """
        get = values.get
        try:
            time_s = self.clock.seconds(values["t"])
        except BadLineError as error:
            raise BadLineError(f"{self.columns['t']} {error.reason}", error.column) from None
        client = _name(values["client"])
        op = operation(values["op"], self._ops) if "op" in values else 0
        if not self._more:
            return Row(time_s, client, op)
        response, cache, edge = number(get("response")), get("cache"), get("edge")  # type: ignore[arg-type]
        return Row(
            time_s,
            client,
            op,
            number(get("size")),  # type: ignore[arg-type]
            response / self._each if response is not None else None,
            status_code(get("status")),  # type: ignore[arg-type]
            _cached(cache),
            str(edge) if edge not in (None, "", "-") else None,
        )


def _cached(value: object) -> int | None:
    if isinstance(value, (bool, int)):
        return int(bool(value))
    return cache_status(str(value)) if value is not None else None


def _name(value: object) -> str:
    if type(value) is str and 0 < len(value) <= LONGEST_NAME and value[0] > " " and value[-1] > " ":
        return value if ":" not in value else _WITH_PORT.sub(r"\1", value)
    if value is None:
        raise BadLineError("no client")
    if isinstance(value, (dict, list, float)):
        raise BadLineError(f"{excerpt(str(value))} names no client")
    text = str(value).strip()
    if not text:
        raise BadLineError("no client")
    if len(text) > LONGEST_NAME:
        raise BadLineError(f"client {excerpt(text)} is too long: at most {LONGEST_NAME} characters")
    return text


def guessed(names: Sequence[str]) -> dict[str, str]:
    """Columns that are probably meant, by their names."""
    found: dict[str, str] = {}
    for role, pattern in _GUESSES.items():
        hit = next((n for n in names if re.fullmatch(pattern, n, re.I) and n not in found.values()), None)
        if hit is not None:
            found[role] = hit
    return found


def needs_columns(path: Path, title: str, names: Sequence[str]) -> TraceError:
    """The error for a table of which nobody said what its columns are: it shows the line that does."""
    numbered = _no_names(names)
    guess = _numbered(names) if numbered else {"t": "TIME", "client": "CLIENT"} | guessed(names)
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    what = f"looks like {title} with {listed}: which is the time, which the client?"
    inside = ", ".join(f"{role}: {name}" for role, name in guess.items())
    mend = "(columns count from 1)" if numbered else "or name them t_s and client"
    return TraceError(path, what, f"write columns: {{{inside}}}{'' if numbered else ','} {mend}", 1)


def _no_names(names: Sequence[str]) -> bool:
    """Whether a first row is no header: one of its values is a number or a time."""
    return any(number(name) is not None or _is_time(name) for name in names)


def _is_time(text: str) -> bool:
    try:
        return TableClock("", "auto").seconds(text) >= 0
    except BadLineError:
        return False


def _numbered(values: Sequence[str]) -> dict[str, str]:
    """Columns by number, for a file without a header: the first time, the first other column, an operation."""
    dated = [k for k, v in enumerate(values, 1) if _is_time(v) and ((number(v) or 1e9) >= 1e8)]
    t = next(iter([*dated, *(k for k, v in enumerate(values, 1) if _is_time(v)), 1]))
    op = next((k for k, v in enumerate(values, 1) if _is_operation(v)), None)
    client = next((k for k in range(1, len(values) + 1) if k not in (t, op)), 2)
    return {"t": str(t), "client": str(client)} | ({"op": str(op)} if op else {})


def _is_operation(text: str) -> bool:
    try:
        return operation(text, {}) >= 0
    except BadLineError:
        return False


def chosen(path: Path, title: str, names: Sequence[str], options: Options) -> tuple[dict[str, str | int], bool]:
    """Columns by role, and whether they are this program's own.

    Raises:
        TraceError: a column is not there, or there is none for the time or the client.
    """
    if options.client_key != "host":
        raise TraceError(path, f"{title} takes no client_key", "name the column: columns: {client: NAME}")
    if options.columns:
        for role, name in options.columns.items():
            if isinstance(name, str) and names and name not in names:
                listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
                raise TraceError(path, f"there is no column {excerpt(name)} for {role}", f"there are {listed}", 1)
            if isinstance(name, int) and names and not 1 <= name <= len(names):
                raise TraceError(path, f"there is no column {name} for {role}", f"columns count 1 to {len(names)}", 1)
        return dict(options.columns), False
    own = {role: name for role, name in OWN.items() if name in names}
    if not {"t", "client"} <= set(own):
        raise needs_columns(path, title, names)
    if len(set(names)) != len(names):
        raise TraceError(path, f"a column stands twice: {excerpt(','.join(names))}", "name each column once", 1)
    return dict(own.items()), True


@register
class Csv(LogFormat):
    """Comma, semicolon, tab or bar; with a header or without."""

    name = "csv"
    title = "CSV"
    last_resort = True

    def reader(self, path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
        """A reader, if the first lines have the same number of fields (more than one)."""
        lines = [line for line in head if line.strip() and not line.startswith(b"#")][:50]
        if not lines:
            return None
        try:
            first = lines[0].decode("utf-8-sig")
        except UnicodeDecodeError:
            first = lines[0].decode("utf-8", "replace")
        delimiter = max(_DELIMITERS, key=lambda d: (first.count(d), -_DELIMITERS.index(d)))
        fields = _split(first, delimiter)
        if len(fields) < _LEAST_COLUMNS:
            return None
        return CsvReader(path, [name.strip() for name in fields], delimiter, options)

    def looks_right(self, head: Sequence[bytes]) -> bool:
        """Whether most of the first lines have as many fields as the first one."""
        texts = [line.decode("utf-8", "replace") for line in head if line.strip() and not line.startswith(b"#")][:50]
        if not texts:
            return False
        delimiter = max(_DELIMITERS, key=lambda d: (texts[0].count(d), -_DELIMITERS.index(d)))
        widths = [len(_split(text, delimiter)) for text in texts]
        return widths[0] >= _LEAST_COLUMNS and 2 * widths.count(widths[0]) > len(widths)


def _split(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter), [])
    except csv.Error:
        return []


class CsvReader(Reader):
    """Rows of a table; a quoted field may run over several lines."""

    web = False

    def __init__(self, path: Path, first: Sequence[str], delimiter: str, options: Options) -> None:
        """`first` is the first row: a header, unless all columns are numbers and it holds a time."""
        self._path, self._delimiter = path, delimiter
        numbered = bool(options.columns) and all(isinstance(name, int) for name in options.columns.values())
        columns, own = chosen(path, "CSV", first, options)
        self._at = {role: first.index(n) if isinstance(n, str) else n - 1 for role, n in columns.items()}
        self._roles = Roles(columns, options.time_unit)
        self._header = not (numbered and self._is_row(first))
        self._width = len(first)
        self.title = "CSV" if self._header else "CSV without a header"
        self.expected = f"the columns are {', '.join(first[:12])}" if self._header else f"{self._width} columns"
        self.exact = own
        self.rebase = not own
        self.says_op = "op" in columns

    @property
    def dated(self) -> bool:  # type: ignore[override]
        """Whether the times are from 1970."""
        return self._roles.clock.dated

    def _is_row(self, first: Sequence[str]) -> bool:
        try:
            TableClock("", "auto").seconds(first[self._at["t"]])
        except BadLineError:
            return False
        return True

    def rows(self, lines: Lines) -> Iterator[Parsed]:
        """Each row."""
        texts = _Texts(lines)
        reader = csv.reader(texts, delimiter=self._delimiter, strict=True)
        header = self._header
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield texts.number, BadLineError(f"not CSV ({error}): check the quotes on this line"), texts.last
                continue
            except BadLineError as error:
                yield texts.number, error, texts.last
                continue
            if header or not row:
                header = header and not row
                continue
            try:
                yield texts.number, self._row(row), texts.last
            except BadLineError as error:
                yield texts.number, error, texts.last

    def _row(self, row: Sequence[str]) -> Row:
        if len(row) != self._width:
            raise BadLineError(f"{len(row)} fields where the first row has {self._width}")
        return self._roles.row({role: row[place].strip() for role, place in self._at.items()})


class _Texts:
    """Lines as text, without comments; remembers the last one."""

    def __init__(self, lines: Lines) -> None:
        self._lines = iter(lines)
        self.number = 0
        self.last: bytes | None = None

    def __iter__(self) -> _Texts:
        return self

    def __next__(self) -> str:
        while True:
            self.number, self.last = raw = next(self._lines)
            if raw[1] is None:
                raise BadLineError(f"a line longer than {LONGEST_LINE // 1024} KiB")
            if raw[1].startswith(b"#"):
                continue
            try:
                return raw[1].decode("utf-8-sig" if raw[0] == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise BadLineError("not UTF-8: save it as UTF-8", error.start + 1) from None
