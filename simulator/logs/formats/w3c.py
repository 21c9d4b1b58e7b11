"""Extended log files of the W3C, whose `#Fields:` line names their fields: CloudFront (tabs) and IIS (spaces).

https://www.w3.org/TR/WD-logfile.html. Times are UTC, in whole seconds. `time-taken` is seconds in CloudFront,
milliseconds in IIS. A new `#Fields:` line counts from there on.

May import: the standard library, its siblings. Does not model: fields beyond those it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

from simulator.logs.fields import cache_status, first_forwarded, iso_time, method, number, status_code
from simulator.logs.formats.base import LogFormat, Options, Reader, client_of, no_such_key, register
from simulator.logs.model import BadLineError, Row, TraceError, excerpt

_MARK = b"#Fields:"


class W3c(LogFormat):
    """What both have in common."""

    fields: tuple[str, ...] = ()
    """Names of fields that tell this format."""
    needs: tuple[str, ...] = ()
    """Fields without which a line is no request."""
    taken_each = 1.0

    def reader(self, path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
        """A reader, if one of the first lines names the fields of this format."""
        names = next((_names(line) for line in head if _is_header(line)), None)
        if names is None or not set(self.fields) & set(names):
            return None
        missing = [name for name in self.needs if name not in names]
        if missing:
            raise TraceError(path, f"{self.title} without {', '.join(missing)}", f"let the log hold {missing[0]}")
        return _Reader(path, self, names, options)


@register
class CloudFront(W3c):
    """Standard logs of Amazon CloudFront."""

    name = "cloudfront"
    title = "Amazon CloudFront"
    fields = ("x-edge-location", "x-edge-result-type")
    needs = ("date", "time", "c-ip")


@register
class Iis(W3c):
    """Microsoft Internet Information Services."""

    name = "iis"
    title = "IIS (W3C extended)"
    fields = ("c-ip", "cs-method", "s-ip", "sc-win32-status")
    needs = ("date", "time", "c-ip")
    taken_each = 1e3


def _is_header(line: bytes) -> bool:
    return line.strip(b"\r\n \t\xef\xbb\xbf").startswith(_MARK)


def _names(line: bytes) -> list[str]:
    return line.strip(b"\r\n \t\xef\xbb\xbf").removeprefix(_MARK).decode("utf-8", "replace").split()


class _Reader(Reader):
    """Takes a line apart at its tabs or spaces."""

    def __init__(self, path: Path, kind: W3c, names: Sequence[str], options: Options) -> None:
        self.title = kind.title
        self.expected = f"the fields are {' '.join(names)}"
        self._kind, self._key = kind, options.client_key
        self._methods: dict[object, int] = {}
        self._days: dict[bytes, float] = {}
        self._set_fields(names)
        wanted = {"forwarded": "x-forwarded-for", "user": "cs-username", "host+agent": "cs(user-agent)"}.get(self._key)
        if wanted is not None and wanted not in self._at:
            raise no_such_key(path, self.title, self._key, f"the field {wanted}")

    def _set_fields(self, names: Sequence[str]) -> None:
        self._names = names
        self._at = {name.lower(): place for place, name in enumerate(names)}
        self.says_op = "cs-method" in self._at

    def is_comment(self, line: bytes) -> bool:
        """A line that names the fields is heard."""
        if line.startswith(_MARK):
            self._set_fields(_names(line))
        return super().is_comment(line)

    def parse(self, line: bytes) -> Row:
        """One line."""
        values = line.split(b"\t") if b"\t" in line else line.split()
        names, at = self._names, self._at
        if len(values) != len(names):
            short = len(values) < len(names)
            column = len(line) + 1 if short else line.find(values[len(names)], sum(map(len, values[: len(names)]))) + 1
            what = f"{len(values)} fields where #Fields names {len(names)}"
            raise BadLineError(f"{what} ({names[len(values)]} is missing)" if short else what, column)

        def get(*wanted: str) -> bytes | None:
            found = next((values[at[name]] for name in wanted if name in at), None)
            return None if found == b"-" else found

        stamp = (get("date") or b"") + b" " + (get("time") or b"")
        time_s = self._days.get(stamp)
        if time_s is None:
            try:
                time_s = iso_time(stamp.decode("ascii", "replace"))
            except BadLineError as error:
                raise BadLineError(error.reason, line.find(values[at["date"]]) + 1) from None
            if len(self._days) > 10_000:
                self._days.clear()
            self._days[stamp] = time_s
        host = get("c-ip")
        if host is None:
            raise BadLineError(f"no client address in {excerpt(line, 30)}", 1)
        agent = get("cs(user-agent)")
        client = client_of(
            self._key, host, first_forwarded(get("x-forwarded-for") or b""), get("cs-username"),
            unquote_to_bytes(agent) if agent else None,
        )  # fmt: skip
        taken = number(get("time-taken"))
        result = get("x-edge-result-type", "x-edge-response-result-type")
        return Row(
            time_s,
            client,
            method(get("cs-method"), self._methods),
            number(get("sc-bytes")),
            taken / self._kind.taken_each if taken is not None else None,
            status_code(get("sc-status")),
            cache_status(result.decode("ascii", "replace")) if result is not None else None,
            get("x-edge-location"),
        )
