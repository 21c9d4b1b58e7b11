"""A small real deployment on loopback, and the same as scenarios: `python -m validation`.

HAProxy, TCP, Redis, the operating system's scheduler and asyncio's event loops are independent of the simulator. What
edges, cores and clients do is written here a second time, after docs/model.md.
"""
