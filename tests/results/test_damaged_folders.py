"""Whatever is done to the bytes of a folder: it is refused with the file's name, or nothing has changed."""

import random

import pytest
from click.testing import CliRunner
from results_fakes import PLAY, FakeScenario

from simulator.cli.show import command as show
from simulator.experiment.api import run
from simulator.experiment.folder import FolderError
from simulator.experiment.places import locked


def flip(path, flips):
    """Flip one random bit of a data file at a time; exit codes other than 2, unless the output stays the same."""
    files = sorted(p for p in path.rglob("*") if p.suffix in (".json", ".parquet", ".yaml"))
    whole = CliRunner().invoke(show, [str(path), "-v"]).output
    rng, silent = random.Random(7), []
    for _ in range(flips):
        file = rng.choice(files)
        before = file.read_bytes()
        data = bytearray(before)
        place = rng.randrange(len(data))
        data[place] ^= 1 << rng.randrange(8)
        file.write_bytes(data)
        done = CliRunner().invoke(show, [str(path), "-v"])
        file.write_bytes(before)
        refused = done.exit_code == 2 and file.name in done.output
        if not refused and (done.exit_code, done.output) != (0, whole):
            silent.append((file.name, place, done.exit_code))
    return silent


@pytest.mark.parametrize("flips", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_flipped_bit_is_silent_or_a_traceback(flips, tmp_path):
    result = run(FakeScenario(variants={"a": {"hit_ratio": 0.8}}), function=PLAY)
    assert flip(result.save(tmp_path / "out", report=False), flips) == []


def test_another_schema_is_said(tmp_path):
    path = run(FakeScenario(), function=PLAY).save(tmp_path / "out", report=False)
    manifest = path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"schema": 1', '"schema": 7', 1))
    done = CliRunner().invoke(show, [str(path)])
    assert done.exit_code == 2
    assert "has schema 7" in done.output


def test_a_second_writer_of_a_place_is_told(tmp_path, monkeypatch):
    from simulator.experiment import places

    with locked(tmp_path / "out"):
        monkeypatch.setattr(places.threading, "get_ident", lambda: -1)
        with pytest.raises(FolderError, match="being written by another run"), locked(tmp_path / "out"):
            pass
