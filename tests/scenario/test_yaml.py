"""YAML 1.2 core scalars, anchors, places of values, and text that reads back as it was written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario import ScenarioError
from simulator.scenario.reader import read_text
from simulator.scenario.writing import write_yaml


def value(text):
    return read_text(f"x: {text}\n", "t.yaml").plain()["x"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("10:30", "10:30"),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("1_000", "1_000"),
        ("2026-01-02", "2026-01-02"),
        ("'1'", "1"),
        ('"on"', "on"),
        ("0b11", "0b11"),
        ("+12", 12),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("[1, on, 'x']", [1, "on", "x"]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("!", ""),
    ],
)
def test_scalars(text, expected):
    result = value(text)
    assert result == expected
    assert type(result) is type(expected)


def test_unknown_escapes():
    with pytest.raises(ScenarioError, match="double quotes do not know this escape"):
        value(r'"C:\Users"')


def test_keys_are_text():
    assert read_text("1: a\non: b\nnull: c\n", "t.yaml").plain() == {"1": "a", "on": "b", "null": "c"}


def test_anchors_and_aliases():
    root = read_text("a: &x {b: [1, 2]}\nc: *x\n", "t.yaml")
    plain = root.plain()
    assert plain == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}
    assert plain["a"] is not plain["c"]


def test_every_value_has_its_place():
    root = read_text("a:\n  b: [1, two]\nc: |\n  text\n", "t.yaml")
    two = root.get("a").get("b").get(1)
    assert (two.mark.where(), two.mark.length) == ("t.yaml:2:10", 3)
    assert root.get("a").get("b").key_mark.where() == "t.yaml:2:3"
    assert root.get("c").mark.where() == "t.yaml:3:4"


def test_a_byte_order_mark_and_windows_line_ends(tmp_path):
    from simulator.scenario.reader import read_file

    (tmp_path / "t.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: two\r\n")
    assert read_file(tmp_path / "t.yaml", "t.yaml").plain() == {"a": 1, "b": "two"}


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_place(text):
    message = "t.yaml:"
    try:
        read_text(text, "t.yaml")
    except ScenarioError as error:
        message = str(error)
    assert message.startswith("t.yaml:")


keys = st.text(min_size=1, max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | st.text(max_size=60)
trees = st.dictionaries(
    keys,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=20,
    ),
    min_size=1,
    max_size=5,
)


@given(trees)
def test_what_is_written_reads_back(tree):
    assert read_text(write_yaml(tree), "t.yaml").plain() == tree


@given(trees)
def test_with_origins_it_reads_back_too(tree):
    assert read_text(write_yaml(tree, lambda path: "here # and there"), "t.yaml").plain() == tree
