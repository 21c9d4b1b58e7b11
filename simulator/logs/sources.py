"""The bytes of a log: plain or compressed, a file, a pipe or stdin; a bounded line at a time, whatever the bytes are.

gzip, bzip2, xz and zstd are told by their first bytes. What unpacks to far more than a log could hold is refused,
and a line that is too long is never held.

May import: the standard library; pyarrow for zstd. Does not model: what the lines mean (see formats).
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from simulator.logs.model import TraceError

LONGEST_LINE = 64 * 1024
"""Longer lines count as unparsable."""
STDIN = Path("-")
"""Stands for the standard input."""
_LONGEST_SKIPPED = 16 * 1024 * 1024  # beyond this a line is no line: the file is something else
_LARGEST_FILE = 16 * 1024**3
_MOST_FILES = 10_000
_MOST_TIMES = 250  # what a compressed file may unpack to; logs shrink to a tenth, repetitive ones to a fiftieth
_ALWAYS_BYTES = 64 * 2**20  # unpacked, whatever the ratio
_MEMORY_BYTES = 512 * 2**20  # that unpacking xz may take
_MAGIC = (
    (b"\x1f\x8b", "gzip", ".gz"),
    (b"BZh", "bzip2", ".bz2"),
    (b"\xfd7zXZ", "xz", ".xz"),
    (b"\x28\xb5\x2f\xfd", "zstd", ".zst"),
)
_OTHERS = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"\xfd7zXZ", "xz data"),
    (b"BZh", "bzip2 data"),
    (b"\x1f\x8b", "gzip data"),
    (b"PAR1", "a parquet file"),
)


def files_of(names: str | Path | Sequence[str | Path], base_dir: Path) -> tuple[Path, ...]:
    """The files that a name, a glob or a list of either means, in the order given (a glob's by name).

    Raises:
        TraceError: a glob matches nothing.
    """
    given = [names] if isinstance(names, (str, Path)) else list(names)
    found: list[Path] = []
    for name in given:
        text = str(name)
        path = base_dir / text
        if text == "-":
            found.append(STDIN)
        elif any(mark in text for mark in "*?[") and "\0" not in text and not path.exists():
            matches = _matches(path)
            if not matches:
                raise TraceError(path, "no file matches", "check the pattern; it starts from the scenario's folder")
            found += matches
        else:
            found.append(path)
    if not found or len(found) > _MOST_FILES:
        what = f"{len(found):,} files" if found else "no file is named"
        raise TraceError(base_dir, what, f"name 1 to {_MOST_FILES:,} files")
    if found.count(STDIN) > 1:
        raise TraceError(STDIN, "stdin is named twice", "it can be read once")
    return tuple(found)


def _matches(pattern: Path) -> list[Path]:
    """Files that a pattern means, by name."""
    fixed = Path(*(part for part in pattern.parts[: _first_glob(pattern)]))
    rest = str(Path(*pattern.parts[_first_glob(pattern) :]))
    try:
        return sorted(path for path in fixed.glob(rest) if not path.is_dir())
    except (OSError, ValueError, NotImplementedError):
        return []


def _first_glob(pattern: Path) -> int:
    """The place of the first part of a path that is a pattern."""
    return next(k for k, part in enumerate(pattern.parts) if any(mark in part for mark in "*?["))


def is_stream(path: Path) -> bool:
    """Whether a path can be read only once: stdin, or a pipe."""
    try:
        return path == STDIN or stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def check(path: Path) -> None:
    """Make sure that `path` is stdin, a pipe, or a readable, non-empty regular file.

    Raises:
        TraceError: it is not.
    """
    if path == STDIN:
        if sys.stdin is None or sys.stdin.isatty():
            raise TraceError(path, "there is nothing to read", "pipe a log into it: zcat access.log.gz | ...")
        return
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise TraceError(path, "is a folder", f"name a file in it, or all of them: {path.name or '.'}/*.log")
        if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            raise TraceError(path, "is a device, not a file", "name a file, a pipe or - (stdin)")
        if stat.S_ISFIFO(status.st_mode):
            return
        if not stat.S_ISREG(status.st_mode):
            raise TraceError(path, "is not a regular file", "write it to disk first")
        if status.st_size == 0:
            raise TraceError(path, "is empty", "name a log with at least one request")
        if status.st_size > _LARGEST_FILE:
            raise TraceError(path, "is larger than 16 GiB", "split it, or sample it by client")
    except TraceError:
        raise
    except FileNotFoundError:
        mend = "check the name: in a scenario it starts from the scenario's folder, after --set from yours"
        raise TraceError(path, "no such file", mend) from None
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise TraceError(path, f"cannot be read ({reason})", "check the path and its permissions") from None
    except ValueError:  # a NUL in the name
        raise TraceError(Path(repr(str(path))), "is not a file name", "check the name") from None


class _Tap(io.RawIOBase):
    """A stream with its first bytes put back; counts what was taken, and takes the digest of what comes once only."""

    def __init__(self, stream: IO[bytes], head: bytes, *, digest: bool) -> None:
        self._stream, self._head = stream, head
        self._sha256 = hashlib.sha256() if digest else None
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        if self._head:
            data, self._head = self._head[: len(view)], self._head[len(view) :]
        else:
            data = self._stream.read(len(view))
        view[: len(data)] = data
        self.taken += len(data)
        if self._sha256 is not None:
            self._sha256.update(data)
        return len(data)

    def hexdigest(self) -> str:
        """Of the bytes taken so far; empty for a file."""
        return "" if self._sha256 is None else self._sha256.hexdigest()


class _Xz(io.RawIOBase):
    """Unpacks xz in bounded memory; streams that follow each other are one."""

    def __init__(self, source: io.RawIOBase) -> None:
        self._source = source
        self._unpacker: lzma.LZMADecompressor | None = None
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        while True:
            if self._unpacker is None or self._unpacker.eof:
                rest = self._rest if self._unpacker is None else self._unpacker.unused_data
                began = self._unpacker is not None
                rest = rest.lstrip(b"\0") or (self._source.read(io.DEFAULT_BUFFER_SIZE) or b"").lstrip(b"\0")
                if not rest and began:
                    return 0
                self._unpacker, self._rest = lzma.LZMADecompressor(memlimit=_MEMORY_BYTES), rest
            packed = b""
            if self._rest:
                packed, self._rest = self._rest, b""
            elif self._unpacker.needs_input:
                packed = self._source.read(io.DEFAULT_BUFFER_SIZE) or b""
                if not packed:
                    raise EOFError
            data = self._unpacker.decompress(packed, len(view))
            if data:
                view[: len(data)] = data
                return len(data)


class Opened:
    """A log that is open: its lines, and the digest of what has been read."""

    def __init__(self, path: Path, tap: _Tap, stream: BinaryIO, packed_as: str) -> None:
        self.path = path
        self._tap, self._stream, self._packed_as = tap, stream, packed_as

    def digest(self) -> str:
        """sha256 of the bytes as they came, where they come once only."""
        return self._tap.hexdigest()

    def lines(self) -> Iterator[bytes | None]:
        """Each line with its end, in order; None for a line longer than 64 KiB (never held in memory).

        Raises:
            TraceError: a line of more than 16 MiB, or a compressed file that unpacks to far more than a log.
        """
        readline, path = self._stream.readline, self.path
        number = total = 0
        while chunk := readline(LONGEST_LINE + 1):
            number += 1
            total += len(chunk)
            if total > _ALWAYS_BYTES and total > self._most_bytes():
                raise self._too_large()
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

    def _most_bytes(self) -> int:
        if not self._packed_as:
            return _LARGEST_FILE
        size = self._tap.taken if is_stream(self.path) else self.path.stat().st_size
        return min(_LARGEST_FILE, _MOST_TIMES * size)

    def _too_large(self) -> TraceError:
        if not self._packed_as:
            return TraceError(self.path, "is larger than 16 GiB", "split it, or sample it by client")
        most = max(_ALWAYS_BYTES, self._most_bytes()) // 2**20
        what = f"unpacks to more than {most:,} MiB, {_MOST_TIMES} times its size"
        return TraceError(self.path, what, "this is no log: check the file, or unpack it yourself")


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Open a log and unpack it as its first bytes say.

    Raises:
        TraceError: the file is missing, binary, or broken (also while it is read inside the block).
    """
    check(path)
    packed_as = ""
    try:
        raw: IO[bytes] = sys.stdin.buffer if path == STDIN else path.open("rb")
        try:
            head = raw.read(8)
            packed_as = next((name for magic, name, _ in _MAGIC if head.startswith(magic)), "")
            _check_name(path, packed_as)
            tap = _Tap(raw, head, digest=is_stream(path))
            stream = _unpacked(path, tap, packed_as)
            _refuse_binary(path, stream.peek(4096)[:4096], packed_as)
            yield Opened(path, tap, cast("BinaryIO", stream), packed_as)
        finally:
            if path != STDIN:
                raw.close()
    except EOFError:
        raise TraceError(path, f"the {packed_as} data is truncated", "fetch the file again") from None
    except (zlib.error, gzip.BadGzipFile, lzma.LZMAError):
        raise TraceError(path, f"the {packed_as} data is damaged", "fetch the file again") from None
    except OSError as error:
        if packed_as and not error.strerror:  # bzip2 and zstd say so
            raise TraceError(path, f"the {packed_as} data is damaged", "fetch the file again") from None
        reason = (error.strerror or "unreadable").lower()
        raise TraceError(path, f"cannot be read ({reason})", "check the file") from None


def _check_name(path: Path, packed_as: str) -> None:
    for _, name, suffix in _MAGIC:
        if path.suffix == suffix and packed_as != name:
            raise TraceError(
                path, f"is named {suffix} but is not {name} data", f"rename it, or compress it with {name}"
            )


def _unpacked(path: Path, tap: _Tap, packed_as: str) -> io.BufferedReader:
    buffered = cast("io.BufferedReader", io.BufferedReader(tap))
    if packed_as == "gzip":
        return cast("io.BufferedReader", gzip.GzipFile(fileobj=buffered))
    if packed_as == "bzip2":
        return cast("io.BufferedReader", bz2.BZ2File(buffered))
    if packed_as == "xz":
        return io.BufferedReader(_Xz(tap))
    if packed_as == "zstd":
        import pyarrow as pa

        if not pa.Codec.is_available("zstd"):
            what = "is zstd data, which this build of pyarrow does not unpack"
            raise TraceError(path, what, f"unpack it first: zstd -d {path.name}")
        return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(buffered, mode="r"), "zstd"))
    return buffered


def _refuse_binary(path: Path, head: bytes, packed_as: str) -> None:
    if not head:
        raise TraceError(path, "is empty", "name a log with at least one request")
    inside = f" inside the {packed_as}" if packed_as else ""
    for magic, what in _OTHERS:
        if head.startswith(magic):
            raise TraceError(path, f"is {what}{inside}, not text", "unpack it, or set format to what it is")
    if b"\0" in head:
        raise TraceError(path, f"is binary{inside}, not text", "name a text file (UTF-8) or set its format")


def most_unpacked(path: Path) -> int:
    """Bytes that a file with compressed pages may hold: enough for any log, far less than a bomb."""
    return min(_LARGEST_FILE, max(_ALWAYS_BYTES, _MOST_TIMES * path.stat().st_size))
