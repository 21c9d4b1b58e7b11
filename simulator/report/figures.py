"""Which figures a report shows, in which order, with a title and a caption that says how to read them.

May import the charts. A figure without anything to show is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from simulator.metrics.labels import HOPS, MISS_CAUSES
from simulator.report.cost_front import CAPTION, cost_chart
from simulator.report.distcharts import Curve, Part, bar_chart, ccdf_chart, weights_chart
from simulator.report.flows import edge_sites, moves_chart
from simulator.report.format import HOP_WORDS, show
from simulator.report.series import labels_of, mean_series, series
from simulator.report.site_map import map_chart
from simulator.report.svg import BLUE, GREEN, GREY, INK, ORANGE, PINK, RED, SKY, YELLOW
from simulator.report.timecharts import TimeChart, TimeCurve

if TYPE_CHECKING:
    from simulator.results.result import Result

TIER_COLOURS: Final = {"l1": GREEN, "l1_delayed": SKY, "l2": BLUE, "storage": ORANGE, "core": PINK}
CAUSE_COLOURS: Final = {
    "cold": GREY, "ttl_expired": ORANGE, "lease_expired": YELLOW, "evicted": PINK, "migrated": RED,
    "invalidated": BLUE, "node_restart": INK,
}  # fmt: skip
HOP_COLOURS: Final = (GREEN, RED, SKY, BLUE, PINK, GREY, ORANGE, INK, YELLOW)
VARIANT_COLOURS: Final = (INK, BLUE, RED, GREEN, PINK, ORANGE, SKY, YELLOW, GREY)
_TIER_WORDS: Final = {
    "l1": "L1", "l1_delayed": "waited for a fetch", "l2": "L2", "storage": "storage", "core": "decided by the core",
}  # fmt: skip
_OWN_WEIGHTS: Final = "adaptive"
VARIANTS: Final = "The variants"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: file name, title, caption and SVG; `group` is the heading under which it stands.

    `chart` is what a figure over time shows; the page draws that, and not the SVG.
    """

    name: str
    group: str
    title: str
    caption: str
    svg: str
    chart: TimeChart | None = None


def figures(result: Result) -> list[Figure]:
    """All figures that have something to show, in the order of the page. The same result gives the same bytes."""
    if not result.replications:
        return []
    known = _DRAWN.get(result)
    if known is None or known[0] != _extent(result):
        found = [_figure(result, *maker[:3], *drawn) for maker in _MAKERS for drawn in maker[3](result)]
        known = _DRAWN[result] = (_extent(result), [figure for figure in found if figure.svg])
    return list(known[1])


def _extent(result: Result) -> tuple[int, ...]:
    """What a result has grown to: one that gained replications or variants is drawn anew."""
    return (len(result.replications), *(len(part.replications) for part in result.variants.values()))


def _figure(result: Result, name: str, group: str, title: str, caption: str, drawn: str | TimeChart) -> Figure:
    if isinstance(drawn, TimeChart):
        return Figure(name, group, title, caption, drawn.svg(result), drawn)
    return Figure(name, group, title, caption, drawn)


Drawn = Iterator[tuple[str, str | TimeChart]]


def _latency(result: Result) -> Drawn:
    lines = []
    for name, colour in (("p50", BLUE), ("p95", ORANGE), ("p99", RED)):
        times, values = mean_series(result, f"latency.{name}")
        lines.append(TimeCurve(name, colour, times, values * 1e3))
    finite = [line.values[np.isfinite(line.values)] for line in lines]
    spread = [v for part in finite for v in part if v > 0.0]
    log = bool(spread) and bool(max(spread) > 12.0 * min(spread))
    scale = ", logarithmic" if log else ""
    yield (
        f"Of ok requests, from when they should have been sent{scale}. Failures are in the next figure.",
        TimeChart("lines", "Latency percentiles over time", "ms", tuple(lines), log=log),
    )


def _failures(result: Result) -> Drawn:
    layers = [TimeCurve("ok", GREEN, *mean_series(result, "goodput"))]
    layers.append(TimeCurve("failed", RED, *mean_series(result, "failures.rate")))
    yield (
        "Requests that ended in each second, by outcome.",
        TimeChart("stack", "Outcomes over time", "1/s", tuple(layers)),
    )


def _l1(result: Result) -> Drawn:
    layers = [TimeCurve("hits", GREEN, *mean_series(result, "hits.l1.rate"))]
    layers.append(TimeCurve("delayed hits", SKY, *mean_series(result, "delayed.l1.rate")))
    layers += _misses(result, "misses.l1.rate")
    yield (
        "Lookups at the edges' caches; misses by cause.",
        TimeChart("stack", "L1 over time", "lookups/s", tuple(layers)),
    )


