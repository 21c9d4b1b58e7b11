"""Reading a log: files in, one `Log` out, each line accounted for; what has been read is kept for the next who asks.

May import: sources, formats, the model. Does not model: sessions, nor when requests are played (see workloads.trace).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from simulator.logs.detect import HEAD_LINES, binary_reader, reader_for
from simulator.logs.formats.base import FAMILY, ClientKey, Options, Reader
from simulator.logs.model import BadLineError, Log, Rows, TraceError, moment
from simulator.logs.sources import LONGEST_LINE, files_of, is_stream, opened

BAD_LINES = 0.01
"""Share of bad lines that is accepted unless another is given."""
LEAST_BAD_LINES = 10
"""So many are accepted whatever the share."""
_HOPELESS = 1_000  # bad lines without one good line
_HEAD_BYTES = 1 << 20
_MOST_KEPT_BYTES = 2 << 30

Key = tuple[object, ...]
_KEPT: OrderedDict[Key, Log] = OrderedDict()


def read_log(
    files: str | Path | Sequence[str | Path], base_dir: Path = Path(), *, format: str = "auto",  # noqa: A002
    columns: Mapping[str, str | int] | None = None, client_key: ClientKey = "host", bad_lines: float = BAD_LINES,
    time_unit: str = "auto",
) -> Log:  # fmt: skip
    """Read a log, or take it from memory where nothing has changed since it was read; a pipe is read once.

    Args:
        files: a path, a glob, a list of either (read as one log), or `-` for stdin.
        base_dir: where relative paths start.
        format: auto, or one of `simulator.logs.formats.format_names()`, or a LogFormat (Apache) or log_format (NGINX).
        columns: role -> name or number (from 1) of a column, for tables and JSON.
        client_key: what tells clients apart: host, forwarded, user, host+agent.
        bad_lines: the share of bad lines above which the log is refused (0..1), if they are more than 10.
        time_unit: of a time that is a number: s, ms, us, ns, or auto.

    Raises:
        TraceError: it cannot be read, is of no known format, or has too many bad lines.
    """
    paths = files_of(files, base_dir)
    options = Options(dict(columns or {}), client_key, time_unit)
    key: Key = (
        tuple(_identity(path) for path in paths), format, tuple(sorted(options.columns.items())), client_key,
        bad_lines, time_unit, FAMILY.get(format),
    )  # fmt: skip
    known = _KEPT.get(key)
    if known is None:
        known = _read(paths, format, options, bad_lines)
        _keep(key, known)
    _KEPT.move_to_end(key)
    return known


def _identity(path: Path) -> Key:
    """What changes when a file does; a pipe is told by its name, as it cannot be read twice."""
    if is_stream(path):
        return (str(path), "stream")
    try:
        status = path.stat()
        return (str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ino)
    except (OSError, ValueError):
        return (str(path),)


def _keep(key: Key, log: Log) -> None:
    _KEPT[key] = log
    while len(_KEPT) > 1 and sum(one.time_s.nbytes * 5 for one in _KEPT.values()) > _MOST_KEPT_BYTES:
        oldest = next((k for k, one in _KEPT.items() if not one.digest and k != key), None)
        if oldest is None:
            return
        del _KEPT[oldest]


def _read(paths: Sequence[Path], form: str, options: Options, bad_lines: float) -> Log:
    rows = Rows(paths[0])
    readers: list[Reader] = []
    digests: list[str] = []
    lines_before = 0
    for path in paths:
        rows.begin_file(path, lines_before)
        binary = binary_reader(path, form, options)
        if binary is not None:
            lines_before += _take(rows, path, binary, (), bad_lines)
            readers.append(binary)
            continue
        with opened(path) as log:
            lines = enumerate(log.lines(), 1)
            head = _head(lines)
            reader = reader_for(path, _texts(path, head), form, options)
            lines_before += _take(rows, path, reader, chain(head, lines), bad_lines)
            digests.append(log.digest())
        readers.append(reader)
    first = readers[0]
    if len({reader.dated for reader in readers}) > 1:
        raise TraceError(paths[0], "some files have dates and some seconds only", "read them as two groups of clients")
    says_op = all(reader.says_op for reader in readers)
    return rows.finish(
        paths, ", ".join(dict.fromkeys(reader.title for reader in readers)), dated=first.dated, rebase=first.rebase,
        says_op=says_op, web=first.web, digest="".join(digests),
    )  # fmt: skip


def _head(lines: Iterator[tuple[int, bytes | None]]) -> list[tuple[int, bytes | None]]:
    """The first lines, not too many bytes of them."""
    found: list[tuple[int, bytes | None]] = []
    size = 0
    for number, raw in islice(lines, HEAD_LINES):
        found.append((number, raw))
        size += len(raw or b"")
        if size > _HEAD_BYTES:
            break
    return found


def _texts(path: Path, head: Sequence[tuple[int, bytes | None]]) -> list[bytes]:
    """The first lines, empty in place of one that is too long."""
    if not any(raw and raw.strip() for _, raw in head) and any(raw is None for _, raw in head):
        number = next(number for number, raw in head if raw is None)
        what = f"no request found (longer than {LONGEST_LINE // 1024} KiB)"
        raise TraceError(path, what, "this is no log: check the file", number)
    return [raw or b"" for _, raw in head]


def _take(rows: Rows, path: Path, reader: Reader, lines: Iterable[tuple[int, bytes | None]], bad_lines: float) -> int:
    """Add the requests of one file; returns how many lines it had."""
    good, bad, number = 0, 0, 0
    first: tuple[int, BadLineError] | None = None
    examples_before = len(rows.examples)
    add = rows.add
    for number, row, raw in reader.rows(lines):
        if isinstance(row, BadLineError):
            error = row
        else:
            try:
                add(number, row)
            except BadLineError as found:
                error = found
            else:
                good += 1
                continue
        if reader.exact:
            place = f" (column {error.column})" if error.column else ""
            raise TraceError(path, f"{error.reason}{place}", reader.expected, number)
        bad += 1
        first = first or (number, error)
        rows.skip(number, error, raw)
        if not good and bad >= _HOPELESS:
            break
    _accept(rows, path, reader, good, bad, first, bad_lines, examples_before)
    return number


def _accept(
    rows: Rows, path: Path, reader: Reader, good: int, bad: int, first: tuple[int, BadLineError] | None,
    bad_lines: float, shown: int,
) -> None:  # fmt: skip
    """Refuse a file without requests, or with too many lines that are none."""
    total = good + bad
    if first is None:
        if not good:
            raise TraceError(
                path, f"no request found: looks like {reader.title} without a row", "a log has at least one"
            )
        return
    number, error = first
    place = f" at column {error.column}" if error.column else ""
    text = f": {rows.examples[shown].excerpt}" if len(rows.examples) > shown else ""
    told = f"line {number}{place}: {error.reason}{text}"
    if not good:
        raise TraceError(path, f"no request found: looks like {reader.title} ({told})", reader.expected, number)
    if bad > bad_lines * total and bad > LEAST_BAD_LINES:
        share = f"{bad:,} of {total:,} lines ({bad / total:.1%})"
        what = f"looks like {reader.title}, but {share} cannot be parsed, more than {bad_lines:.3g} (first: {told})"
        mend = f"{reader.expected}; or accept them: bad_lines: {_percent_above(bad / total)}%"
        raise TraceError(path, what.replace("more than 0.01 ", "more than 1 % "), mend, number)


def _percent_above(share: float) -> int:
    return min(100, int(share * 100) + 1)


def line_of(log: Log, place: int) -> str:
    """Where the request at a place was read, and when it was: `line 12 (2019-03-04 09:30:07)`."""
    when = f" ({moment(log.first_s + float(log.time_s[place]))})" if log.first_s is not None else ""
    return f"line {int(log.line[place])}{when}"
