"""What is asked for every request: which edge its first attempt goes to.

Apart from routers, which are classes of anybody's, because a compiler knows these. May import: nothing of the model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


class Choosing:
    """Chooses edges."""

    __slots__ = ()

    def choose(self, client: Client, session: Session) -> int:
        """The edge that a request goes to; -1 for none."""
        raise NotImplementedError


class Asking(Choosing):
    """Asks a function, such as the method of a router."""

    __slots__ = ("_ask",)

    def __init__(self, ask: Callable[[Client, Session], int]) -> None:
        self._ask = ask

    def choose(self, client: Client, session: Session) -> int:
        """What the function says."""
        return self._ask(client, session)
