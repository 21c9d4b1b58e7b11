"""Queues: Erlang, Pollaczek-Khinchine, finite buffers, closed networks, Markov-modulated arrivals.

Rates are per second, times in seconds. Sources: Kleinrock, Queueing Systems I (1975); Gross et al., Fundamentals of
Queueing Theory (2008); Reiser & Lavenberg, JACM 27 (1980) for mean value analysis; Neuts (1981) for MMPP/M/1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Queue:
    """Stationary means: wait and sojourn (seconds), number in system, P(wait > 0), P(blocked)."""

    wait_s: float
    sojourn_s: float
    number: float
    p_wait: float
    p_blocked: float = 0.0


def erlang_b(load: float, servers: int) -> float:
    """P(blocked) of M/G/c/c at `load` Erlang, by the stable recursion."""
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(load: float, servers: int) -> float:
    """P(wait) of M/M/c at `load` < `servers` Erlang."""
    blocked = erlang_b(load, servers)
    return servers * blocked / (servers - load * (1.0 - blocked))


def mmc(arrivals: float, service_rate: float, servers: int) -> Queue:
    """M/M/c."""
    p_wait = erlang_c(arrivals / service_rate, servers)
    wait_s = p_wait / (servers * service_rate - arrivals)
    sojourn_s = wait_s + 1.0 / service_rate
    return Queue(wait_s, sojourn_s, arrivals * sojourn_s, p_wait)


def mm1_sojourn_percentile(arrivals: float, service_rate: float, q: float) -> float:
    """The sojourn of M/M/1 under FIFO is exponential with rate mu - lambda."""
    return -math.log(1.0 - q) / (service_rate - arrivals)


def birth_death(up: Sequence[float], down: Sequence[float]) -> np.ndarray:
    """Stationary law of states 0..len(up) with rates up[i]: i -> i+1 and down[i]: i+1 -> i."""
    weights = np.cumprod(np.concatenate([[1.0], np.asarray(up) / np.asarray(down)]))
    result: np.ndarray = weights / weights.sum()
    return result


def mmck(arrivals: float, service_rate: float, servers: int, places: int) -> Queue:
    """M/M/c/K with `places` = K in the system; waits and sojourns are of the accepted."""
    law = birth_death([arrivals] * places, [min(i + 1, servers) * service_rate for i in range(places)])
    number = float(law @ np.arange(places + 1))
    blocked = float(law[-1])
    sojourn_s = number / (arrivals * (1.0 - blocked))
    p_wait = float(law[servers:places].sum()) / (1.0 - blocked)
    return Queue(sojourn_s - 1.0 / service_rate, sojourn_s, number, p_wait, blocked)


def mg1(arrivals: float, mean_s: float, second_moment_s2: float) -> Queue:
    """M/G/1 by Pollaczek and Khinchine."""
    load = arrivals * mean_s
    wait_s = arrivals * second_moment_s2 / (2.0 * (1.0 - load))
    return Queue(wait_s, wait_s + mean_s, arrivals * (wait_s + mean_s), load)


def finite_source(clients: int, think_s: float, service_s: float, servers: int) -> tuple[float, float, float]:
    """(throughput, response, utilisation) of one station with c exponential servers (machine repair)."""
    up = [(clients - i) / think_s for i in range(clients)]
    down = [min(i + 1, servers) / service_s for i in range(clients)]
    law = birth_death(up, down)
    states = np.arange(clients + 1)
    rate = float(law @ np.minimum(states, servers)) / service_s
    return rate, float(law @ states) / rate, rate * service_s / servers


def mva(clients: int, think_s: float, demands_s: Sequence[float]) -> tuple[float, float]:
    """(throughput, response) of single-server stations with these demands a request and a delay."""
    queue = np.zeros(len(demands_s))
    demands = np.asarray(demands_s)
    rate = response = 0.0
    for n in range(1, clients + 1):
        responses = demands * (1.0 + queue)
        response = float(responses.sum())
        rate = n / (think_s + response)
        queue = rate * responses
    return rate, response


def mmpp_m_1(rates: Sequence[float], leaves: Sequence[float], service_rate: float, levels: int = 600) -> Queue:
    """Two-phase MMPP/M/1: the chain on (number < levels, phase), solved level by level (block elimination).

    `leaves[i]` is the rate out of phase i.
    """
    arrivals = np.diag(np.asarray(rates, dtype=float))
    phases = np.array([[-leaves[0], leaves[0]], [leaves[1], -leaves[1]]])
    service = service_rate * np.eye(2)
    rate_matrix = np.zeros((2, 2))
    for _ in range(levels * 20):  # R = A0 (-(A1 + R A2))^-1, to the minimal solution
        local = phases - arrivals - service + rate_matrix @ service
        rate_matrix = arrivals @ np.linalg.inv(-local)
    boundary = phases - arrivals + rate_matrix @ service
    tail = np.linalg.inv(np.eye(2) - rate_matrix)
    system = np.column_stack([boundary[:, 0], tail.sum(axis=1)])
    empty = np.linalg.solve(system.T, np.array([0.0, 1.0]))
    number = float((empty @ rate_matrix @ tail @ tail).sum())
    share = np.array([leaves[1], leaves[0]]) / sum(leaves)
    mean_rate = float(share @ np.asarray(rates))
    sojourn_s = number / mean_rate
    return Queue(sojourn_s - 1.0 / service_rate, sojourn_s, number, float("nan"))
