"""Designs: what a grid, a zip, random draws and a Latin hypercube consist of, and what is refused."""

import math

import numpy as np
import pytest

from simulator.experiment.studies.design import DesignError, axis_from_text, axis_from_values, combine, short_names


def texts(design):
    return [tuple(value.text for value in point) for point in design.points]


def test_a_grid_is_every_combination_the_last_axis_fastest():
    design = combine([axis_from_text("a=1,2"), axis_from_text("b=x,y,z")])
    assert texts(design) == [(a, b) for a in "12" for b in "xyz"]


def test_zip_walks_in_step_and_wants_equal_lengths():
    assert texts(combine([axis_from_text("a=1,2"), axis_from_text("b=x,y")], "zip")) == [("1", "x"), ("2", "y")]
    with pytest.raises(DesignError, match="a has 2, b has 3"):
        combine([axis_from_text("a=1,2"), axis_from_text("b=x,y,z")], "zip")


def test_values_are_yaml():
    axis = axis_from_text("w={gamma: {mean: 2/s, cv: 1}}, 3/s, [1, 2], true")
    assert [v.plain for v in axis.values] == [{"gamma": {"mean": "2/s", "cv": 1}}, "3/s", [1, 2], True]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2s..20s:4", ["2s", "8s", "14s", "20s"]),
        ("500ms..2s:3", ["0.5s", "1.25s", "2s"]),
        ("1..4:4", ["1", "2", "3", "4"]),
        ("1..100:3:log", ["1", "10", "100"]),
        ("1..3:9", ["1", "2", "3"]),
        ("0.1%..0.3%:3", ["0.1%", "0.2%", "0.3%"]),
    ],
)
def test_ranges(text, values):
    axis = axis_from_text(f"a={text}")
    assert list(dict.fromkeys(v.text for v in axis.values)) == values


def test_a_latin_hypercube_puts_one_cell_in_each_slice_of_each_axis():
    """By construction: with n cells every interval [k/n, (k+1)/n) of an axis holds exactly one; no chance."""
    n = 50
    design = combine([axis_from_text("a=0s..1s"), axis_from_text("b=1ms..1s:log"), axis_from_text("c=x,y")], "lhs", n)
    numbers = np.array([[float(p[0].text[:-1]), float(p[1].text[:-1])] for p in design.points])
    assert sorted(np.floor(numbers[:, 0] * n - 1e-3).clip(0).astype(int)) == pytest.approx(range(n), abs=1)
    share = np.log(numbers[:, 1] / 1e-3) / math.log(1000)
    counts = np.histogram(share, bins=10, range=(0, 1))[0]
    assert all(4 <= c <= 6 for c in counts)  # 5 each, but for values rounded across a border
    assert [p[2].text for p in design.points].count("x") == n // 2


def test_random_designs_come_from_their_own_seed():
    axes = [axis_from_text("a=0s..1s"), axis_from_text("b=1,2,3")]
    assert texts(combine(axes, "random", 20, 5)) == texts(combine(axes, "random", 20, 5))
    assert texts(combine(axes, "random", 20, 5)) != texts(combine(axes, "random", 20, 6))


def test_repeated_draws_are_left_out():
    design = combine([axis_from_text("a=1,2")], "random", 50)
    assert sorted(texts(design)) == [("1",), ("2",)]
    assert design.repeated == 48


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("a", "names no values"),
        ("a=", "names no values"),
        ("=1", "names no values"),
        ("a=5s,5s", "5s is given twice"),
        ("a=9..1:3", "ends below its start"),
        ("a=1s..5/s:3", "give both ends alike"),
        ("a=0..5:3:log", "starts above 0"),
        ("a=1..5:x", "no number of values"),
        ("a=1,,2", "not YAML"),
    ],
)
def test_bad_axes_say_what_to_write(argument, message):
    with pytest.raises(DesignError, match=message):
        axis_from_text(argument)


def test_bad_designs():
    with pytest.raises(DesignError, match="swept twice"):
        combine([axis_from_text("a=1"), axis_from_text("a=2")])
    with pytest.raises(DesignError, match=r"LOW..HIGH:5"):
        combine([axis_from_text("a=1..9")])
    with pytest.raises(DesignError, match="nothing to sweep"):
        combine([])
    with pytest.raises(DesignError, match="more than 100 000"):
        combine([axis_from_values("a", range(400)), axis_from_values("b", range(400))])
    with pytest.raises(DesignError, match="no list"):
        axis_from_values("a", 3)


def test_short_names_tell_paths_apart():
    assert short_names(["edges.pop.l1.ttl", "edges.far.l1.ttl", "routing.policy"]) == {
        "edges.pop.l1.ttl": "pop.l1.ttl", "edges.far.l1.ttl": "far.l1.ttl", "routing.policy": "routing.policy",
    }  # fmt: skip
