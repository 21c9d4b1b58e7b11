"""Every file in tests/scenarios/invalid is refused, with exactly the message that stands beside it."""

from pathlib import Path

import pytest

from simulator.scenario import Scenario, ScenarioError

FOLDER = Path(__file__).parents[1] / "scenarios" / "invalid"
FILES = sorted(FOLDER.glob("*.yaml"))


def test_the_folder_is_large_enough():
    assert len(FILES) >= 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_message(path, monkeypatch):
    monkeypatch.chdir(FOLDER)
    with pytest.raises(ScenarioError) as refused:
        Scenario.load(path.name)
    expected = path.with_suffix(".txt").read_text(encoding="utf-8").removesuffix("\n")
    assert str(refused.value) == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_message_has_a_place_and_no_noise(path, monkeypatch):
    monkeypatch.chdir(FOLDER)
    with pytest.raises(ScenarioError) as refused:
        Scenario.load(path.name)
    text = str(refused.value)
    assert text.startswith(path.stem) or ".yaml:" in text.split("\n", maxsplit=1)[0]
    for noise in ("Value error", "validation error", "type=", "pydantic", "Input should", "NoneType"):
        assert noise not in text
