"""Figures of a result as matplotlib axes: `result.plot.hit_ratio()` and its companions.

May import series, the look of plots and, inside functions, matplotlib. Each method draws on `ax` or on a new figure,
and returns the axes; units are on the axes, faults are shaded, the warm-up is grey.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.metrics.labels import HOPS, MISS_CAUSES
from simulator.metrics.names import parse_metric
from simulator.report.format import HOP_WORDS, scale_for
from simulator.report.plot_style import COLOURS, draw_line, finish, fresh, look, over_time, plain
from simulator.report.series import labels_of, mean_series, series
from simulator.report.svg import time_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.observe.histogram import Histogram
    from simulator.results.result import Result

__all__ = ["COLOURS", "FIGURES", "Plots"]

_LINES_SHOWN: Final = 12
_POINTS_SHOWN: Final = 400
_AS_WRITTEN: Final = "as written"
_TIERS: Final = {"l1": "L1", "l1_delayed": "waited for a fetch", "l2": "L2", "storage": "storage", "core": "core"}
_GREEN, _SKY = COLOURS[2], COLOURS[5]
_CAUSE_COLOURS: Final = (COLOURS[7], COLOURS[4], "#F0E442", COLOURS[3], COLOURS[1], COLOURS[0], COLOURS[6])
_HOP_COLOURS: Final = (*(COLOURS[k] for k in (2, 1, 5, 0, 3, 7, 4, 6)), "#F0E442")


class Plots:
    """The figures of one result; see the module."""

    def __init__(self, result: Result) -> None:
        self._result = result

    # -- over time, the variants beside one another ---------------------------------------------------
    def hit_ratio(self, ax: Axes | None = None) -> Axes:
        """L1 hit ratio over time, of the scenario as written and its variants."""
        return self._variants(ax, "hit_ratio.l1", 100.0, "L1 hit ratio (%)", "L1 hits over time")

    def core_load(self, ax: Axes | None = None) -> Axes:
        """Requests a second that reached the core, of the scenario as written and its variants."""
        return self._variants(ax, "core.requests.rate", 1.0, "core requests (1/s)", "Core load over time")

    def failures(self, ax: Axes | None = None) -> Axes:
        """Failed requests per second, of the scenario as written and its variants."""
        return self._variants(ax, "failures.rate", 1.0, "failed requests (1/s)", "Failures over time")

    def weights(self, ax: Axes | None = None) -> Axes:
        """The mean stickiness weight of open sessions over time."""
        unit, title = "stickiness weight (0–100)", "Mean stickiness over time"
        return self._variants(ax, "stickiness.mean", 1.0, unit, title, top=105.0)

    def _variants(
        self, ax: Axes | None, metric: str, scale: float, unit: str, title: str, top: float | None = None
    ) -> Axes:
        axes = fresh(ax)
        for place, (name, result) in enumerate(self._rows()):
            draw_line(axes, result, metric, "", name, place, scale=scale)
        return over_time(axes, self._result, unit, title, top=top)

    # -- over time, one result ------------------------------------------------------------------------
    def latency_over_time(self, ax: Axes | None = None) -> Axes:
        """p50, p95 and p99 of the latency of ok requests, window by window."""
        axes = fresh(ax)
        for place, name in enumerate(("p50", "p95", "p99")):
            draw_line(axes, self._result, f"latency.{name}", "", name, place, scale=1e3)
        return over_time(axes, self._result, "latency (ms)", "Latency over time, of ok requests")

    def edge_load(self, ax: Axes | None = None) -> Axes:
        """Requests that reached each edge, over time; beyond a dozen edges the rest are left out."""
        axes = fresh(ax)
        edges = labels_of(self._result, "edge.load")
        for place, edge in enumerate(edges[:_LINES_SHOWN]):
            draw_line(axes, self._result, "edge.load", edge, edge, place, band=False)
        more = f" (the first {_LINES_SHOWN} of {len(edges)})" if len(edges) > _LINES_SHOWN else ""
        return over_time(axes, self._result, "requests (1/s)", f"Load of the edges{more}")

    def edge_heatmap(self, metric: str = "edge.load", ax: Axes | None = None) -> Axes:
        """`edge.load`, `edge.in_system` or `hit_ratio.l1` of every edge (rows) over time."""
        names = labels_of(self._result, "edge.load")
        axes = fresh(ax, (7.2, 1.2 + 0.24 * max(len(names), 1)))
        times, _ = series(self._result, "requests.rate")
        seconds, _ = time_unit(self._result.facts.duration_s)
        if names and times.size > 1:
            levels = np.array([mean_series(self._result, metric, name, times)[1] for name in names])
            unit, factor = ("%", 100.0) if metric.startswith("hit_ratio") else ("1/s" if "load" in metric else "", 1.0)
            edges = np.append(times, 2 * times[-1] - times[-2]) / seconds
            mesh = axes.pcolormesh(edges, np.arange(len(names) + 1), factor * levels, cmap="cividis", vmin=0.0)
            axes.figure.colorbar(mesh, ax=axes, label=unit, pad=0.01)
            axes.set_yticks(np.arange(len(names)) + 0.5, [plain(name) for name in names])
            axes.invert_yaxis()
        title = {"edge.load": "Requests that reached each edge"}.get(metric, metric)
        axes = over_time(axes, self._result, "", title, bottom=None, words="white")
        axes.grid(visible=False)
        return axes

    def misses(self, ax: Axes | None = None) -> Axes:
        """L1 misses over time, stacked by cause."""
        layers = self._misses("misses.l1.rate")
        return self._stack(ax, layers, "L1 misses (1/s)", "Why L1 missed")

    def caches(self, tier: str = "l1", ax: Axes | None = None) -> Axes:
        """Lookups at a tier ("l1" or "l2") over time: hits, delayed hits, and misses by cause."""
        layers = [("hits", _GREEN, *mean_series(self._result, f"hits.{tier}.rate"))]
        if tier == "l1":
            layers.append(("delayed hits", _SKY, *mean_series(self._result, "delayed.l1.rate")))
        layers += self._misses(f"misses.{tier}.rate")
        return self._stack(ax, layers, "lookups (1/s)", f"{tier.upper()}: hits and misses by cause")

    def hops_over_time(self, ax: Axes | None = None) -> Axes:
        """The mean latency over time, hop by hop."""
        layers = []
        for hop, colour in zip(HOPS, _HOP_COLOURS, strict=True):
            times, values = mean_series(self._result, "latency.hop.mean", hop)
            layers.append((HOP_WORDS[hop], colour, times, 1e3 * values))
        return self._stack(ax, layers, "mean latency (ms)", "Where the time goes, over time")

    def renewals(self, ax: Axes | None = None) -> Axes:
        """Leases due for renewal, and the messages that carried them."""
        axes = fresh(ax)
        draw_line(axes, self._result, "renewals.sent.rate", "", "leases", 0)
        draw_line(axes, self._result, "renewal_batches.rate", "", "messages", 1)
        return over_time(axes, self._result, "per second", "Lease renewals and their messages")

    def _misses(self, metric: str) -> list[tuple[str, str, NDArray[np.float64], NDArray[np.float64]]]:
        known = labels_of(self._result, metric)
        return [
            (f"miss: {cause.replace('_', ' ')}", colour, *mean_series(self._result, metric, cause))
            for cause, colour in zip(MISS_CAUSES, _CAUSE_COLOURS, strict=True)
            if cause in known
        ]

    def _stack(
        self, ax: Axes | None, layers: list[tuple[str, str, NDArray[np.float64], NDArray[np.float64]]],
        unit: str, title: str,
    ) -> Axes:  # fmt: skip
        """Layers of (name, colour, window starts, values) upon one another, with a legend from top to bottom."""
        axes = fresh(ax)
        kept = [layer for layer in layers if np.nansum(layer[3]) > 0.0]
        if kept:
            times = np.unique(np.concatenate([layer[2] for layer in kept]))
            rows = np.zeros((len(kept), times.size))
            for row, (_, _, starts, values) in zip(rows, kept, strict=True):
                row[np.searchsorted(times, starts)] = np.nan_to_num(values)
            seconds, _ = time_unit(self._result.facts.duration_s)
            names, colours = [plain(layer[0]) for layer in kept], [layer[1] for layer in kept]
            axes.stackplot(times / seconds, rows, labels=names, colors=colours, alpha=0.9, linewidth=0)
        top = 1.1 * float(rows.sum(axis=0).max()) if kept else None
        return over_time(axes, self._result, unit, title, top=top)

    # -- not over time --------------------------------------------------------------------------------
    def latency_ccdf(self, ax: Axes | None = None, *, by: str = "variant") -> Axes:
        """Share of the requests that took longer; both axes logarithmic. By "variant", "tier" or "group"."""
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        axes = fresh(ax)
        for place, (name, histogram) in enumerate(self._distributions(by)):
            x, above = histogram.ccdf()
            keep = np.flatnonzero((above > 0.0) & (x > 0.0))
            keep = keep[:: max(1, keep.size // _POINTS_SHOWN)]
            if histogram.count:
                x = np.concatenate(([histogram.min], x[keep], [histogram.max]))
                above = np.concatenate(([1.0], above[keep], [1.0 / histogram.count]))
                axes.plot(x * 1e3, above, label=plain(name), linewidth=1.5, **look(place))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("latency (ms)")
        axes.set_ylabel("share that took longer")
        axes.set_title(
            f"Latency by {by}" if by != "variant" else "Latency, of ok requests", loc="left", fontsize="medium"
        )
        return finish(axes, direct=False)

    def _distributions(self, by: str) -> Iterator[tuple[str, Histogram]]:
        if by == "variant":
            yield from ((name, result.latency) for name, result in self._rows())
            return
        names = _TIERS if by == "tier" else {g: g for g in dict(self._result.facts.resolved.get("clients") or {})}
        for label, name in names.items():
            histogram = self._result.histogram(f"latency[{label}]")
            if histogram.count:
                yield name, histogram
        failed = self._result.histogram("latency.failed")
        if by == "tier" and failed.count:
            yield "failed", failed

    def hops(self, ax: Axes | None = None) -> Axes:
        """Where the mean latency of ok requests goes: bars in milliseconds, of the scenario and its variants."""
        axes = fresh(ax)
        rows = list(self._rows())
        left = np.zeros(len(rows))
        for hop, colour in zip(HOPS, _HOP_COLOURS, strict=True):
            values = [1e3 * float(r.estimates.get(f"latency.hop.mean[{hop}]", 0.0)) for _, r in rows]
            if sum(values) > 0.0:
                axes.barh(range(len(rows)), values, left=left, color=colour, label=HOP_WORDS[hop], height=0.6)
                left += np.array(values)
        axes.set_yticks(range(len(rows)), [plain(name) for name, _ in rows])
        axes.invert_yaxis()
        axes.set_xlabel("mean time (ms)")
        axes.set_title("Where the time goes", loc="left", fontsize="medium")
        return finish(axes, direct=False)

    def weight_distribution(self, ax: Axes | None = None) -> Axes:
        """Share of the sessions at each stickiness weight, over the measured time."""
        axes = fresh(ax)
        counts: dict[int, float] = {}
        for label in labels_of(self._result, "stickiness.sessions"):
            times, values = series(self._result, "stickiness.sessions", label)
            counts[int(label)] = float(np.nansum(values[:, times >= self._result.facts.warmup_s - 1e-9]))
        total = sum(counts.values())
        if total:
            weights = sorted(counts)
            bars = axes.bar(weights, [100 * counts[w] / total for w in weights], width=3.5, color=COLOURS[0])
            axes.bar_label(bars, fmt=lambda share: f"{share:.2g} %" if share >= 0.05 else "", fontsize="x-small")
        axes.set_xlim(-3.0, 103.0)
        axes.set_xlabel("stickiness weight (0–100)")
        axes.set_ylabel("share of the sessions (%)")
        axes.set_title("Stickiness weights", loc="left", fontsize="medium")
        return finish(axes)

    def compare(self, metric: str, ax: Axes | None = None) -> Axes:
        """Any metric of the scenario and its variants, with 95 % intervals where there are replications."""
        rows = [(name or self._result.name, result[metric]) for name, result in self._rows()]
        axes = fresh(ax, (7.2, 1.1 + 0.32 * len(rows)))
        parsed = parse_metric(metric)
        scale = scale_for(parsed.unit, max((float(value) for _, value in rows), key=abs))
        for place, (_, value) in enumerate(rows):
            half = value.half_width if np.isfinite(value.half_width) else 0.0
            axes.errorbar(
                float(value) / scale.factor, place, xerr=half / scale.factor, fmt="o", capsize=3, color=COLOURS[0]
            )
            axes.annotate(
                scale.number(float(value), value.half_width), (float(value) / scale.factor, place), xytext=(0, 6),
                textcoords="offset points", ha="center", fontsize="small",
            )  # fmt: skip
        axes.set_yticks(range(len(rows)), [plain(name) for name, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.7)
        axes.margins(x=0.12)
        axes.set_xlabel(f"{metric}{f' ({scale.symbol})' if scale.symbol else ''}")
        axes.set_title(parsed.metric.description, loc="left", fontsize="medium")
        return finish(axes)

    def _rows(self) -> Iterator[tuple[str, Result]]:
        variants = self._result.variants
        yield (_AS_WRITTEN if variants else ""), self._result
        yield from variants.items()


FIGURES: Final[dict[str, Callable[[Plots], Axes]]] = {
    "hit_ratio": Plots.hit_ratio,
    "core_load": Plots.core_load,
    "failures": Plots.failures,
    "latency_ccdf": Plots.latency_ccdf,
    "latency_over_time": Plots.latency_over_time,
    "misses": Plots.misses,
    "caches": Plots.caches,
    "hops": Plots.hops,
    "hops_over_time": Plots.hops_over_time,
    "weights": Plots.weights,
    "weight_distribution": Plots.weight_distribution,
    "edge_load": Plots.edge_load,
    "edge_heatmap": Plots.edge_heatmap,
    "renewals": Plots.renewals,
}
"""The figures that need no argument, by name."""
