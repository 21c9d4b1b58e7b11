"""Settings that nothing will use: a weight under a policy that takes none, a batch's size where nothing is batched.

Each such setting is told with its line, unless the scenario, one of its variants or a value of its sweep uses it. A
setting at its default is not told, so that what `config` prints runs in silence; nor is one of a file that is
extended, as that file may be of use to others.

May import: the schema, overrides, tree and errors. Does not change anything: what is told here runs all the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice, product
from typing import Any

from simulator.laws.distributions import Constant
from simulator.scenario import overrides as setting
from simulator.scenario.balancers_use import balancers_use
from simulator.scenario.clients import ClientGroupSpec
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.everyone import EVERY, spread
from simulator.scenario.inside import ROUTING, flattened
from simulator.scenario.merge import GROUPS
from simulator.scenario.presets_use import without_balancers
from simulator.scenario.schema import Scenario
from simulator.scenario.tiers import TierSpec
from simulator.scenario.tree import Node, Path, descend, dotted
from simulator.units import format_duration

Judged = Iterator[tuple[Path, bool, str]]
"""A setting, whether this scenario uses it, and why it does not."""

_MOST_CELLS = 64  # of a sweep that are looked at
_BUILT_IN = frozenset((
    "adaptive", "consistent_hash", "cookie", "least_outstanding", "least_sessions", "maglev", "nearest",
    "power_of_two", "random", "round_robin", "static",
))  # fmt: skip
_MORE_USES = ("hash_salt",)  # of a policy, and of something else: judged apart
_RULE = (
    "base", "latency_low", "latency_high", "rate_low", "rate_high", "error_low", "error_high", "latency_low_step",
    "latency_high_step", "rate_low_step", "rate_high_step", "error_low_step", "error_high_step",
)  # fmt: skip
_BY_LOAD = ("least_outstanding", "power_of_two")


def unused(scenario: Scenario, others: Iterable[Scenario] = ()) -> list[Issue]:
    """What nothing uses of a scenario, of its variants and sweep, and of `others` that are played beside it."""
    played = [scenario, *_alternatives(scenario), *others]
    return [
        *_of_all(scenario, played, _judged, "nothing uses this"),
        *_of_all(scenario, played, _late, "too long"),
        *without_balancers(played),
    ]


def _of_all(
    scenario: Scenario, played: Iterable[Scenario], judge: Callable[[Scenario], Judged], what: str
) -> Iterator[Issue]:
    """The settings that each of those that are played finds of no use."""
    used: set[Path] = set()
    idle: dict[Path, Issue] = {}
    for one in played:
        for path, is_used, why in judge(one):
            if is_used:
                used.add(path)
            elif path not in idle:
                issue = _written(scenario, one, path, what, why)
                if issue is not None:
                    idle[path] = issue
    yield from (issue for path, issue in idle.items() if path not in used)


def told(issues: Iterable[Issue]) -> str:
    """The warnings as text, each with its place."""
    return "\n".join(f"warning: {issue.render()}" for issue in issues)


def _alternatives(scenario: Scenario) -> Iterator[Scenario]:
    for name in scenario.variants:
        yield scenario.variant(name)
    yield from _cells(scenario)


def _cells(scenario: Scenario) -> Iterator[Scenario]:
    """Each value of the scenario's sweep by itself, and its first few cells; those that are no scenario left out."""
    section = scenario.tree.get("sweep")
    if section is None:
        return
    axes = [[(path, node.with_key_mark(node.mark)) for node in values.value] for path, values in section.value.items()]
    plain = scenario.tree.without("variants", "sweep")
    alone = ([change] for axis in axes for change in axis[:_MOST_CELLS])
    for changes in chain(alone, islice(product(*axes), _MOST_CELLS)):
        try:
            yield scenario.of_tree(setting.apply(plain, changes))
        except ScenarioError:
            continue


def _written(root: Scenario, scenario: Scenario, path: Path, what: str, why: str) -> Issue | None:
    """The warning about a setting, if it is written in the scenario's own file, or set, to what is not its default."""
    tree = flattened(scenario.tree)
    node, taken = descend(tree if EVERY in path else spread(tree), path)
    mark = node.key_mark or node.mark
    if taken != path or _is_default(scenario, path):
        return None
    own = root.tree.mark
    if mark is not None and mark.source.is_file and own is not None and mark.source.label != own.source.label:
        return None
    return Issue(what, why, mark, dotted(path))


