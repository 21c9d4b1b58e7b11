"""The checker of lock histories by itself: which histories it lets pass and which not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import SafetyError
from simulator.leases.locks import LockTable
from simulator.observe.lock_history import LockHistory

LOCK, OTHER = (-1, 0), (-1, 1)


def history(*entries):
    checker = LockHistory()
    for entry in entries:
        getattr(checker, entry[0])(*entry[1:])
    return checker


def test_one_after_the_other_with_growing_tokens_is_right():
    right = history(
        ("granted", 1.0, LOCK, 7, 1, True),
        ("ended", 2.0, LOCK, 7, 1, False),
        ("granted", 2.0, LOCK, 8, 2, True),
        ("granted", 2.5, LOCK, 8, 5, True),
        ("ended", 3.0, LOCK, 8, 5, False),
        ("granted", 3.0, OTHER, 7, 1, True),
    )
    assert right.entries == 6


def test_shared_locks_have_many_holders():
    history(*(("granted", 1.0, LOCK, session, session, False) for session in range(1, 9)))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([("granted", 1.0, LOCK, 7, 1, True), ("granted", 2.0, LOCK, 8, 2, True)], "while session 7 holds it"),
        ([("granted", 1.0, LOCK, 7, 1, False), ("granted", 2.0, LOCK, 8, 2, True)], "while session 7 holds it"),
        ([("granted", 1.0, LOCK, 7, 1, True), ("granted", 2.0, LOCK, 8, 2, False)], "while session 7 holds it"),
        ([("granted", 1.0, LOCK, 7, 2, True), ("granted", 2.0, LOCK, 7, 2, True)], "fencing token 2 follows 2"),
        (
            [("granted", 1.0, LOCK, 7, 2, True), ("ended", 1.5, LOCK, 7, 2, False), ("granted", 2.0, LOCK, 8, 1, True)],
            "fencing token 1 follows 2",
        ),
        ([("ended", 1.0, LOCK, 7, 1, False)], "that it did not have"),
        ([("granted", 1.0, LOCK, 7, 2, True), ("ended", 2.0, LOCK, 7, 1, False)], "that it did not have"),
        ([("granted", 2.0, LOCK, 7, 1, True), ("granted", 1.0, OTHER, 7, 1, True)], "time runs backwards"),
    ],
)
def test_a_wrong_history_is_told(entries, message):
    with pytest.raises(SafetyError, match=message):
        history(*entries)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["acquire", "release", "old", "close", "expire", "wait", "serve", "later"]), st.integers(0, 3)
    ),
    max_size=60,
)


@given(_STEPS, st.booleans())
def test_whatever_is_asked_of_a_table_its_history_is_right(steps, exclusive):
    """Releases with old tokens, ends of leases and lines in any order; the journal raises on the first wrong entry."""
    alive = [0.0] * 4
    table = LockTable(lambda session: alive[session])
    table.journal = LockHistory()
    now, tokens, questions = 0.0, {}, 0
    for step, session in steps:
        if step == "later":
            now += 1.0
        elif step == "acquire":
            alive[session] = now + 2.5
            token = table.acquire(LOCK, session, now, exclusive)
            assert token is not None or exclusive
            tokens[session] = token or tokens.get(session, 0)
        elif step == "release":
            held = table.holds(session, LOCK)
            assert table.release(LOCK, session, tokens.get(session, 0), now) == held
        elif step == "old":
            assert not table.release(LOCK, session, tokens.get(session, 1) - 1, now)
        elif step in ("close", "expire"):
            table.release_all(session, now, expired=step == "expire")
        elif step == "wait":
            questions += 1
            table.wait(LOCK, session, exclusive, questions, session)
        else:
            served = table.next_in_line(LOCK, now, lambda ticket, at=now: alive[ticket] > at)
            if served is not None:
                tokens[served[0]] = served[1]
        for session_id in range(4):
            assert table.holds(session_id, LOCK) == (session_id in table._holders.get(LOCK, {}))
