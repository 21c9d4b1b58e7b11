"""Plays the items of a job in this process or in several; the results do not depend on which.

Items go out replication by replication, so that an interrupted run holds complete comparisons. A worker that dies, or
an item that raises, costs that item alone and is named in the outcome; Ctrl-C keeps what was finished.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from simulator.play.job import (
    HopelessError,
    Item,
    Job,
    Listener,
    Played,
    Silence,
    failure_of,
    record_failure,
    record_result,
)
from simulator.play.pool import play_in_processes
from simulator.play.signals import interruptible


def items_of(variants: Sequence[str], replications: int, done: Sequence[Item] = ()) -> list[Item]:
    """The items to play, replication by replication, less those that are `done`."""
    known = set(done)
    every = [Item(r, v) for r in range(replications) for v in variants]
    return [item for item in every if item not in known]


def play(job: Job, items: Sequence[Item], *, jobs: int = 1, listener: Listener | None = None) -> Played:
    """Play all items with `jobs` processes (1: in this one).

    Never raises for what an item does: exceptions and dead workers become failures, Ctrl-C an interrupted
    outcome that holds what was finished.
    """
    ear = listener if listener is not None else Silence()
    outcome = Played()
    durations = [float(getattr(scenario, "duration", 0.0)) for scenario in job.scenarios.values()]
    ear.started(len(items), max(durations, default=0.0))
    try:
        if jobs <= 1 or len(items) <= 1:
            play_here(job, items, outcome, ear)
        else:
            play_in_processes(job, items, min(jobs, len(items)), outcome, ear)
    except KeyboardInterrupt:
        outcome.interrupted = True
    except HopelessError:
        pass  # the failure says why
    finally:
        ear.stopped()
    return outcome


def play_here(job: Job, items: Sequence[Item], outcome: Played, ear: Listener) -> None:
    """Play the items in this process; fills `outcome`. KeyboardInterrupt and HopelessError pass through."""
    for item in items:
        try:
            with interruptible():
                result = job.play(item, functools.partial(ear.advanced, item))
        except Exception as error:  # noqa: BLE001 - whatever an item raises costs that item alone
            record_failure(outcome, ear, failure_of(item, error))
        else:
            record_result(outcome, ear, item, result)