def _is_default(scenario: Scenario, path: Path) -> bool:
    model: Any = scenario
    if EVERY in path:
        return False
    for part in path[:-1]:
        model = getattr(model, part) if isinstance(part, str) and not isinstance(model, Mapping) else model[part]
        if model is None:
            return True
    name = next((n for n, f in type(model).model_fields.items() if (f.alias or n) == path[-1]), None)
    if name is None:
        return False
    default = type(model).model_fields[name].get_default(call_default_factory=True)
    return bool(getattr(model, name) == default)


# -- what is used, section by section -----------------------------------------------------------------
def _judged(scenario: Scenario) -> Judged:
    for judge in (
        _everyone, _routing, _health, _sam, _leases, _clients, balancers_use, _tiers, _network, _times,
    ):  # fmt: skip
        yield from judge(scenario)


def _everyone(scenario: Scenario) -> Judged:
    """What `*` says: used by a group that does not say it itself."""
    for section in GROUPS:
        node = scenario.tree.get(section)
        every = node.get(EVERY) if node is not None else None
        if node is None or every is None:
            continue
        own = [group for name, group in node.value.items() if name != EVERY]
        if own:
            for keys in _ends(every, ()):
                used = any(descend(group, keys)[1] != keys for group in own)
                yield (section, EVERY, *keys), used, "every group has its own"


def _ends(node: Node, path: Path) -> Iterator[Path]:
    if not node.is_mapping() or not node.value:
        yield path
        return
    for key, child in node.value.items():
        yield from _ends(child, (*path, key))


def _routing(scenario: Scenario) -> Judged:
    routing, policy = scenario.routing, scenario.routing.policy
    if policy not in _BUILT_IN:
        return  # a policy of the user's own may read any of them
    why = f"routing.policy is {policy}"
    owners = {"after_leaving": ["adaptive", "static"]}
    for name, keys in ROUTING.items():
        for key in keys:
            owners.setdefault(key, []).append(name)
    for key, policies in owners.items():
        if key not in _MORE_USES:
            yield ("routing", key), policy in policies, f"{why}: {key} is of {' or '.join(policies)}"
    leaves = policy in ("adaptive", "static") or scenario.sam is not None
    by_load = policy in _BY_LOAD or (leaves and routing.leave_to in _BY_LOAD)
    by_load = by_load or (policy == "cookie" and routing.assign in _BY_LOAD)
    yield ("routing", "leave_to"), leaves, f"{why}, which leaves no edge, and there is no SAM to move sessions"
    hashes = policy in ("consistent_hash", "maglev")
    salted = hashes or routing.subset is not None
    yield ("routing", "hash_salt"), salted, f"{why}: hash_salt is of consistent_hash or maglev, and of subsets"
    yield ("routing", "subset"), not hashes, f"{why}, which shares clients out among all edges"
    placed = any(group.site is not None for group in scenario.clients.values())
    yield ("routing", "scope"), placed, "no clients have a site, and to them all edges are one site"
    yield ("routing", "overprovision"), routing.scope == "site", "routing.scope is global: overprovision is of site"
    yield ("routing", "view"), by_load, "nothing chooses by load: view is of least_outstanding and power_of_two"
    weighs = policy in (*_BY_LOAD, "least_sessions", "random", "round_robin")
    weighs = (
        weighs or (leaves and routing.leave_to != "nearest") or (policy == "cookie" and routing.assign != "nearest")
    )
    for name in scenario.edges:
        yield ("edges", name, "weight"), weighs, f"{why}, and the nearest edge is chosen whatever it weighs"


