"""Arrivals depend on names and seeds alone, not on the model nor on other clients; factors redraw nothing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

ALL_OPEN = {
    "poisson": {"kind": "poisson", "rate": "3/s"},
    "drawn": {"kind": "poisson", "rate": {"gamma": {"mean": "3/s", "cv": 1}}},
    "popularity": {"kind": "poisson", "total_rate": "60/s", "popularity": {"zipf": 1}},
    "diurnal": {"kind": "diurnal", "rate": "3/s", "peak": "2.5x", "period": "7s"},
    "spike": {"kind": "spike", "rate": "3/s", "factor": 4, "at": "5s", "for": "2s"},
    "mmpp": {"kind": "mmpp", "rates": ["1/s", "12/s"], "switching": ["0.5/s", "1/s"]},
}
"""Kinds whose processes go on whether a session is open or not."""
RESTARTING = {"renewal": {"kind": "renewal", "interarrival": {"erlang": {"k": 2, "mean": "300ms"}}}}
CLOSED = {"closed": {"kind": "closed", "think_time": {"exponential": "300ms"}}}
EVERY = ALL_OPEN | RESTARTING | CLOSED
N, END_S = 20, 30.0


def sessions(seed: int, count: int = N, mean_s: float = 2.0) -> list[tuple[int, list[float]]]:
    """For each client the times at which it opens, closes, opens ... (it starts closed)."""
    rng = np.random.default_rng(seed)
    return [(client, np.cumsum(rng.exponential(mean_s, 40)).tolist()) for client in range(count)]


def as_script(plan):
    script = []
    for client, moments in plan:
        for k, moment in enumerate(moments):
            name = "opened" if k % 2 == 0 else "closed"
            script.append((moment, lambda w, n=name, c=client: getattr(w.source, n)(c)))
    return script


def is_open(plan, time_s: float, client: int) -> bool:
    return int(np.searchsorted(plan[client][1], time_s, side="right")) % 2 == 1


@pytest.mark.parametrize("name", EVERY)
def test_same_seed_same_arrivals(play, name):
    """Twice the same bytes; another seed, other arrivals. Exact."""
    runs = [play(EVERY[name], N, END_S, seed=seed, answer_s=0.1).arrivals for seed in (5, 5, 6)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@pytest.mark.parametrize("name", ALL_OPEN)
def test_sessions_thin_a_common_sequence(play, name):
    """Opening and closing only hides arrivals: heard is the full sequence filtered by open sessions. Exact.

    The skipping of closed clients' candidates is an optimisation, and this is its specification.
    """
    plan = sessions(3)
    full = play(ALL_OPEN[name], N, END_S)
    if name == "mmpp":  # its clock starts at a client's first session: open all once, for no time
        blip = [(0.0, lambda w, c=client: w.source.closed(c)) for client in range(N)]
        heard = play(ALL_OPEN[name], N, END_S, script=blip + as_script(plan))
    else:
        heard = play(ALL_OPEN[name], N, END_S, opened=(), script=as_script(plan))
    expected = [(t, c) for t, c in full.arrivals if is_open(plan, t, c)]
    assert 0 < len(expected) < len(full.arrivals)
    assert heard.arrivals == expected


@pytest.mark.parametrize("name", ALL_OPEN)
def test_a_crowd_meets_sessions(play, name):
    """Factor and sessions together: the full sequence under the factor, filtered by open sessions. Exact."""
    plan, script = sessions(5, mean_s=6.0), crowd(7.0, 5.0, 4.0) + crowd(20.0, 0.0, 3.0)
    full = play(ALL_OPEN[name], N, END_S, script=script)
    blip = [(0.0, lambda w, c=client: w.source.closed(c)) for client in range(N)]
    heard = play(ALL_OPEN[name], N, END_S, script=blip + script + as_script(plan))
    assert heard.arrivals == [(t, c) for t, c in full.arrivals if is_open(plan, t, c)]


def test_each_session_of_a_renewal_client_has_gaps_of_its_own(play):
    """Two sessions of a client share no gap; the second does not depend on the first's length. Exact."""

    def second(first_closes_s):
        script = [(first_closes_s, lambda w: w.source.closed(0)), (20.0, lambda w: w.source.opened(0))]
        times = np.array(play(RESTARTING["renewal"], 1, END_S, script=script).of(0))
        return np.diff([0.0, *times[times < 20]]), np.diff([20.0, *times[times > 20]])

    first, later = second(15.0)
    assert len(first) > 20
    assert not np.isclose(first[:20], later[:20]).any()
    assert later.tolist() == second(4.0)[1].tolist()


