"""What reports say of a fault: its target, its name, and the sentence that tells what happened.

Reports know the faults of a scenario as it wrote them, and the spans in which the log says that something was on. How
the two belong together, and how they are told, is a matter of each kind of fault: it overrides what is here.

May import: units, specs. Does not know reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from simulator.plugins.spec import Spec
from simulator.units import QuantityError, parse_duration

SAME_S: Final = 1e-6
"""Times that differ by less are the same, seconds."""


@dataclass(frozen=True, slots=True)
class Told:
    """A fault with several spans, to be told in one sentence.

    Attributes:
        begin: when it begins, in words: `1 min 10 s`.
        ends: `to 3 min`, or `to the end`.
        lasted: `, for 20 s`, or ` and stayed so to the end`.
        targets: how many were struck.
        spans: how often, in all.
        target: whom it names, as written.
        struck: those that were, and their number: `4 nodes`.
        did: what these did: `crashed`.
    """

    begin: str
    ends: str
    lasted: str
    targets: int
    spans: int
    target: str
    struck: str
    did: str


class Words(Spec):
    """What reports say of a kind of fault."""

    verb: ClassVar[str]
    did: ClassVar[str] = ""
    """What one target of it did, for `At 1 min pop-1 crashed, for 20 s.`: "crashed", "was drained". `{factor}` stands
    for "3 times ", where the log says how many."""
    subject: ClassVar[str] = "{target}"
    """Whom that is said of."""
    noun: ClassVar[str] = "node"
    """What its targets are."""
    soft: ClassVar[bool] = False
    """Whether it is blamed only for what nothing that is down explains."""
    noticeable: ClassVar[bool] = False
    """Whether reports say when nobody noticed it."""
    scattered: ClassVar[int] = 0
    """0: it begins when it says, once for each target. 1: its targets take their turns. 2: nobody knows when."""

    @classmethod
    def target_words(cls, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """The names or globs of its targets, of a fault as a scenario writes it."""
        return names_in(entry.get(cls.verb))

    @classmethod
    def called(cls, event: str, target: str) -> str:
        """What reports call it, if it has no name: `rolling restart pop-*`; `event` is what the log calls its spans."""
        del event
        return f"{cls.verb.replace('_', ' ')} {target}".strip()

    @classmethod
    def explains(cls, entry: Mapping[str, Any], event: str, begin_s: float) -> bool:
        """Whether a span, of something that the log calls `event`, is of this fault as far as kind and time go."""
        return event == cls.verb and abs(begin_s - seconds_in(entry.get("at"))) < SAME_S

    @classmethod
    def sentence(cls, told: Told) -> str:
        """What happened, of a fault with several spans: `At 1 min 4 nodes (pop-*) crashed, for 20 s.`."""
        return f"At {told.begin} {told.struck} ({told.target}) {told.did}{told.lasted}."

    @classmethod
    def predicate(cls, factor: str, *, plural: bool) -> str:
        """What its targets did: `factor` is "3 times ", or empty."""
        did = cls.did.replace("{factor}", factor) or f"had {cls.verb}"
        return did.replace("was ", "were ", 1) if plural else did

    @classmethod
    def clause(cls, target: str, factor: str) -> str:
        """What one target did, with its name: `pop-1 crashed`."""
        if not cls.did:
            return f"{cls.verb} {target}".strip()
        return f"{cls.subject.replace('{target}', target)} {cls.predicate(factor, plural=False)}"


def names_in(target: object) -> tuple[str, ...]:
    """Names as written: one, or a list of them."""
    if isinstance(target, Sequence) and not isinstance(target, str):
        return tuple(map(str, target))
    return () if target is None else (str(target),)


def seconds_in(text: object) -> float:
    """A duration as written, in seconds; 0 for what is none."""
    try:
        return parse_duration(str(text))
    except (QuantityError, ValueError):
        return 0.0


def between(one: object, sign: str, other: object) -> tuple[str, ...]:
    """Two ends of links as one name: `pop-* <> core-*`."""
    return (f"{'|'.join(names_in(one))} {sign} {'|'.join(names_in(other))}",)
