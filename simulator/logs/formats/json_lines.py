"""One JSON object a line: Caddy's and Traefik's logs, and any other with `columns` (dotted names for what is nested).

https://caddyserver.com/docs/caddyfile/directives/log and
https://doc.traefik.io/traefik/observability/access-logs/#json.

May import: the standard library, its siblings. Does not model: what is not asked for by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.logs.fields import cache_status, first_forwarded, iso_time, method, number, status_code, without_port
from simulator.logs.formats.base import LogFormat, Options, Reader, client_of, register
from simulator.logs.formats.tables import Roles, chosen
from simulator.logs.model import BadLineError, Row, excerpt

_NOT_THERE = object()
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DEEPEST = 8


def objects(head: Sequence[bytes]) -> list[dict[str, Any]]:
    """The JSON objects among the first lines."""
    found = []
    for line in head:
        if line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{"):
            try:
                found.append(_object(line))
            except BadLineError:
                continue
    return found


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8-sig", "backslashreplace"))
    except json.JSONDecodeError as error:
        raise BadLineError(f"not JSON ({error.msg})", error.pos + 1) from None
    except (ValueError, RecursionError) as error:
        raise BadLineError(f"not JSON ({str(error)[:60]})") from None
    if not isinstance(value, dict):
        raise BadLineError(f"not an object in braces but {excerpt(line, 30)}", 1)
    return value


def get(value: object, name: str) -> object:
    """The value at a dotted name (a key that itself has dots goes first); `_NOT_THERE` where there is none."""
    if isinstance(value, Mapping) and name in value:
        return value[name]
    if isinstance(value, list) and name.isdigit():
        return value[int(name)] if int(name) < len(value) else _NOT_THERE
    first, dot, rest = name.partition(".")
    if not dot:
        return _NOT_THERE
    inner = get(value, first)
    return _NOT_THERE if inner is _NOT_THERE else get(inner, rest)


def names_of(value: object, before: str = "", depth: int = 0) -> Iterator[str]:
    """Dotted names of everything in an object that is no object itself."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from names_of(inner, f"{before}.{key}" if before else str(key), depth + 1)
    else:
        yield before


class JsonReader(Reader):
    """Lines of objects, one request each."""

    expected = "a line is a JSON object in braces"

    def parse(self, line: bytes) -> Row:
        """One line."""
        return self.row(_object(line))

    def row(self, value: Mapping[str, Any]) -> Row:
        """The request that an object is."""
        raise NotImplementedError(f"{type(self).__name__} does not override row")


