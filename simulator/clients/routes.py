"""How the attempts of one group get on their way: the contract. Two ways there are, one a file.

A client chooses an edge itself (`simulator.clients.direct`), or sends to a balancer, which does
(`simulator.clients.balancing`). May import: the vocabulary of messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.agents.client import Client
    from simulator.messages import Attempt, Call


class Routes:
    """The way from the clients of a group to the service.

    What cannot be sent, or is lost where no timeout would tell, goes back to the attempt's caller at once.
    """

    __slots__ = ()

    def first(self, attempt: Attempt) -> None:
        """Send the first attempt of a request, or the first that its session is there for."""
        raise NotImplementedError

    def establish(self, attempt: Attempt) -> None:
        """Send the first attempt to establish a session."""
        raise NotImplementedError

    def again(self, failed: Attempt, again: Attempt) -> None:
        """Send another attempt of a request in place of one that failed."""
        raise NotImplementedError

    def establish_again(self, failed: Attempt, again: Attempt) -> None:
        """Send another attempt to establish a session in place of one that failed."""
        raise NotImplementedError

    def tell(self, call: Call) -> None:
        """Send a message that needs no answer to the edge of its session."""
        raise NotImplementedError

    def probe(self, client: Client, edge: int) -> float:
        """Seconds until the echo of a small message to an edge is back; infinity if it does not come."""
        raise NotImplementedError

    def answered(self, attempt: Attempt) -> int:
        """An attempt was answered, well or not: the number of the node over whose link."""
        raise NotImplementedError

    def silent(self, attempt: Attempt) -> None:
        """An attempt was given up without an answer."""
        raise NotImplementedError

    def told(self, attempt: Attempt) -> None:
        """There is no answer, says a balancer, or its host with a reset."""
        raise NotImplementedError

    def edge_restarted(self, edge: int, clients: list[Client]) -> None:
        """An edge has come back: of what these clients have sent, nothing is outstanding there."""
        raise NotImplementedError
