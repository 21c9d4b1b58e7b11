"""What stands where in a run: sites, clients, balancers, edges, cores, storage and the affinity manager.

Read from the resolved scenario as plain values; edges that joined later come from what the run recorded of them. May
import nothing of the model. Beyond `MOST_EDGES` the edges of a group at a site are one node.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MOST_EDGES: Final = 64
"""As many as time series are kept of one by one."""
CLIENT, BALANCER, EDGE, CORE, STORAGE, SAM = "client", "balancer", "edge", "core", "storage", "sam"


@dataclass(frozen=True, slots=True)
class SceneNode:
    """Something that is drawn.

    Attributes:
        role: client (a whole group), balancer, edge, core, storage or sam.
        name: as events and time series name it.
        group: its group, or "".
        site: where it stands, or "" where the scenario does not say.
        count: clients of the group, or nodes drawn as one; 0 where that is not known.
        later: whether it joined during the run.
        standby: of a core: where its standby stands, or "".
    """

    role: str
    name: str
    group: str = ""
    site: str = ""
    count: int = 1
    later: bool = False
    standby: str = ""


@dataclass(slots=True)
class Scene:
    """All nodes, and where the sites are.

    Attributes:
        sites: (latitude, longitude) in degrees of every site where something stands.
        nodes: in the order in which they are drawn.
        places: the number of the node that draws an actor, by the actor's name (groups for clients).
    """

    sites: dict[str, tuple[float, float]]
    nodes: list[SceneNode]
    places: dict[str, int] = field(default_factory=dict)

    def count(self, role: str) -> int:
        """How many of a role there are, those that join later left out."""
        return sum(node.count for node in self.nodes if node.role == role and not node.later)


def scene_of(resolved: Mapping[str, Any], met: Iterable[str] = ()) -> Scene:
    """The scene of a resolved scenario; `met` are names of edges that the run recorded, in any order."""
    edges = list(_grouped(resolved, "edges", EDGE))
    known = {node.name for node in edges}
    edges += [_joined(name, resolved) for name in sorted(set(met) - known - {""})]
    together = len(edges) > MOST_EDGES
    nodes = [*_clients(resolved), *_grouped(resolved, "balancers", BALANCER)]
    drawn = list(_together(edges)) if together else edges
    nodes += [*drawn, *_cores(resolved), *_control(resolved)]
    places = {node.name: number for number, node in enumerate(nodes)}
    if together:
        places |= {edge.name: places[_name_together(edge)] for edge in edges}
    used = {node.site for node in nodes} | {node.standby for node in nodes}
    sites = {name: place for name, place in _coordinates(resolved.get("sites")) if name in used}
    return Scene(sites, nodes, places)


def _coordinates(sites: object) -> Iterator[tuple[str, tuple[float, float]]]:
    if isinstance(sites, Mapping):
        for name, place in sites.items():
            if isinstance(place, Mapping) and "lat" in place and "lon" in place:
                yield str(name), (float(place["lat"]), float(place["lon"]))


def _groups(resolved: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    groups = resolved.get(kind)
    for name, group in groups.items() if isinstance(groups, Mapping) else ():
        if isinstance(group, Mapping):
            yield str(name), group


def _clients(resolved: Mapping[str, Any]) -> Iterator[SceneNode]:
    for name, group in _groups(resolved, "clients"):
        yield SceneNode(CLIENT, name, name, _site(group), _whole(group.get("count")))


def _grouped(resolved: Mapping[str, Any], kind: str, role: str) -> Iterator[SceneNode]:
    """Nodes as the scenario names them: `pop-tokyo-1` with `at`, `pop-1` with `count`."""
    for name, group in _groups(resolved, kind):
        at = group.get("at")
        if isinstance(at, Mapping):
            for site, count in at.items():
                yield from (SceneNode(role, f"{name}-{site}-{n + 1}", name, str(site)) for n in range(_whole(count)))
        else:
            count = _whole(group.get("count", 1))
            yield from (SceneNode(role, f"{name}-{n + 1}", name, _site(group)) for n in range(count))


def _cores(resolved: Mapping[str, Any]) -> Iterator[SceneNode]:
    groups = dict(_groups(resolved, "cores"))
    for node in _grouped(resolved, "cores", CORE):
        standby = groups[node.group].get("standby")
        at = _site(standby) if isinstance(standby, Mapping) else node.site if standby is True else ""
        yield SceneNode(CORE, node.name, node.group, node.site, standby=at)


def _control(resolved: Mapping[str, Any]) -> Iterator[SceneNode]:
    storage, sam = resolved.get("storage"), resolved.get("sam")
    if isinstance(storage, Mapping):
        yield SceneNode(STORAGE, "storage", site=_site(storage))
    if isinstance(sam, Mapping):
        yield SceneNode(SAM, "sam", site=_site(sam))


def _joined(name: str, resolved: Mapping[str, Any]) -> SceneNode:
    """An edge that the scenario does not begin with: its group and site from its name, its site from the fault."""
    for group, spec in sorted(_groups(resolved, "edges"), key=lambda item: -len(item[0])):
        found = re.fullmatch(rf"{re.escape(group)}(?:-(.*))?-\d+", name)
        if found:
            return SceneNode(EDGE, name, group, found[1] or _site_of_added(group, resolved) or _site(spec), later=True)
    return SceneNode(EDGE, name, later=True)


def _site_of_added(group: str, resolved: Mapping[str, Any]) -> str:
    for fault in resolved.get("faults") or ():
        added = fault.get("add") if isinstance(fault, Mapping) else None
        if isinstance(added, Mapping) and added.get("edges") == group:
            return _site(added)
    return ""


def _together(edges: Iterable[SceneNode]) -> Iterator[SceneNode]:
    counts: dict[str, int] = {}
    first: dict[str, SceneNode] = {}
    for edge in edges:
        name = _name_together(edge)
        counts[name] = counts.get(name, 0) + (not edge.later)
        first.setdefault(name, edge)
    for name, edge in first.items():
        yield SceneNode(EDGE, name, edge.group, edge.site, counts[name])


def _name_together(edge: SceneNode) -> str:
    return f"{edge.group} at {edge.site}" if edge.site else edge.group


def _site(group: Mapping[str, Any]) -> str:
    site = group.get("site")
    return site if isinstance(site, str) else ""


def _whole(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0
