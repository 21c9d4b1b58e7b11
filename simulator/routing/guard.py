"""A user's own routing policy, at the border: what it answers becomes the plain number of an edge.

An answer that names no edge is told with the policy's name. Built-in policies pass unchanged and pay nothing.
May import: the contract of policies. Does not check what a policy does, only what it answers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from simulator.plugins.guard import is_foreign
from simulator.routing.base import Router


def checked_router(router: Router) -> Router:
    """The router; if it is a user's own, its `choose`, `retry` and `assign` answer with plain numbers of edges, or -1.

    They raise ValueError for anything else.
    """
    if is_foreign(router):
        size, name = router.directory.size, type(router).name
        for method in ("choose", "retry", "assign"):
            setattr(router, method, _edge_or_none(getattr(router, method), f"{name}.{method}", size))
    return router


def _edge_or_none(method: Callable[..., Any], name: str, size: int) -> Callable[..., int]:
    def checked(*arguments: Any) -> int:
        answer = method(*arguments)
        try:
            edge = operator.index(answer)
        except TypeError:
            edge = -2
        if not -1 <= edge < size:
            raise ValueError(f"routing policy {name} answered {answer!r}: an edge is 0 to {size - 1}, or -1 for none")
        return edge

    return checked
