"""Draws whole random scenarios: every part of the language now and then, extreme values among them.

Short simulated times and few clients: a world costs well below a second. Draws only depend on the seed.
"""

from __future__ import annotations

import json
import random
from typing import Any

SITES = ["frankfurt", "london", "tokyo", "madrid", "sydney"]
CACHES = ["lru", "fifo", "lfu", "random", "sieve", "s3fifo", "wtinylfu"]
ROUTING = [
    "adaptive",
    "adaptive",
    "adaptive",
    "static",
    "cookie",
    "nearest",
    "random",
    "round_robin",
    "least_outstanding",
    "power_of_two",
    "consistent_hash",
    "maglev",
]

Draw = random.Random


def _maybe(rng: Draw, probability: float) -> bool:
    return rng.random() < probability


def _ms(rng: Draw, low: float, high: float) -> str:
    """A duration, log-uniform between two numbers of milliseconds."""
    return f"{low * (high / low) ** rng.random():.3f}ms"


def _duration(rng: Draw, low: float, high: float) -> Any:
    """A duration or a distribution of one around there."""
    one = _ms(rng, low, high)
    return rng.choice(
        [
            one,
            one,
            {"exponential": one},
            {"uniform": {"low": "0ms", "high": one}},
            {"lognormal": {"median": one, "sigma": 1}},
            {"gamma": {"mean": one, "cv": 2}},
            {"erlang": {"k": 3, "mean": one}},
            {"pareto": {"min": one, "alpha": 3}},
        ]
    )


def _workload(rng: Draw, fixed: bool) -> dict[str, Any]:
    rate = f"{rng.choice([0.2, 1, 1, 3, 8])}/s"
    kinds: list[dict[str, Any]] = [
        {"kind": "poisson", "rate": rate},
        {"kind": "poisson", "rate": {"gamma": {"mean": rate, "cv": 1}}},
        {"kind": "mmpp", "rates": [rate, "9/s"], "switching": ["0.5/s", "1/s"]},
        {"kind": "renewal", "interarrival": _duration(rng, 200, 2000)},
        {"kind": "diurnal", "rate": rate, "peak": "2x", "period": "8s"},
        {"kind": "spike", "rate": rate, "factor": 5, "at": "3s", "for": "2s"},
    ]
    if fixed:
        kinds += [
            {"kind": "poisson", "total_rate": "40/s", "popularity": {"zipf": 0.9}},
            {"kind": "closed", "think_time": _duration(rng, 50, 2000)},
        ]
    return rng.choice(kinds)


def _clients(rng: Draw, sites: list[str]) -> dict[str, Any]:
    is_open = _maybe(rng, 0.15)
    group: dict[str, Any] = {"workload": _workload(rng, fixed=not is_open)}
    if is_open:
        group["session"] = {"arrivals": "3/s", "length": _duration(rng, 500, 6000)}
    else:
        group["count"] = rng.choice([1, 2, 5, 12, 25])
        session: dict[str, Any] = {}
        if _maybe(rng, 0.6):
            session["length"] = _duration(rng, 300, 20000)
        if _maybe(rng, 0.4):
            session["pause"] = _duration(rng, 1, 3000)
        if _maybe(rng, 0.3):
            session["established"] = True
        if _maybe(rng, 0.4):
            session["start"] = _duration(rng, 1, 4000)
        group["session"] = session
    if sites:
        group["site"] = rng.choice(sites)
        if _maybe(rng, 0.5):
            group["spread"] = rng.choice(["0km", "10km", "2000km"])
    if _maybe(rng, 0.6):
        group["operations"] = rng.choice(
            [
                {"lookup": "60%", "read_lock": "20%", "acquire": "10%", "release": "10%"},
                {"acquire": "70%", "release": "30%"},
                {"read_lock": "50%", "acquire": "50%"},
                {"release": "100%"},
                {"lookup": "90%", "acquire": "10%"},
                {"lookup": "70%", "update": "30%"},
                {"lookup": "40%", "update": "20%", "read_lock": "20%", "acquire": "10%", "release": "10%"},
                {"update": "100%"},
            ]
        )
        own, pool = rng.choice([(1, 0), (0, 1), (0, 2), (1, 3), (3, 0)])
        group["locks"] = {
            "per_session": own,
            "shared_pool": pool,
            "mode": rng.choice(["exclusive", "exclusive", "shared"]),
            "conflict": rng.choice(["deny", "wait"]),
            "hold": rng.choice(["unlimited", _duration(rng, 10, 3000)]),
        }
    if _maybe(rng, 0.7) or group.get("locks", {}).get("conflict") == "wait":
        group["retry"] = {
            "timeout": _ms(rng, 20, 3000),
            "max": rng.choice([0, 1, 2, 5]),
            "backoff": rng.choice(["0ms", _ms(rng, 1, 500)]),
            "cap": rng.choice(["unlimited", _ms(rng, 10, 1000)]),
            "jitter": rng.choice(["full", "none"]),
            "budget": rng.choice(["unlimited", "20%", "0%"]),
            "cancel_on_timeout": _maybe(rng, 0.3),
        }
    if _maybe(rng, 0.2):
        group["hedge"] = {"after": rng.choice(["0s", _ms(rng, 1, 500)]), "cancel": _maybe(rng, 0.6)}
    if _maybe(rng, 0.3):
        group["request_size"] = rng.choice(["0B", "64KiB", {"exponential": "4KiB"}])
        group["response_size"] = rng.choice(["0B", {"lognormal": {"median": "4KiB", "sigma": 1}}])
    return group


