"""Fields that name a member of a family: a workload, a routing policy, a cache policy, a SAM model.

A member of a user's own counts like a built-in one (see `simulator.plugins.family`).

May import: the fields of families.
"""

from __future__ import annotations

from typing import Annotated, Any

from simulator.plugins.named import MemberKind, MemberName, Named
from simulator.plugins.spec import Spec
from simulator.scenario.inside import ROUTING, SAM


def _routing_section() -> type[Spec]:
    from simulator.scenario.control import Routing

    return Routing


def _sam_section() -> type[Spec]:
    from simulator.scenario.control import Sam

    return Sam


Workload = Annotated[Any, MemberKind("simulator.workloads")]
"""The arrivals of a client group: any registered workload spec."""
CachePolicy = Annotated[Named, MemberName("simulator.caches")]
"""A cache policy: its name, or its name with its settings."""
RoutingPolicy = Annotated[Named, MemberName("simulator.routing", ROUTING, _routing_section)]
"""A routing policy, likewise."""
SamModel = Annotated[Named, MemberName("simulator.sam", SAM, _sam_section)]
"""A stickiness model, likewise."""
