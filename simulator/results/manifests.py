"""What a manifest.json must hold to be read, by its kind, the scenario beside it, and the file of a baseline.

Further keys are allowed. May import pydantic. The writers are `folder.manifest_of`,
`sweep_folder.manifest_of` and `baseline.write_baseline`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

RUN: Final = "stickysim-run"
SWEEP: Final = "stickysim-sweep"


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Played(_Form):
    """The scenario's facts: see experiment.facts."""

    name: str
    question: str = ""
    description: str = ""
    seed: int
    replications: int
    duration_s: float
    warmup_s: float
    warmup_found: bool = False
    expect: list[str] = []
    measured: dict[str, float] = {}
    scenario_hash: str = ""


class _Invariants(_Form):
    checked: int
    violations: list[Any]


class _Replication(_Form):
    replication: int
    seed: int
    fingerprint: str
    totals: dict[str, int]
    invariants: _Invariants
    wall_s: float
    events: int
    peak_rss_bytes: int


class _Failure(_Form):
    variant: str
    replication: int
    kind: str
    message: str
    trace: str


class _Any(_Form):
    """What every manifest holds."""

    name: str
    argv: list[str]
    versions: dict[str, str]
    seed: int
    files: dict[str, str] | None = None


class RunManifest(_Any):
    """Of a run, and of each of its variants."""

    status: Literal["complete", "incomplete", "interrupted"]
    scenario: _Played
    fingerprints: list[str]
    replications: list[_Replication]
    failures: list[_Failure]
    variants: dict[str, str]


class _Cell(_Form):
    number: int
    folder: str
    slug: str
    key: str
    values: dict[str, str]
    failures: list[str]


class SweepManifest(_Any):
    """Of a sweep, a search, an optimisation or a sensitivity analysis."""

    study: Literal["sweep", "find", "optimise", "sensitivity"]
    design: str
    status: Literal["complete", "incomplete", "interrupted"]
    question: str
    replications: int
    paths: list[str]
    metrics: list[str]
    extra: dict[str, Any]
    cells: list[_Cell]


FORMS: Final[Mapping[str, type[BaseModel]]] = {RUN: RunManifest, SWEEP: SweepManifest}


class _Accepted(_Form):
    reason: str
    versions: dict[str, str]


class _Values(_Form):
    per_replication: list[float | None]


class BaselineFile(_Form):
    """What a check of a suite gave when it was accepted."""

    schema_: int = Field(alias="schema")
    check: str
    scenario: str
    seed: int = Field(ge=0)
    accepted: list[_Accepted] = Field(min_length=1)
    metrics: dict[str, _Values]
    fingerprints: list[str]
    settings: dict[str, Any]


class _Site(_Form):
    lat: float
    lon: float


class _ClientGroup(_Form):
    workload: dict[str, Any] = {}


class ResolvedScenario(_Form):
    """The parts of scenario.resolved.yaml that readers of a folder look into; playing it reads it as a scenario."""

    sites: dict[str, _Site] | None = None
    clients: dict[str, _ClientGroup] | None = None
    edges: dict[str, dict[str, Any]] | None = None
    cores: dict[str, dict[str, Any]] | None = None
    faults: list[dict[str, Any]] | None = None
    variants: dict[str, dict[str, Any] | None] | None = None
    extensions: list[str] | str | None = None