def _tier(rng: Draw, low: float, high: float) -> dict[str, Any]:
    return {
        "capacity": rng.choice(["unlimited", 1, 2, 7, 40]),
        "policy": rng.choice(CACHES),
        "ttl": rng.choice(["never", _ms(rng, low, high), _ms(rng, low, high), {"exponential": _ms(rng, low, high)}]),
        "ttl_mode": rng.choice(["fixed", "fixed", "sliding"]),
    }


def _edges(rng: Draw, sites: list[str]) -> dict[str, Any]:
    where: dict[str, Any] = {"count": rng.choice([1, 2, 3, 6])}
    if sites:
        where = {"at": {site: rng.choice([1, 2]) for site in sites}}
    return {
        **where,
        "workers": rng.choice([1, 1, 2, 8, "unlimited"]),
        "queue": rng.choice([0, 1, 5, 1000, "unlimited"]),
        "service_time": rng.choice(["0ms", _duration(rng, 0.1, 30)]),
        "l1": {**_tier(rng, 50, 8000), "inherit_ttl": _maybe(rng, 0.3)},
        "hold_worker_on_miss": _maybe(rng, 0.3),
        **({"shed": {"wait": rng.choice(["5ms", "200ms"])}} if rng.random() < 0.2 else {}),
        **({"rebuild_time": rng.choice(["10ms", "0.5s"])} if rng.random() < 0.2 else {}),
        "coalesce": _maybe(rng, 0.7),
        "fetch_timeout": rng.choice(["1s", _ms(rng, 5, 2000)]),
    }


def _cores(rng: Draw, sites: list[str]) -> dict[str, Any]:
    group = {
        "count": rng.choice([1, 1, 2, 3]),
        "standby": _maybe(rng, 0.7),
        "takeover": rng.choice(["0ms", _ms(rng, 10, 3000)]),
        "grace": rng.choice(["extend", "extend", _ms(rng, 100, 5000)]),
        "workers": rng.choice([1, 2, "unlimited"]),
        "service_time": rng.choice(["0ms", _duration(rng, 0.1, 40)]),
        "l2": _tier(rng, 200, 20000),
    }
    if sites:
        group["site"] = rng.choice(sites)
    return group


def _sam(rng: Draw) -> dict[str, Any]:
    interval = rng.choice([100, 500, 1000])
    return {
        "model": rng.choice(["published", "cumulative", "static", "hysteresis", "per_edge", "load_aware"]),
        "interval": f"{interval}ms",
        "window": f"{interval * rng.choice([1, 3, 10])}ms",
        "initial_weight": rng.choice([0, 50, 100, 33.3, "measured"]),
        "latency": rng.choice(["network", "response"]),
        "propagation": rng.choice(["0ms", _ms(rng, 1, 2000)]),
        "heartbeat": {"period": _ms(rng, 50, 1500), "misses": rng.choice([1, 2, 3])},
        "shards": rng.choice([1, 1, 3]),
        "client_reports": _maybe(rng, 0.3),
        "probes": rng.choice(["off", {"every": _ms(rng, 200, 3000)}]),
    }


