"""`backtest`: fit the first part of a log, predict the second with intervals, then look at what happened.

What happened is the second part's real arrivals, replayed through the same scenario: so the service is the same on both
sides, and what differs is the workload. Each replication of the prediction draws its parameters from what the first
part leaves open (by the curvature of its likelihood); the interval is Student's for one further observation. A miss is
traced by swapping one fitted part at a time for the real one (see swaps).

May import: the experiment, the scenario language, its siblings. Does not compare with what a real service answered.
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulator.fitting.cut import Cut, cut
from simulator.fitting.fit import GAP_S, LEAST_REQUESTS, Fit, fit_within, read, refuse_stray, written
from simulator.fitting.predict import keeps_clients, next_arrivals, next_in_windows
from simulator.fitting.rates import Likelihood
from simulator.fitting.settling import settling_s
from simulator.fitting.swaps import ALWAYS, SESSIONS, Arrivals
from simulator.fitting.writing import findings
from simulator.logs import OPERATIONS, Log, TraceError
from simulator.logs.formats.base import ClientKey
from simulator.metrics.names import MetricUnavailableError, parse_metric, unit_of
from simulator.observe.result import Replication
from simulator.observe.values import metric_value
from simulator.play.job import Item, Job, Silence
from simulator.play.runner import play
from simulator.scenario.schema import Scenario
from simulator.statistics.intervals import t_quantile

METRICS: Final = ("requests.rate", "hit_ratio.l1", "hit_ratio.l2", "core.requests.rate", "storage.reads.rate",
                  "latency.mean", "latency.p99", "edge.utilisation", "availability")  # fmt: skip
REPLICATIONS: Final = 10
LEAST_REPLICATIONS: Final = 5
_WARMUP: Final = 0.1
_WINDOWS: Final = 10  # of the time series, which nobody looks at: closing a window costs more than its requests
_OWN: Final = 0.5  # a part whose effect is less than this share of a miss does not explain it


@dataclass(frozen=True)
class Prediction:
    """One metric, in SI units."""

    metric: str
    predicted: float
    low: float
    high: float
    happened: float
    effects: Mapping[str, float] = field(default_factory=dict)
    """Fitted part -> how it alone, put into the real arrivals, moves what happened. Empty without a miss."""

    @property
    def covered(self) -> bool:
        """Whether what happened lies in the interval of the prediction."""
        return self.low <= self.happened <= self.high

    @property
    def cause(self) -> str | None:
        """The part that moves it most in the direction of the miss; None: none by itself, or no miss."""
        miss = self.predicted - self.happened
        name = max(self.effects, key=lambda part: self.effects[part] * miss, default=None)
        return name if name is not None and self.effects[name] * miss >= _OWN * miss * miss else None


@dataclass(frozen=True, eq=False)
class Backtest:
    """What was predicted beside what happened."""

    fit: Fit
    """Of the first part."""
    split_s: float
    """Log time at which the second part begins, seconds."""
    requests: int
    """Of the second part."""
    replications: int
    rows: tuple[Prediction, ...]

    def __getitem__(self, metric: str) -> Prediction:
        """One metric. Raises KeyError."""
        for one in self.rows:
            if one.metric == metric:
                return one
        raise KeyError(metric)

    @property
    def missed(self) -> list[Prediction]:
        """Metrics whose interval does not cover what happened."""
        return [one for one in self.rows if not one.covered]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        rows = [
            {"metric": r.metric, "predicted": r.predicted, "low": r.low, "high": r.high, "happened": r.happened,
             "covered": r.covered, "effects": dict(r.effects), "cause": r.cause} for r in self.rows
        ]  # fmt: skip
        return {"fit": self.fit.to_dict(), "split_s": self.split_s, "requests": self.requests,
                "replications": self.replications, "metrics": rows}  # fmt: skip

    def summary(self) -> str:
        """A table for a terminal."""
        lines = [self.fit.log.summary(), ""] + [f"{what:<22} {found}" for what, found in findings(self.fit)]
        how = f"{self.replications} replications, 95 % intervals of one outcome"
        lines += ["", f"Predicted from these ({how}) beside the {self.requests:,} requests that came:", ""]
        lines.append(f"{'metric':<20} {'predicted':>10} {'from':>10} {'to':>10} {'happened':>10}")
        for r in self.rows:
            mark = "" if r.covered else "  missed"
            numbers = "".join(f" {value:>10.4g}" for value in (r.predicted, r.low, r.high, r.happened))
            lines.append(f"{r.metric:<20}{numbers}{mark}")
        for r in self.missed:
            moved = ", ".join(f"{part} {effect:+.3g}" for part, effect in r.effects.items())
            cause = f"most of it from: {r.cause}" if r.cause else "from no part alone"
            lines += ["", f"{r.metric} is off by {r.predicted - r.happened:+.3g}: {cause}.",
                      f"  each fitted part alone in the real arrivals: {moved}"]  # fmt: skip
        return "\n".join(lines) + "\n"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.summary())}</pre>"

    def __repr__(self) -> str:
        return f"<Backtest of {self.fit.log.name}: {len(self.missed)} of {len(self.rows)} metrics missed>"


def backtest(
    log: Log | str | Path | Sequence[str], *, split: float = 0.5, scenario: Scenario | str | None = None,
    replications: int = REPLICATIONS, seed: int = 1, metrics: Sequence[str] = METRICS, format: str = "auto",  # noqa: A002
    columns: Mapping[str, str | int] | None = None, client_key: ClientKey = "host", gap_s: float = GAP_S,
    jobs: int = 1, explain: bool = True, progress: Callable[[str], None] | None = None,
) -> Backtest:  # fmt: skip
    """Fit the first part of a log, predict the second, and compare.

    Args:
        log: as for `fit`.
        split: the share of the log's time that is fitted (0..1).
        scenario: the service; its clients are replaced by fitted ones, at the place of its first group. Left out: the
            one that `fit` writes.
        replications: of the prediction, at least 5.
        seed: of the first replication, and of the replay.
        metrics: to compare.
        format: as for `fit`.
        columns: as for `fit`.
        client_key: as for `fit`.
        gap_s: as for `fit`.
        jobs: processes; the result is the same whatever their number.
        explain: trace each miss to the fitted part that it comes from, by some more replays.
        progress: hears what is being done.

    Raises:
        TraceError: the log cannot be read, a few lines stretch its span, or one part of it has too few requests.
        ScenarioError: the scenario is wrong.
        UnknownMetricError: a metric has a name that none has.
        ValueError: `split` or `replications` is out of range.
    """
    if not 0 < split < 1:
        raise ValueError(f"split {split:g} leaves a part empty: write a share between 0 % and 100 %, such as 50%")
    if replications < LEAST_REPLICATIONS:
        raise ValueError(f"{replications} replications give no interval: take {LEAST_REPLICATIONS} or more")
    for name in metrics:
        parse_metric(name)
    say = progress or (lambda _: None)
    data = log if isinstance(log, Log) else read(log, format, columns, client_key)
    refuse_stray(data)
    start_s = float(data.time_s[0])
    seen = written(data)
    split_s = start_s + split * data.span_s if seen is None else seen.split_s(split)
    first, second = data.part(start_s, split_s), data.part(split_s, math.inf)
    if min(len(first.time_s), len(second.time_s)) < LEAST_REQUESTS:
        what = f"the parts hold {len(first.time_s):,} and {len(second.time_s):,} requests, too few to compare"
        raise TraceError(data.paths[0], what, f"choose a --split with {LEAST_REQUESTS} requests on either side")
    say("fitting the first part")
    before = after = None
    if seen is not None:
        before, after = seen.part(-math.inf, split_s), seen.part(split_s, math.inf)
    fitted = fit_within(first, gap_s, before)
    real = cut(second, gap_s if fitted.kind != "always" else math.inf, after)
    world = _World(fitted, _service(scenario, fitted), real, tuple(metrics), seed, jobs, say)
    with tempfile.TemporaryDirectory(prefix="stickysim-") as name:
        folder = Path(name)
        predicted = _predicted(world, folder, replications, split_s - start_s, in_windows=seen is not None)
        apart = real.window * len(real.clients) if fitted.kind != "always" else 0  # a session ends with its window
        real_arrivals = (real.time_s, real.client + apart)
        came = world.replayed(real_arrivals, folder / "real.csv", _operations(second))
        say(f"predicting with {replications} replications, and replaying what came")
        drawn = world.play({**predicted, "what came": came})
        happened = drawn.pop("what came")
        rows = [
            _compared(name, [one[name] for one in drawn.values() if name in one], happened[name])
            for name in metrics
            if name in happened
        ]
        if explain and any(not row.covered for row in rows):
            rows = _traced(world, rows, happened, folder)
    return Backtest(fitted, split_s, len(second.time_s), replications, tuple(rows))


def _predicted(
    world: _World, folder: Path, replications: int, phase_s: float, *, in_windows: bool
) -> dict[str, Scenario]:
    """What may come, as the fit has it, each time with rates that are drawn anew; `phase_s` after the log's begin."""
    fitted, real, rng = world.fit, world.real, np.random.default_rng(world.seed)
    likelihood = Likelihood(fitted.cut, fitted.rates.law, sessions=fitted.rates.end_rate > 0)
    predicted: dict[str, Scenario] = {}
    for number in range(replications):
        law = likelihood.moved(fitted.rates, rng)
        if not keeps_clients(fitted):
            drawn_anew = fitted.with_rates(law).clients(phase_s - world.lead_s)
            scenario = world.scenario(drawn_anew, world.lead_s)
        elif in_windows:
            arrivals = next_in_windows(fitted, law, likelihood, real.lengths_s, rng)
            scenario = world.replayed(arrivals, folder / f"predicted-{number}.csv")
        else:
            arrivals = next_arrivals(fitted, law, likelihood, real.span_s, rng)
            scenario = world.replayed(arrivals, folder / f"predicted-{number}.csv")
        predicted[f"replication {number}"] = scenario
    return predicted


