"""The lock table by itself: who gets a lock, with which token, when it is free for others, and who is next in line."""

from __future__ import annotations

import pytest

from simulator.errors import SafetyError
from simulator.leases.locks import LockTable

LOCK, OTHER = (-1, 0), (-1, 1)


class Journal:
    """All that the table tells, in order."""

    def __init__(self):
        self.entries = []

    def granted(self, *entry):
        self.entries.append(("granted", *entry))

    def ended(self, *entry):
        self.entries.append(("ended", *entry))


@pytest.fixture
def alive():
    """Session -> until when its locks are its own, seconds; 100 unless a test says otherwise."""
    return {}


@pytest.fixture
def table(alive):
    table = LockTable(lambda session_id: alive.get(session_id, 100.0))
    table.journal = Journal()
    return table


# -- granting ---------------------------------------------------------------------------------------------
def test_an_exclusive_lock_has_one_holder(table):
    assert table.acquire(LOCK, 7, 1.0, exclusive=True) == 1
    assert table.acquire(LOCK, 8, 2.0, exclusive=True) is None
    assert table.acquire(OTHER, 8, 2.0, exclusive=True) == 1
    assert (table.holds(7, LOCK), table.holds(8, LOCK), table.holds(8, OTHER)) == (True, False, True)
    assert (table.grants, table.denials) == (2, 1)


def test_a_shared_lock_has_many_holders_each_with_a_token_of_its_own(table):
    assert [table.acquire(LOCK, session, 1.0, exclusive=False) for session in (7, 8, 9)] == [1, 2, 3]
    assert table.release(LOCK, 8, 2, 2.0)
    assert [table.holds(session, LOCK) for session in (7, 8, 9)] == [True, False, True]


def test_an_exclusive_grant_waits_for_every_shared_holder(table, alive):
    for session in (7, 8):
        table.acquire(LOCK, session, 1.0, exclusive=False)
    alive.update({7: 2.0})
    assert table.acquire(LOCK, 9, 3.0, exclusive=True) is None
    alive.update({8: 3.0})
    assert table.acquire(LOCK, 9, 3.0, exclusive=True) == 3


def test_tokens_grow_for_each_lock_whoever_gets_it_and_however_it_ended(table, alive):
    """Chubby's sequencers: a later grant of a lock has a higher token than every earlier one, for ever."""
    tokens = [table.acquire(LOCK, 7, 1.0, exclusive=True)]
    tokens.append(table.acquire(LOCK, 7, 1.0, exclusive=True))  # the holder itself may repeat
    assert table.release(LOCK, 7, tokens[-1], 1.5)
    tokens.append(table.acquire(LOCK, 8, 2.0, exclusive=True))
    table.release_all(8, 3.0, expired=False)
    tokens.append(table.acquire(LOCK, 7, 3.0, exclusive=True))
    alive[7] = 4.0
    tokens.append(table.acquire(LOCK, 9, 4.0, exclusive=True))
    assert tokens == [1, 2, 3, 4, 5]


def test_a_lock_is_free_exactly_when_its_holder_s_time_is_over(table, alive):
    alive[7] = 10.0
    table.acquire(LOCK, 7, 1.0, exclusive=True)
    assert table.acquire(LOCK, 8, 9.999, exclusive=True) is None
    assert table.holds(7, LOCK)
    assert table.acquire(LOCK, 8, 10.0, exclusive=True) == 2
    assert not table.holds(7, LOCK)
    assert not table.holds(7)


def test_a_holder_whose_time_is_over_still_holds_until_another_asks(table, alive):
    alive[7] = 2.0
    table.acquire(LOCK, 7, 1.0, exclusive=True)
    assert table.acquire(LOCK, 7, 50.0, exclusive=True) == 2
    assert table.holds(7, LOCK)


# -- giving back ------------------------------------------------------------------------------------------
def test_a_release_ends_only_the_grant_that_it_names(table):
    """One that was long on its way must not end a later grant, of the same session or of another."""
    first = table.acquire(LOCK, 7, 1.0, exclusive=True)
    second = table.acquire(LOCK, 7, 2.0, exclusive=True)
    assert not table.release(LOCK, 7, first, 3.0)
    assert not table.release(LOCK, 8, second, 3.0)
    assert not table.release(OTHER, 7, second, 3.0)
    assert table.holds(7, LOCK)
    assert table.release(LOCK, 7, second, 3.0)
    assert not table.release(LOCK, 7, second, 3.0)
    assert not table.holds(7)


def test_all_locks_of_a_session_end_together_in_order(table):
    for lock in (OTHER, LOCK, (5, 1)):
        table.acquire(lock, 7, 1.0, exclusive=True)
    table.acquire((9, 9), 8, 1.0, exclusive=True)
    assert table.release_all(7, 2.0, expired=True) == [LOCK, OTHER, (5, 1)]
    assert table.release_all(7, 2.0, expired=True) == []
    assert (table.holds(7), table.holds(8)) == (False, True)
    assert [entry[-1] for entry in table.journal.entries if entry[0] == "ended"] == [True, True, True]


def test_whether_a_session_holds_any_lock(table):
    assert not table.holds(7)
    token = table.acquire(LOCK, 7, 1.0, exclusive=True)
    table.acquire(OTHER, 7, 1.0, exclusive=True)
    table.release(LOCK, 7, token, 2.0)
    assert table.holds(7)
    assert not table.holds(7, LOCK)


