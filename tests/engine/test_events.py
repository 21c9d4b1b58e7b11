"""The two future event lists, against sorting; and the two kinds of columns."""

from __future__ import annotations

import random

import numpy as np
import pytest

from simulator.engine import packed_columns, packed_events, plain_columns, plain_events
from simulator.engine.clock import LAST
from simulator.engine.handler import Calling, Handler
from simulator.engine.kernel import Kernel
from simulator.engine.timers import Timed, Timers

LISTS = pytest.mark.parametrize(
    "kind",
    [(packed_events, packed_events.PackedEvents), (plain_events, plain_events.PlainEvents)],
    ids=["packed", "plain"],
)


def some_entries(rng, number):
    """Entries of few times, so that many are due together, in three bands."""
    handler = Handler()
    return [
        (rng.randrange(20) / 7.0, rng.choice((-LAST, 0, LAST)) + order, handler, f"argument {order}")
        for order in range(number)
    ]


@LISTS
@pytest.mark.parametrize("seed", range(5))
def test_entries_come_by_time_and_then_by_order(kind, seed):
    module, make = kind
    rng, events, there, came, expected = random.Random(seed), make(), [], [], []
    for entry in some_entries(rng, 2000):
        module.push_entry(events, entry)
        there.append(entry)
        while there and rng.random() < 0.45:
            first = min(there, key=lambda one: one[:2])
            there.remove(first)
            expected.append(first)
            came.append(module.pop_entry(events))
    assert len(events) == len(there) > 0
    assert bool(events)
    expected += sorted(there, key=lambda one: one[:2])
    while events:
        came.append(module.pop_entry(events))
    assert came == expected


@LISTS
def test_what_is_below_an_entry_comes_later(kind):
    module, make = kind
    events = make()
    for entry in some_entries(random.Random(9), 300):
        module.push_entry(events, entry)
    for place in range(1, len(events)):
        above = (place - 1) // module.ARITY
        assert events.entry(above)[:2] < events.entry(place)[:2]
    assert [events.entry(place) for place in range(len(events))] == events.entries()


@LISTS
def test_entries_are_taken_out_and_the_others_stay(kind):
    module, make = kind
    entries = some_entries(random.Random(3), 500)
    events = make()
    for entry in entries:
        module.push_entry(events, entry)
    by_time = sorted(entries, key=lambda one: one[:2])
    assert events.take(lambda entry: entry[3].endswith("7")) == [one for one in by_time if one[3].endswith("7")]
    assert events.take(lambda _: False) == []
    left = [module.pop_entry(events) for _ in range(len(events))]
    assert left == [one for one in by_time if not one[3].endswith("7")]


def test_a_packed_list_holds_nothing_that_has_come():
    events = packed_events.PackedEvents()
    packed_events.push_entry(events, (1.0, 0, Handler(), thing := [1, 2]))
    assert packed_events.pop_entry(events)[3] is thing
    assert events.entries() == []
    assert events._arguments == [None]


@pytest.mark.parametrize("module", [packed_columns, plain_columns], ids=["packed", "plain"])
def test_columns_give_what_was_appended_and_are_empty_then(module):
    floats = module.PackedFloats() if module is packed_columns else module.PlainFloats()
    ints = module.PackedInts() if module is packed_columns else module.PlainInts()
    for number in range(1000):
        floats.append(number / 3.0)
        ints.append(number - 500)
    assert (len(floats), len(ints)) == (1000, 1000)
    first, second = floats.take(), ints.take()
    assert (first.dtype, second.dtype) == (np.float64, np.int64)
    assert first.tolist() == [number / 3.0 for number in range(1000)]
    assert second.tolist() == list(range(-500, 500))
    floats.append(1.0)
    assert (floats.take().tolist(), ints.take().tolist()) == ([1.0], [])
    assert first[999] == 333.0  # what was given before stays as it was
    assert list(module.vector([1.5, 2.5])) == [1.5, 2.5]


def test_timers_expire_in_their_order_and_only_what_still_waits():
    kernel, expired = Kernel(), []
    timers = Timers(kernel, 1.0, expired.append)
    waits = [Timed() for _ in range(6)]
    for number, wait in enumerate(waits):
        kernel.call_at(number / 10, timers.add, wait)
    kernel.run(until=0.9)
    assert list(timers) == waits
    timers.over(waits[0])
    timers.over(waits[3])
    timers.over(waits[3])  # again: nothing happens
    waits[4].done = True
    kernel.call_at(1.15, timers.over, waits[2])
    kernel.run(until=1.45)
    assert expired == [waits[1]]
    assert list(timers) == [waits[5]]
    kernel.run()
    assert expired == [waits[1], waits[5]]
    assert list(timers) == []
    timers.add(waits[0])
    kernel.run()
    assert (kernel.now, expired[-1]) == (2.5, waits[0])


def test_a_handler_says_what_it_calls_and_whose_that_is():
    kernel = Kernel()
    calling = Calling(kernel.call_last)
    assert (calling.function, calling.owner) == (kernel.call_last, kernel)
    assert Calling(lambda _: None).owner is None
    handler = Handler()
    assert (handler.function, handler.owner) == (handler, None)
    with pytest.raises(NotImplementedError):
        handler.call(None)
