"""Fields that name a member of a family: a workload, a cache policy (see `control` for those of routing and the SAM).

A member of a user's own counts like a built-in one (see `simulator.plugins.family`).

May import: the fields of families.
"""

from __future__ import annotations

from typing import Annotated, Any

from simulator.plugins.named import MemberKind, MemberName, Named

Workload = Annotated[Any, MemberKind("simulator.workloads")]
"""The arrivals of a client group: any registered workload spec."""
CachePolicy = Annotated[Named, MemberName("simulator.caches")]
"""A cache policy: its name, or its name with its settings."""
