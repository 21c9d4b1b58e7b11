"""The laws that a scenario may name, and every way to write their parameters.

One small function for each law, gathered in the table `LAWS`; the table gives parsing, the errors that list
what is known, the JSON Schema and `simulator list`.

May import: units, distributions. Does not draw.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

from simulator import units
from simulator.laws.distributions import (
    Distribution,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    Lognormal,
    Normal,
    Pareto,
    Uniform,
    Weibull,
)
from simulator.units import QuantityError, number_text, parse_count, parse_number, show

_PERCENTILE = re.compile(r"p(\d{1,2}|999|9999)")


@dataclass(frozen=True)
class Quantity:
    """The dimension of a random quantity: how its values are read, written and described."""

    name: str
    parse: Callable[[object], float]
    text: Callable[[float], str]
    pattern: str
    bare: str
    """Unit of a bare number in an empirical file, for its error text."""


DURATION = Quantity(
    "duration", units.parse_duration_or_never, units.format_duration, units.DURATION_OR_NEVER.pattern(), "s"
)
SIZE = Quantity("size", units.parse_size, units.format_size, units.SIZE.pattern(), "B")
RATE = Quantity("rate", units.parse_rate, units.format_rate, units.RATE.pattern(), "/s")


class Args:
    """The parameters of one law, read once each; what is left over at the end is unknown."""

    def __init__(self, law: str, raw: object, quantity: Quantity, forms: tuple[str, ...]) -> None:
        if not isinstance(raw, Mapping):
            raise QuantityError(f"{law} takes a mapping, not {show(raw)}", f"write {{{law}: {forms[0]}}}")
        self.law, self.raw, self.quantity, self.forms = law, raw, quantity, forms

    def keys(self, *wanted: str, optional: tuple[str, ...] = ()) -> bool:
        """Whether exactly these keys are given (besides the optional ones)."""
        return set(self.raw) - set(optional) == set(wanted)

    def amount(self, key: str, *, positive: bool = True) -> float:
        """A finite quantity of the field's dimension."""
        return self._read(key, lambda value: _finite(self.quantity.parse(value), value, positive=positive))

    def number(self, key: str, low: float = 0.0, high: float = math.inf) -> float:
        """A plain number in (low, high)."""

        def read(value: object) -> float:
            number = parse_number(value)
            if not low < number < high:
                raise QuantityError(f"{show(value)} is out of range", f"{key} is {_range_text(low, high)}")
            return number

        return self._read(key, read)

    def count(self, key: str) -> int:
        """A whole number >= 1."""
        return int(self._read(key, lambda value: float(parse_count(value))))

    def many(self, key: str, read: Callable[[object], float]) -> tuple[float, ...]:
        """A list of values."""
        raw = self.raw[key]
        if not isinstance(raw, (list, tuple)) or not raw:
            raise QuantityError(f"{key} must be a list", f"write {self.forms[0]}").inside(self.law, key)
        result = []
        for i, value in enumerate(raw):
            try:
                result.append(read(value))
            except QuantityError as error:
                raise error.inside(self.law, key, i) from None
        return tuple(result)

    def percentile(self) -> str | None:
        """The one key such as `p99`, if there is exactly one."""
        found = [key for key in self.raw if _PERCENTILE.fullmatch(str(key))]
        return found[0] if len(found) == 1 else None

    def wrong(self) -> QuantityError:
        """The error for a set of keys that no form of this law has."""
        known = sorted({word for form in self.forms for word in re.findall(r"(\w+):", form)} | {"p99"})
        unknown = [str(key) for key in self.raw if str(key) not in known and not _PERCENTILE.fullmatch(str(key))]
        forms = " or ".join(f"{{{self.law}: {form}}}" for form in self.forms)
        if not unknown:
            given = ", ".join(str(key) for key in self.raw) or "nothing"
            return QuantityError(f"{self.law} cannot be made from {given}", f"write {forms}").inside(self.law)
        close = difflib.get_close_matches(unknown[0], known, 1)
        mend = f"did you mean {close[0]}?" if close else f"write {forms}"
        return QuantityError(f"{self.law} has no parameter '{unknown[0]}'", mend).inside(self.law, unknown[0])

    def _read(self, key: str, read: Callable[[object], float]) -> float:
        try:
            return read(self.raw[key])
        except QuantityError as error:
            raise error.inside(self.law, key) from None


def _finite(amount: float, raw: object, *, positive: bool) -> float:
    if math.isinf(amount):
        raise QuantityError(f"{show(raw)} cannot be a parameter of a distribution", "it must be finite")
    if positive and amount <= 0:
        raise QuantityError(f"{show(raw)} is too small", "it must be above zero")
    return amount


def _range_text(low: float, high: float) -> str:
    if math.isinf(high):
        return f"a number above {number_text(low)}"
    return f"a number between {number_text(low)} and {number_text(high)}"


def _exponential(a: Args) -> Distribution:
    if not a.keys("mean"):
        raise a.wrong()
    return Exponential(a.amount("mean"))


def _uniform(a: Args) -> Distribution:
    if not a.keys("low", "high"):
        raise a.wrong()
    low, high = a.amount("low", positive=False), a.amount("high", positive=False)
    if low > high:
        raise QuantityError("uniform has its low above its high", "swap them").inside(a.law, "low")
    return Uniform(low, high)


