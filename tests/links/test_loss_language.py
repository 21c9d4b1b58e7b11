"""How a scenario writes a loss: ratios, models by name, aliases, errors, JSON Schema, models of one's own."""

import json
from typing import Literal

import jsonschema
import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from simulator.links import FAMILY, Bernoulli, GilbertElliott, Loss, LossModel, loss_models, parse_loss, register
from simulator.links.gilbert_elliott import ALIASES
from tests.links.helpers import losses, lossy_path

GILBERT = {"good_to_bad": "0.1%", "bad_to_good": "25%"}


class Rule(BaseModel):
    loss: Loss | None = None


ACCEPTED = [
    ("0.1%", Bernoulli(ratio=0.001)),
    (0.001, Bernoulli(ratio=0.001)),
    (0, Bernoulli(ratio=0)),
    ({"bernoulli": "1%"}, Bernoulli(ratio=0.01)),
    ({"bernoulli": {"ratio": "1%"}}, Bernoulli(ratio=0.01)),
    ({"gilbert_elliott": GILBERT}, GilbertElliott(p=0.001, r=0.25, k=1, h=0)),
    ({"gilbert_elliott": {"p": "0.1%", "r": 0.25, "k": "99.9%", "h": "50%"}},
     GilbertElliott(good_to_bad=0.001, bad_to_good=0.25, pass_good=0.999, pass_bad=0.5)),
    ({"gilbert_elliott": {"p": "0.1%", "bad_to_good": 0.25}}, GilbertElliott(p=0.001, r=0.25)),
]  # fmt: skip
REFUSED = [
    ("120%", (), "more than 100%"),
    (-0.1, (), "negative"),
    (True, (), "not a ratio"),
    ("often", (), "not a ratio"),
    (["1%"], (), "not a ratio"),
    ({}, (), "a loss is a ratio"),
    ({"gilbert_eliott": GILBERT}, ("gilbert_eliott",), "did you mean gilbert_elliott?"),
    ({"fog": 1}, ("fog",), "known are bernoulli, gilbert_elliott"),
    ({"p": "1%", "r": "25%"}, (), "{gilbert_elliott: {...}}"),
    ({"bernoulli": "1%", "gilbert_elliott": GILBERT}, (), "a loss is a ratio"),
    ({"bernoulli": "120%"}, ("bernoulli", "ratio"), "more than 100%"),
    (
        {"gilbert_elliott": {**GILBERT, "p": "1%"}},
        ("gilbert_elliott",),
        "good_to_bad is given twice: p is its alias",
    ),
    ({"gilbert_elliott": {"p": "0.1%"}}, ("gilbert_elliott", "bad_to_good"), "required"),
    ({"gilbert_elliott": {**GILBERT, "h": "2"}}, ("gilbert_elliott", "pass_bad"), "2%"),
    ({"gilbert_elliott": {**GILBERT, "q": "2%"}}, ("gilbert_elliott", "q"), "Extra"),
    ({"gilbert_elliott": {"p": 0, "r": 0}}, ("gilbert_elliott",), "never change its state"),
    ({"gilbert_elliott": "1%"}, ("gilbert_elliott",), "dictionary"),
]


@pytest.mark.parametrize(("written", "model"), ACCEPTED)
def test_what_a_loss_may_be(written, model):
    assert parse_loss(written) == Rule(loss=written).loss == model


@pytest.mark.parametrize(("written", "model"), ACCEPTED)
def test_a_loss_is_written_back_as_it_is_read(written, model):
    plain = json.loads(Rule(loss=written).model_dump_json())
    assert Rule.model_validate(plain).loss == model


def test_the_written_form_is_the_short_one():
    assert Rule(loss={"bernoulli": 0.001}).model_dump()["loss"] == "0.1%"
    assert Rule(loss={"gilbert_elliott": {"p": 0.001, "r": 0.25}}).model_dump()["loss"] == {
        "gilbert_elliott": {
            "good_to_bad": "0.1%",
            "bad_to_good": "25%",
            "pass_good": "100%",
            "pass_bad": "0%",
        }
    }


