"""What other systems call the things that a scenario names: `least_connections` is `least_outstanding` here.

A word is looked up here before words that merely look like it are offered.

May import: the standard library. Does not know which names exist: whoever asks gives them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

_SAME: Final[dict[str, str]] = {
    # policies of routing, and of leaving an edge
    "least_outstanding": "least_connections least_connection least_conn leastconn least_requests least_request "
    "least_loaded least_load least_busy jsq join_shortest_queue",
    "power_of_two": "p2c power_of_two_choices two_choices two_random_choices random_two choice_of_two",
    "round_robin": "rr roundrobin weighted_round_robin wrr",
    "consistent_hash": "ring_hash hash ip_hash source_hash source client_ip ketama rendezvous hashing",
    "cookie": "sticky sticky_session sticky_sessions sticky_cookie session_affinity affinity persistence",
    "nearest": "closest geo geoproximity proximity lowest_latency latency_based",
    "uniform": "random any flat rand",
    "random": "uniform any random_replacement rand",
    "adaptive": "dynamic weighted stickiness",
    "static": "fixed constant weighted",
    # caches
    "wtinylfu": "tinylfu w_tinylfu tiny_lfu caffeine",
    "lru": "least_recently_used allkeys_lru volatile_lru",
    "lfu": "least_frequently_used allkeys_lfu volatile_lfu",
    "fifo": "first_in_first_out",
    "s3fifo": "s3_fifo",
    # workloads
    "poisson": "open exponential steady",
    "renewal": "constant deterministic regular fixed_rate",
    "trace": "log logs replay access_log file",
    "mmpp": "on_off onoff bursty burst markov",
    "closed": "closed_loop loop virtual_users vus",
    "diurnal": "sine daily periodic seasonal",
    "spike": "flash_crowd crowd surge step",
    # distributions
    "exponential": "exp poisson memoryless",
    "normal": "gaussian gauss norm",
    "lognormal": "log_normal lognorm",
    "pareto": "power_law heavy_tail",
    "hyperexponential": "h2 hyper hyperexp",
    "empirical": "file csv sample samples measured",
    # faults
    "crash": "kill fail failure outage stop die",
    "slow": "slowdown grey gray grey_failure brownout",
    "degrade": "latency delay loss packet_loss netem",
    "partition": "split netsplit isolate",
    "rolling_restart": "restart deploy deployment rolling",
    "crowd": "spike surge flash_crowd burst",
    "error": "errors error_rate http_500 5xx fail_fast",
    "pause": "freeze stall hang gc stop_the_world suspend",
    "lose": "region_loss site_loss region_outage zone_outage disaster",
    "add": "join scale_up scale_out grow",
    "remove": "scale_down scale_in shrink leave",
    "drain": "cordon decommission",
    # operations
    "lookup": "read get query",
    "update": "write put set post modify change",
    "acquire": "lock",
    "release": "unlock free",
    # metrics
    "failures.ratio": "errors error error_rate error_ratio errors.ratio errors.rate failures failure failure_rate "
    "failure_ratio failed",
    "availability": "uptime sla success_rate success_ratio",
    "goodput": "throughput",
    "requests.rate": "rps qps request_rate requests traffic",
    "latency.mean": "response_time duration",
    "hit_ratio.l1": "hit_rate hits cache_hits hitrate",
    "attempts.per_request": "retries retry_rate",
    "edge.utilisation": "utilization utilisation cpu load edge.utilization",
    # keys
    "edges": "servers nodes backends upstreams pops proxies",
    "clients": "users agents",
    "storage": "database db",
    "capacity": "size max_size max_entries entries",
    "workers": "threads concurrency servers cores",
    "batch_every": "tick batch_interval",
    "policy": "eviction algorithm strategy",
    "l1": "cache",
    "l2": "cache",
}
_BY_WORD: Final[dict[str, list[str]]] = {}
for _ours, _theirs in _SAME.items():
    for _word in _theirs.split():
        _BY_WORD.setdefault(_word, []).append(_ours)


def meant(word: object, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The one of `known` that is probably meant: the same thing by another name, else the word most like it."""
    names: Sequence[str] = list(known)
    folded = "_".join(str(word).casefold().replace("-", " ").replace("_", " ").split())
    for ours in _BY_WORD.get(folded, ()):
        if ours in names:
            return ours
    close = difflib.get_close_matches(str(word), names, 1, cutoff)
    return close[0] if close else None