def _l2(result: Result) -> Drawn:
    layers = [TimeCurve("hits", GREEN, *mean_series(result, "hits.l2.rate")), *_misses(result, "misses.l2.rate")]
    yield (
        "Lookups at the cores' caches: what L1 missed. L2 misses read storage.",
        TimeChart("stack", "L2 over time", "lookups/s", tuple(layers)),
    )


def _misses(result: Result, metric: str) -> list[TimeCurve]:
    known = labels_of(result, metric)
    return [
        TimeCurve(f"miss: {cause.replace('_', ' ')}", CAUSE_COLOURS[cause], *mean_series(result, metric, cause))
        for cause in MISS_CAUSES
        if cause in known
    ]


def _ccdf(result: Result) -> Drawn:
    every = result.latency.count + result.histogram("latency.failed").count
    curves = []
    for tier, colour in TIER_COLOURS.items():
        histogram = result.histogram(f"latency[{tier}]")
        if histogram.count:
            share = show(histogram.count / every, "ratio")
            curves.append(Curve(f"{_TIER_WORDS[tier]} ({share})", colour, histogram))
    failed = result.histogram("latency.failed")
    if failed.count:
        curves.append(Curve(f"failed ({show(failed.count / every, 'ratio')})", RED, failed, dashed=True))
    caption = "Read: of the requests answered by this tier (or failed), what share took longer than that?"
    yield caption, ccdf_chart("Latency by tier and outcome", curves, list(_parts(result)))


def _parts(result: Result) -> Iterator[Part]:
    """What is known of the ok requests of sites of clients, of client groups and of edges, where there are several."""
    resolved = result.facts.resolved
    named = (("site", resolved.get("sites")), ("group", resolved.get("clients")), ("edge", edges_of(result)))
    for kind, names in named:
        found = [Part(kind, str(name), result.histogram(f"latency[{name}]")) for name in names or ()]
        kept = [part for part in found if part.histogram.count]
        yield from kept if len(kept) > 1 else ()


def _ccdf_by_group(result: Result) -> Drawn:
    clients = result.facts.resolved.get("clients")
    names = list(clients) if isinstance(clients, dict) and len(clients) > 1 else []
    curves = [
        Curve(name, colour, result.histogram(f"latency[{name}]"))
        for name, colour in zip(names[:8], VARIANT_COLOURS[1:], strict=False)
    ]
    kept = [curve for curve in curves if curve.histogram.count]
    yield (
        "Of ok requests: what share took longer than that?",
        ccdf_chart("Latency by client group", kept, acts="site group"),
    )


def _hops(result: Result) -> Drawn:
    bars = []
    for hop, colour in zip(HOPS, HOP_COLOURS, strict=True):
        value = result.estimates.get(f"latency.hop.mean[{hop}]")
        if value is not None:
            bars.append((HOP_WORDS[hop], colour, float(value)))
    mean = result.estimates.get("latency.mean")
    whole = float(mean) if mean is not None else 0.0
    caption = f"Mean of ok requests: {show(whole, 's')}, hop by hop; a hop that a request skips counts as zero."
    if sum(value for _, _, value in bars) > 1.03 * whole:
        caption += " Visits of requests that then failed are counted too: the hops sum to more than that."
    yield caption, bar_chart("Where the time goes", bars, whole)


def _hops_over_time(result: Result) -> Drawn:
    known = labels_of(result, "latency.hop.mean")
    layers = []
    for hop, colour in zip(HOPS, HOP_COLOURS, strict=True):
        if hop in known:
            times, values = mean_series(result, "latency.hop.mean", hop)
            layers.append(TimeCurve(HOP_WORDS[hop], colour, times, values * 1e3))
    yield "The same, window by window.", TimeChart("stack", "Where the time goes, over time", "ms", tuple(layers))


def _edges(
    metric: str, title: str, unit: str, caption: str, scale: float, top: float | None
) -> Callable[[Result], Drawn]:
    def draw(result: Result) -> Drawn:
        sites = edge_sites(result.facts.resolved)
        places = list(dict.fromkeys(sites.values()))
        names = sorted(edges_of(result), key=lambda edge: places.index(sites[edge]) if edge in sites else len(places))
        times, _ = series(result, "requests.rate")
        rows = [TimeCurve(name, BLUE, times, scale * mean_series(result, metric, name, times)[1]) for name in names]
        yield caption, TimeChart("heat", title, unit, tuple(rows), top=top)

    return draw


