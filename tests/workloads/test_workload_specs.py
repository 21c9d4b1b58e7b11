"""The specs: what is accepted, what is refused and how, and how a kind of one's own joins."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import ValidationError

from simulator.workloads import FAMILY, WorkloadSpec, kinds, register
from simulator.workloads.poisson import Poisson

GOOD = {
    "poisson": {"kind": "poisson", "rate": "2/s"},
    "mmpp": {"kind": "mmpp", "rates": ["20/s", "120/s"], "switching": ["0.5/s", "1/s"]},
    "diurnal": {"kind": "diurnal", "rate": "2/s", "peak": "2.5x", "period": "24h"},
    "spike": {"kind": "spike", "rate": "2/s", "factor": 8, "at": "5min", "for": "1min"},
    "closed": {"kind": "closed", "think_time": "1s"},
    "renewal": {"kind": "renewal", "interarrival": {"erlang": {"k": 2, "mean": "2s"}}},
    "trace": {"kind": "trace", "file": "a.csv", "format": "csv", "inactivity_gap": "30min", "time_scale": 60},
}
POPULAR = {"kind": "poisson", "total_rate": "500/s", "popularity": {"zipf": 0.8}}


def test_every_kind_has_an_example_here():
    assert list(kinds()) == list(GOOD)


@pytest.mark.parametrize("body", [*GOOD.values(), POPULAR], ids=[*GOOD, "popularity"])
def test_a_spec_survives_writing_and_reading(body):
    spec = kinds()[body["kind"]].model_validate(body)
    written = spec.model_dump(mode="json", by_alias=True)
    assert None not in written.values()
    assert set(body) <= set(written)
    assert kinds()[body["kind"]].model_validate(written) == spec


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_a_spec_is_frozen_and_closed(body):
    cls = kinds()[body["kind"]]
    spec = cls.model_validate(body)
    with pytest.raises(ValidationError):
        spec.kind = "other"
    with pytest.raises(ValidationError, match="Extra inputs"):
        cls.model_validate(body | {"raet": 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "poisson"}, "either rate"),
        ({"kind": "poisson", "rate": "2/s", "total_rate": "2/s"}, "either rate"),
        ({"kind": "poisson", "rate": "2/s", "popularity": {"zipf": 1}}, "write total_rate"),
        ({"kind": "poisson", "total_rate": "2/s", "popularity": {"zipf": -1}}, "greater than or equal to 0"),
        ({"kind": "poisson", "rate": 2}, "2"),
        (GOOD["mmpp"] | {"switching": ["1/s"]}, "at least 2"),
        (GOOD["mmpp"] | {"rates": ["1/s", "2/s", "3/s"]}, "3 rates and 2 switching rates"),
        (GOOD["mmpp"] | {"switching": ["1/s", "0/s"]}, "must be above 0"),
        (GOOD["diurnal"] | {"peak": "0.5x"}, "greater than or equal to 1"),
        (GOOD["diurnal"] | {"peak": "1000x"}, "less than or equal to 100"),
        (GOOD["diurnal"] | {"period": "0s"}, "above 0s"),
        (GOOD["spike"] | {"for": "0s"}, "above 0s"),
        (GOOD["renewal"] | {"interarrival": "0s"}, "above zero"),
        (GOOD["trace"] | {"format": "xml"}, "clf"),
        (GOOD["trace"] | {"time_scale": 0}, "above zero"),
        (GOOD["trace"] | {"inactivity_gap": "0s"}, "above 0s"),
        (GOOD["trace"] | {"file": ""}, "is not the name of a file"),
    ],
)
def test_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        kinds()[change["kind"]].model_validate(change)


def test_a_total_needs_a_count(play):
    with pytest.raises(ValueError, match="needs a count"):
        play(POPULAR, None)


def test_infinite_drawn_rates_are_refused(play):
    with pytest.raises(ValueError, match="one value in ten thousand of this pareto"):
        play({"kind": "poisson", "rate": {"pareto": {"min": "1e300/s", "alpha": 0.001}}}, 100)


@pytest.fixture
def own_kinds():
    """Kinds registered in a test are gone after it."""
    with FAMILY.for_a_while():
        yield


@pytest.mark.usefixtures("own_kinds")
def test_a_kind_of_ones_own(play):
    """A decorated class is in the registry like the built-in ones."""

    @register
    class Twice(WorkloadSpec):
        kind: Literal["twice"]

        def build(self, context):
            return Poisson(kind="poisson", rate="2/s").build(context)

    assert kinds()["twice"] is Twice
    assert play({"kind": "twice"}).arrivals == play({"kind": "poisson", "rate": "2/s"}).arrivals
    assert register(Twice) is Twice
    with pytest.raises(ValueError, match=r"'poisson' is taken by .*Poisson"):

        @register
        class Other(WorkloadSpec):
            kind: Literal["poisson"]


def test_a_kind_needs_its_name():
    with pytest.raises(TypeError, match="needs a field"):

        @register
        class Nameless(WorkloadSpec):
            pass


def test_a_kind_must_build(play):
    class Lazy(WorkloadSpec):
        kind: Literal["lazy"] = "lazy"

    with pytest.raises(NotImplementedError, match="Lazy does not override build"):
        play(Lazy())
