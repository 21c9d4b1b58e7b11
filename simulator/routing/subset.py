"""Subsets of edges: each client knows a few of many (`subset: 20`), and all edges are known by as many clients.

Deterministic subsetting (Beyer et al., Site Reliability Engineering, O'Reilly 2016, chapter 20): clients come in rounds
of as many as there are subsets in the fleet; each round shuffles all edges anew and deals them out, so that within a
round no edge is in two subsets. May import: the directory. Does not model: connections, or subsets that change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from simulator.routing.directory import Directory

if TYPE_CHECKING:
    from simulator.agents.client import Client


def subset_of(members: Sequence[int], client: int, size: int, salt: int = 0) -> list[int]:
    """The edges that client number `client` (from 0) knows of these; all of them where there are not more than `size`.

    With another `salt` (from 0) they are others, as in another deployment.
    """
    if size >= len(members):
        return list(members)
    subsets_a_round = len(members) // size
    number, place = divmod(client, subsets_a_round)
    shuffled = np.random.Generator(np.random.PCG64([salt, number])).permutation(len(members))
    return sorted(members[int(i)] for i in shuffled[place * size : (place + 1) * size])


def subsets(
    directory: Directory, members: Sequence[int], size: int | None, salt: int = 0
) -> Callable[[Client], Directory]:
    """Tells what each client of a group sees of some edges: so many of them, or (None) all."""
    if size is None or size >= len(members):
        whole = directory if len(members) == directory.size else directory.part(members)
        return lambda _: whole
    seen: dict[int, Directory] = {}

    def of(client: Client) -> Directory:
        part = seen.get(client.index)
        if part is None:
            part = seen[client.index] = directory.part(subset_of(members, client.index, size, salt))
        return part

    return of


class SubsetScope:
    """The edges that each client of a group knows, wherever they are.

    Args:
        directory: all edges.
        size: how many of them a client knows.
        salt: see `subset_of`.
    """

    def __init__(self, directory: Directory, size: int, salt: int = 0) -> None:
        self.directory = directory
        self.candidates = subsets(directory, range(directory.size), size, salt)
