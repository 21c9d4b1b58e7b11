"""Baselines: what a check gave when somebody said that it was right; JSON in git that people can read.

May import the experiment's records. One file a check, `NAME.json` beside the suite: how it was played, a
fingerprint and the value of each metric for each replication, why it was accepted, and every value of the
scenario, so that a check can say what changed in it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import FolderError
from simulator.experiment.comparing.compare import values_of
from simulator.metrics.names import MetricUnavailableError
from simulator.results.manifests import BaselineFile
from simulator.results.places import write_whole
from simulator.results.stored import parse_json, read_text, reason_of
from simulator.text.printable import printable

if TYPE_CHECKING:
    from simulator.observe.result import Replication
    from simulator.scenario.schema import Scenario

SCHEMA: Final = 1
_DIGEST = 16
_NOT_COMPARED: Final = ("seed", "replications", "name", "question", "description", "expect", "measured", "record")


class BaselineError(FolderError):
    """A baseline that cannot be read."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was accepted, or what another revision gives.

    Attributes:
        name: of the check. scenario: what was played, as named. seed: with that.
        fingerprints: replication -> the beginning of its fingerprint.
        metrics: metric -> replication -> SI value (absent: it had none).
        settings: every value of the scenario by its dotted path.
        reason: why it was accepted. versions: of the program and numpy.
        schema: of the file.
    """

    name: str
    scenario: str
    seed: int
    fingerprints: Mapping[int, str]
    metrics: Mapping[str, Mapping[int, float]]
    settings: Mapping[str, Any]
    reason: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    def changed_settings(self, settings: Mapping[str, Any]) -> list[str]:
        """`edges.pop.l1.ttl 5s -> 3s`, for every value of the scenario that is another now."""
        paths = dict.fromkeys([*self.settings, *settings])
        return [
            f"{path} {_told(self.settings.get(path))} -> {_told(settings.get(path))}"
            for path in paths
            if self.settings.get(path) != settings.get(path)
        ]

    def other_window(self, settings: Mapping[str, Any]) -> bool:
        """Whether another stretch of time is measured now: then the numbers do not mean the same."""
        return any(self.settings.get(key) != settings.get(key) for key in ("duration", "warmup"))


def baseline_of(
    name: str,
    source: str,
    scenario: Scenario,
    replications: Sequence[Replication],
    metrics: Iterable[str],
    reason: str = "",
) -> Baseline:
    """The baseline that these replications make. Raises MetricUnavailableError where a metric has no value."""
    values = {}
    for metric in metrics:
        values[metric] = values_of(replications, metric)
        if not values[metric]:
            raise MetricUnavailableError(f"`{metric}`: no replication has a value")
    fingerprints = {r.replication: r.fingerprint[:_DIGEST] for r in replications}
    settings = settings_of(scenario)
    return Baseline(name, source, scenario.seed, fingerprints, values, settings, reason, _versions())


def same_fingerprints(baseline: Baseline, replications: Sequence[Replication]) -> bool:
    """Whether every replication is exactly the one of the baseline."""
    return bool(replications) and all(
        r.fingerprint[:_DIGEST] == baseline.fingerprints.get(r.replication) for r in replications
    )


def settings_of(scenario: Scenario) -> dict[str, Any]:
    """Every value of a scenario that can change a number, by dotted path; files by their names."""
    plain = {key: value for key, value in scenario.resolved().items() if key not in _NOT_COMPARED}
    flat: dict[str, Any] = {}
    _flatten(plain, "", flat)
    return {path: _without_folder(value) for path, value in flat.items() if not path.startswith(("variants", "sweep"))}


def read_baseline(path: Path) -> Baseline | None:
    """The baseline in a file, or None where there is none. Raises BaselineError for a broken one."""
    if not path.exists():
        return None
    try:
        found = BaselineFile.model_validate(parse_json(read_text(path)))
    except FolderError as error:
        raise BaselineError(str(error)) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise BaselineError(
            printable(f"{path} is no baseline: {reason_of(error)}; take it from git again, or make it with "
                      "--update-baseline once the file is away")
        ) from error  # fmt: skip
    return Baseline(
        name=found.check,
        scenario=found.scenario,
        seed=found.seed,
        fingerprints=dict(enumerate(found.fingerprints)),
        metrics={
            metric: {r: v for r, v in enumerate(entry.per_replication) if v is not None}
            for metric, entry in found.metrics.items()
        },
        settings=found.settings,
        reason=found.accepted[-1].reason,
        versions=found.accepted[-1].versions,
        schema=found.schema_,
    )


def write_baseline(path: Path, baseline: Baseline) -> bool:
    """Write a baseline, whole or not at all; False where the file says the same already."""
    before = read_baseline(path)
    if before is not None and _content(before) == _content(baseline):
        return False
    history = json.loads(path.read_text(encoding="utf-8"))["accepted"] if before is not None else []
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, _text(baseline, history))
    return True


def _content(baseline: Baseline) -> tuple[Any, ...]:
    return (
        baseline.seed, dict(baseline.fingerprints), {k: dict(v) for k, v in baseline.metrics.items()},
        dict(baseline.settings), baseline.schema,
    )  # fmt: skip


def _text(baseline: Baseline, history: Sequence[Mapping[str, Any]]) -> str:
    """JSON with one line per metric and one per setting, so that a diff reads well."""
    count = len(baseline.fingerprints)
    metrics = {
        metric: {
            "mean": math.fsum(values.values()) / len(values),
            "per_replication": [values.get(r) for r in range(count)],
        }
        for metric, values in baseline.metrics.items()
    }
    accepted = [*history, {"reason": baseline.reason, "versions": dict(baseline.versions)}]
    parts = [
        ("schema", _line(baseline.schema)),
        ("check", _line(baseline.name)),
        ("scenario", _line(baseline.scenario)),
        ("seed", _line(baseline.seed)),
        ("accepted", "[\n" + ",\n".join(f"    {_line(entry)}" for entry in accepted) + "\n  ]"),
        ("metrics", _block(metrics)),
        ("fingerprints", _line([baseline.fingerprints[r] for r in range(count)])),
        ("settings", _block(dict(baseline.settings))),
    ]
    return "{\n" + ",\n".join(f'  "{key}": {text}' for key, text in parts) + "\n}\n"


def _block(entries: Mapping[str, Any]) -> str:
    return "{\n" + ",\n".join(f"    {_line(k)}: {_line(v)}" for k, v in entries.items()) + "\n  }"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _flatten(value: Any, path: str, flat: dict[str, Any]) -> None:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            _flatten(item, f"{path}.{key}" if path else str(key), flat)
    elif isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        for place, item in enumerate(value):
            _flatten(item, f"{path}.{place}", flat)
    else:
        flat[path] = value


def _without_folder(value: Any) -> Any:
    """Files by name: a baseline means the same in every checkout."""
    if isinstance(value, list):
        return [_without_folder(item) for item in value]
    return Path(value).name if isinstance(value, str) and value.startswith("/") else value


def _told(value: Any) -> str:
    return "(none)" if value is None else str(value)


def _versions() -> dict[str, str]:
    import numpy as np

    from simulator.text.version import VERSION

    return {"stickysim": VERSION, "numpy": np.__version__}