def _health(scenario: Scenario) -> Judged:
    health, routing = scenario.health, scenario.routing
    if health is None:
        return
    yield ("health", "site"), health.active is not None, "there are no active checks, and nobody else stands there"
    passive = health.passive
    if passive is not None:
        yield ("health", "passive", "window"), passive.consecutive is not None, "consecutive is off: no failures count"
    assigns = routing.policy == "cookie" and routing.assign != "nearest"
    leaves = routing.policy in ("adaptive", "static") or scenario.sam is not None
    chooses = routing.policy not in ("nearest", "consistent_hash", "maglev", "adaptive", "static", "cookie")
    ramps = chooses or assigns or (leaves and routing.leave_to != "nearest")
    yield ("health", "slow_start"), ramps, f"routing.policy is {routing.policy}, and nearest edges get all or nothing"


def _sam(scenario: Scenario) -> Judged:
    sam = scenario.sam
    if sam is None:
        return
    why = "health checks watch the edges: only standbys' heartbeats are left"
    yield ("sam", "heartbeat"), scenario.health is None, why
    why = "health checks watch the edges: what clients tell is of health.passive"
    yield ("sam", "client_reports"), scenario.health is None, why
    measured = sam.initial_weight == "measured"
    for key in _RULE:
        in_probe = measured and (key == "base" or key.startswith("latency_"))
        from_base = key != "base" or sam.model != "cumulative"
        why = "under model: static the first weight stays"
        if sam.model == "cumulative":
            why = "model: cumulative starts from the previous weight"
        yield ("sam", key), in_probe or (sam.model != "static" and from_base), why
    yield ("sam", "latency"), sam.model != "static", "under model: static nothing is scored"


def _leases(scenario: Scenario) -> Judged:
    leases = scenario.leases
    for name in scenario.cores:
        core = scenario.cores[name]
        yield ("cores", name, "takeover"), core.standby is not None, "there is no standby to take over"
        yield (
            ("cores", name, "grace"),
            core.standby is not None and leases is not None,
            ("there is no standby to take over" if leases is not None else "leases are off"),
        )
    for key in ("batch", "batch_lease"):
        yield ("network", "messages", key), leases is not None, "leases are off, so nothing is renewed"
    if leases is None:
        return
    for key in ("phase", "max_batch"):  # batch_every is when what is not answered goes again
        yield ("leases", key), leases.batching, "batching is off: each lease is renewed by a message of its own"
    locks = any(_asks(group, "acquire") for group in scenario.clients.values())
    yield ("leases", "lock_delay"), locks, "nobody acquires a lock"


def _late(scenario: Scenario) -> Judged:
    """A tick of renewals that comes less often than leases end."""
    leases = scenario.leases
    if leases is not None and leases.batching:
        every, length = format_duration(leases.batch_every), format_duration(leases.length)
        why = f"a lease lasts {length}: with a tick every {every} it ends before the tick that would renew it"
        yield ("leases", "batch_every"), leases.batch_every <= leases.length, why


def _asks(group: ClientGroupSpec, *operations: str) -> bool:
    """Whether a group asks for any of these; what a trace asks for shows when it is read."""
    if group.from_trace:
        return getattr(group.workload, "format", "") != "clf" or "lookup" in operations
    return any(group.operations.get(name, 0.0) > 0 for name in operations)


def _clients(scenario: Scenario) -> Judged:
    for name, group in scenario.clients.items():
        path: Path = ("clients", name)
        session, retry, locks = group.session, group.retry, group.locks
        geo = scenario.network.geo is not None
        yield (*path, "operations"), group.workload.kind != "trace", "the trace says what is asked for"
        yield (*path, "spread"), geo, "network.geo is off, so that distance takes no time"
        any_lock = _asks(group, "read_lock", "acquire", "release")
        for key in ("per_session", "shared_pool"):
            yield (*path, "locks", key), any_lock, "operations has no read_lock, acquire or release"
        acquires = _asks(group, "acquire")
        for key in ("mode", "hold"):
            yield (*path, "locks", key), acquires, "operations has no acquire"
        why = "operations has no acquire" if not acquires else "shared locks never conflict"
        yield (*path, "locks", "conflict"), acquires and locks.mode == "exclusive", why
        endless = session.arrivals is None and session.length.mean == math.inf
        yield (*path, "session", "pause"), not endless, "these sessions never end: give a length"
        if retry is not None:
            for key in ("backoff", "cap", "jitter", "budget", "to", "on"):
                used = retry.max > 0 or (key == "budget" and group.hedge is not None)
                yield (*path, "retry", key), used, "retry.max is 0: nothing is sent again"
            yield (*path, "retry", "cancel_on_timeout"), retry.timeout < math.inf, "there is no timeout"
        yield from _hedge(path, scenario, group)


