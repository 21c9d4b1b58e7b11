"""Metrics of requests: latencies beside failures, availability, attempts; in all, by client group and by their site.

Requests count by when they were first sent: actors keep these counts themselves, from the end of the warm-up on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.messages import Outcome
from simulator.observe.counters import SESSIONS
from simulator.observe.hops import hop_means
from simulator.observe.values import carried_percentile, histogram_metrics
from simulator.observe.window import NAN, Values, Window, ratio

if TYPE_CHECKING:
    from simulator.observe.recorder import Recorder


class Requests:
    """What became of the requests of one measured window."""

    def __init__(self, recorder: Recorder, window: Window) -> None:
        self._recorder = recorder
        self._window = window
        self._world = recorder.world

    def metrics(self) -> Values:
        """All of them, by name."""
        result = self._latencies()
        for label, numbers in self._wholes():
            result |= self._outcomes(label, numbers)
            result |= self._sessions(label, numbers)
        for label, numbers in self._by_group():
            result |= self._spared(label, numbers)
        if self._recorder.faults.any:
            result["failures.faults.ratio"] = ratio(self._recorder.faults.failed, self._recorder.faults.due)
        return result

    def totals(self) -> dict[str, int]:
        """Counts of requests first sent in the window, in all, by group, by the clients' site, and by fault."""
        result = self._recorder.by_fault.totals()
        for label, numbers in self._wholes():
            answered, failed, _ = self._ended(numbers)
            denied = self._denied(numbers)
            result[f"requests{label}"] = answered + sum(failed.values())
            result[f"ok{label}"] = answered - denied
            result[f"denied{label}"] = denied
            result[f"failed{label}"] = sum(failed.values())
        result["requests.simulated"] = sum(group.issued for group in self._world.groups)
        result["requests.late_answers"] = sum(group.measuring.late for group in self._world.groups)
        return result

    # -- of whom --------------------------------------------------------------------------------------
    def _by_group(self) -> list[tuple[str, list[int]]]:
        groups = self._world.groups
        every = [("", list(range(len(groups))))]
        return every + [(f"[{group.name}]", [number]) for number, group in enumerate(groups)]

    def _wholes(self) -> list[tuple[str, list[int]]]:
        """(label, numbers of groups): in all, by group, and by the site of the clients."""
        return self._by_group() + [(f"[{site}]", numbers) for site, numbers in self._world.client_sites.items()]

    def _denied(self, numbers: list[int]) -> int:
        """How many of the answered, counted requests of some groups were denied."""
        return sum(self._world.groups[number].books.counted_denied for number in numbers)

    def _ended(self, numbers: list[int]) -> tuple[int, dict[int, int], int]:
        """(answered, failed by outcome, retries) of the counted requests of some groups."""
        answered = int(self._recorder.tier_counts[numbers].sum()) if numbers else 0
        failed: dict[int, int] = {}
        retries = 0
        for number in numbers:
            group = self._world.groups[number]
            retries += group.books.counted_retries + group.tally.retried
            for (outcome, counted), count in group.books.failed.items():
                if counted:
                    failed[outcome] = failed.get(outcome, 0) + count
        return answered, failed, retries

    # -- metrics --------------------------------------------------------------------------------------
    def _latencies(self) -> Values:
        recorder = self._recorder
        result: Values = {}
        for label, histogram in recorder.latencies().items():
            result |= histogram_metrics("latency", histogram, label)
        for label, histogram in recorder.failed.items():
            suffix = f"[{label}]" if label else ""
            result[f"latency.failed.mean{suffix}"] = histogram.mean if histogram.count else NAN
            result[f"latency.failed.p99{suffix}"] = carried_percentile(histogram, 99)
        every = recorder.latency[""]
        hops = hop_means(self._world, self._window, every.mean if every.count else 0.0, every.count)
        return result | {f"latency.hop.mean[{hop}]": seconds for hop, seconds in hops.items()}

    def _outcomes(self, label: str, numbers: list[int]) -> Values:
        answered, failed, retries = self._ended(numbers)
        all_failed = sum(failed.values())
        requests = answered + all_failed
        groups = [self._world.groups[number] for number in numbers]
        hedging = [group.hedging for group in groups if group.hedging is not None]
        hedges = sum(one.counted for one in hedging)
        result = {
            f"availability{label}": ratio(answered, requests),
            f"requests.rate{label}": requests / self._window.width_s,
            f"attempts.per_request{label}": ratio(requests + retries + hedges, requests),
            f"failures.ratio{label}": ratio(all_failed, requests),
            f"denied.ratio{label}": ratio(self._denied(numbers), requests),
            f"crossed_site_ratio{label}": ratio(sum(group.books.crossed for group in groups), answered),
        }
        if hedging:
            result[f"hedges.ratio{label}"] = ratio(hedges, requests)
        if not label:
            for outcome in Outcome:
                if self._world.can_fail_by(outcome):
                    result[f"failures.ratio[{outcome.name.lower()}]"] = ratio(failed.get(outcome, 0), requests)
        return result

    def _sessions(self, label: str, numbers: list[int]) -> Values:
        groups = [self._world.groups[number] for number in numbers]
        open_s = self._window.areas_s[SESSIONS][numbers].sum()
        moved = self._window.counts["group"].total("bytes_moved", numbers)
        return {
            f"session.bytes.rate{label}": ratio(moved, open_s),
            f"sessions.failed_ratio{label}": ratio(
                sum(group.books.sessions_failed for group in groups),
                sum(group.books.sessions_counted for group in groups),
            ),
            f"sessions.open.mean{label}": open_s / self._window.width_s,
        }

    def _spared(self, label: str, numbers: list[int]) -> Values:
        tally = self._window.counts["tally"]
        hits, lookups = tally.total("hits", numbers), tally.total("lookups", numbers)
        spared = sum(self._world.groups[number].tally.spared for number in numbers)
        return {f"hit_ratio.total{label}": ratio(hits + spared, lookups)}