@register
class Caddy(LogFormat):
    """Caddy's access log."""

    name = "caddy"
    title = "Caddy"

    def reader(self, path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
        """A reader, if one of the first lines is an entry of Caddy's."""
        del path
        found = objects(head)
        return _CaddyReader(options) if any("ts" in o and isinstance(o.get("request"), dict) for o in found) else None


class _ServerReader(JsonReader):
    """Lines of one server, whose keys are known."""

    def __init__(self, options: Options) -> None:
        self._key = options.client_key
        self._methods: dict[object, int] = {}


class _CaddyReader(_ServerReader):
    title = "Caddy access log (JSON)"

    def is_comment(self, line: bytes) -> bool:
        """What the server says of itself is no request."""
        return super().is_comment(line) or (b'"request"' not in line and b'"logger"' in line)

    def row(self, value: Mapping[str, Any]) -> Row:
        """The request."""
        request = value.get("request")
        if not isinstance(request, dict):
            raise BadLineError("no request in it")
        headers = {str(k).lower(): v for k, v in _mapping(request.get("headers")).items()}
        answer = {str(k).lower(): v for k, v in _mapping(value.get("resp_headers")).items()}
        host = str(request.get("client_ip") or request.get("remote_ip") or request.get("remote_addr") or "")
        client = client_of(
            self._key, without_port(host.encode()) if "remote_ip" not in request else host.encode(),
            first_forwarded(_first(headers.get("x-forwarded-for")).encode()), str(value.get("user_id") or "").encode(),
            _first(headers.get("user-agent")).encode(),
        )  # fmt: skip
        return Row(
            _moment(value.get("ts")),
            client,
            method(str(request.get("method", "")).encode(), self._methods),
            number(value.get("size")),
            _duration_s(value.get("duration")),
            status_code(value.get("status")),
            _cache_header(answer),
        )


@register
class Traefik(LogFormat):
    """Traefik's access log as JSON (its other form is Common Log Format with more fields)."""

    name = "traefik"
    title = "Traefik"

    def reader(self, path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
        """A reader, if one of the first lines is an entry of Traefik's."""
        del path
        found = objects(head)
        known = ("ClientHost", "ClientAddr")
        return _TraefikReader(options) if any(any(name in o for name in known) for o in found) else None


class _TraefikReader(_ServerReader):
    title = "Traefik access log (JSON)"

    def row(self, value: Mapping[str, Any]) -> Row:
        """The request."""
        host = str(value.get("ClientHost") or "").encode() or without_port(str(value.get("ClientAddr") or "").encode())
        client = client_of(
            self._key, host, first_forwarded(str(value.get("request_X-Forwarded-For") or "").encode()),
            str(value.get("ClientUsername") or "").encode(), str(value.get("request_User-Agent") or "").encode(),
        )  # fmt: skip
        taken_ns = number(value.get("Duration"))
        edge = value.get("ServiceAddr") or value.get("ServiceURL")
        if isinstance(edge, dict):
            edge = edge.get("Host")
        return Row(
            _moment(value.get("StartUTC") or value.get("StartLocal") or value.get("time")),
            client,
            method(str(value.get("RequestMethod", "")).encode(), self._methods),
            number(value.get("DownstreamContentSize")),
            taken_ns / 1e9 if taken_ns is not None else None,
            status_code(value.get("DownstreamStatus")),
            None,
            str(edge) if edge else None,
        )


@register
class JsonLines(LogFormat):
    """Any objects, with `columns`."""

    name = "jsonl"
    title = "JSON lines"

    def reader(self, path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
        """A reader, if one of the first lines is an object."""
        found = objects(head)
        if not found:
            return None
        names = dict.fromkeys(name for one in found[:50] for name in names_of(one))
        asked = map(str, options.columns.values())
        names |= dict.fromkeys(name for name in asked if any(get(one, name) is not _NOT_THERE for one in found))
        return _ColumnsReader(path, list(names), options)


class _ColumnsReader(JsonReader):
    web = False
    title = "JSON lines"

    def __init__(self, path: Path, names: Sequence[str], options: Options) -> None:
        columns, own = chosen(path, self.title, names, options)
        self._columns = {role: str(name) for role, name in columns.items()}
        self._roles = Roles(self._columns, options.time_unit)
        self.expected = f"a line has {', '.join(self._columns.values())}"
        self.exact, self.rebase, self.says_op = own, not own, "op" in columns

    @property
    def dated(self) -> bool:  # type: ignore[override]
        """Whether the times are from 1970."""
        return self._roles.clock.dated

    def row(self, value: Mapping[str, Any]) -> Row:
        """The request."""
        values = {}
        for role, name in self._columns.items():
            found = get(value, name)
            if found is _NOT_THERE and role in ("t", "client", "op"):
                raise BadLineError(f"there is no {name}")
            if found is not _NOT_THERE:
                values[role] = found
        return self._roles.row(values)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(value: object) -> str:
    if isinstance(value, list):
        return str(value[0]) if value else ""
    return "" if value is None else str(value)


def _moment(value: object) -> float:
    seconds = number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if seconds is not None and seconds < 2.5e11:
        return seconds
    if isinstance(value, str):
        return iso_time(value.replace("/", "-"))
    raise BadLineError(f"no such time {excerpt(str(value))}")


def _duration_s(value: object) -> float | None:
    if isinstance(value, str):
        parts = _DURATION.findall(value)
        return sum(float(amount) * _SECONDS[unit] for amount, unit in parts) if parts else None
    return number(value)  # type: ignore[arg-type]


def _cache_header(answer: Mapping[str, Any]) -> int | None:
    """`X-Cache: HIT`, or `Cache-Status: Name; hit` (RFC 9211)."""
    x_cache = _first(answer.get("x-cache")).split(" ")[0]
    if x_cache:
        return cache_status(x_cache)
    status = _first(answer.get("cache-status"))
    if not status:
        return None
    return 1 if re.search(r";\s*hit\b", status) else 0 if re.search(r";\s*fwd\b", status) else None
