"""Folders that a stranger made, with digests that match: bounded, kept inside, and refused without a traceback."""

import json
import os
import random
import shutil
from pathlib import Path

import pytest
import yaml

from simulator import __version__
from simulator.cli.main import run as simulate
from simulator.results import stored
from tests.experiment.studies.fakes import TINY
from tests.folders import resealed

SWEEP = "sweep tiny.yaml -p edges.pop.l1.capacity=5,20 -j 1 -q"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run with a variant in run/, a sweep in sweep/."""
    home = tmp_path_factory.mktemp("whole")
    before = Path.cwd()
    os.chdir(home)
    try:
        variants = {"small": {"edges.pop.l1.capacity": 5}}
        tiny = {**TINY, "variants": variants, "expect": ["hit_ratio.l1 >= 1%"]}
        Path("tiny.yaml").write_text(yaml.safe_dump(tiny))
        assert simulate(["run", "tiny.yaml", "--replications", "2", "-j", "1", "-o", "run", "-q"]) == 0
        assert simulate(f"{SWEEP} -o sweep".split()) == 0
    finally:
        os.chdir(before)
    return home


@pytest.fixture
def home(whole, tmp_path, monkeypatch):
    shutil.copytree(whole, tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    return tmp_path / "home"


def nested(depth):
    return '{"a":' * depth + "1" + "}" * depth


def deep_manifest(folder):
    text = (folder / "manifest.json").read_text().rstrip()
    (folder / "manifest.json").write_text(f'{text[:-1]}, "more": {nested(100_000)}}}')


def deep_yaml(folder):
    (folder / "scenario.resolved.yaml").write_text("{a: " * 500 + "1" + "}" * 500)
    resealed(folder)


def bomb(folder):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (folder / "scenario.resolved.yaml").write_text("\n".join(lines))
    resealed(folder)


def huge(folder):
    with (folder / "scenario.yaml").open("r+b") as file:
        file.truncate(stored.LARGEST_TEXT_BYTES + 1)
    resealed(folder)


def huge_table(folder):
    with (folder / "metrics.parquet").open("r+b") as file:
        file.truncate(stored.LARGEST_TABLE_BYTES + 1)


def fifo(folder):
    (folder / "scenario.yaml").unlink()
    os.mkfifo(folder / "scenario.yaml")


def device(folder):
    (folder / "summary.json").unlink()
    (folder / "summary.json").symlink_to("/dev/zero")


def file_outside(folder):
    resealed(folder, lambda manifest: manifest["files"].update({"../tiny.yaml": "0" * 64}))


def variant_outside(folder):
    resealed(folder, lambda manifest: manifest["variants"].update({"small": "../../../sweep"}))


def variant_of_itself(folder):
    shutil.rmtree(folder / "variants" / "small")
    (folder / "variants" / "small").symlink_to("../..")
    resealed(folder)


@pytest.mark.parametrize(
    "attack",
    [deep_manifest, deep_yaml, bomb, huge, huge_table, fifo, device, file_outside, variant_outside, variant_of_itself],
)
@pytest.mark.parametrize("command", ["show run", "compare run run:small", "reproduce run"])
def test_a_hostile_run_is_refused(home, attack, command, capsys):
    attack(home / "run")
    assert simulate(command.split()) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "run/" in told


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"variants": {"small": 0.5}}, "variants.small"),
        ({"sites": {"tokyo": {"lat": 35.7}}}, "sites.tokyo.lon"),
        ({"clients": {"c": {"workload": "log"}}}, "clients.c.workload"),
        ({"clients": ["c"]}, "clients"),
        ({"faults": ["crash"]}, "faults.0"),
        ({"extensions": {"a.py": 1}}, "extensions"),
    ],
)
@pytest.mark.parametrize("command", ["show run", "report run", "reproduce run"])
def test_a_scenario_of_another_form_is_refused(home, change, where, command, capsys):
    file = home / "run" / "scenario.resolved.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **change}))
    resealed(home / "run")
    assert simulate(command.split()) == 2
    assert f"run/scenario.resolved.yaml is broken: {where}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../../run", "..", "", "/etc", "a/b"])
def test_a_cell_of_a_hostile_sweep_lies_inside(home, name, capsys):
    resealed(home / "sweep", lambda manifest: manifest["cells"][0].update(folder=name))
    assert simulate(["show", "sweep"]) == 2
    assert "is no folder's name" in capsys.readouterr().err


ODD = [
    "",
    "x" * 5000,
    "\x1b[2J",
    "../..",
    -1,
    0,
    10**30,
    1e308,
    0.5,
    True,
    None,
    [],
    {},
    ["x"],
    {"x": 1},
    "nan",
    "*a",
    "{",
]


def leaves(value, path=()):
    """The path of every leaf of a JSON value, and of every part."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from leaves(inner, (*path, key))