def test_the_journal_hears_of_every_change_in_order(table, alive):
    alive[7] = 2.5
    table.acquire(LOCK, 7, 1.0, exclusive=True)
    table.acquire(LOCK, 8, 2.0, exclusive=True)  # denied: no change
    table.acquire(LOCK, 8, 3.0, exclusive=True)
    table.release(LOCK, 8, 2, 4.0)
    table.acquire(LOCK, 9, 5.0, exclusive=False)
    table.release_all(9, 6.0, expired=False)
    assert table.journal.entries == [
        ("granted", 1.0, LOCK, 7, 1, True),
        ("ended", 3.0, LOCK, 7, 1, True),
        ("granted", 3.0, LOCK, 8, 2, True),
        ("ended", 4.0, LOCK, 8, 2, False),
        ("granted", 5.0, LOCK, 9, 3, False),
        ("ended", 6.0, LOCK, 9, 3, False),
    ]


def test_a_table_without_a_journal_works_as_well(alive):
    table = LockTable(lambda _: 0.0)
    assert table.acquire(LOCK, 7, 1.0, exclusive=True) == 1
    assert table.release(LOCK, 7, 1, 2.0)


# -- safety -----------------------------------------------------------------------------------------------
def test_two_exclusive_holders_raise():
    class Careless(LockTable):
        def _is_free(self, lock, session_id, now_s):
            return True

    table = Careless(lambda _: 100.0)
    table.acquire(LOCK, 7, 1.0, exclusive=True)
    with pytest.raises(SafetyError, match=r"held by sessions \[7, 8\] at once at 2.0 s"):
        table.acquire(LOCK, 8, 2.0, exclusive=True)


def test_a_token_that_does_not_grow_raises(table):
    """A table that forgot which tokens it gave, while a shared holder still has one."""
    table.acquire(LOCK, 7, 1.0, exclusive=False)
    table._tokens.clear()
    with pytest.raises(SafetyError, match="fencing token 1 does not grow"):
        table.acquire(LOCK, 8, 2.0, exclusive=False)


# -- waiting in line --------------------------------------------------------------------------------------
def serve(table, now_s, gone=()):
    return table.next_in_line(LOCK, now_s, lambda ticket: ticket not in gone)


def test_the_line_is_served_in_order_one_a_release(table):
    table.acquire(LOCK, 7, 1.0, exclusive=True)
    for session, ticket in ((8, "b"), (9, "c")):
        table.wait(LOCK, session, True, question=ticket, ticket=ticket)
    assert serve(table, 2.0) is None
    table.release(LOCK, 7, 1, 3.0)
    assert serve(table, 3.0) == ("b", 2)
    assert table.holds(8, LOCK)
    assert serve(table, 3.0) is None
    table.release(LOCK, 8, 2, 4.0)
    assert serve(table, 4.0) == ("c", 3)
    table.release(LOCK, 9, 3, 5.0)
    assert serve(table, 5.0) is None
    assert table.denials == 0  # who waits in line is not denied


def test_a_question_that_is_asked_again_keeps_its_place_with_the_new_ticket(table):
    table.wait(LOCK, 8, True, question="b", ticket="b1")
    table.wait(LOCK, 9, True, question="c", ticket="c1")
    table.wait(LOCK, 8, True, question="b", ticket="b2")
    assert serve(table, 1.0) == ("b2", 1)


def test_who_does_not_want_it_any_more_loses_the_place_and_nothing_else(table):
    for session, ticket in ((8, "b"), (9, "c"), (10, "d")):
        table.wait(LOCK, session, True, question=ticket, ticket=ticket)
    assert serve(table, 1.0, gone={"b", "c"}) == ("d", 1)
    assert [table.holds(session) for session in (8, 9, 10)] == [False, False, True]
    assert table.grants == 1
    table.release(LOCK, 10, 1, 2.0)
    assert serve(table, 2.0) is None  # b and c stand there no more


def test_shared_waiters_are_served_together_and_an_exclusive_one_behind_them_waits(table):
    for session, exclusive in ((8, False), (9, False), (10, True), (11, False)):
        table.wait(LOCK, session, exclusive, question=session, ticket=session)
    assert [serve(table, 1.0) for _ in range(3)] == [(8, 1), (9, 2), None]


def test_the_line_of_each_lock_is_its_own(table):
    table.wait(OTHER, 8, True, question="b", ticket="b")
    assert serve(table, 1.0) is None
    assert table.next_in_line(OTHER, 1.0, lambda _: True) == ("b", 1)


def test_when_a_lock_may_be_free_by_itself(table, alive):
    """The last of its holders' times, for those who wait; at once where nobody holds it; never asked by nobody."""
    alive.update({7: 10.0, 8: 20.0})
    assert table.free_at_s(LOCK) is None
    for session in (7, 8):
        table.acquire(LOCK, session, 1.0, exclusive=False)
    assert table.free_at_s(LOCK) is None
    table.wait(LOCK, 9, True, question="c", ticket="c")
    assert table.free_at_s(LOCK) == 20.0
    assert table.free_at_s(OTHER) is None
    table.wait(OTHER, 9, True, question="d", ticket="d")
    assert table.free_at_s(OTHER) == 0.0
    assert serve(table, 20.0) == ("c", 3)
    assert table.free_at_s(LOCK) is None
