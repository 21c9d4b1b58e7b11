"""Can the unit tests fail? `python -m tests.mutation` changes the code in small ways and counts what they notice.

Cosmic Ray (https://cosmic-ray.readthedocs.io) makes the mutants, all of its operators: another comparison, another
arithmetic operator, a number one higher or lower, a condition negated, a loop that does nothing, a decorator removed.
From each package a sample of places is drawn, and at each place one of its mutants; a seed gives the same sample as
long as the code stays the same. Mutants that mean the same to Python (annotations, what only type checkers read) are
not drawn. Each runs the unit tests of its package until the first failure, in a copy of the tree and in a process with
a limit of CPU time and memory, so that an endless loop counts as noticed and a busy machine does not. The score is
what was noticed out of all that was drawn; survivors that nothing could notice are explained in EQUIVALENT, and count
as survivors all the same.

Needs `pip install -e ".[dev,mutation]"` and a system that can fork.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = {  # the beginning of a module's name -> the quickest of its unit tests, those that notice most first
    "caches/": ("tests/caches/test_cache_contract.py", "tests/caches/test_cache_registry.py",
                "tests/caches/test_cache_sketch.py", "tests/caches/test_cache_determinism.py",
                "tests/caches/test_cache_stateful.py::test_long_histories_of_every_exact_policy"),
    "leases/locks": ("tests/leases/test_lock_table.py", "tests/safety/test_lock_history.py"),
    "leases/": ("tests/leases/test_lease_renewal.py", "tests/leases/test_renewal_race.py"),
    "links/path": ("tests/links/test_link_degradation.py", "tests/links/test_link_delay.py",
                   "tests/links/test_link_loss.py"),
    "links/": ("tests/links/test_loss_language.py", "tests/links/test_link_loss.py",
               "tests/links/test_link_degradation.py::test_means_of_counters"),
    "routing/near.py": ("tests/routing/test_nearest.py",),
    "routing/consistent_hash": ("tests/routing/test_routing_hashing.py",),
    "routing/hashing": ("tests/routing/test_routing_hashing.py",),
    "routing/maglev": ("tests/routing/test_routing_hashing.py",),
    "routing/": ("tests/routing/test_routing_policies.py",),
    "sam/detector": ("tests/sam/test_failure_detector.py",),
    "sam/manager": ("tests/sam/test_manager.py",),
    "sam/": ("tests/sam",),
}  # fmt: skip
PACKAGES = tuple(dict.fromkeys(part.partition("/")[0] for part in TESTS))
LONG = (  # seconds each, and they notice little that the others do not
    "tests/caches/test_cache_contract.py::test_an_entry_costs_little_memory",
    "tests/caches/test_cache_determinism.py::test_no_decision_depends_on_the_hash_seed",
    "tests/caches/test_cache_determinism.py::test_digests_tell_keys_and_seeds_apart_and_fill_all_64_bits",
    "tests/links/test_link_degradation.py::test_any_overlap_in_any_order_unwinds_to_exactly_the_original",
    "tests/links/test_link_degradation.py::test_a_bursty_degradation_of_a_bursty_path",
    "tests/links/test_link_degradation.py::test_the_loss_of_a_degradation_is_independent_of_that_of_the_path",
    "tests/links/test_link_loss.py::test_elliott_loss_after_loss",
    "tests/links/test_link_loss.py::test_gilbert_loss_comes_in_bursts_of_the_mean_of_theory",
    "tests/links/test_link_loss.py::test_each_line_has_a_chain_of_its_own",
    "tests/links/test_link_loss.py::test_a_link_starts_in_the_stationary_state",
    "tests/links/test_link_loss.py::test_swapped_parameters_are_caught",
    "tests/links/test_link_loss.py::test_a_round_trip_over_two_lossy_legs",
    "tests/links/test_link_loss.py::test_a_line_that_sees_every_third_message_has_independent_losses_too",
    "tests/links/test_link_delay.py::test_the_transmit_queue_waits_as_an_md1_queue",
    "tests/routing/test_routing_policies.py::test_power_of_two_takes_the_better",
    "tests/routing/test_routing_policies.py::test_random_is_uniform_over_the_healthy",
    "tests/routing/test_routing_policies.py::test_only_healthy_edges_are_chosen",
    "tests/routing/test_nearest.py::test_a_thousand_edges_cost_what_eight_do",  # says nothing on a busy machine
)
COPIED = ("simulator", "tests", "scenarios", "pyproject.toml")
PYTEST = ("-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov",
          "-W", "ignore::pytest.PytestAssertRewriteWarning", "-o", "addopts=--strict-markers",
          "-m", "not slow and not notebooks and not wheel")  # fmt: skip
LIMIT_FACTOR, LIMIT_EXTRA_S = 4, 10.0  # CPU time of a mutant: so much more than the tests take without one
WALL_FACTOR = 20
MEMORY_BYTES = 6 << 30

_SIZE = "a cache of results of another size gives the same results"
_SLOTS = "what a frozen class without __slots__ lacks is some memory"
EQUIVALENT: dict[tuple[str, str], str] = {
    ("simulator/leases/renewal.py", "@dataclass(frozen=True, slots=False)"): _SLOTS,
    ("simulator/sam/manager.py", "@dataclass(frozen=True, slots=False)"): _SLOTS,
    ("simulator/sam/rule.py", "@dataclass(frozen=True, slots=False)"): _SLOTS,
    ("simulator/routing/base.py", "@dataclass(frozen=True, slots=False)"): _SLOTS,
    ("simulator/routing/maglev.py", "@lru_cache(maxsize= 65)"): _SIZE,
    ("simulator/routing/maglev.py", "@lru_cache(maxsize= 63)"): _SIZE,
    ("simulator/routing/base.py", "no @property"): "what a protocol says is read by type checkers only",
    (
        "simulator/sam/manager.py",
        "latency_s = np.round(total.latency_sum_s / total.samples, 13)  # a sum's rounding crosses no threshold",
    ): "the rounding of such means is below 1e-15 s, so one digit more hides it as well",
    ("simulator/links/gilbert_elliott.py", "no @classmethod"): "pydantic makes a validator a class method by itself",
    ("simulator/links/__init__.py", "close = difflib.get_close_matches(str(kind), list(_MODELS), n= 2)"): (
        "only the first match is used"
    ),
    ("simulator/routing/leaving.py", "if others + 0 == self._directory.size:"): (
        "both branches draw each other edge with the same chance"
    ),
    (
        "simulator/routing/near.py",
        "_APART_S = 4.0 * _SAME_S  # times further apart are no tie, nor linked by others that are",
    ): "with a wider margin more picks look at all edges, and find the same one",
    ("simulator/routing/near.py", "self.listed = tuple(int(group[ -1]) for group in self.groups)"): (
        "where it is made, each group is of one edge"
    ),
    ("simulator/caches/registry.py", 'hint = f", did you mean {near[ -1]!r}?" if near else ";"'): (
        "there is one close match at the most"
    ),
}
"""(module, the line as mutated) -> why no test can notice."""


@dataclass(frozen=True)
class Mutant:
    """One change: an operator of Cosmic Ray at its nth place in a module."""

    module: str
    operator: str
    occurrence: int
    line: int

    @property
    def package(self) -> str:
        """Of the five."""
        return self.module.split("/")[1]

    @property
    def tests(self) -> str:
        """The key of its tests."""
        return next(part for part in TESTS if self.module.startswith(f"simulator/{part}"))


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant; `cpu_s` of the tests that it ran."""

    mutant: Mutant
    noticed: bool
    how: str
    cpu_s: float
    before: str
    after: str

    @property
    def explanation(self) -> str | None:
        """Why nothing could notice, if that is known."""
        return EQUIVALENT.get((self.mutant.module, self.after or f"no {self.before}"))


