"""What a result must remember of its scenario, as plain values, so that results load without the language.

May import simulator.text.printable, at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.text.printable import printable

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario


@dataclass(frozen=True, slots=True)
class Facts:
    """The scenario behind a result.

    Attributes:
        name, question, description: as written ("" where left out).
        seed, replications: as played (planned replications).
        duration_s, warmup_s: the measured window is [warmup_s, duration_s).
        warmup_found: whether the warm-up was `auto` and warmup_s was found by MSER-5.
        expect: expectations as written.
        measured: reality by metric name, SI.
        scenario_hash: content hash of the resolved scenario.
        resolved: the whole scenario with its units and defaults.
        source: text of the scenario file, or "".
        code: the files of the scenario's `extensions`, by name.
    """

    name: str
    question: str = ""
    description: str = ""
    seed: int = 1
    replications: int = 1
    duration_s: float = 0.0
    warmup_s: float = 0.0
    warmup_found: bool = False
    expect: tuple[str, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)
    scenario_hash: str = ""
    resolved: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    code: Mapping[str, bytes] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For manifest.json: all but the scenario itself, which has files of its own."""
        plain = asdict(self)
        del plain["resolved"], plain["source"], plain["code"]
        return plain

    @classmethod
    def from_dict(
        cls, plain: Mapping[str, Any], resolved: Mapping[str, Any], source: str, code: Mapping[str, bytes]
    ) -> Facts:
        """The inverse of `to_dict`; unknown keys (of a newer version) are ignored."""
        known = {key: plain[key] for key in cls.__dataclass_fields__ if key in plain}
        known["expect"] = tuple(printable(str(text)) for text in known.get("expect", ()))
        return cls(**{**known, "resolved": resolved, "source": source, "code": code})

    @classmethod
    def of(cls, scenario: Scenario, *, source: str = "", warmup_found: bool = False) -> Facts:
        """The facts of a scenario about to be played."""
        if isinstance(scenario.warmup, str):
            raise TypeError("the warm-up is still `auto`: find it first (experiment.warmup)")
        return cls(
            name=scenario.name,
            question=scenario.question or "",
            description=scenario.description or "",
            seed=scenario.seed,
            replications=scenario.replications,
            duration_s=float(scenario.duration),
            warmup_s=float(scenario.warmup),
            warmup_found=warmup_found,
            expect=tuple(scenario.expect),
            measured={**_measured_in_logs(scenario), **scenario.measured},
            scenario_hash=scenario.content_hash(),
            resolved=scenario.resolved(),
            source=source,
            code=scenario.code(),
        )


def _measured_in_logs(scenario: Scenario) -> Mapping[str, float]:
    """What logs that the scenario plays know of reality, by metric."""
    if not any(group.from_trace for group in scenario.clients.values()):
        return {}
    from simulator.scenario.traces import measured

    return measured(scenario)
