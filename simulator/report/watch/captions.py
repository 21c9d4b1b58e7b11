"""What the page says in words, and when: a beat for each thing that happens, with the numbers of the run.

May import the result, series and formats. Every number is of the replication that is played: a beat on the cost of a
fault is there only where it stands out (see report.story).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.observe.result import (
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
from simulator.report.series import series, shaded, window_of
from simulator.report.story import change_of
from simulator.report.watch.scene import CLIENT, CORE, EDGE, Scene

if TYPE_CHECKING:
    from simulator.experiment.result import Result

MOST_BEATS: Final = 400
_MOST_WORST: Final = 12
_TOGETHER_S: Final = 1e-6
_NAMES: Final = 3
_WORST: Final = "worst"
START, WARM, OVER = "start", "warm", "end"
_STOPS: Final = (FAULT_BEGIN, FAULT_END, DETECTED, SESSIONS_MOVED, RECOVERED, TAKEOVER, EJECTED, PANIC_BEGIN, INVARIANT,
                 _WORST)  # fmt: skip
Detail = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Beat:
    """At `t_s`: a `title` of a few words and a `text` of one or two sentences; `stop`: whether to pause there."""

    t_s: float
    kind: str
    title: str
    text: str
    stop: bool = False


def beats_of(result: Result, scene: Scene) -> list[Beat]:
    """The beats of a result with one replication, by time; at most `MOST_BEATS` of its events."""
    events = [event for event in result.replications[0].events if event["t_s"] < result.facts.duration_s]
    told = list(_events(events))
    left = len(told) - MOST_BEATS
    told = told[:MOST_BEATS] + list(_worst(result))
    told += [_start(result, scene), *_warm(result), _over(result, left)]
    order = {START: 0, OVER: 2}
    return sorted(told, key=lambda beat: (order.get(beat.kind, 1), beat.t_s, _rank(beat.kind)))


def _rank(kind: str) -> int:
    return (WARM, FAULT_BEGIN, DETECTED, SESSIONS_MOVED).index(kind) if kind in (WARM, FAULT_BEGIN, DETECTED,
                                                                               SESSIONS_MOVED) else 9  # fmt: skip


def _start(result: Result, scene: Scene) -> Beat:
    facts = result.facts
    groups = [node for node in scene.nodes if node.role == CLIENT]
    clients = sum(node.count for node in groups)
    parts = [_counted(clients, "client") + (f" in {len(groups)} groups" if len(groups) > 1 else "")] if clients else []
    parts += [_counted(scene.count(role), name) for role, name in ((EDGE, "edge"), (CORE, "core")) if scene.count(role)]
    policy = str((facts.resolved.get("routing") or {}).get("policy", "")).replace("_", " ")
    text = f"{_listed(parts)}; routing: {policy or 'a policy of the scenario’s own'}."
    if facts.warmup_s > 0.0:
        text += f" The first {show_duration(facts.warmup_s)} are warm-up: caches fill, nothing is counted."
    return Beat(0.0, START, "The run begins", text)


def _warm(result: Result) -> Iterator[Beat]:
    if result.facts.warmup_s > 0.0:
        text = "From here on everything counts."
        first = min((begin for begin, _, _ in shaded(result)), default=result.facts.duration_s)
        usual = list(_usual(result, result.facts.warmup_s, first))
        if usual:
            until = "Until the first fault" if first < result.facts.duration_s else "To the end"
            text += f" {until}: {_listed(usual)}."
        yield Beat(result.facts.warmup_s, WARM, "Warm-up is over", text)


def _usual(result: Result, begin: float, end: float) -> Iterator[str]:
    """Means over windows, of what there is."""
    for metric, unit, words in (("requests.rate", "1/s", "{} requests"), ("hit_ratio.l1", "ratio", "an L1 hit ratio of {}"),
                                ("latency.p50", "s", "a median latency of {}")):  # fmt: skip
        times, values = series(result, metric)
        inside = values[0][(times >= begin - 1e-9) & (times < end - 1e-9)] if times.size else np.empty(0)
        inside = inside[np.isfinite(inside)]
        if inside.size:
            yield words.format(show(float(inside.mean()), unit))


def _over(result: Result, left: int) -> Beat:
    metrics = result.replications[0].metrics
    parts = [
        words.format(show(metrics[name], unit))
        for name, unit, words in (("availability", "ratio", "availability {}"), ("hit_ratio.l1", "ratio", "L1 hit ratio {}"),
                                  ("latency.p99", "s", "p99 {}"))
        if name in metrics and np.isfinite(metrics[name])
    ]  # fmt: skip
    text = f"Of all that was counted: {_listed(parts)}." if parts else ""
    if left > 0:
        text += f" {_counted(left, 'more event')} had no words here; they are in events.parquet."
    return Beat(result.facts.duration_s, OVER, "The run is over", text.strip())


# -- events -------------------------------------------------------------------------------------------------------
def _events(events: Sequence[Mapping[str, Any]]) -> Iterator[Beat]:
    """One beat for events of a kind at one instant."""
    place = 0
    while place < len(events):
        first = events[place]
        key = _key(first)
        stop = place + 1
        while stop < len(events) and _key(events[stop]) == key and events[stop]["t_s"] - first["t_s"] < _TOGETHER_S:
            stop += 1
        kind = str(first["kind"])
        if kind in _WORDS:
            title, text = _WORDS[kind](
                [str(event["target"]) for event in events[place:stop]],
                [event.get("detail") or {} for event in events[place:stop]],
            )
            yield Beat(float(first["t_s"]), kind, title, text, kind in _STOPS)
        place = stop


def _key(event: Mapping[str, Any]) -> tuple[str, str]:
    return str(event["kind"]), str((event.get("detail") or {}).get("fault", ""))


_BEGUN: Final = {
    "crash": ("crashes", "crash", "Nobody knows yet: what is sent there is lost until somebody notices."),
    "slow": ("becomes slow", "become slow", "Its service takes {factor:g} times as long."),
    "error": ("answers with errors", "answer with errors", "It errs on {ratio:.3g} of its requests."),
    "pause": ("stands still", "stand still", "It answers nothing until it goes on."),
    "drain": ("is drained", "are drained", "It takes no new sessions."),
    "add": ("joins", "join", "It comes with an empty cache."),
    "remove": ("is being removed", "are being removed", "Its sessions have to go elsewhere."),
    "crowd": ("comes in a crowd", "come in a crowd", "It sends {factor:g} times as many requests."),
    "degrade": ("gets worse", "get worse", "The network loses or delays more there."),
    "partition": ("is cut", "are cut", "Nothing gets through there."),
}
_ENDED: Final = {
    "crash": ("is back", "are back", "It starts with an empty cache."),
    "slow": ("is as fast as before", "are as fast as before", ""),
    "error": ("answers well again", "answer well again", ""),
    "pause": ("goes on", "go on", "First it works off what has waited."),
    "drain": ("takes sessions again", "take sessions again", ""),
    "add": ("has joined", "have joined", ""),
    "remove": ("is gone", "are gone", ""),
    "crowd": ("is as busy as before", "are as busy as before", ""),
    "degrade": ("is as good as before", "are as good as before", ""),
    "partition": ("is connected again", "are connected again", ""),
}


def _fault(table: Mapping[str, tuple[str, str, str]], targets: list[str], details: list[Detail]) -> tuple[str, str]:
    kind = str(details[0].get("fault", "fault"))
    over = "is over" if table is _ENDED else "begins"
    one, many, text = table.get(kind, (f"({kind}) {over}", f"({kind}) {over}", ""))
    known = {"factor": float(details[0].get("factor", 1.0)), "ratio": 1.0} | {
        name: float(details[0][name]) for name in ("ratio",) if name in details[0]
    }
    names = _names(targets)
    ratio = show(known["ratio"], "ratio")
    text = text.replace("{ratio:.3g}", ratio).format(factor=known["factor"])
    if len(targets) > 1:
        text = text.replace("It takes", "They take").replace("It starts", "They start").replace("Its service", "Their service")
        text = text.replace("It ", "Each ").replace("First it works", "First each works").replace("Its ", "Their ")
    return f"{names} {one if len(targets) == 1 else many}", text


def _begun(targets: list[str], details: list[Detail]) -> tuple[str, str]:
    title, text = _fault(_BEGUN, targets, details)
    if details[0].get("fault") == "crash" and details[0].get("connections") == "reset":
        text = "Its connections are reset: clients notice at once."
    return title, text


def _ended(targets: list[str], details: list[Detail]) -> tuple[str, str]:
    return _fault(_ENDED, targets, details)


def _detected(targets: list[str], details: list[Detail]) -> tuple[str, str]:
    names, detail = _names(targets), details[0]
    by = "health checks" if detail.get("by") == "checks" else "missing heartbeats"
    if detail.get("false_alarm"):
        return f"A false alarm at {names}", f"By {by} it is believed failed although it is up."
    after = [float(each["after_s"]) for each in details if "after_s" in each]
    when = f", {show(max(after), 's')} after the crash" if after else ""
    return f"The failure of {names} is noticed", f"By {by}{when}. From now on new requests go elsewhere."


def _moved(targets: list[str], details: list[Detail]) -> tuple[str, str]:
    to: dict[str, int] = {}
    for detail in details:
        for edge, count in (detail.get("to") or {}).items():
            to[str(edge)] = to.get(str(edge), 0) + int(count)
    count = sum(int(detail.get("sessions", 0)) for detail in details)
    most = sorted(to, key=lambda edge: (-to[edge], edge))
    parts = [f"{show_count(to[edge])} to {edge}" for edge in most[:_NAMES]]
    if len(most) > _NAMES:
        parts.append(f"{show_count(sum(to[edge] for edge in most[_NAMES:]))} to {len(most) - _NAMES} others")
    where = f"All go to {most[0]}. " if len(most) == 1 else f"{_listed(parts)}. " if parts else ""
    return f"{_counted(count, 'session')} of {_names(targets)} move", f"{where}What was cached for them stays behind."


def _recovered(targets: list[str], details: list[Detail]) -> tuple[str, str]:
    after = [float(each["after_s"]) for each in details if "after_s" in each]
    when = f"{show(max(after), 's')} after the fault" if after else "By now"
    return "The caches have caught up", (
        f"{when} the hit ratio of the sessions that {_names(targets)} had served is back at 95 % of before."
    )


def _ejected(targets: list[str], details: list[Detail]) -> tuple[str, str]:
    reason = str(details[0].get("reason", "")).replace("_", " ")
    lasts = f" for {show_duration(float(details[0]['for_s']))}" if "for_s" in details[0] else ""
    return f"{_names(targets)} {'is' if len(targets) == 1 else 'are'} ejected", (
        f"Passive checks take it out{lasts}" + (f" ({reason})." if reason else ".")
    )


def _returned(targets: list[str], details: list[Detail]) -> tuple[str, str]:
    return f"{_names(targets)} {'returns' if len(targets) == 1 else 'return'}", "The ejection is over."


def _healthy(targets: list[str], details: list[Detail]) -> tuple[str, str]:
    again = "for the first time" if details[0].get("joined") else "again"
    return f"{_names(targets)} passes its checks", f"It is believed healthy {again}."


def _panic(begins: bool) -> Callable[[list[str], list[Detail]], tuple[str, str]]:
    def words(targets: list[str], details: list[Detail]) -> tuple[str, str]:
        healthy, of = (show_count(float(details[0].get(name, 0))) for name in ("healthy", "of"))
        said = f"{healthy} of {of} edges are believed healthy"
        if begins:
            return f"Panic at {_names(targets)}", f"Only {said}: all of them are candidates now."
        return f"The panic at {_names(targets)} is over", f"{said}."

    return words


def _takeover(targets: list[str], details: list[Detail]) -> tuple[str, str]:
    after = f" {show(float(details[0]['after_s']), 's')} after the crash" if "after_s" in details[0] else ""
    return f"A standby takes over from {_names(targets)}", f"It serves{after}."


def _broken(targets: list[str], details: list[Detail]) -> tuple[str, str]:
    return "A safety invariant broke", str(details[0].get("message") or details[0].get("invariant") or _names(targets))


_WORDS: Final[Mapping[str, Callable[[list[str], list[Detail]], tuple[str, str]]]] = {
    FAULT_BEGIN: _begun, FAULT_END: _ended, DETECTED: _detected, SESSIONS_MOVED: _moved, RECOVERED: _recovered,
    EJECTED: _ejected, RETURNED: _returned, HEALTHY: _healthy, PANIC_BEGIN: _panic(True), PANIC_END: _panic(False),
    TAKEOVER: _takeover, INVARIANT: _broken,
}  # fmt: skip


# -- what a fault cost --------------------------------------------------------------------------------------------
def _worst(result: Result) -> Iterator[Beat]:
    """The worst windows after each of the first faults, where they stand out."""
    width, told = window_of(result), set[tuple[str, float]]()
    for span in shaded(result)[:_MOST_WORST]:
        for metric, unit, title in (("latency.p99", "s", "The slowest moment"), ("failures.rate", "1/s", "Most requests fail now")):
            change = change_of(result, span, metric, up=True)
            if change is None or (metric, change.at_s) in told or change.at_s <= span[0]:
                continue
            told.add((metric, change.at_s))
            what = "The slowest 1 % take" if metric == "latency.p99" else "Failures reach"
            more = " or more" if metric == "latency.p99" else ""
            usual = "none" if change.before == 0.0 else show(change.before, unit)
            text = f"{what} {show(change.worst, unit)}{more}; before the fault it was {usual}."
            yield Beat(change.at_s + width, _WORST, title, text)


def _names(targets: Sequence[str]) -> str:
    unique = list(dict.fromkeys(targets))
    if len(unique) > _NAMES:
        return f"{len(unique)} nodes ({', '.join(unique[:2])}, …)"
    return _listed(unique)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _counted(count: int, noun: str) -> str:
    return f"{show_count(count)} {noun}{'s' * (count != 1)}"
