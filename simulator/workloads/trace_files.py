"""Reading trace files safely: plain or gzip, a bounded line at a time, whatever the bytes are.

May import: the standard library. Does not model: what the lines mean (see weblog, tables).
"""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from simulator.workloads.trace_data import TraceError

LONGEST_LINE = 64 * 1024
"""Longer lines count as unparsable."""
_LONGEST_SKIPPED = 16 * 1024 * 1024  # beyond this a line is no line: the file is something else
_LARGEST_FILE = 16 * 1024**3
_MOST_TIMES = 250  # what a compressed file may unpack to; logs shrink to a tenth, repetitive ones to a fiftieth
_ALWAYS_BYTES = 64 * 2**20  # unpacked, whatever the ratio
_GZIP = b"\x1f\x8b"
_OTHERS = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"\xfd7zXZ", "xz data"),
    (b"BZh", "bzip2 data"),
    (b"PAR1", "a parquet file"),
)


def most_unpacked(path: Path) -> int:
    """Bytes that a compressed file may unpack to: enough for any log, far less than a bomb holds."""
    return min(_LARGEST_FILE, max(_ALWAYS_BYTES, _MOST_TIMES * path.stat().st_size))


def too_large_unpacked(path: Path) -> TraceError:
    """The error for a file that holds more than `most_unpacked`."""
    what = f"unpacks to more than {most_unpacked(path) // 2**20:,} MiB, {_MOST_TIMES} times its size"
    return TraceError(path, what, "this is no log: check the file, or unpack it yourself")


def check(path: Path) -> bytes:
    """Make sure that `path` is a readable, non-empty regular file; returns its first bytes.

    Raises:
        TraceError: it is not.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise TraceError(path, "is a directory", "name a file")
        if not stat.S_ISREG(status.st_mode):
            raise TraceError(path, "is not a regular file", "write it to disk first")
        if status.st_size == 0:
            raise TraceError(path, "is empty", "name a trace with at least one request")
        if status.st_size > _LARGEST_FILE:
            raise TraceError(path, "is larger than 16 GiB", "split it, or sample it by client")
        with path.open("rb") as stream:
            return stream.read(8)
    except TraceError:
        raise
    except FileNotFoundError:
        mend = "check the name; a relative path starts from the scenario's folder"
        raise TraceError(path, "no such file", mend) from None
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise TraceError(path, f"cannot be read ({reason})", "check the path and its permissions") from None
    except ValueError:  # a NUL in the name
        raise TraceError(Path(repr(str(path))), "is not a file name", "check the name") from None


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The decompressed bytes of `path`.

    Raises:
        TraceError: the file is missing, binary, or a broken gzip (also while it is read inside the block).
    """
    magic = check(path)
    zipped = magic.startswith(_GZIP)
    if path.suffix == ".gz" and not zipped:
        raise TraceError(path, "is named .gz but is not gzip data", "rename it, or compress it with gzip")
    try:
        with gzip.open(path, "rb") if zipped else path.open("rb") as stream:
            source = cast("BinaryIO", stream)
            _refuse_binary(path, stream.peek(4096)[:4096], zipped)
            yield source
    except EOFError:
        raise TraceError(path, "the gzip data is truncated", "fetch the file again") from None
    except (zlib.error, gzip.BadGzipFile):
        raise TraceError(path, "the gzip data is damaged", "fetch the file again") from None
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise TraceError(path, f"cannot be read ({reason})", "check the file") from None


def _refuse_binary(path: Path, head: bytes, zipped: bool) -> None:
    if not head:
        raise TraceError(path, "is empty", "name a trace with at least one request")
    inside = " inside the gzip" if zipped else ""
    for magic, what in _OTHERS:
        if head.startswith(magic):
            raise TraceError(path, f"is {what}{inside}, not text", "unpack it, or set format to what it is")
    if b"\0" in head:
        raise TraceError(path, f"is binary{inside}, not text", "name a text file (UTF-8) or set its format")


def lines(path: Path, stream: BinaryIO) -> Iterator[bytes | None]:
    """Each line with its end, in order; None for a line longer than 64 KiB (never held in memory).

    Raises:
        TraceError: a line of more than 16 MiB, or a compressed file that unpacks to far more than a log.
    """
    readline = stream.readline
    number = total = 0
    most = most_unpacked(path) if isinstance(stream, gzip.GzipFile) else _LARGEST_FILE
    while chunk := readline(LONGEST_LINE + 1):
        number += 1
        total += len(chunk)
        if total > most:
            raise too_large_unpacked(path)
        if len(chunk) <= LONGEST_LINE:
            yield chunk
            continue
        length = len(chunk)
        while chunk and not chunk.endswith(b"\n"):
            if length > _LONGEST_SKIPPED:
                raise TraceError(path, "a line of more than 16 MiB", "this is no log: check the file", number)
            chunk = readline(LONGEST_LINE)
            length += len(chunk)
        total += length - LONGEST_LINE
        yield None
