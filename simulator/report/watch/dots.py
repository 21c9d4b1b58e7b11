"""The traced requests as dots: a sample of those that were answered, and (of few) all that failed.

May import numpy. A page has room for some thousands; which are drawn is a uniform draw with a fixed seed, and the page
says of how many each dot stands.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.report.watch.homes import Homes
from simulator.report.watch.scene import Scene

MOST_ANSWERED: Final = 16_000
MOST_FAILED: Final = 4_000
HOPS: Final = ("retry_s", "network_s", "edge_wait_s", "edge_service_s", "core_s")
ANSWERED: Final = ("ok", "denied")
NOWHERE: Final = 65_535
"""For the edge of a request that was sent to none."""
_SEED: Final = 20_260_101


def packed(values: NDArray[Any] | Sequence[float], kind: str) -> str:
    """Numbers as base64 of their little-endian bytes: f4, u2 or u1."""
    return base64.b64encode(np.asarray(values).astype(f"<{kind}").tobytes()).decode("ascii")


def dots_of(
    requests: Mapping[str, Any], scene: Scene, homes: Homes, most: tuple[int, int] = (MOST_ANSWERED, MOST_FAILED)
) -> dict[str, Any]:
    """What the page is told of the traced requests, sorted by their intended time.

    Returns:
        ``seen`` (how many were traced), ``answered`` and ``failed`` (how many of each), ``drawn`` likewise, ``kinds``
        (words: a tier, or the outcome of what failed), ``bad`` (which kinds are failures), and packed columns: t and
        latency (f4, seconds), edge and client (u2, numbers of nodes), home (u2: which of its group's), kind (u1), again
        (u1: retried), and each of HOPS as a share of the latency in 255ths (u1).
    """
    t_s = np.asarray(requests["t_s"], dtype=float)
    outcome, tier = np.asarray(requests["outcome"], dtype=object), np.asarray(requests["tier"], dtype=object)
    failed = ~np.isin(outcome, ANSWERED)
    chosen = _chosen(t_s, failed, most)
    words = np.where(failed | (tier == ""), outcome, tier)[chosen]
    kinds = sorted(set(words.tolist()))
    bad = sorted({str(word) for word, lost in zip(words, failed[chosen], strict=True) if lost})
    latency_s = np.asarray(requests["latency_s"], dtype=float)[chosen]
    numbers = {kind: number for number, kind in enumerate(kinds)}
    clients = [str(name).rpartition("-") for name in _chosen_of(requests["client"], chosen)]
    found = {
        "seen": int(t_s.size),
        "answered": int((~failed).sum()),
        "failed": int(failed.sum()),
        "drawn": [int((~failed[chosen]).sum()), int(failed[chosen].sum())],
        "kinds": kinds,
        "bad": bad,
        "t": packed(t_s[chosen], "f4"),
        "latency": packed(latency_s, "f4"),
        "edge": packed([scene.places.get(str(name), NOWHERE) for name in _chosen_of(requests["edge"], chosen)], "u2"),
        "client": packed([scene.places.get(group, NOWHERE) for group, _, _ in clients], "u2"),
        "home": packed([_home(number, len(homes.get(group, ()))) for group, _, number in clients], "u2"),
        "kind": packed([numbers[word] for word in words], "u1"),
        "again": packed(np.asarray(requests["tries"])[chosen] > 0, "u1"),
    }
    for hop in HOPS:
        seconds = np.asarray(requests[hop], dtype=float)[chosen]
        share = np.divide(seconds, latency_s, out=np.zeros_like(seconds), where=latency_s > 0.0)
        found[hop.removesuffix("_s")] = packed(np.clip(np.round(share * 255.0), 0, 255), "u1")
    return found


def _chosen(t_s: NDArray[np.float64], failed: NDArray[np.bool_], most: tuple[int, int]) -> NDArray[np.intp]:
    """Which requests are drawn, by their time."""
    random = np.random.default_rng(_SEED)
    parts = []
    for those, limit in zip((np.flatnonzero(~failed), np.flatnonzero(failed)), most, strict=True):
        parts.append(those if those.size <= limit else random.choice(those, limit, replace=False))
    chosen = np.concatenate(parts)
    return chosen[np.argsort(t_s[chosen], kind="stable")]


def _chosen_of(column: Sequence[Any], chosen: NDArray[np.intp]) -> NDArray[Any]:
    return np.asarray(column, dtype=object)[chosen]


def _home(number: str, homes: int) -> int:
    """The place of the client with that number, from 1; those beyond the last that is drawn begin again."""
    return (int(number) - 1) % homes if homes and number.isdecimal() else 0