@pytest.mark.parametrize("mean_s", [0.05, 20.0])
def test_thinning_when_nearly_all_are_closed_or_sessions_are_short(play, mean_s):
    """As above with 300 clients of whom hardly one is open, or that flicker. Exact."""
    body = {"kind": "poisson", "rate": "3/s"}
    plan = sessions(8, 300, mean_s)
    heard = play(body, 300, END_S, opened=(), script=as_script(plan))
    expected = [(t, c) for t, c in play(body, 300, END_S).arrivals if is_open(plan, t, c)]
    assert heard.arrivals == expected


@pytest.mark.parametrize("name", ["mmpp", "renewal", "closed"])
def test_a_client_does_not_see_the_others(play, name):
    """Client 0's arrivals are the same alone and in company, whatever the company's sessions. Exact."""
    alone = play(EVERY[name], N, END_S, opened=[0], answer_s=0.1)
    plan = [(client, moments) for client, moments in sessions(4) if client]
    company = play(EVERY[name], N, END_S, opened=[0], script=as_script(plan), answer_s=0.1)
    assert len(company.arrivals) > len(alone.arrivals) > 50
    assert company.of(0) == alone.of(0)


@pytest.mark.parametrize("name", [name for name in EVERY if name != "popularity"])
def test_open_sessions_do_not_see_each_other(play, name):
    """Without a population client 3's arrivals are the same alone and among others. Exact."""
    alone = play(EVERY[name], None, END_S, opened=[3], answer_s=0.1)
    script = [(1.5, lambda w: w.source.closed(1)), (2.5, lambda w: w.source.opened(9))]
    company = play(EVERY[name], None, END_S, opened=range(5), script=script, answer_s=0.1)
    assert alone.of(3) == company.of(3)
    assert alone.arrivals
    assert not [t for t in company.of(1) if t > 1.5]
    assert company.of(9)
    assert min(company.of(9)) > 2.5


@pytest.mark.parametrize("answer_s", [0.1, 0.7])
def test_closed_think_times_do_not_depend_on_the_answers(play, answer_s):
    """Think k of client i is the same draw however long answers take. To 1e-9."""
    heard = play(CLOSED["closed"], 3, END_S, answer_s=answer_s)
    base = play(CLOSED["closed"], 3, END_S, answer_s=0.0)
    for client in range(3):
        thinks = np.diff([-answer_s, *heard.of(client)]) - answer_s
        expected = np.diff([0.0, *base.of(client)])[: len(thinks)]
        assert np.allclose(thinks, expected, rtol=0, atol=1e-9)


def crowd(at_s: float, factor: float, for_s: float):
    return [
        (at_s, lambda w: w.source.set_factor(factor)),
        (at_s + for_s, lambda w: w.source.set_factor(1.0)),
    ]