def _leases(rng: Draw) -> dict[str, Any]:
    length = rng.choice([400, 1500, 5000, 30000])
    return {
        "length": f"{length}ms",
        "renew_before": f"{int(length * rng.choice([0, 0.3, 0.6, 0.9]))}ms",
        "batch_every": rng.choice(["1s", _ms(rng, 20, 2000)]),
        "phase": rng.choice(["common", "common", "spread"]),
        "max_batch": rng.choice([1, 3, 256]),
        "batching": rng.choice(["on", "on", "off"]),
        "idle_after": rng.choice(["never", _ms(rng, 100, 60000)]),
        "lock_delay": rng.choice(["0ms", _ms(rng, 10, 5000)]),
        "clock_skew": f"{length * rng.choice([0, 0, 0.1, 0.4]):.0f}ms",
    }


def _link(rng: Draw) -> dict[str, Any]:
    link: dict[str, Any] = {"latency": rng.choice(["0ms", _duration(rng, 0.1, 150)])}
    if _maybe(rng, 0.4):
        link["jitter"] = {"exponential": _ms(rng, 0.1, 40)}
    if _maybe(rng, 0.5):
        link["loss"] = rng.choice(
            [
                "0.5%",
                "5%",
                "15%",
                {"gilbert_elliott": {"good_to_bad": "2%", "bad_to_good": "30%", "pass_good": "99%", "pass_bad": "20%"}},
            ]
        )
    if _maybe(rng, 0.25):
        link["bandwidth"] = rng.choice(["200kbit/s", "10Mbit/s", "1Gbit/s"])
    return link


def _fault(rng: Draw, duration_s: float, names: dict[str, list[str]]) -> dict[str, Any]:
    at = f"{rng.random() * 0.7 * duration_s:.3f}s" if _maybe(rng, 0.9) else "0s"
    lasts = f"{0.05 + rng.random() ** 2 * 0.6 * duration_s:.3f}s"
    anyone = [*names["edges"], *names["cores"], *names["others"]]
    ends = [*anyone, *names["clients"]]
    when = {"at": at, "for": lasts}
    kind = rng.choice(
        ["crash", "crash", "crash", "drain", "slow", "partition", "degrade", "rolling", "crowd", "random"]
    )
    if kind == "crash":
        return {**when, "crash": rng.choice(anyone)}
    if kind == "drain":
        return {**when, "drain": rng.choice(names["edges"])}
    if kind == "slow":
        return {**when, "slow": rng.choice(anyone), "factor": rng.choice([2, 10, 100])}
    if kind == "partition":
        return {
            **when,
            "partition": [[rng.choice(ends)], [rng.choice(ends)]],
            "direction": rng.choice(["both", "forward"]),
        }
    if kind == "degrade":
        how = rng.choice(
            [{"loss": "30%"}, {"add_latency": "300ms"}, {"bandwidth": "50kbit/s"}, {"loss": "90%", "add_latency": "1s"}]
        )
        return {**when, "degrade": {"from": rng.choice(ends), "to": rng.choice(ends), **how}}
    if kind == "rolling":
        return {
            "at": at,
            "rolling_restart": rng.choice(["pop*", "core*"]),
            "down": _ms(rng, 20, 2000),
            "pause": "100ms",
        }
    if kind == "crowd":
        return {**when, "crowd": rng.choice(names["clients"]), "factor": rng.choice([0.1, 0.5, 4])}
    what = rng.choice(["crash", "slow", "drain"])
    target = "pop*" if what == "drain" else rng.choice(["pop*", "core*", "storage"])
    fault = {**when, "random": what, "of": target, "mttf": _duration(rng, 300, 8000), "mttr": _duration(rng, 20, 1500)}
    return {**fault, "factor": 5} if what == "slow" else fault