def mutate(value, rng):
    """Put something odd in the place of one part."""
    *outer, last = rng.choice([path for path in leaves(value) if path])
    for key in outer:
        value = value[key]
    value[last] = rng.choice(ODD)


def mutated(file, rng):
    if file.suffix == ".json":
        content = json.loads(file.read_text())
        mutate(content, rng)
        file.write_text(json.dumps(content))
    else:
        content = yaml.safe_load(file.read_text())
        mutate(content, rng)
        file.write_text(yaml.safe_dump(content))


COMMANDS = {
    "run": ["show run -v", "show run --json", "report run", "compare run run:small", "reproduce run -j 1 -q",
            "run tiny.yaml --replications 2 -j 1 -q --resume run -o new"],
    "sweep": ["show sweep", "show sweep --json", "report sweep", f"{SWEEP} --resume sweep"],
}  # fmt: skip


@pytest.mark.parametrize("times", [20, pytest.param(300, marks=pytest.mark.slow)])
def test_no_odd_value_with_valid_digests_is_a_traceback(times, whole, home, capsys):
    """Any value of any manifest, summary or scenario is replaced, and all digests are made to match."""
    rng, wrong = random.Random(7), []
    for number in range(times):
        source = "run" if number % 2 else "sweep"
        file = rng.choice(sorted(p for p in Path(source).rglob("*") if p.name in (
            "manifest.json", "summary.json", "scenario.resolved.yaml")))  # fmt: skip
        mutated(file, rng)
        for folder in sorted({file.parent, Path(source)}, key=lambda path: -len(path.parts)):
            try:
                resealed(folder)
            except (KeyError, TypeError, AttributeError):
                continue  # the manifest has no digests any more
        for command in COMMANDS[source]:
            code = simulate(command.split())
            told = capsys.readouterr()
            if code == 1 or "Traceback" in told.err:
                wrong.append((number, str(file), command, told.err[-1500:]))
        shutil.rmtree(source)
        shutil.copytree(whole / source, source)
        shutil.rmtree("new", ignore_errors=True)
    assert wrong == []


def of_version(folder, version):
    resealed(folder, lambda manifest: manifest["versions"].update(stickysim=version))


def test_a_cell_of_another_version_is_played_again(home, capsys):
    """It says so, and the cell is this version's afterwards; the other cell is not played."""
    cells = sorted(path for path in Path("sweep/cells").iterdir())
    of_version(cells[0], "0.0.1")
    before = [(cell / "manifest.json").read_bytes() for cell in cells]
    assert simulate(f"{SWEEP} --resume sweep --dry-run".split()) == 0
    told = f"1 run: {cells[0]} was made by stickysim 0.0.1, this is {__version__}"
    assert told in capsys.readouterr().out
    assert simulate(f"{SWEEP} --resume sweep".split()) == 0
    assert json.loads((cells[0] / "manifest.json").read_text())["versions"]["stickysim"] == __version__
    assert [(cell / "manifest.json").read_bytes() == was for cell, was in zip(cells, before, strict=True)] == [
        False,
        True,
    ]


def test_a_run_of_another_version_is_not_gone_on_with(home, capsys):
    of_version(home / "run" / "variants" / "small", "0.0.1")
    of_version(home / "run", "0.0.1")
    assert simulate(["run", "tiny.yaml", "--replications", "3", "-j", "1", "-q", "--resume", "run", "-o", "new"]) == 2
    assert f"run was made by stickysim 0.0.1, this is {__version__}" in capsys.readouterr().err
    assert not Path("new").exists()
    assert simulate(["show", "run", "-q"]) == 0  # it is shown, and told
    assert "made by stickysim 0.0.1" in capsys.readouterr().err


def test_a_cell_that_was_cut_is_played_again(home):
    cell = next(Path("sweep/cells").iterdir())
    whole = (cell / "metrics.parquet").read_bytes()
    (cell / "metrics.parquet").write_bytes(whole[:100])
    assert simulate(f"{SWEEP} --resume sweep".split()) == 0
    assert len((cell / "metrics.parquet").read_bytes()) > 100
    assert simulate(["show", "sweep", "-q"]) == 0