def _hedge(path: Path, scenario: Scenario, group: ClientGroupSpec) -> Judged:
    if group.hedge is None:
        return
    why, used = "operations has no lookup or read_lock, and nothing else is hedged", _asks(group, "lookup", "read_lock")
    if used and group.retry is not None and group.hedge.after >= group.retry.timeout:
        used, why = False, f"an attempt is given up after {format_duration(group.retry.timeout)}, before it is hedged"
    elif used and sum(len(edges.nodes(name)) for name, edges in scenario.edges.items()) < 2 and not scenario.faults:
        used, why = False, "there is no other edge that a hedge could go to"
    yield (*path, "hedge"), used, why


def _tiers(scenario: Scenario) -> Judged:
    for name, edges in scenario.edges.items():
        path: Path = ("edges", name)
        yield from _tier((*path, "l1"), edges.l1)
        inherits = not _keeps_nothing(edges.l1) and any(
            core.l2.ttl != Constant(math.inf) and not _keeps_nothing(core.l2) for core in scenario.cores.values()
        )
        why = "no entry of L2 has a TTL that could be inherited"
        yield (*path, "l1", "inherit_ttl"), inherits, why
        for key in ("queue", "shed"):
            yield (*path, key), edges.workers is not None, "with unlimited workers nothing waits"
    apart = len({site for name, cores in scenario.cores.items() for _, site in cores.nodes(name)}) > 1
    for name, cores in scenario.cores.items():
        yield from _tier(("cores", name, "l2"), cores.l2)
        yield ("cores", name, "shard_by"), apart, "all cores are at one site, so that none is nearer than another"
    changes = any(_asks(group, "update", "acquire", "release") for group in scenario.clients.values())
    yield ("coherence",), changes, "nobody updates a session, or acquires or releases a lock: nothing changes"


def _tier(path: Path, tier: TierSpec) -> Judged:
    nothing, why = _keeps_nothing(tier), "with ttl: 0ms nothing is kept"
    yield (*path, "capacity"), not nothing, why
    yield (
        (*path, "policy"),
        not nothing and tier.capacity is not None,
        why if nothing else ("the capacity is unlimited, so that nothing is evicted: give a capacity"),
    )
    endless = tier.ttl == Constant(math.inf)
    yield (*path, "ttl_mode"), not nothing and not endless, why if nothing else "entries never expire"


def _keeps_nothing(tier: TierSpec) -> bool:
    return bool(tier.ttl == Constant(0.0))


def _network(scenario: Scenario) -> Judged:
    network = scenario.network
    placed = [group.site for group in scenario.clients.values()]
    placed += [site for name, group in scenario.edges.items() for _, site in group.nodes(name)]
    placed += [site for name, group in scenario.cores.items() for _, site in group.nodes(name)]
    placed += [site for name, balancers in scenario.balancers.items() for _, site in balancers.nodes(name)]
    placed += [scenario.sam.site] if scenario.sam is not None else []
    apart = scenario.storage.site is not None or network.links or scenario.faults  # else storage is beside each core
    placed += [scenario.storage.site] if apart else []
    some = [site for site in placed if site is not None]
    yield ("network", "geo"), len(some) > 1, "fewer than two actors have a site, so that there is no distance"
    yield ("network", "matrix"), len(some) > 1, "fewer than two actors have a site, so that nothing is far from another"
    everywhere = network.geo is not None and len(some) == len(placed)
    why = "every actor has a site, and between sites network.geo takes its place"
    yield ("network", "default", "latency"), not everywhere, why


def _times(scenario: Scenario) -> Judged:
    for name, group in scenario.clients.items():
        at_s = getattr(group.workload, "at", None)
        if isinstance(at_s, float):
            why = f"the run is over at {format_duration(scenario.duration)}"
            yield ("clients", name, "workload", "at"), at_s < scenario.duration, why
