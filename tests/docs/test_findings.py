"""docs/findings.md says what theory and the simulation say; its words come from the template."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs" / "figures" / "make_findings.py"
FIGURES = ("weight", "freshness", "sick-edge")


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT), run_name="findings")


def page() -> str:
    return (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")


def test_the_page_has_the_words_of_its_template():
    """Only what stands for a number differs."""
    template = (SCRIPT.parent / "findings.template").read_text(encoding="utf-8")
    pattern = re.escape(template)
    pattern = re.sub(r"\\\$[a-z_0-9]+", r"[0-9.]+", pattern)
    assert re.fullmatch(pattern, page()), "python docs/figures/make_findings.py"


def test_the_first_table_is_theory_and_the_simulation_is_near():
    """Theory for n = 8, x = 0.5/s * 5 s; simulated within 0.01: 65,000 lookups, and fetches that take 21 ms."""
    rows = re.findall(r"^\| (weight \d+|nearest|cookie).* \| (0\.\d+) \| (0\.\d+) \| \d+ /s \|$", page(), re.MULTILINE)
    assert [name for name, _, _ in rows] == ["weight 50", "weight 65", "weight 75", "nearest", "cookie"]
    assert [float(theory) for _, theory, _ in rows] == [0.448, 0.533, 0.588, 0.714, 0.714]
    for _, theory, simulated in rows:
        assert float(simulated) == pytest.approx(float(theory), abs=0.01)


def test_full_stickiness_has_the_hits_of_weight_65_with_a_third_of_the_ttl(script):
    """a x / (1 + a x) = H: x = H / (1 - H) / a."""
    assert script["ttl_for"](100.0, 0.613) == pytest.approx(0.613 / 0.387 / 0.9, rel=1e-3)
    assert script["ttl_for"](65.0, 0.613) == pytest.approx(5.0, rel=0.01)


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_is_there_small_and_shown(name):
    assert (ROOT / "docs" / "figures" / f"finding-{name}.svg").stat().st_size < 150_000
    assert f"](figures/finding-{name}.svg)" in page()


@pytest.mark.slow
def test_the_page_is_what_the_script_computes(script):
    """Same seeds, same numbers."""
    assert script["main"](check=True) == 0, sys.stderr
