"""Two commits in turn: what is said of them follows from what they took; builds are found again. Nothing is built."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import simulator
from benchmarks import builds, pair
from benchmarks.builds import ROOT, Build, BuildError, build
from benchmarks.pair import Play, Round

SMALL = """
name: small
duration: 4s
clients: {c: {count: 5, workload: {kind: poisson, rate: 2/s}}}
edges: {pop: {count: 1}}
"""


def a_round(once_s: float, request_us: float, fingerprint: str = "f") -> Round:
    """8,000 requests and 1,000 of them, in a process that takes `once_s` for whatever else it does."""
    plays = (Play(once_s + n * request_us / 1e6, n, 5 * n, (fingerprint, str(n))) for n in (8000, 1000))
    return Round(*plays)


def test_what_a_process_costs_once_is_no_cost_of_a_request():
    assert a_round(3.0, 5.0).request_us == pytest.approx(5.0)


def test_times_as_fast_is_the_geometric_mean_of_paired_ratios_with_students_interval():
    """Ratios 2 and 2.2: the mean log is half way, as is its standard error long; t(0.975, 1) = 12.706.

    A slow round slows both, and moves nothing.
    """
    low, high = (2 * 1.1**0.5 * 1.1 ** (sign * 12.706 / 2) for sign in (-1, 1))
    assert pair.times([2.0, 22.0], [1.0, 10.0]) == f"2.10 ({low:.2f} to {high:.2f})"
    assert pair.times([2.0, 200.0], [1.0, 100.0]) == "2.00 (2.00 to 2.00)"
    assert pair.times([3.0], [2.0]) == "1.50"


def test_builds_play_in_turn_and_the_first_alternates():
    order: list[str] = []

    def play(each: Build) -> Round:
        order.append(each.name)
        return a_round(1.0, 4.0 if each.name == "old" else 2.0)

    both = [Build("old", "a", Path()), Build("new", "b", Path())]
    rounds = pair.rounds_of(both, 3, play, lambda _: None)
    assert order == ["old", "new", "new", "old", "old", "new"]
    text = pair.table(both, rounds)
    assert "times as fast 2.00 (2.00 to 2.00)" in " ".join(text.split())
    assert "250,000" in text  # requests/s of 4 us each
    assert "500,000" in text
    assert "fingerprints: the same" in text
    assert text.endswith("simulated: 8,000 requests, 40,000 events")


@pytest.mark.parametrize(("old", "new"), [(["f", "f"], ["f", "g"]), (["f", "g"], ["f", "g"])])
def test_fingerprints_agree_only_if_all_are_one(old, new):
    rounds = [[a_round(1.0, 1.0, each) for each in prints] for prints in (old, new)]
    assert "they differ" in pair.table([Build("a", "a", Path()), Build("b", "b", Path())], rounds)


def test_the_short_version_measures_an_eighth(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    assert pair.short_of(file, []) == "0.5s"
    assert pair.short_of(file, ["warmup=2s", "duration=10s"]) == "3.0s"


def test_what_cannot_be_shortened_is_told(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(f"{SMALL}faults: [{{at: 2s, for: 1s, crash: pop-1}}]\n")
    with pytest.raises(pair.PlayError, match=r"cannot be as short as 0\.5s: name a --short"):
        pair.short_of(file, [])


def test_a_build_plays_by_the_public_command_from_its_own_site(tmp_path):
    """The checkout stands in for a build: 5 clients at 2/s for 4 s are 40 requests, give or take 6 roots of 40."""
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    here = Build("here", "0", Path(simulator.__file__).parents[1])
    first = pair.play(here, file, ["seed=3"])
    assert 2 <= first.requests <= 78
    assert first.events > first.requests
    assert first.cpu_s > 0
    assert first.fingerprints == pair.play(here, file, ["seed=3"]).fingerprints
    assert first.fingerprints != pair.play(here, file, ["seed=4"]).fingerprints
    with pytest.raises(pair.PlayError, match="here cannot play small"):
        pair.play(here, file, ["clients.c.count=-1"])


@pytest.fixture
def commands(monkeypatch):
    """Commands in place of git, pip and a compiler; each is noted. A wheel holds a file that looks compiled."""
    noted: list[str] = []

    def said(command, failed, environment=None):
        noted.append(" ".join(map(str, command)))
        if command[0] == "git":
            return f"{command[-1][:3].strip('^') * 8}\n"
        target = Path(command[command.index("-w" if "wheel" in command else "--target") + 1])
        target.mkdir()
        name = "simulator.whl" if "wheel" in command else f"clock{'.so' if said.compiles else '.py'}"
        (target / name).touch()
        return ""

    def archive(command, **_):
        folder = Path(said.tmp) / "empty"
        folder.mkdir(exist_ok=True)
        tar = real([sys.executable, "-c", "import tarfile; tarfile.open('e.tar', 'w').close()"], cwd=folder, check=True)
        assert tar.returncode == 0
        return subprocess.CompletedProcess(command, 0, (folder / "e.tar").read_bytes())

    real = subprocess.run
    said.compiles, said.tmp = True, None
    monkeypatch.setattr(builds, "_said", said)
    monkeypatch.setattr(builds.subprocess, "run", archive)
    said.noted = noted
    return said


def test_a_commit_is_built_once_and_scratch_is_left_nowhere(tmp_path, commands):
    commands.tmp = tmp_path
    folder = tmp_path / "builds"
    first = build("abc", folder)
    assert (first.name, first.commit) == ("abc", "abc" * 8)
    assert [file.name for file in first.site.iterdir()] == ["clock.so"]
    before = len(commands.noted)
    assert build("abc", folder) == first
    assert [each.split()[0] for each in commands.noted[before:]] == ["git"]
    assert sorted(file.name for file in folder.iterdir()) == [first.site.name]
    assert build("abc", folder, compiled=False).site != first.site


def test_a_wheel_that_does_not_compile_is_not_taken_for_compiled(tmp_path, commands):
    commands.tmp, commands.compiles = tmp_path, False
    with pytest.raises(BuildError, match="does not compile"):
        build("abc", tmp_path / "builds")
    assert not list((tmp_path / "builds").iterdir())
    assert build("abc", tmp_path / "builds", compiled=False).site.exists()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_what_is_no_commit_is_said_to_be_none(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["pair", "no-such-commit", "HEAD"])
    with pytest.raises(SystemExit, match="2"):
        pair.main()
    assert "no-such-commit is no commit" in capsys.readouterr().err


def test_a_build_shadows_the_checkout():
    environment = Build("x", "0", Path("site")).environment()
    assert environment["PYTHONPATH"] == "site"
    assert environment["PYTHONSAFEPATH"] == "1"
    assert environment["PATH"] == os.environ["PATH"]