def draw_world(rng: Draw) -> dict[str, Any]:
    """The mapping of one scenario."""
    sites = rng.sample(SITES, rng.choice([1, 2, 3])) if _maybe(rng, 0.4) else []
    duration_s = rng.choice([4, 8, 12, 20])
    sam = _sam(rng) if _maybe(rng, 0.85) else "off"
    policy = rng.choice(ROUTING)
    if policy == "adaptive" and sam == "off":
        policy = "static"
    routing = {
        "policy": policy,
        "leave_to": rng.choice(["nearest", "uniform", "least_outstanding", "power_of_two"]),
        "after_leaving": rng.choice(["stay", "return"]),
        "view": rng.choice(["shared", "own"]),
    }
    if policy == "static":
        routing["weight"] = rng.choice([0, 40, 75, 99.9, 100])
    if policy == "cookie":
        routing |= {"duration": _ms(rng, 500, 9000), "idle": _ms(rng, 300, 5000)}
    if policy == "consistent_hash":
        routing |= {"virtual_nodes": 20, "load_bound": rng.choice(["unlimited", "25%", "0%"])}
    if policy == "maglev":
        routing["table_size"] = 251
    groups = ["people"] if _maybe(rng, 0.6) else ["people", "robots"]
    world: dict[str, Any] = {
        "name": "swarm",
        "duration": f"{duration_s}s",
        "warmup": rng.choice(["0s", f"{duration_s / 4}s"]),
        "clients": {name: _clients(rng, sites) for name in groups},
        "edges": {"pop": _edges(rng, sites)},
        "cores": {"core": _cores(rng, sites)},
        "storage": {"read": _duration(rng, 0.1, 80), "write": _duration(rng, 0.1, 400)},
        "sam": sam,
        "routing": routing,
        "leases": _leases(rng) if _maybe(rng, 0.85) else "off",
        "coherence": rng.choice(["ttl", "ttl", "invalidate"]),
        "network": {"default": _link(rng)},
        "record": {"window": rng.choice(["100ms", "1s", "3s"])},
    }
    if sites:
        world["sites"] = sites
        world["network"]["geo"] = {"inflation": 1.6, "last_mile": {"lognormal": {"median": "6ms", "sigma": 0.4}}}
    if _maybe(rng, 0.4):
        world["network"]["links"] = [{"from": "pop-*", "to": "core-*", **_link(rng)}]
    names = _names(world, groups, sam)
    world["faults"] = [_fault(rng, duration_s, names) for _ in range(rng.choice([0, 1, 2, 3, 5]))]
    if sites:
        world = _in_regions(rng, world, sites)
    if _maybe(rng, 0.4):
        world["health"] = _health(rng, sites)
    return _balanced(rng, world, sites, duration_s) if _maybe(rng, 0.3) else world


def _health(rng: Draw, sites: list[str]) -> dict[str, Any]:
    """Health checks of edges, that links of some seconds do not fail for ever."""
    health: dict[str, Any] = {"panic_below": rng.choice(["0%", "50%", "100%", 1, 2])}
    if sites and _maybe(rng, 0.5):
        health["site"] = rng.choice(sites)
    if _maybe(rng, 0.7):
        period_ms = rng.choice([1000, 1500, 3000])
        health["active"] = {
            "period": f"{period_ms}ms", "timeout": f"{rng.choice([1000, period_ms])}ms",
            "fall": rng.choice([1, 2, 3]), "rise": rng.choice([1, 2]),
        }  # fmt: skip
    if _maybe(rng, 0.7):
        few = {"minimum_hosts": rng.choice([1, 2]), "minimum_requests": rng.choice([1, 5])}
        health["passive"] = {
            "consecutive": rng.choice([1, 2, 5]), "window": rng.choice(["off", "2s"]), "half_open": _maybe(rng, 0.4),
            "interval": rng.choice(["500ms", "3s"]), "ejection": rng.choice(["300ms", "2s"]), "max_ejection": "5s",
            "max_ejected": rng.choice(["0%", "10%", "50%", "100%"]),
            "success_rate": rng.choice(["off", {"stdev": 0.5, **few}]),
            "failure_percentage": rng.choice(["off", {"threshold": "30%", **few}]),
            "latency": rng.choice(["off", {"factor": 1.5, **few}]),
        }  # fmt: skip
    return health