@pytest.mark.parametrize("population", [N, None])
@pytest.mark.parametrize("name", ["poisson", "drawn", "renewal"])
def test_factor_rescales_the_clock(play, name, population):
    """In [10, 12) time runs 4 times as fast: the same arrivals, at 10 + (t - 10)/4, then t - 6. To 1e-9."""
    base = play(EVERY[name], population, END_S + 6, opened=range(N))
    heard = play(EVERY[name], population, END_S, opened=range(N), script=crowd(10.0, 4.0, 2.0))
    moved = [(t if t < 10 else 10 + (t - 10) / 4 if t < 18 else t - 6, c) for t, c in base.arrivals]
    moved = [(t, c) for t, c in moved if t < END_S - 1e-6]
    got = [(t, c) for t, c in heard.arrivals if t < END_S - 1e-6]
    assert [c for _, c in got] == [c for _, c in moved]
    assert np.allclose([t for t, _ in got], [t for t, _ in moved], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", [*ALL_OPEN, "renewal"])
def test_factor_multiplies_the_rate(play, name):
    """Five times the rate in [10, 15), none in [20, 22) at factor 0, as before after that.

    Per client, got - 5 * base has mean 0: n = 400, 5 standard errors of its own (6e-7). The silence is exact.
    """
    script = crowd(10.0, 5.0, 5.0) + crowd(20.0, 0.0, 2.0)
    base, heard = play(EVERY[name], 400, END_S), play(EVERY[name], 400, END_S, script=script)

    def per_client(run, begin_s, end_s):
        chosen = (run.times >= begin_s) & (run.times < end_s)
        return np.bincount(run.clients[chosen], minlength=400)

    assert [a for a in heard.arrivals if a[0] < 10] == [a for a in base.arrivals if a[0] < 10]
    assert per_client(base, 10, 15).sum() > 200
    excess = per_client(heard, 10, 15) - 5.0 * per_client(base, 10, 15)
    assert abs(excess.mean()) < 5 * excess.std() / np.sqrt(400)
    assert per_client(heard, 20, 22).sum() == 0
    assert per_client(heard, 22, 30).sum() > 0


def test_factor_shortens_think_times(play):
    """Thinking 2 s from 0; factor 4 at 1 s leaves 1 s of it: 1.25 s; then 0.5 s a think. Exact."""
    script = [(1.0, lambda w: w.source.set_factor(4.0)), (2.0, lambda w: w.source.set_factor(1.0))]
    heard = play({"kind": "closed", "think_time": "2s"}, 1, 6.0, answer_s=0.25, script=script)
    assert heard.times.tolist() == [1.25, 2.0, 4.25]


def test_a_request_left_behind_delays_the_next_session_loop(play):
    """Closed while waiting, opened again before the answer: still never two outstanding. Exact."""
    script = [(1.5, lambda w: w.source.closed(0)), (1.75, lambda w: w.source.opened(0))]
    heard = play({"kind": "closed", "think_time": "1s"}, 1, 10.0, answer_s=3.0, script=script)
    assert heard.times.tolist() == [1.0, 5.0, 9.0]


@pytest.mark.parametrize("name", EVERY)
def test_times_ascend_and_stay_below_the_end(play, name):
    """Half-open: no arrival at or after the end. Exact."""
    times = play(EVERY[name], N, END_S, answer_s=0.1).times
    assert all(a <= b for a, b in pairwise(times))
    assert times[-1] < END_S


@pytest.mark.parametrize("name", [name for name in ALL_OPEN if name != "mmpp"])
def test_one_kernel_event_an_arrival(play, name):
    """Superposed kinds with everyone open: exactly one event an arrival, and one pending at most. Exact."""
    heard = play(ALL_OPEN[name], N, END_S)
    assert heard.kernel.events_processed == len(heard.arrivals)


def test_few_open_clients_cost_few_events(play):
    """Of 1000 clients 2 are open: candidates of the others cost no events (but one a block). Exact bound."""
    heard = play({"kind": "poisson", "rate": "3/s"}, 1000, END_S, opened=[4, 7])
    assert heard.kernel.events_processed < len(heard.arrivals) + 60
    assert set(heard.clients.tolist()) == {4, 7}


def test_rate_zero_is_silence(play):
    """A rate of 0/s is valid and gives nothing."""
    assert not play({"kind": "poisson", "rate": "0/s"}, 5, 10.0).arrivals
    assert not play({"kind": "poisson", "rate": "0/s"}, None, 10.0, opened=[0]).arrivals
    assert not play({"kind": "mmpp", "rates": ["0/s", "0/s"], "switching": ["1/s", "1/s"]}, 2, 10.0).arrivals
