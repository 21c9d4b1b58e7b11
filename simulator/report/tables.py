"""Tables of the page that sort: by variant, site, group, fault and edge.

May import the result, verdict and formats. A column that no row has a value for is left out, and so is a table of fewer
than two rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from simulator.metrics.names import MetricUnavailableError, parse_metric
from simulator.report.figures import edges_of
from simulator.report.flows import edge_sites
from simulator.report.format import show
from simulator.report.sorting import SortedCell, SortedRow, table
from simulator.report.verdict import table_of
from simulator.report.written_faults import written_faults

if TYPE_CHECKING:
    from simulator.results.result import Result

_REQUESTS: Final = (
    ("requests", "requests.rate"), ("within 200 ms", "within[200ms]"), ("failed", "failures.ratio"),
    ("median", "latency.p50"), ("p95", "latency.p95"), ("p99", "latency.p99"), ("L1 hits", "hit_ratio.l1"),
    ("left their edge", "left_ratio"), ("crossed sites", "crossed_site_ratio"),
    ("users who noticed", "sessions.failed_ratio"),
)  # fmt: skip
_EDGES: Final = (
    ("load", "edge.load"), ("busy", "edge.utilisation"), ("in system", "edge.in_system.mean"),
    ("mean wait", "edge.wait.mean"), ("p95 wait", "edge.wait.p95"), ("refused", "edge.refused_ratio"),
    ("L1 hits", "hit_ratio.l1"), ("median", "latency.p50"), ("p99", "latency.p99"),
    ("available", "node.availability"),
)  # fmt: skip
_FAULTS: Final = (
    ("within 200 ms", "within[200ms]"), ("failed", "failures.ratio"), ("median", "latency.p50"), ("p99", "latency.p99"),
)  # fmt: skip


def by_variant(result: Result, links: dict[str, str]) -> str:
    """The table of variants; `links` says where the reports of some stand."""
    content = table_of(result)
    rows = []
    for name, cells in content.rows:
        line = [SortedCell(name, link=links.get(name, ""))]
        for cell in cells:
            kind = f"n {cell.verdict or ('best' if cell.best else '')}".strip()
            value = cell.value if math.isfinite(cell.value) else ""
            line.append(SortedCell(f"{cell.text} {cell.verdict}".strip(), kind, value))
        rows.append(SortedRow(line))
    return table("The variants", [("variant", ""), *((heading, "n") for heading in content.headings)], rows)


def breakdowns(result: Result) -> list[tuple[str, str]]:
    """(heading, table) by site, client group, fault and edge."""
    if not result.replications:
        return []
    resolved = result.facts.resolved
    places = edge_sites(resolved)
    sites = [(str(site), str(site), (("site", str(site)),)) for site in resolved.get("sites") or ()]
    clients = resolved.get("clients") if isinstance(resolved.get("clients"), dict) else {}
    groups = [
        (str(name), str(name), (("group", str(name)), ("site", str((group or {}).get("site") or ""))))
        for name, group in (clients or {}).items()
    ]
    named = list(dict.fromkeys(fault.given for fault in written_faults(result) if fault.given))
    faults: list[tuple[str, str, tuple[tuple[str, str], ...]]] = [
        (name, f"fault:{name}", (("fault", name),)) for name in named
    ]
    faults += [("no fault", "fault:none", ())] if faults else []
    edges = [(edge, edge, (("edge", edge), ("site", places.get(edge, "")))) for edge in edges_of(result)]
    found = [
        (name, _breakdown(result, name, first, rows, metrics, where))
        for name, first, rows, metrics, where in (
            ("By site of the clients", "site", sites, _REQUESTS, None),
            ("By client group", "group", groups, _REQUESTS, None),
            ("By fault: of requests due while it was on", "fault", faults, _FAULTS, None),
            ("By edge", "edge", edges, _EDGES, places),
        )
    ]
    return [(name, table) for name, table in found if table]


def _breakdown(
    result: Result, name: str, first: str, rows: Sequence[tuple[str, str, tuple[tuple[str, str], ...]]],
    metrics: Sequence[tuple[str, str]], places: dict[str, str] | None = None,
) -> str:  # fmt: skip
    """A row for each (name, label of its metrics, keys) that has any value."""
    values = {(label, metric): _get(result, f"{metric}[{label}]") for _, label, _ in rows for _, metric in metrics}
    columns = [pair for pair in metrics if any(values[label, pair[1]] is not None for _, label, _ in rows)]
    kept = [row for row in rows if any(values[row[1], metric] is not None for _, metric in columns)]
    if len(kept) < 2:
        return ""
    body = []
    for word, label, keys in kept:
        cells = [SortedCell(word), *([SortedCell(places.get(word, ""))] if places else [])]
        for _, metric in columns:
            value = values[label, metric]
            unit = parse_metric(metric).unit
            cells.append(
                SortedCell("–", "n", "") if value is None else SortedCell(show(value, unit), "n", float(value))
            )
        body.append(SortedRow(cells, keys))
    headings = [(first, ""), *([("site", "")] if places else []), *((word, "n") for word, _ in columns)]
    return table(name, headings, body)


def _get(result: Result, name: str) -> Any:
    try:
        value = result[name]
    except (MetricUnavailableError, KeyError, ValueError):
        return None
    return None if math.isnan(value) else value
