"""Whatever stands wherever in a scenario: it is read or refused with a ScenarioError, never with another exception."""

import contextlib
import copy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.scenario import Scenario, ScenarioError

FILE = Path(__file__).parents[1] / "scenarios/valid/everything.yaml"
PLAIN = {
    key: value for key, value in Scenario.load(FILE).resolved().items() if key not in ("variants", "sweep")
}  # those would repeat the work many times


def paths(value, here=()):
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*here, key))


PATHS = [path for path in paths(PLAIN) if path]
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
    | st.sampled_from(["5ms", "on", "off", "10/s", "4KiB", "50%", "unlimited", "pop-*", "pop-tokyo-1", "europe", "0s"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["kind", "at", "exponential", "gamma", "mean", "lat", "rate", "crash"]), inner,
                      max_size=3),
    max_leaves=6,
)  # fmt: skip


def replaced(path, value):
    plain = copy.deepcopy(PLAIN)
    place = plain
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return plain


def removed(path):
    plain = copy.deepcopy(PLAIN)
    place = plain
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return plain


def read_or_refused(plain):
    try:
        scenario = Scenario.from_dict(plain)
    except ScenarioError as error:
        return str(error)
    assert Scenario.from_dict(scenario.resolved()).content_hash() == scenario.content_hash()
    return ""


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PATHS), junk)
def test_junk_anywhere(path, value):
    message = read_or_refused(replaced(path, value))
    for noise in ("validation error", "Input should", "pydantic"):
        assert noise not in message


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
def test_anything_missing(path):
    read_or_refused(removed(path))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PATHS), junk)
def test_junk_by_override(path, value):
    scenario = Scenario.from_dict(PLAIN)
    with contextlib.suppress(ScenarioError):
        scenario.with_overrides({".".join(map(str, path)): value})