class _World:
    """The service that every workload is played through."""

    def __init__(
        self, fitted: Fit, service: dict[str, Any], real: Cut, metrics: tuple[str, ...], seed: int, jobs: int,
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.fit, self.real, self.metrics, self.seed = fitted, real, metrics, seed
        self.jobs, self.say = jobs, say
        groups = service["clients"]
        self.base_dir = Path(service.pop("base_dir"))
        self.group = next(iter(groups))
        self.place = {
            key: value for key, value in groups[self.group].items()
            if key not in ("count", "workload", "session", "operations", "response_size")
        }  # fmt: skip
        span_s = self.span_s = max(real.span_s, 1.0)
        self.lead_s = settling_s(fitted, (1 - _WARMUP) * span_s)
        """What a fitted scenario plays before the second part: it begins without the sessions that are open then."""
        unused = ("clients", "duration", "warmup", "seed", "replications", "variants", "sweep", "expect", "measured",
                  "record")  # fmt: skip
        self.service = {key: value for key, value in service.items() if key not in unused}
        self.service |= {
            "replications": 1,
            "record": {"window": f"{span_s / _WINDOWS:.3f}s"},
        }

    def scenario(self, clients: Mapping[str, Any], lead_s: float = 0.0) -> Scenario:
        """The service with these clients, who have been there for `lead_s` already."""
        times = {
            "duration": f"{lead_s + self.span_s:.3f}s",
            "warmup": f"{lead_s + _WARMUP * self.span_s:.3f}s",
        }
        whole = {**self.service, **times, "seed": self.seed, "clients": {self.group: {**clients, **self.place}}}
        return Scenario.from_dict(whole, self.base_dir)

    def replayed(
        self, arrivals: Arrivals, path: Path, operations: np.ndarray[Any, Any] | None = None
    ) -> Scenario:  # fmt: skip
        """The service with arrivals one by one, written to `path`."""
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(["t_s", "client"] + (["op"] if operations is not None else []))
            order = np.argsort(arrivals[0], kind="stable")
            rows = [arrivals[0][order].tolist(), [f"c{one}" for one in arrivals[1][order].tolist()]]
            if operations is not None:
                rows.append([OPERATIONS[one] for one in operations[order].tolist()])
            out.writerows(zip(*rows, strict=True))
        gap_s = self.real.gap_s
        workload = {"kind": "trace", "file": str(path), "format": "csv", "time_unit": "s",
                    "inactivity_gap": f"{gap_s}s" if math.isfinite(gap_s) else "never"}  # fmt: skip
        sizes = {key: value for key, value in self.fit.clients().items() if key == "response_size"}
        return self.scenario({"workload": workload, **sizes})

    def play(self, scenarios: Mapping[str, Scenario]) -> dict[str, dict[str, float]]:
        """What became of each, as metric -> value; those that this service has. Each has random numbers of its own.

        Raises:
            KeyboardInterrupt: the user has stopped it.
            RuntimeError: one could not be played.
        """
        items = [Item(number, name) for number, name in enumerate(scenarios)]
        outcome = play(Job(scenarios, self.seed, None), items, jobs=self.jobs, listener=_Counting(self.say))
        if outcome.interrupted:
            raise KeyboardInterrupt
        if outcome.failures:
            raise RuntimeError(outcome.failures[0].message)
        return {item.variant: self._known(outcome.results[item]) for item in items}

    def _known(self, played: Replication) -> dict[str, float]:
        found = {}
        for name in self.metrics:
            try:
                found[name] = metric_value(played, name)
            except MetricUnavailableError:
                continue
        return {name: value for name, value in found.items() if math.isfinite(value)}


class _Counting(Silence):
    """Says how many are played."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._items = self._done = 0

    def started(self, items: int, duration_s: float) -> None:
        """So many will be played."""
        del duration_s
        self._items = items

    def finished(self, item: Item, requests: int) -> None:
        """One more is played."""
        self._done += 1
        self._say(f"{self._done} of {self._items}: {item.variant}, {requests:,} requests")


def _service(scenario: Scenario | str | None, fitted: Fit) -> dict[str, Any]:
    if scenario is None:
        scenario = fitted.scenario()
    elif not isinstance(scenario, Scenario):
        scenario = Scenario.load(scenario)
    return {**scenario.resolved(), "base_dir": str(scenario.base_dir)}


def _operations(log: Log) -> np.ndarray[Any, Any] | None:
    """The operation of each request of the cut."""
    if log.op is None or log.plays_lookups:
        return None
    return np.asarray(log.op)[np.lexsort((log.time_s, log.client))]


def _compared(metric: str, drawn: Sequence[float], happened: float) -> Prediction:
    """Student's interval for one further outcome; that of a ratio lies within 0 and 1."""
    values = np.array(drawn)
    n, mean = len(values), float(values.mean())
    half = t_quantile(0.975, n - 1) * float(values.std(ddof=1)) * math.sqrt(1 + 1 / n)
    slack = 1e-9 * abs(mean)
    low, high = mean - half - slack, mean + half + slack
    if unit_of(metric) == "ratio":
        low, high = max(low, 0.0), min(high, 1.0)
    return Prediction(metric, mean, low, high, happened)


def _traced(
    world: _World, rows: list[Prediction], happened: Mapping[str, float], folder: Path
) -> list[Prediction]:  # fmt: skip
    """The rows with the effect of each fitted part on every metric that was missed."""
    swaps = ALWAYS if world.fit.kind == "always" else SESSIONS
    world.say(f"{len(swaps)} replays, with one part in each as the fit has it")
    scenarios = {
        part: world.replayed(swap(world.fit, world.real, np.random.default_rng(world.seed)), folder / f"{number}.csv")
        for number, (part, swap) in enumerate(swaps.items())
    }
    found = world.play(scenarios)
    return [
        row if row.covered else replace(row, effects={
            part: values[row.metric] - happened[row.metric] for part, values in found.items() if row.metric in values
        })
        for row in rows
    ]  # fmt: skip