def _edge_sites(
    metric: str, title: str, unit: str, caption: str, scale: float, top: float | None
) -> Callable[[Result], Drawn]:
    def draw(result: Result) -> Drawn:
        known = labels_of(result, metric)
        order = list(dict.fromkeys(edge_sites(result.facts.resolved).values()))
        names = sorted(known, key=lambda site: order.index(site) if site in order else len(order))
        times, _ = series(result, "requests.rate")
        rows = [TimeCurve(name, BLUE, times, scale * mean_series(result, metric, name, times)[1]) for name in names]
        yield caption, TimeChart("heat", title, unit, tuple(rows), top=top, by="site") if rows else ""

    return draw


def _weights(result: Result) -> Drawn:
    mean, low, high = (mean_series(result, f"stickiness.{name}") for name in ("mean", "p05", "p95"))
    middle = mean_series(result, "stickiness.p50")
    lines = [
        TimeCurve("mean", BLUE, *mean),
        TimeCurve("p5", GREY, *low),
        TimeCurve("p50", GREEN, *middle),
        TimeCurve("p95", GREY, *high),
    ]
    caption = f"Weights of open sessions, 0 to 100: the chance, in per cent, that a request stays.{_unused(result)}"
    yield (
        caption,
        TimeChart("lines", "Stickiness weights over time", "weight", tuple(lines), top=100.0, band=("p5", "p95")),
    )


def _weight_distribution(result: Result) -> Drawn:
    warm = result.facts.warmup_s
    counts: dict[int, float] = {}
    for label in labels_of(result, "stickiness.sessions"):
        times, values = series(result, "stickiness.sessions", label)
        counts[int(label)] = float(np.nansum(values[:, times >= warm - 1e-9]))
    total = sum(counts.values())
    shares = [(weight, count / total) for weight, count in sorted(counts.items()) if count > 0.0] if total else []
    yield "Share of the sessions at each weight, over the measured time.", weights_chart("Stickiness weights", shares)


def _moves(result: Result) -> Drawn:
    caption = (
        "Requests a second that left their session's edge (left) for another (right), by phase; "
        "the thicker, the more. Edges with a fault are outlined."
    )
    yield caption, moves_chart(result, edges_of(result))


def _renewals(result: Result) -> Drawn:
    times, leases = mean_series(result, "renewals.sent.rate")
    messages = mean_series(result, "renewal_batches.rate", times=times)[1]
    saved = result.estimates.get("renewal_messages_saved_ratio")
    words = f" Saved: {show(saved, 'ratio', saved.half_width)} of the messages." if saved is not None else ""
    lines = [TimeCurve("messages", BLUE, times, messages), TimeCurve("leases", GREY, times, leases)]
    yield (
        f"Leases due for renewal, and the messages that carried them.{words}",
        TimeChart("lines", "Lease renewals", "1/s", tuple(lines), band=("messages", "leases")),
    )


def _beliefs(result: Result) -> Drawn:
    times, believed = mean_series(result, "health.believed.ratio")
    wrong = mean_series(result, "health.wrong.ratio", times=times)[1]
    lines = [
        TimeCurve("believed healthy", GREEN, times, believed * 1e2),
        TimeCurve("believed wrongly", RED, times, wrong * 1e2),
    ]
    yield (
        "Share of the edges that health checks believe healthy, and of those of which they believe what is not so.",
        TimeChart("lines", "Edges as health checks see them", "%", tuple(lines)) if times.size else "",
    )


def _map(result: Result) -> Drawn:
    caption = (
        "Requests answered, from clients' sites to edges' (discs: at home), in the first phase and the one most unlike "
        "it. Dots: sites with edges (how many), ringed where a fault is on; squares: a core. Coasts: Natural Earth."
    )
    yield caption, map_chart(result, "Who is served where")


def _variants(metric: str, title: str, unit: str, scale: float, log: bool) -> Callable[[Result], Drawn]:
    def draw(result: Result) -> Drawn:
        if not result.variants:
            return
        lines = []
        rows = [("as written", result), *result.variants.items()]
        for (name, part), colour in zip(rows, VARIANT_COLOURS, strict=False):
            times, values = mean_series(part, metric)
            lines.append(TimeCurve(name, colour, times, scale * values))
        yield "", TimeChart("lines", title, unit, tuple(lines), log=log)

    return draw


def _cost_front(result: Result) -> Drawn:
    yield CAPTION, cost_chart(result)


def edges_of(result: Result) -> list[str]:
    """Names of the edges in the scenario's order, as far as series were kept by edge."""
    known = set(labels_of(result, "edge.load"))
    ordered = [name for name in _loads(result) if name in known]
    return ordered or sorted(known)


def _loads(result: Result) -> Iterator[str]:
    prefix = "edge.load["
    for name in result.replications[0].metrics:
        if name.startswith(prefix):
            yield name[len(prefix) : -1]