def _normal(a: Args) -> Distribution:
    if a.keys("mean", "sd", optional=("min",)):
        mu, sd = a.amount("mean", positive=False), a.amount("sd")
    elif a.keys("mean", "cv", optional=("min",)):
        mu = a.amount("mean")
        sd = mu * a.number("cv")
    else:
        raise a.wrong()
    law = Normal(mu, sd, a.amount("min", positive=False) if "min" in a.raw else 0.0)
    if law.accepted < 1e-3:
        raise QuantityError("normal lies almost wholly below its min", "lower min").inside(a.law)
    return law


def _lognormal(a: Args) -> Distribution:
    percentile = a.percentile()
    if a.keys("median", "sigma"):
        return Lognormal(a.amount("median"), a.number("sigma"))
    if percentile is not None and a.keys("median", percentile):
        median, high = a.amount("median"), a.amount(percentile)
        level = float(f"0.{percentile[1:]:0>2}")
        if level <= 0.5 or high <= median:
            mend = "give a percentile above p50 with a value above the median"
            raise QuantityError(f"{percentile} does not lie above the median", mend).inside(a.law, percentile)
        return Lognormal(median, math.log(high / median) / NormalDist().inv_cdf(level))
    if a.keys("mean", "cv"):
        variance = math.log1p(a.number("cv") ** 2)
        return Lognormal(a.amount("mean") * math.exp(-variance / 2), math.sqrt(variance))
    if a.keys("mean", "sigma"):
        sigma = a.number("sigma")
        return Lognormal(a.amount("mean") * math.exp(-(sigma**2) / 2), sigma)
    raise a.wrong()


def _gamma(a: Args) -> Distribution:
    if not a.keys("mean", "cv"):
        raise a.wrong()
    return Gamma(a.amount("mean"), a.number("cv", 1e-6, 1e3))


def _erlang(a: Args) -> Distribution:
    if not a.keys("k", "mean"):
        raise a.wrong()
    return Erlang(a.count("k"), a.amount("mean"))


def _hyperexponential(a: Args) -> Distribution:
    if a.keys("mean", "cv"):
        mean, cv = a.amount("mean"), a.number("cv", 1.0, 1e3)
        first = (1 + math.sqrt((cv**2 - 1) / (cv**2 + 1))) / 2
        return Hyperexponential((first, 1 - first), (mean / (2 * first), mean / (2 * (1 - first))))
    if not a.keys("weights", "means"):
        raise a.wrong()
    weights = a.many("weights", units.parse_ratio)
    means = a.many("means", lambda value: _finite(a.quantity.parse(value), value, positive=True))
    if len(weights) != len(means):
        what = f"hyperexponential has {len(weights)} weights but {len(means)} means"
        raise QuantityError(what, "give one mean a weight").inside(a.law)
    if abs(math.fsum(weights) - 1) > 1e-9:
        what = f"the weights of hyperexponential sum to {number_text(round(math.fsum(weights), 9))}"
        raise QuantityError(what, "they must sum to 1").inside(a.law, "weights")
    return Hyperexponential(weights, means)


def _pareto(a: Args) -> Distribution:
    if a.keys("min", "alpha"):
        return Pareto(a.amount("min"), a.number("alpha"))
    if a.keys("mean", "alpha"):
        alpha = a.number("alpha", 1.0)
        return Pareto(a.amount("mean") * (alpha - 1) / alpha, alpha)
    raise a.wrong()


def _weibull(a: Args) -> Distribution:
    if a.keys("scale", "shape"):
        return Weibull(a.amount("scale"), a.number("shape", 0.01))
    if a.keys("mean", "shape"):
        shape = a.number("shape", 0.01)
        return Weibull(a.amount("mean") / math.gamma(1 + 1 / shape), shape)
    raise a.wrong()


LONE_PARAMETER = {"exponential": "mean"}
"""Laws that take a lone quantity for the named parameter."""


@dataclass(frozen=True)
class Law:
    """One row of the table: how to make the law, how people may write it, and what it is."""

    make: Callable[[Args], Distribution]
    forms: tuple[str, ...]
    about: str


LAWS: Mapping[str, Law] = {
    "exponential": Law(_exponential, ("{mean: 5ms}",), "memoryless, given its mean"),
    "uniform": Law(_uniform, ("{low: 1ms, high: 9ms}",), "anything between two bounds"),
    "normal": Law(
        _normal,
        ("{mean: 5ms, sd: 1ms, min: 0ms}", "{mean: 5ms, cv: 0.2}"),
        "Gaussian, redrawn below its min (0)",
    ),
    "lognormal": Law(
        _lognormal,
        (
            "{median: 8ms, sigma: 0.5}",
            "{median: 8ms, p99: 40ms}",
            "{mean: 9ms, cv: 0.8}",
            "{mean: 9ms, sigma: 0.5}",
        ),
        "skewed to the right, as measured latencies are",
    ),
    "gamma": Law(_gamma, ("{mean: 5ms, cv: 0.6}",), "given its mean and coefficient of variation"),
    "erlang": Law(_erlang, ("{k: 4, mean: 5ms}",), "the sum of k exponentials"),
    "hyperexponential": Law(
        _hyperexponential,
        ("{weights: [90%, 10%], means: [1ms, 20ms]}", "{mean: 5ms, cv: 2}"),
        "a mixture of exponentials (cv: two with balanced means)",
    ),
    "pareto": Law(_pareto, ("{min: 1ms, alpha: 2.5}", "{mean: 5ms, alpha: 2.5}"), "a heavy tail"),
    "weibull": Law(
        _weibull, ("{scale: 5ms, shape: 0.7}", "{mean: 5ms, shape: 0.7}"), "times to failure, ageing or not"
    ),
}
