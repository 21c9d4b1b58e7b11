"""A small run with a crash, for the replay."""

SMALL = {
    "schema": 1, "name": "small", "duration": "30s", "warmup": "5s", "seed": 3,
    "sites": ["frankfurt", "london"],
    "clients": {"eu-west": {
        "count": 60, "site": "frankfurt", "workload": {"kind": "poisson", "rate": "1/s"},
        "session": {"length": "forever", "established": True}, "retry": {"timeout": "300ms", "max": 0},
    }},
    "edges": {"pop": {"at": {"frankfurt": 2, "london": 1}, "service_time": "2ms", "l1": {"ttl": "5s"}}},
    "cores": {"core": {"count": 1, "site": "frankfurt"}},
    "network": {"default": {"latency": "5ms"}},
    "faults": [{"at": "15s", "for": "5s", "crash": "pop-frankfurt-1"}],
    "variants": {"nearest": {"routing.policy": "nearest"}},
}  # fmt: skip
