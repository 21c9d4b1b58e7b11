"""The kernel is a SimPy environment: the same programs tell the same story on it and on `simpy.Environment`.

And what it adds: calls without an event, and the order of faults, ticks and messages at one time.
"""

from __future__ import annotations

import math

import pytest
import simpy
from simpy.core import EmptySchedule

from simulator.engine.kernel import Kernel

BOTH = pytest.mark.parametrize("environment", [simpy.Environment, Kernel])


# -- as SimPy documents it, on both -----------------------------------------------------------------------
@BOTH
def test_processes_wait_for_each_other_and_for_the_first_of_several(environment):
    env, story = environment(), []

    def child(name, wait_s):
        yield env.timeout(wait_s)
        story.append((env.now, name))
        return name.upper()

    def parent():
        got = yield env.process(child("a", 2.0))
        story.append((env.now, got))
        first = yield env.process(child("b", 3.0)) | env.timeout(1.0, "late")
        story.append((env.now, list(first.values())))
        both = yield env.process(child("c", 1.0)) & env.timeout(4.0)
        story.append((env.now, len(list(both.values()))))

    env.process(parent())
    assert env.run() is None
    assert story == [(2.0, "a"), (2.0, "A"), (3.0, ["late"]), (4.0, "c"), (5.0, "b"), (7.0, 2)]


@BOTH
def test_a_run_until_an_event_returns_its_value(environment):
    env = environment()

    def process():
        yield env.timeout(1.5)
        return "done"

    happened = env.process(process())
    assert env.run(until=happened) == "done"
    assert env.now == 1.5
    assert env.run(until=happened) == "done"  # it has happened already


@BOTH
def test_a_run_until_a_time_ends_just_before_what_is_due_then(environment):
    env, story = environment(), []
    env.timeout(1.0).callbacks.append(lambda _: story.append(1))
    env.timeout(2.0).callbacks.append(lambda _: story.append(2))
    env.run(until=2.0)
    assert (env.now, story) == (2.0, [1])
    env.run(until=3.0)
    assert (env.now, story) == (3.0, [1, 2])
    with pytest.raises(ValueError, match="must be greater than the current simulation time"):
        env.run(until=3.0)


@BOTH
def test_an_event_that_never_happens_is_told(environment):
    env = environment()
    env.timeout(1.0)
    with pytest.raises(RuntimeError, match="event"):
        env.run(until=env.event())


@BOTH
def test_an_error_of_a_process_ends_the_run_unless_somebody_waits_for_it(environment):
    env, story = environment(), []

    def fails():
        yield env.timeout(1.0)
        raise LookupError("of the process")

    def waits():
        try:
            yield env.process(fails())
        except LookupError as error:
            story.append(str(error))

    env.process(waits())
    env.run()
    assert story == ["of the process"]
    env.process(fails())
    with pytest.raises(LookupError, match="of the process"):
        env.run()


@BOTH
def test_steps_and_the_end_of_the_schedule(environment):
    env = environment()
    env.timeout(4.0)
    assert env.peek() == 4.0
    env.step()
    assert (env.now, env.peek()) == (4.0, math.inf)
    with pytest.raises(EmptySchedule):
        env.step()


@BOTH
def test_an_interrupted_process_goes_on(environment):
    env, story = environment(), []

    def sleeper():
        try:
            yield env.timeout(10.0)
        except simpy.Interrupt as interrupt:
            story.append((env.now, interrupt.cause))

    process = env.process(sleeper())
    env.timeout(3.0).callbacks.append(lambda _: process.interrupt("wake"))
    env.run()
    assert story == [(3.0, "wake")]


@BOTH
def test_what_was_to_happen_with_an_awaited_event_happens_in_the_next_run(environment):
    env, story = environment(), []
    awaited = env.timeout(1.0)
    awaited.callbacks.append(lambda _: story.append("before"))
    env.run(until=awaited)
    env.run()
    assert story == ["before"]


def test_callbacks_behind_the_end_of_a_run_are_not_lost():
    """The run ends at the event; who registered after that is called when the next run begins, at the same time."""
    env, story = Kernel(), []
    awaited = env.event()
    env.call_at(1.0, lambda _: awaited.callbacks.append(lambda _: story.append(env.now)))
    env.call_at(2.0, lambda _: awaited.succeed("value"))
    assert env.run(until=awaited) == "value"
    assert story == []
    env.run()
    assert story == [2.0]


# -- what the kernel adds ---------------------------------------------------------------------------------
def test_at_one_time_faults_come_before_ticks_and_ticks_before_messages_in_order():
    env, story = Kernel(), []
    for name in ("first", "second"):
        env.call_at(1.0, story.append, name)
    env.tick_at(1.0).callbacks.append(lambda _: story.append("tick"))
    env.timeout(1.0).callbacks.append(lambda _: story.append("timeout"))
    env.fault_at(1.0).callbacks.append(lambda _: story.append("fault"))
    env.call_in(1.0, story.append, "third")
    env.run()
    assert story == ["fault", "tick", "timeout", "first", "second", "third"]


@pytest.mark.parametrize("time_s", [1.9, -1.0, math.nan])
def test_time_does_not_run_backwards(time_s):
    env = Kernel()
    env.run(until=2.0)
    for schedule in (env.tick_at, env.fault_at, lambda at_s: env.call_at(at_s, print)):
        with pytest.raises(ValueError, match="time runs backwards"):
            schedule(time_s)


def test_what_is_urgent_now_can_be_settled_before_anything_else():
    """A process begins, and a fault at time 0 strikes; ticks, messages and later faults stay where they are."""
    env, story = Kernel(), []

    def process():
        story.append("begun")
        yield env.timeout(1.0)

    env.process(process())
    env.fault_at(0.0).callbacks.append(lambda _: story.append("fault"))
    env.fault_at(1.0).callbacks.append(lambda _: story.append("later"))
    env.tick_at(0.0).callbacks.append(lambda _: story.append("tick"))
    env.call_at(0.0, story.append, "message")
    env.settle()
    assert story == ["begun", "fault"]
    assert env.now == 0.0


def test_events_are_counted_however_often_a_run_is_interrupted():
    counts = []
    for stops in ([], [0.5, 1.5], [0.1 * n for n in range(1, 30)]):
        env = Kernel()
        for n in range(10):
            env.call_at(0.3 * n, str)
        for time_s in stops:
            env.run(until=time_s)
        env.run()
        counts.append(env.events_processed)
    assert counts == [10, 10, 10]