# -- the sample -------------------------------------------------------------------------------------------
def _meaning(code: str) -> str | None:
    """What Python makes of a module, without annotations; None where it makes nothing."""
    try:
        tree = ast.parse(code)
        compile(code, "mutant", "exec")
    except (SyntaxError, ValueError, MemoryError):
        return None
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef():
                node.returns = None
            case ast.arguments():
                node.args, node.posonlyargs, node.kwonlyargs = [
                    *node.posonlyargs, *node.args, *node.kwonlyargs], [], []  # fmt: skip
            case ast.arg():
                node.annotation = None
            case ast.AnnAssign():
                node.annotation = ast.Constant(None)
            case ast.If() if "TYPE_CHECKING" in ast.dump(node.test):
                node.test, node.body = ast.Constant(None), []
    return ast.dump(tree)


def mutated(code: str, mutant: Mutant) -> str | None:
    """The module with the change; None where it means what it meant, or nothing."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    changed = mutate_code(code, get_operator(mutant.operator)(), mutant.occurrence)
    if changed is None or _meaning(changed) in (None, _meaning(code)):
        return None
    return str(changed)


def _places(package: str) -> list[list[Mutant]]:
    """All mutants of a package by place: the start of what is changed."""
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import WorkDB, use_db

    places: defaultdict[tuple[str, tuple[int, int]], list[Mutant]] = defaultdict(list)
    modules = sorted((ROOT / "simulator" / package).rglob("*.py"))
    with tempfile.TemporaryDirectory() as folder, use_db(f"{folder}/all.sqlite", WorkDB.Mode.create) as everything:
        init(modules, everything, {})
        for item in everything.work_items:
            [spec] = item.mutations
            module = spec.module_path.relative_to(ROOT).as_posix()
            line, column = spec.start_pos
            places[module, (line, column)].append(Mutant(module, spec.operator_name, spec.occurrence, int(line)))
    return [sorted(places[key], key=lambda one: (one.operator, one.occurrence)) for key in sorted(places)]


def draw(package: str, size: int, seed: int) -> tuple[list[Mutant], int]:
    """A sample of a package's mutants, one a place, and how many places there are."""
    rng = random.Random(f"{seed} {package}")
    places = _places(package)
    drawn: list[Mutant] = []
    for place in rng.sample(places, len(places)):
        for mutant in rng.sample(place, len(place)):
            if mutated((ROOT / mutant.module).read_text("utf-8"), mutant) is not None:
                drawn.append(mutant)
                break
        if len(drawn) == size:
            break
    return drawn, len(places)


