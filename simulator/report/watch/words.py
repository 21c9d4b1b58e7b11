"""Events in words: a title and a text for each kind, of one target or of several at one instant.

May import the names of events and formats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from simulator.metrics.events import (
    DETECTED,
    EJECTED,
    FAULT_BEGIN,
    FAULT_END,
    HEALTHY,
    INVARIANT,
    PANIC_BEGIN,
    PANIC_END,
    RECOVERED,
    RETURNED,
    SESSIONS_MOVED,
    TAKEOVER,
)
from simulator.report.format import show, show_count, show_duration

_MOST_NAMES: Final = 3
Detail = Mapping[str, Any]
Told = tuple[str, str]
"""A title of a few words, and one or two sentences."""
_BEGUN: Final = {
    "crash": ("crashes", "crash", "Nobody knows yet: what is sent there is lost until somebody notices."),
    "slow": ("becomes slow", "become slow", "Service there takes {factor} times as long."),
    "error": ("answers with errors", "answer with errors", "{ratio} of the requests there fail."),
    "pause": ("stands still", "stand still", "Nothing is answered there until it is over."),
    "drain": ("is drained", "are drained", "No new sessions are sent there."),
    "add": ("joins", "join", "The cache there is empty."),
    "remove": ("is being removed", "are being removed", "The sessions there have to go elsewhere."),
    "crowd": ("comes in a crowd", "come in a crowd", "Clients send {factor} times as many requests."),
    "degrade": ("gets worse", "get worse", "The network loses or delays more there."),
    "partition": ("is cut", "are cut", "Nothing gets through there."),
}
"""By the kind of a fault: what is said of one target, of several, and a sentence."""
_ENDED: Final = {
    "crash": ("is back", "are back", "What was cached there is lost."),
    "slow": ("is as fast as before", "are as fast as before", ""),
    "error": ("answers well again", "answer well again", ""),
    "pause": ("goes on", "go on", "What has waited there is worked off first."),
    "drain": ("takes sessions again", "take sessions again", ""),
    "add": ("has joined", "have joined", ""),
    "remove": ("is gone", "are gone", ""),
    "crowd": ("is as busy as before", "are as busy as before", ""),
    "degrade": ("is as good as before", "are as good as before", ""),
    "partition": ("is connected again", "are connected again", ""),
}


def _fault(table: Mapping[str, tuple[str, str, str]], targets: list[str], details: list[Detail]) -> Told:
    detail = details[0]
    kind = str(detail.get("fault", "fault"))
    over = "is over" if table is _ENDED else "begins"
    one, many, text = table.get(kind, (f"({kind}) {over}", f"({kind}) {over}", ""))
    text = text.format(
        factor=f"{float(detail.get('factor', 1.0)):g}", ratio=show(float(detail.get("ratio", 1.0)), "ratio")
    )
    return f"{names(targets)} {one if len(targets) == 1 else many}", text


def _begun(targets: list[str], details: list[Detail]) -> Told:
    title, text = _fault(_BEGUN, targets, details)
    if details[0].get("fault") == "crash" and details[0].get("connections") == "reset":
        text = "Connections are reset, so whoever has a request there learns of it at once."
    return title, text


def _ended(targets: list[str], details: list[Detail]) -> Told:
    return _fault(_ENDED, targets, details)


def _detected(targets: list[str], details: list[Detail]) -> Told:
    which, detail = names(targets), details[0]
    by = "health checks" if detail.get("by") == "checks" else "missing heartbeats"
    if detail.get("false_alarm"):
        return f"A false alarm at {which}", f"By {by} it is believed failed although it is up."
    after = [float(each["after_s"]) for each in details if "after_s" in each]
    when = f", {show(max(after), 's')} after the crash" if after else ""
    then = " From now on new requests go elsewhere." if detail.get("role") == "edge" else ""
    return f"The failure of {which} is noticed", f"By {by}{when}.{then}"


def _moved(targets: list[str], details: list[Detail]) -> Told:
    to: dict[str, int] = {}
    for detail in details:
        for edge, count in (detail.get("to") or {}).items():
            to[str(edge)] = to.get(str(edge), 0) + int(count)
    count = sum(int(detail.get("sessions", 0)) for detail in details)
    if not count:
        return f"No session of {names(targets)} has to move", ""
    most = sorted(to, key=lambda edge: (-to[edge], edge))
    parts = [f"{show_count(to[edge])} to {edge}" for edge in most[:_MOST_NAMES]]
    if len(most) > _MOST_NAMES:
        parts.append(f"{show_count(sum(to[edge] for edge in most[_MOST_NAMES:]))} to {len(most) - _MOST_NAMES} others")
    where = f"All go to {most[0]}. " if len(most) == 1 else f"{listed(parts)}. " if parts else ""
    return f"{counted(count, 'session')} of {names(targets)} move", f"{where}What was cached for them stays behind."


def _recovered(targets: list[str], details: list[Detail]) -> Told:
    after = [float(each["after_s"]) for each in details if "after_s" in each]
    when = f"{show(max(after), 's')} after the fault" if after else "By now"
    return "The caches have caught up", (
        f"{when} the hit ratio of the sessions that {names(targets)} had served is back at 95 % of before."
    )


def _ejected(targets: list[str], details: list[Detail]) -> Told:
    reason = str(details[0].get("reason", "")).replace("_", " ")
    lasts = f" for {show_duration(float(details[0]['for_s']))}" if "for_s" in details[0] else ""
    return f"{names(targets)} {'is' if len(targets) == 1 else 'are'} ejected", (
        f"By passive checks{lasts}" + (f" ({reason})." if reason else ".")
    )


def _returned(targets: list[str], details: list[Detail]) -> Told:
    del details
    return f"{names(targets)} {'returns' if len(targets) == 1 else 'return'}", "The ejection is over."


def _healthy(targets: list[str], details: list[Detail]) -> Told:
    again = "for the first time" if details[0].get("joined") else "again"
    return f"{names(targets)} {'passes' if len(targets) == 1 else 'pass'} health checks", f"Believed healthy {again}."


def _panic(begins: bool) -> Callable[[list[str], list[Detail]], Told]:
    def words(targets: list[str], details: list[Detail]) -> Told:
        healthy, of = (show_count(float(details[0].get(name, 0))) for name in ("healthy", "of"))
        said = f"{healthy} of {of} edges are believed healthy"
        if begins:
            return f"Panic at {names(targets)}", f"Only {said}: all of them are candidates now."
        return f"The panic at {names(targets)} is over", f"{said}."

    return words


def _takeover(targets: list[str], details: list[Detail]) -> Told:
    after = f" {show(float(details[0]['after_s']), 's')} after the crash" if "after_s" in details[0] else ""
    return f"A standby takes over from {names(targets)}", f"It serves{after}."


def _broken(targets: list[str], details: list[Detail]) -> Told:
    return "A safety invariant broke", str(details[0].get("message") or details[0].get("invariant") or names(targets))


WORDS: Final[Mapping[str, Callable[[list[str], list[Detail]], Told]]] = {
    FAULT_BEGIN: _begun, FAULT_END: _ended, DETECTED: _detected, SESSIONS_MOVED: _moved, RECOVERED: _recovered,
    EJECTED: _ejected, RETURNED: _returned, HEALTHY: _healthy, PANIC_BEGIN: _panic(True), PANIC_END: _panic(False),
    TAKEOVER: _takeover, INVARIANT: _broken,
}  # fmt: skip


def names(targets: Sequence[str]) -> str:
    """`pop-1`, `pop-1 and pop-2`, `5 nodes (pop-1, pop-2, …)`."""
    unique = list(dict.fromkeys(targets))
    if len(unique) > _MOST_NAMES:
        return f"{len(unique)} nodes ({', '.join(unique[:2])}, …)"
    return listed(unique)


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def counted(count: int, noun: str) -> str:
    """`1 session`, `2 sessions`."""
    return f"{show_count(count)} {noun}{'s' * (count != 1)}"