@pytest.mark.parametrize(("written", "place", "message"), REFUSED)
def test_what_a_loss_may_not_be(written, place, message):
    """The error names the place inside the loss and what would mend it."""
    with pytest.raises(ValidationError) as caught:
        Rule(loss=written)
    [fault] = caught.value.errors()
    assert fault["loc"] == ("loss", *place)
    assert message in fault["msg"]
    assert not (place and fault["msg"].startswith("Value error"))  # what a model says of itself stands alone


@pytest.mark.parametrize("letter", ALIASES)
def test_a_parameter_and_its_alias_exclude_each_other(letter):
    both = {ALIASES[letter]: "10%", letter: "10%"}
    with pytest.raises(ValueError, match=f"given twice: {letter} is its alias"):
        GilbertElliott(**{**GILBERT, **both})


def test_a_parsed_loss_stays_as_it_is():
    model = GilbertElliott(p=0.1, r=0.2)
    assert parse_loss(model) is model


@pytest.mark.parametrize(("p", "r", "k", "h"), [(0.005, 0.1, 0.999, 0.5), (0.3, 0.2, 0.9, 0), (1, 0, 1, 0.25)])
def test_the_mean_loss_of_two_states(p, r, k, h):
    """The stationary law of the chain, by its eigenvector, times what each state loses."""
    values, vectors = np.linalg.eig(np.array([[1 - p, r], [p, 1 - r]]))
    stationary = vectors[:, np.argmax(values.real)].real
    good, bad = stationary / stationary.sum()
    model = GilbertElliott(p=p, r=r, k=k, h=h)
    assert model.bad_share == pytest.approx(bad)
    assert model.mean_ratio == pytest.approx(good * (1 - k) + bad * (1 - h))


STRUCTURAL = (
    "twice",
    "never change",
    "required",
    "Extra",
    "dictionary",
    "known",
    "mean",
    "a loss is",
    "{gilbert",
)


def test_the_json_schema_accepts_and_refuses_the_same():
    """Editors see what the parser sees, but for limits of numbers written as text."""
    validator = jsonschema.Draft202012Validator(Rule.model_json_schema())
    for written, _ in ACCEPTED:
        validator.validate({"loss": written})
    for written, _, message in REFUSED:
        if message.startswith(STRUCTURAL) and "never change" not in message:
            assert not validator.is_valid({"loss": written}), written


@pytest.fixture
def every_nth():
    """A loss model of a user's own, registered for one test."""
    with FAMILY.for_a_while():
        yield make_every_nth()


def make_every_nth():
    @register
    class EveryNth(LossModel):
        kind: Literal["every_nth"] = "every_nth"
        n: int

        def process(self, uniform):
            count = 0

            def lost():
                nonlocal count
                count += 1
                return count % self.n == 0

            return lost

    return EveryNth


def test_a_model_of_ones_own_works_like_the_others(every_nth):
    """In YAML, in the schema (also of models that exist already), in errors, and on a path, line by line."""
    loss = Rule(loss={"every_nth": {"n": 3}}).loss
    assert loss == every_nth(n=3)
    assert Rule(loss=loss).model_dump()["loss"] == {"every_nth": {"n": 3}}
    assert "every_nth" in loss_models()
    assert "every_nth" in json.dumps(Rule.model_json_schema())
    with pytest.raises(ValueError, match="did you mean every_nth"):
        parse_loss({"every_nht": {"n": 3}})
    path = lossy_path(loss, 0)
    assert losses(path, 7).tolist() == losses(path, 7).tolist() == [False, False, True, False, False, True, False]
    assert path.counters().mean_burst == 1.0


def test_names_of_models_are_taken_once(every_nth):
    register(every_nth)
    with pytest.raises(ValueError, match="'bernoulli' is taken by"):

        @register
        class Another(LossModel):
            kind: Literal["bernoulli"] = "bernoulli"

    with pytest.raises(TypeError, match="Nameless needs a field"):

        @register
        class Nameless(LossModel):
            pass
