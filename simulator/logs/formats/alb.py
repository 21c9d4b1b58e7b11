"""Access logs of AWS load balancers: Application Load Balancer, and the classic one, which has no type in front.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html. The time is that of
the answer; the response time is what the target took (`target_processing_time`; -1 where none answered).

May import: the standard library, its siblings. Does not model: connection logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simulator.logs.formats.base import LogFormat, Options, Reader, register, share_parsed
from simulator.logs.formats.patterns import QUOTED, PatternReader, Piece, times

_TIME = Piece(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "an ISO time such as 2026-03-04T09:30:07.269998Z", "time")
_REST = (
    Piece(rb" \S+ ", "the name of the load balancer"),
    Piece(rb"\S+", "client:port", "host:port"),
    Piece(rb" ", "a space and target:port"),
    Piece(rb"\S+", "target:port, or -", "edge"),
    Piece(rb" -?[\d.]+ ", "request_processing_time"),
    Piece(rb"-?[\d.]+", "target_processing_time", "response"),
    Piece(rb" -?[\d.]+ ", "response_processing_time"),
    Piece(rb"\d{3}|-", "the status", "status"),
    Piece(rb" (?:\d+|-) \d+ ", "the target's status and the bytes received"),
    Piece(rb"\d+", "the bytes sent", "size"),
    Piece(rb' "', "a quoted request"),
    Piece(QUOTED, "the request", "request"),
    Piece(rb'" "', "a quoted user agent"),
    Piece(QUOTED, "the user agent", "agent"),
    Piece(rb'"', "the closing quote of the user agent"),
)  # fmt: skip
_TYPE = Piece(rb"(?:https?|h2|grpcs|wss?) ", "http, https, h2, grpcs, ws or wss")


@register
class Alb(LogFormat):
    """Both kinds of balancer."""

    name = "alb"
    title = "AWS load balancer"

    def reader(self, path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
        """A reader for the kind that the first lines are of."""
        for title, pieces in (
            ("AWS Application Load Balancer", (_TYPE, _TIME, *_REST)),
            ("AWS Classic Load Balancer", (_TIME, *_REST)),
        ):
            found = PatternReader(
                path, title, pieces, Options(), time=times("iso"),
                expected="a line begins with: https 2026-03-04T09:30:07.269998Z app/web/",
            )  # fmt: skip
            if share_parsed(found, head):
                return PatternReader(path, title, pieces, options, expected=found.expected, time=times("iso"))
        return None
