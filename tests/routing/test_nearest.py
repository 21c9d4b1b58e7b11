"""The nearest edge: against a naive search over all edges, ties once per client, and how few edges are looked at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from simulator.routing.near import Nearest, first_edges, tie_key, tie_keys
from tests.actors import measure
from tests.routing.helpers import chi_square, directory_of, new_client, tally

TIE_S = 1e-9


def naive(directory, client, current):
    """All edges one after the other: a lower time wins, a tie goes to the lower key."""
    best, best_s = -1, float("inf")
    for edge in directory.healthy:
        if edge == current:
            continue
        rtt_s = (client.rtt_s or {}).get(edge, client.expected_rtt_s[edge])
        if best < 0 or rtt_s < best_s - TIE_S:
            best, best_s = edge, rtt_s
        elif rtt_s <= best_s + TIE_S and tie_key(client.salt, edge) < tie_key(client.salt, best):
            best = edge
    return best


TIMES = {
    "equal": st.just(0.02),
    "few levels": st.sampled_from([0.01, 0.02, 0.03]),
    "rounding": st.sampled_from([0.01, 0.01 * (1 + 4e-16), 0.01 * (1 - 2e-16), 0.02]),
    "nearly ties": st.integers(0, 30).map(lambda k: 0.01 + k * 2e-10),
    "distinct": st.floats(0, 1),
    "infinite": st.sampled_from([0.01, float("inf")]),
}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data(), st.sampled_from(sorted(TIMES)), st.sampled_from([1, 2, 3, 4, 5, 8, 17, 20, 60]))
def test_as_a_naive_search(data, kind, n):
    """Whatever is expected, measured, failed and left out, step by step: the very edge of the naive search."""
    times = TIMES[kind]
    directory = directory_of(n)
    table = data.draw(st.lists(times, min_size=n, max_size=n))
    salts = data.draw(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=3))
    clients = [new_client(i, salt, table) for i, salt in enumerate(salts)]
    clients.append(new_client(9, salts[0], data.draw(st.lists(times, min_size=n, max_size=n))))
    nearest, edges = Nearest(directory), st.integers(0, n - 1)
    for _ in range(12):
        client = data.draw(st.sampled_from(clients))
        step = data.draw(st.sampled_from(["measure", "as expected", "fail", "mend", "nothing"]))
        edge = data.draw(edges)
        if step == "measure" or (step == "as expected" and client.expected_rtt_s[edge] == float("inf")):
            measure(client, (client.rtt_s or {}) | {edge: data.draw(st.one_of(TIMES["nearly ties"], st.floats(0, 1)))})
        elif step == "as expected":
            measure(client, (client.rtt_s or {}) | {edge: client.expected_rtt_s[edge] * (1 + 2.0**-52)})
        elif step != "nothing":
            directory.set_healthy(edge, step == "mend")
        current = data.draw(st.integers(-1, n - 1))
        assert nearest.pick(client, current) == naive(directory, client, current)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data(), st.sampled_from(sorted(TIMES)), st.sampled_from([1, 2, 3, 4, 5, 8, 17, 20, 60]))
def test_the_first_of_many_clients_is_what_each_would_pick(data, kind, n):
    """Whoever shares a table with whom, whatever has failed, whoever has measured something: as the naive search."""
    directory = directory_of(n)
    tables = data.draw(st.lists(st.lists(TIMES[kind], min_size=n, max_size=n), min_size=1, max_size=3))
    salts = data.draw(st.lists(st.integers(0, 2**63 - 1), max_size=12))
    clients = [new_client(i, salt, data.draw(st.sampled_from(tables))) for i, salt in enumerate(salts)]
    for client in clients:
        if data.draw(st.integers(0, 4)) == 0:
            measure(client, {data.draw(st.integers(0, n - 1)): data.draw(TIMES["nearly ties"])})
    for edge in data.draw(st.lists(st.integers(0, n - 1), max_size=n)):
        directory.set_healthy(edge, False)
    expected = [naive(directory, client, -1) for client in clients]
    nearest = Nearest(directory)
    assert nearest.first(clients) == expected
    assert [nearest.pick(client, -1) for client in clients] == expected


@pytest.mark.parametrize(("n", "count"), [(8, 10_000), (300, 700), (1, 5000), (4, 4097)])
def test_the_first_of_very_many_clients(n, count):
    """More than are looked at together, of two tables by turns, all of it ties: each the edge of its own least key."""
    tables = [[0.02] * n, [0.03] * n]
    salts = np.random.default_rng(n).integers(1 << 63, size=count).tolist()
    clients = [new_client(i, salt, tables[i % 2]) for i, salt in enumerate(salts)]
    keys = (np.array(salts, dtype=object)[:, None], np.arange(n, dtype=object)[None, :])
    expected = np.vectorize(tie_key, otypes=[object])(*keys).argmin(axis=1).tolist()
    assert Nearest(directory_of(n)).first(clients) == expected


def test_clients_that_share_a_table_are_looked_at_together():
    """Its order is kept: when the times are gone, all clients get their edges, and none that is asked alone does."""
    table = [0.02] * 8
    clients = [new_client(i, salt, table) for i, salt in enumerate(range(0, 10**9, 10**6))]
    nearest = Nearest(directory_of(8))
    edges = list(first_edges(nearest.pick, clients))
    table[:] = [None] * 8
    assert list(first_edges(nearest.pick, clients)) == edges
    with pytest.raises(TypeError):
        list(first_edges(nearest.pick, clients[:1]))


def test_who_picks_otherwise_is_asked_one_by_one():
    """Only `Nearest.pick` itself has a quicker way; anything else may depend on what happened to those before."""
    clients, asked = [new_client(i, i, [0.01, 0.02]) for i in range(5)], []
    nearest = Nearest(directory_of(2))

    class Farthest:
        def pick(self, client, current):
            asked.append((client.index, current))
            return 1

    for pick in (Farthest().pick, lambda client, current: Farthest.pick(nearest, client, current)):
        edges = iter(first_edges(pick, clients))
        assert next(edges) == 1
        assert asked == [(0, -1)]
        assert list(edges) == [1] * 4
        assert asked == [(index, -1) for index in range(5)]
        asked.clear()
    assert list(first_edges(nearest.pick, clients)) == [0] * 5


def test_many_tables_are_told_apart():
    """Clients with places of their own have tables of their own: forty of them, asked in turn."""
    directory = directory_of(30)
    nearest, rng = Nearest(directory), np.random.default_rng(2)
    clients = [new_client(i, i, rng.random(30).tolist()) for i in range(40)]
    for _ in range(2):
        for client in clients:
            assert nearest.pick(client, -1) == int(np.argmin(client.expected_rtt_s))


@pytest.mark.parametrize("n", [3, 8, 100])
def test_ties_are_broken_once_for_each_client(n):
    """The same edge at every request, each edge as likely over clients: Pearson's statistic of 4,000 clients is below
    the 99.99 % point of chi-square (n - 1)."""
    directory = directory_of(n)
    nearest, table = Nearest(directory), [0.02] * n
    salts = np.random.default_rng(4).integers(1 << 63, size=4000).tolist()
    clients = [new_client(i, salt, table) for i, salt in enumerate(salts)]
    picks = [nearest.pick(client, -1) for client in clients]
    assert picks == [nearest.pick(client, -1) for client in clients]
    assert chi_square(tally(picks, n), [1 / n] * n) < chi2.ppf(0.9999, n - 1)
    others = [nearest.pick(client, pick) for client, pick in zip(clients, picks, strict=True)]
    assert all(other != pick for other, pick in zip(others, picks, strict=True))
    assert picks == [nearest.pick(client, other) for client, other in zip(clients, others, strict=True)]


def test_keys_of_ties_one_by_one_and_many_at_once():
    """One law, and splitmix64's: the first outputs from seed 0 as published."""
    assert [tie_key(0, edge) for edge in range(3)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    edges = np.array([0, 1, 5, 999])
    for salt in (0, 1, 2**63 - 1, 123456789):
        assert tie_keys(salt, edges).tolist() == [tie_key(salt, int(edge)) for edge in edges]
    salts = np.array([[0], [2**63 - 1]], dtype=np.uint64)
    assert tie_keys(salts, edges).tolist() == [[tie_key(int(salt), int(edge)) for edge in edges] for [salt] in salts]


def test_a_change_of_measurement_is_seen_at_once():
    """Nothing that was picked before is remembered."""
    directory = directory_of(20)
    client = new_client(0, 1, [0.01 * (edge + 1) for edge in range(20)])
    nearest = Nearest(directory)
    assert nearest.pick(client, -1) == 0
    measure(client, {0: 0.5})
    assert nearest.pick(client, -1) == 1
    measure(client, {0: 0.5, 19: 0.001})
    assert nearest.pick(client, -1) == 19
    measure(client, {0: 0.0005, 19: 0.001})
    assert nearest.pick(client, -1) == 0
    assert nearest.pick(client, 0) == 19
    directory.set_healthy(0, False)
    assert nearest.pick(client, -1) == 19
    measure(client, None)
    assert nearest.pick(client, -1) == 1


@pytest.mark.parametrize("table", ["ties", "distinct", "pairs"])
@pytest.mark.parametrize("measured", [(), (0, 1, 5)])
def test_among_a_thousand_edges_a_few_are_looked_at(table, measured):
    """The first pick makes the short list of 16; later ones look at no other time but what the client has measured:
    those of all others are gone."""
    n, current = 1000, [-1, 0] * 50
    times = {"ties": lambda edge: 0, "distinct": lambda edge: edge, "pairs": lambda edge: edge // 2}[table]
    expected_s = [0.02 + 1e-4 * times(edge) for edge in range(n)]
    client, nearest = new_client(0, 77, expected_s), Nearest(directory_of(n))
    measure(client, {edge: expected_s[edge] for edge in measured})
    expected = {but: naive(directory_of(n), client, but) for but in (-1, 0)}
    nearest.pick(client, -1)
    near = sorted(range(n), key=lambda edge: (expected_s[edge], tie_key(77, edge)))[:16]
    expected_s[:] = [time_s if edge in near or edge in measured else None for edge, time_s in enumerate(expected_s)]
    assert [nearest.pick(client, but) for but in current] == [expected[but] for but in current]
