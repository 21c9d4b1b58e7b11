"""The pytest plugin: `def test_ttl(simulator_check): simulator_check("shop.yaml", {"hit_ratio.l1": "0.5points"})`.

pytest imports this in every session of whoever installed the package, so nothing is imported until the fixture is
used. The baseline of a test is JSON beside it, `baselines/<file>.<test>.json`; it is made, and later changed, by

    pytest FILE::TEST --simulator-update-baseline "why this is right"
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simulator.experiment.checking.check import Report
    from simulator.experiment.checking.suite import Suite

_OPTION = "--simulator-update-baseline"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The one option."""
    group = parser.getgroup("simulator", "stickysim: regression checks of simulated scenarios")
    group.addoption(
        _OPTION, metavar="REASON", default=None,
        help="make what simulator_check finds the baseline, and say why that is right",
    )  # fmt: skip


@pytest.fixture
def simulator_check(request: pytest.FixtureRequest) -> Checker:
    """Call it with a scenario and margins, or with a suite file; it fails the test where a number has moved."""
    return Checker(request.path, request.node.nodeid, request.node.name, request.config.getoption(_OPTION))


class Checker:
    """What a test calls."""

    def __init__(self, file: Path, nodeid: str, name: str, reason: str | None) -> None:
        self._file, self._nodeid, self._name, self._reason = file, nodeid, name, reason
        self._calls = 0

    def __call__(
        self,
        source: str | Path,
        metrics: Mapping[str, Any] | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        values: Mapping[str, Any] | None = None,
        replications: int | tuple[int, int] = (5, 20),
        confidence: float = 0.95,
        seed: int | None = None,
        jobs: int = 1,
    ) -> Report:
        """Play a scenario and compare it with its baseline; fail the test where a metric moved too far.

        Args:
            source: a scenario (a file beside the test, or a bundled name; SCENARIO:variant), or a suite file
                when no metrics are given.
            metrics: metric -> margin, or {"rise": margin, "drop": margin}.
            overrides: other values of the scenario, by path.
            values: {"from": file, "map": {path: key}}: values out of a deployment's files.
            replications: of the first stage and at most, or one number.
            confidence: over all metrics and stages.
            seed: another than the baseline's.
            jobs: processes.

        Returns:
            The report, for tests that want to look closer.

        Raises:
            ValueError: a mistyped metric or margin. ScenarioError: a wrong scenario or suite.
        """
        __tracebackhide__ = True
        from simulator.experiment.checking.check import run_suite
        from simulator.experiment.checking.record import record
        from simulator.experiment.checking.references import Files
        from simulator.experiment.checking.suite import load_suite
        from simulator.report.check_text import as_text

        if metrics is None:
            suite = load_suite(self._file.parent / source)
        else:
            suite = self._suite(str(source), metrics, overrides, values, replications, confidence)
        if self._reason is not None:
            record(suite, self._reason, jobs=jobs)
        report = run_suite(suite, Files(suite.folder), seed=seed, jobs=jobs)
        if report.exit_code:
            accept = f"to accept it:\n  pytest '{self._nodeid}' {_OPTION} WHY" if metrics is not None else None
            text = as_text(report, verbose=True, accept=accept)
            pytest.fail(text.rstrip(), pytrace=False)
        return report

    def _suite(
        self, source: str, metrics: Mapping[str, Any], overrides: Mapping[str, Any] | None,
        values: Mapping[str, Any] | None, replications: int | tuple[int, int], confidence: float,
    ) -> Suite:  # fmt: skip
        from simulator.experiment.checking.suite import Check, Suite, limits_of
        from simulator.scenario.tree import from_plain

        if not metrics:
            raise ValueError("simulator_check: no metrics to check")
        self._calls += 1
        number = f"-{self._calls}" if self._calls > 1 else ""
        safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in self._name)
        first, most = (replications, replications) if isinstance(replications, int) else replications
        check = Check(
            name=f"{self._file.stem}.{safe}{number}",
            source=source,
            base_dir=self._file.parent,
            changes=from_plain(overrides, None) if overrides else None,
            values=from_plain(values, None) if values else None,
            limits=limits_of(from_plain(metrics, None)),
        )
        folder = self._file.parent / "baselines"
        return Suite(self._file, self._file.stem, (check,), confidence, first, most, folder)
