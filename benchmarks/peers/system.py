"""The system that every peer plays: three hops, as the scenario `reference` has them, at a tenth of its load.

Clients -> edges with an L1 whose entries live for a TTL -> cores -> storage. This module imports nothing of the
project, so that peers run under Pythons that it is not installed for.
"""

CLIENTS = 500
RATE_PER_S = 4.0
"""Requests per second of each client."""
EDGES, EDGE_WORKERS = 8, 4
CORES, CORE_WORKERS = 2, 8
SERVICE_S = 500e-6
"""Mean of the exponential service times of edges and cores."""
STORAGE_READ_S = 5e-3
L1_TTL_S = 5.0
STAY = 0.65
"""Probability of staying at the current edge: what the published rule gives to healthy sessions of this rate."""
LINK_MU, LINK_SIGMA = -4.605170185988091, 0.3
"""Lognormal one-way latency: median 10 ms."""
LINK_MEAN_S = 0.010460278599087169
"""exp(LINK_MU + LINK_SIGMA^2 / 2), for peers that know no lognormal."""
MISS = 0.2
"""Share of requests that miss L1, for peers that have no cache: .208 by theory (docs/model.md), rounded."""
