"""The result of a run: metrics with intervals, series, histograms, variants; what notebooks hold.

pandas is imported only inside the properties that give its objects. Nothing is written unless `save` is called.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from simulator.observe.histogram import Histogram
from simulator.observe.result import Replication
from simulator.play.job import Failure
from simulator.plugins.dotted import named
from simulator.results.drawn import Drawn
from simulator.results.facts import Facts
from simulator.results.folder import save
from simulator.results.summary import (
    Estimate,
    JudgedExpectation,
    estimate,
    estimates,
    invariants_of,
    judge,
    metrics_dict,
    run_facts,
    traces_read,
)

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["complete", "incomplete", "interrupted"]
SCHEMA = 1


@dataclass(eq=False)
class Result(Drawn):
    """One scenario (or one variant of it) with the replications that were finished.

    Attributes:
        facts: what was played.
        replications: the finished ones, in order.
        variants: results of the scenario's variants, played on the same arrivals.
        failures: items without a result.
        interrupted: whether Ctrl-C ended it.
        argv: the command line that produced it, if any.
        path: where it was saved to or loaded from, or None.
        notes: what to know of the folder that it was loaded from: another version wrote it, or it cannot be checked.

    Its plots: `.hit_ratio() .latency_ccdf() .latency_over_time() .weights() .edge_load() .misses()`.
    """

    _fragment = "simulator.report.html:fragment"
    _plots = "simulator.report.plots:Plots"
    _text = "simulator.report.terminal:render"
    _pages = "simulator.report.folders:write_reports"

    facts: Facts
    replications: Sequence[Replication]
    variants: Mapping[str, Result] = field(default_factory=dict)
    failures: Sequence[Failure] = ()
    interrupted: bool = False
    argv: Sequence[str] = ()
    path: Path | None = None
    notes: Sequence[str] = ()

    # -- numbers --------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.facts.name

    @property
    def status(self) -> Status:
        """Whether every planned replication of every variant was finished."""
        if self.interrupted:
            return "interrupted"
        short = len(self.replications) < self.facts.replications
        return "incomplete" if short or self.failures else "complete"

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """Every metric as a number with its interval, by name."""
        from simulator.metrics.expectations import parse_expectation

        extra = [parse_expectation(text).metric.name for text in self.facts.expect]
        return estimates(self.replications, [*extra, *self.facts.measured])

    def __getitem__(self, name: str) -> Estimate:
        """Any metric: `result["hit_ratio.l1"]`, `["within[150ms][europe]"]`, `["latency.p99.5"]`.

        A float (SI unit) that knows its interval: `.low`, `.high`, `.n`, `.unit`, `.by_replication`.

        Raises:
            UnknownMetricError: no such metric (the message offers the nearest).
            MetricUnavailableError: this run does not give it.
        """
        found = self.estimates.get(name)
        return found if found is not None else estimate(self.replications, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.estimates)

    @cached_property
    def expectations(self) -> list[JudgedExpectation]:
        """The scenario's expectations, each met, missed or undecided."""
        return judge(self.replications, self.facts.expect)

    @property
    def invariants(self) -> dict[str, Any]:
        """{"checked": n, "violations": [...]}, those that ended a replication included."""
        found = invariants_of(self.replications)
        for failure in self.failures:
            if failure.kind == "invariant":
                entry = {"replication": failure.item.replication, "violation": failure.message}
                found["violations"].append(entry)
        return found

    @property
    def fingerprints(self) -> list[str]:
        """One a finished replication: equal when everything that the seed determines is equal."""
        return [r.fingerprint for r in self.replications]

    @cached_property
    def latency(self) -> Histogram:
        """Latencies of all ok requests of all replications, in seconds."""
        return self.histogram("latency")

    def histogram(self, name: str) -> Histogram:
        """The merged histogram "latency", "latency[europe]", "edge.wait" ...; empty where there is none."""
        return Histogram.merged(r.histograms[name] for r in self.replications if name in r.histograms)

    # -- tables ---------------------------------------------------------------------------------------

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Index metric; columns mean, ci_low, ci_high, n, unit (SI)."""
        import pandas as pd

        found = self.estimates
        rows = [(float(e), e.low, e.high, e.n, e.unit) for e in found.values()]
        index = pd.Index(list(found), name="metric", dtype="str")
        return pd.DataFrame(rows, index=index, columns=["mean", "ci_low", "ci_high", "n", "unit"])

    @cached_property
    def per_replication(self) -> pd.DataFrame:
        """Index metric; one column per replication."""
        import pandas as pd

        found = self.estimates
        index = pd.Index(list(found), name="metric", dtype="str")
        columns = pd.Index([r.replication for r in self.replications], name="replication")
        rows = [list(e.by_replication) for e in found.values()]
        return pd.DataFrame(rows, index=index, columns=columns)

    @cached_property
    def timeseries(self) -> pd.DataFrame:
        """Tidy: replication, t_s (start of the window), metric, label, value."""
        import pandas as pd

        frames = [pd.DataFrame(r.timeseries).assign(replication=r.replication) for r in self.replications]
        columns = ["replication", "t_s", "metric", "label", "value"]
        return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)

    @cached_property
    def events(self) -> pd.DataFrame:
        """replication, t_s, kind, target, detail (a dictionary)."""
        import pandas as pd

        rows = [{"replication": r.replication, **event} for r in self.replications for event in r.events]
        return pd.DataFrame(rows, columns=["replication", "t_s", "kind", "target", "detail"])

    @cached_property
    def requests(self) -> pd.DataFrame | None:
        """The traced requests with their replication, or None without tracing."""
        import pandas as pd

        frames = [
            pd.DataFrame(r.requests).assign(replication=r.replication)
            for r in self.replications
            if r.requests is not None
        ]
        return pd.concat(frames, ignore_index=True) if frames else None

    # -- showing and storing --------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """What summary.json holds."""
        return {
            "schema": SCHEMA,
            "name": self.facts.name,
            "question": self.facts.question,
            "status": self.status,
            "seed": self.facts.seed,
            "replications": len(self.replications),
            **self._numbers(),
            "variants": {name: result._numbers() for name, result in self.variants.items()},
            "failures": [
                {
                    "variant": f.item.variant,
                    "replication": f.item.replication,
                    "kind": f.kind,
                    "message": f.message,
                }
                for f in self.failures
            ],
        }

    def _numbers(self) -> dict[str, Any]:
        return {
            "metrics": metrics_dict(self.estimates),
            "expectations": [judged.to_dict() for judged in self.expectations],
            "invariants": self.invariants,
            "measured": dict(self.facts.measured),
            "traces": traces_read(self.replications),
            "run": run_facts(self.replications),
        }

    def save(self, path: str | os.PathLike[str], *, force: bool = False, report: bool = True) -> Path:
        """Write the result folder `path`, whole or not at all; returns its path.

        Raises FolderError where there is something already (unless `force`, for an earlier result), or where
        it cannot be written.
        """
        self.path = save(self, Path(path), force=force, report=report)
        return self.path

    def summary(self, *, width: int = 80, color: bool = False) -> str:
        """The terminal summary as text."""
        text: str = named(self._text)(self, width=width, color=color)
        return text

    def __repr__(self) -> str:
        count = len(self.replications)
        kinds = f", variants {', '.join(self.variants)}" if self.variants else ""
        return f"<Result {self.name}: {count} replication{'s' * (count != 1)}, {self.status}{kinds}>"