def _unused(result: Result) -> str:
    """A remark where the manager computes weights that the routing does not use."""
    routing: Any = result.facts.resolved.get("routing")
    policy = routing.get("policy") if isinstance(routing, dict) else None
    if policy in (None, _OWN_WEIGHTS):
        return ""
    return f" The manager computes them, but routing policy {policy} does not use them."


_Maker = tuple[str, str, str, Callable[["Result"], Drawn]]
_FELT, _TIME, _CACHES, _EDGES, _MOVES = (
    "What clients felt", "Where the time goes", "The caches", "The edges", "Stickiness, moves, leases",
)  # fmt: skip
_VARIANT_MAKERS: Final[tuple[_Maker, ...]] = tuple(
    (
        name,
        VARIANTS,
        f"{title}, variant by variant",
        _variants(metric, f"{title} of each variant", unit, scale, log=log),
    )
    for name, title, metric, unit, scale, log in (
        ("variants_hit_ratio", "L1 hits", "hit_ratio.l1", "%", 100.0, False),
        ("variants_p99", "p99", "latency.p99", "ms", 1e3, True),
        ("variants_failures", "Failures", "failures.rate", "1/s", 1.0, False),
        ("variants_core", "Core load", "core.requests.rate", "1/s", 1.0, False),
    )
)
_EDGE_MAKERS: Final[tuple[_Maker, ...]] = tuple(
    (name, _EDGES, title, _edges(metric, title, unit, caption, scale, top))
    for name, title, metric, unit, caption, scale, top in (
        (
            "edge_load", "Requests that reached each edge", "edge.load", "requests/s",
            "One row per edge, one column per window; outlined: its faults.", 1.0, None,
        ),
        (
            "edge_queue", "Waiting and in service at each edge", "edge.in_system", "requests",
            "Where queues grow.", 1.0, None,
        ),
        (
            "edge_hits", "L1 hit ratio of each edge", "hit_ratio.l1", "%",
            "Light: cold, or filled with others' sessions. Empty: no lookups.", 100.0, 100.0,
        ),
    )
)  # fmt: skip
_SITE_MAKERS: Final[tuple[_Maker, ...]] = tuple(
    (name, _EDGES, title, _edge_sites(metric, title, unit, caption, scale, top))
    for name, title, metric, unit, caption, scale, top in (
        (
            "site_load", "Requests that reached the edges of each site", "site.load", "requests/s",
            "A row per site, as series of so many edges are kept by site. Outlined: faults of its edges.", 1.0, None,
        ),
        (
            "site_load_max", "The busiest edge of each site", "site.load.max", "requests/s",
            "Requests that reached that edge, whichever it was in a window.", 1.0, None,
        ),
        (
            "site_queue_max", "The fullest edge of each site", "site.in_system.max", "requests",
            "Waiting and in service there: where queues grow.", 1.0, None,
        ),
        (
            "site_hits", "L1 hit ratio of each site", "site.hit_ratio.l1", "%",
            "Of all lookups at its edges. Light: cold, or filled by others. Empty: no lookups.", 100.0, 100.0,
        ),
    )
)  # fmt: skip
_MAKERS: Final[tuple[_Maker, ...]] = (
    *_VARIANT_MAKERS,
    ("variants_cost", VARIANTS, "What it costs, and what it keeps", _cost_front),
    ("latency_over_time", _FELT, "Latency over time", _latency),
    ("outcomes", _FELT, "Outcomes over time", _failures),
    ("latency_ccdf", _FELT, "Latency by tier and outcome", _ccdf),
    ("latency_groups", _FELT, "Latency by client group", _ccdf_by_group),
    ("hops", _TIME, "Hop by hop", _hops),
    ("hops_over_time", _TIME, "Hop by hop, over time", _hops_over_time),
    ("l1", _CACHES, "L1: hits, delayed hits, misses by cause", _l1),
    ("l2", _CACHES, "L2: hits, misses by cause", _l2),
    *_EDGE_MAKERS,
    *_SITE_MAKERS,
    ("beliefs", _EDGES, "Edges as health checks see them", _beliefs),
    ("map", _EDGES, "Who is served where", _map),
    ("weights", _MOVES, "Stickiness weights over time", _weights),
    ("weight_distribution", _MOVES, "Stickiness weights, distribution", _weight_distribution),
    ("moves", _MOVES, "Who moved where", _moves),
    ("renewals", _MOVES, "Renewals in batches", _renewals),
)
"""(file name, heading, title, what draws it)."""
_DRAWN: Final[WeakKeyDictionary[Result, tuple[tuple[int, ...], list[Figure]]]] = WeakKeyDictionary()
