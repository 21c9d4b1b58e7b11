"""Formulas of the catalogue: their form, and that everything they name is counted."""

import pytest

from simulator.metrics.catalogue import CATALOGUE, SERIES, Metric
from simulator.metrics.formula import COUNTED_BY, Formula, parse_formulas


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("core: received / s", Formula("core", (("received", 1),), ())),
        ("edge: hits / lookups", Formula("edge", (("hits", 1),), (("lookups", 1),))),
        (
            "lease: (sent - messages) / sent",
            Formula("lease", (("sent", 1), ("messages", -1)), (("sent", 1),)),
        ),
        (
            "tally: (lookups - hits - delayed) / s",
            Formula("tally", (("lookups", 1), ("hits", -1), ("delayed", -1)), ()),
        ),
        ("group: (ok + denied) / s", Formula("group", (("ok", 1), ("denied", 1)), ())),
        ("if data changes, core: invalidations / s", Formula("core", (("invalidations", 1),), (), if_changes=True)),
    ],
)
def test_a_formula_is_a_quotient_of_sums(text, formula):
    assert parse_formulas(text) == (formula,)


@pytest.mark.parametrize(
    "text",
    ["hits / lookups", "edge: hits", "edges: hits / s", "edge: hits - late / s", "edge: hits / lookups / s", ";"],
)
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(ValueError, match="is no formula"):
        parse_formulas(text)


@pytest.mark.parametrize("entry", [*CATALOGUE.values(), *SERIES.values()], ids=lambda entry: entry.name)
def test_a_formula_fits_its_entry(entry: Metric):
    """Rates are per second of the window and ratios are not; only the first formula gives the value in all."""
    for formula in entry.formulas:
        assert (entry.unit in ("1/s", "B/s")) >= (not formula.whole), "a rate has another unit"
        if entry.unit == "1/s":
            assert not formula.whole
        family = COUNTED_BY[formula.counted_by]
        assert family in ("", *entry.labels) or entry.name in SERIES or formula is entry.formulas[0]
    assert len({COUNTED_BY[formula.counted_by] for formula in entry.formulas}) == len(entry.formulas)


def test_what_only_time_series_have_is_no_metric():
    assert not SERIES.keys() & CATALOGUE.keys()