# -- running tests ----------------------------------------------------------------------------------------
def _preload() -> None:
    """Import what all tests need but the simulator itself, once for all mutants."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    import hypothesis.stateful
    import jsonschema
    import pydantic
    import pytest
    import scipy.optimize
    import scipy.stats
    import simpy

    assert all((hypothesis.stateful, jsonschema, pydantic, pytest, scipy.optimize, scipy.stats, simpy))


def _run_tests(tests: str, tree: Path, limit_s: float, log: Path) -> tuple[int, float]:
    """Exit code of some tests there (0: all passed) and their CPU time in seconds."""
    child = os.fork()
    if not child:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s) + 1, int(limit_s) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        with log.open("wb") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        code = 70
        try:
            os.chdir(tree)
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            sys.dont_write_bytecode = True
            sys.path[:] = [str(tree), *(entry for entry in sys.path if entry not in ("", str(ROOT)))]
            import pytest

            skipped = [part for test in LONG for part in ("--deselect", test)]
            code = int(pytest.main([*PYTEST, *skipped, *TESTS[tests]]))
        except BaseException:  # noqa: BLE001 (the child must end here, whatever happens)
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    deadline_s = time.monotonic() + WALL_FACTOR * limit_s
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        if time.monotonic() > deadline_s:
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.02)


_tree: Path


def _begin_worker(folder: str) -> None:
    """Copy what is tested, so that nothing is ever changed in the checkout."""
    global _tree  # noqa: PLW0603 (one copy a worker)
    _tree = Path(tempfile.mkdtemp(dir=folder))
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, _tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, _tree / name)


def _without(tests: str) -> tuple[str, int, float, str]:
    log = _tree / "log"
    code, cpu_s = _run_tests(tests, _tree, 600.0, log)
    return tests, code, cpu_s, log.read_text("utf-8", "replace")


def _with(task: tuple[Mutant, float]) -> Verdict:
    mutant, limit_s = task
    path, log = _tree / mutant.module, _tree / "log"
    code = path.read_text("utf-8")
    changed = mutated(code, mutant)
    assert changed is not None
    try:
        path.write_text(changed, "utf-8")
        exit_code, cpu_s = _run_tests(mutant.tests, _tree, limit_s, log)
    finally:
        path.write_text(code, "utf-8")
    lines = list(difflib.ndiff(code.splitlines(), changed.splitlines()))
    before = "; ".join(line[2:].strip() for line in lines if line.startswith("- ") and line[2:].strip())
    after = "; ".join(line[2:].strip() for line in lines if line.startswith("+ ") and line[2:].strip())
    failed = [line for line in log.read_text("utf-8", "replace").splitlines() if line.startswith(("FAILED", "ERROR"))]
    how = "too long" if exit_code < 0 else failed[0] if failed else f"exit {exit_code}"
    return Verdict(mutant, exit_code != 0, how, cpu_s, before, after)


# -- command line -----------------------------------------------------------------------------------------
def _show(verdict: Verdict) -> str:
    mutant = verdict.mutant
    end = "noticed" if verdict.noticed else "SURVIVED" if verdict.explanation is None else "survived, as it must"
    why = verdict.how if verdict.noticed else verdict.explanation or ""
    return (
        f"{end}: {mutant.module}:{mutant.line} {mutant.operator.removeprefix('core/')} ({verdict.cpu_s:.1f} s) {why}\n"
        f"    - {verdict.before}\n    + {verdict.after}"
    )


def _summary(verdicts: list[Verdict], places: dict[str, int]) -> str:
    rows = ["package    places  drawn  noticed  explained   score"]
    for package in [*places, "all"]:
        some = [one for one in verdicts if package in (one.mutant.package, "all")]
        noticed = sum(one.noticed for one in some)
        explained = sum(not one.noticed and one.explanation is not None for one in some)
        count = sum(places.values()) if package == "all" else places[package]
        rows.append(
            f"{package:<9} {count:>7} {len(some):>6} {noticed:>8} {explained:>10} {noticed / max(1, len(some)):>7.1%}"
        )
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    """Command line; 0 if the score of the whole sample is reached, 1 if not, 2 if tests fail without any change."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help=f"of {', '.join(PACKAGES)}; all unless given")
    parser.add_argument("--sample", type=int, default=40, help="mutants of each package")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--score", type=float, default=0.8, help="the least share that must be noticed")
    parser.add_argument("--verbose", action="store_true", help="show noticed mutants too")
    options = parser.parse_args(arguments)
    packages = options.packages or list(PACKAGES)
    if unknown := set(packages) - set(PACKAGES):
        parser.error(f"no such package: {', '.join(sorted(unknown))}; there are {', '.join(PACKAGES)}")
    began_s = time.monotonic()
    _preload()
    drawn = {package: draw(package, options.sample, options.seed) for package in packages}
    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder, fork.Pool(options.jobs, _begin_worker, (folder,)) as pool:
        mutants = [mutant for package in packages for mutant in drawn[package][0]]
        limits_s = {}
        for tests, code, cpu_s, log in pool.imap_unordered(_without, sorted({mutant.tests for mutant in mutants})):
            if code:
                print(f"the tests of {tests} fail without any change:\n{log}")
                return 2
            limits_s[tests] = LIMIT_FACTOR * cpu_s + LIMIT_EXTRA_S
            print(f"tests of {tests}: {cpu_s:.1f} s of CPU time", flush=True)
        verdicts = []
        for verdict in pool.imap_unordered(_with, [(mutant, limits_s[mutant.tests]) for mutant in mutants]):
            verdicts.append(verdict)
            if options.verbose or not verdict.noticed:
                print(_show(verdict), flush=True)
    print(_summary(verdicts, {package: drawn[package][1] for package in packages}))
    cpu_min = sum(one.cpu_s for one in verdicts) / 60
    wall_min = (time.monotonic() - began_s) / 60
    print(
        f"seed {options.seed}; tests took {cpu_min:.1f} min of CPU time, all {wall_min:.1f} min on {options.jobs} cores"
    )
    return 0 if sum(one.noticed for one in verdicts) >= options.score * len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