def _balanced(rng: Draw, world: dict[str, Any], sites: list[str], duration_s: float) -> dict[str, Any]:
    """The world with balancers between clients and edges, and faults of theirs."""
    many = rng.choice([1, 2, 3])
    lb: dict[str, Any] = {
        "count": many,
        "service_time": _duration(rng, 0.1, 20),
        "workers": rng.choice(["unlimited", 1, 2]),
        "abort_on_close": rng.choice([True, False]),
        "max_outstanding": rng.choice(["unlimited", 2, 4]),
        "queue_timeout": rng.choice([_ms(rng, 20, 2000), "never"]),
        "retry": {
            "max": rng.choice([0, 1, 3]),
            "timeout": rng.choice([_ms(rng, 20, 3000), _ms(rng, 20, 3000), "never"]),
            "to": rng.choice(["same", "other", "other_last"]),
            "turnaround": rng.choice(["0ms", "100ms", "1s"]),
        },
    }
    if lb["retry"]["timeout"] == "never":  # what is lost would keep its place for ever
        lb["max_outstanding"] = "unlimited"
    if isinstance(world["sam"], dict):
        world["sam"].pop("probes", None)
    for group in world["clients"].values():
        group.pop("hedge", None)
    world["network"]["default"].pop("bandwidth", None)  # all clients share the links of a balancer
    if isinstance(world["leases"], dict):  # a longer way than without balancers must not outlast a lease
        world["leases"] |= {"length": "9s", "renew_before": "4s", "clock_skew": "0ms"}
    if sites and _maybe(rng, 0.7):
        lb["site"] = rng.choice(sites)
    names = [f"lb-{i + 1}" for i in range(many)]
    own = {"edges": [*names, "lb-*"], "cores": [], "others": [], "clients": ["pop-*", *world["clients"]]}
    faults = [_fault(rng, duration_s, own) for _ in range(rng.choice([0, 1, 2]))]
    for fault in faults:
        if "crash" in fault:
            fault["connections"] = rng.choice(["silent", "reset"])
    fit = ("crash", "slow", "partition", "degrade")
    world["faults"] += [fault for fault in faults if any(kind in fault for kind in fit)]
    if _maybe(rng, 0.4):
        at = f"{rng.random() * duration_s * 0.5:.3f}s"
        world["faults"].append({"at": at, "for": _ms(rng, 50, 2000), "pause": rng.choice(names)})
    return world | {"balancers": {"lb": lb}}


def _in_regions(rng: Draw, world: dict[str, Any], sites: list[str]) -> dict[str, Any]:
    """The world with what sites are for: routing within them, a core at each, standbys elsewhere."""
    if _maybe(rng, 0.6):
        world["routing"] |= {"scope": "site", "overprovision": rng.choice(["1.4", "1x", "3x", "unlimited"])}
    if _maybe(rng, 0.2):
        world["routing"]["subset"] = rng.choice([1, 2])
    core = world["cores"]["core"]
    if core["standby"] and _maybe(rng, 0.5):
        core["standby"] = {"site": rng.choice(sites)}
    if _maybe(rng, 0.5):
        core["shard_by"] = "site"
    if _maybe(rng, 0.5):
        del core["site"]
        many = core.pop("count")
        core["at"] = dict.fromkeys(sites, many)
        for number in range(many):  # in what the faults say: no name is the beginning of another
            old, new = f'"core-{number + 1}"', f'"core-{rng.choice(sites)}-{number + 1}"'
            world["faults"] = json.loads(json.dumps(world["faults"]).replace(old, new))
    return world


def _names(world: dict[str, Any], groups: list[str], sam: Any) -> dict[str, list[str]]:
    edges = world["edges"]["pop"]
    if "at" in edges:
        names = [f"pop-{site}-{i + 1}" for site, n in edges["at"].items() for i in range(n)]
    else:
        names = [f"pop-{i + 1}" for i in range(edges["count"])]
    others = ["storage"]
    if sam != "off":
        others.append("sam")
        if sam["shards"] > 1:
            others += [f"sam-{i + 1}" for i in range(sam["shards"])]
    return {
        "edges": [*names, "pop*"],
        "cores": [f"core-{i + 1}" for i in range(world["cores"]["core"]["count"])],
        "others": others,
        "clients": list(groups),
    }
