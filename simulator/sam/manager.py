"""The session affinity manager: scores sessions every interval, tells clients, moves sessions off failed edges.

Reports of attempts are appended to plain columns and aggregated once an interval with numpy, so that a report costs
two list appends; they name a session by its slot. It is sharded by session id; a shard that is down freezes the weights
of its sessions.

May import: kernel, numpy, routing's directory. Does not model: the transport of the clients' reports (they come with
the requests), replication between shards.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from simpy.events import Event

from simulator.engine.columns import FloatColumn, IntColumn
from simulator.engine.node import FailSlow
from simulator.engine.pausing import Pausing
from simulator.engine.rest import Keeper
from simulator.plugins.guard import checked_weights, is_foreign
from simulator.plugins.settings import configured
from simulator.routing.directory import Draining
from simulator.sam.load import EdgeLoad
from simulator.sam.models import ModelContext, Reports, Seen, StickinessModel, find_model
from simulator.sam.policy import Interval, ManagerPolicy
from simulator.sam.slots import Slots

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session, SessionId
    from simulator.engine.kernel import Kernel
    from simulator.routing.directory import Directory
    from simulator.routing.moves import Moves

NAN = float("nan")
MOVES: Final = int(Draining.MOVES)


class StickinessManager(FailSlow):
    """The SAM.

    It has more fields than a class should have: what agents report comes in as columns, one append each, since that is
    in the path of every request.
    """

    def __init__(self, kernel: Kernel, policy: ManagerPolicy, directory: Directory) -> None:
        self.kernel = kernel
        self.policy = policy
        self.directory = directory
        self.client_reports = policy.client_reports
        context = ModelContext(policy.rule, policy.interval_s, policy.window_s, policy.initial_weight, directory.size)
        self.model: StickinessModel = configured(find_model(policy.model), policy.model_settings)(context)
        self._weigh = (
            checked_weights(self.model.weights, policy.model) if is_foreign(self.model) else self.model.weights
        )
        self.scores = self.model.scores
        self.by_edge = self.model.by_edge
        self.load: EdgeLoad | None = None  # where the model asks for it
        self.store: dict[SessionId, Session] = {}
        self.weights: Counter[float] = Counter()  # how many sessions have each weight
        self.group_weights: dict[str, Counter[float]] = {}  # the same by client group
        self.down = [False] * policy.shards
        self._drained_now: list[int] = []  # edges that announced their drain at this instant
        self.moves_sessions = True  # off failed and drained edges; False where the routing policy alone does
        self.choose_other: Callable[[Client, int], int]  # (client, failed edge) -> another edge or -1
        self.moves: list[Moves] = []  # of each client group, by its number
        self.on_moved: Callable[[int, dict[int, int]], None] = _ignore  # (from, {to: sessions})
        self.on_suspect: Callable[[int], None] = lambda _: None
        self.reported, self.values = IntColumn(), FloatColumn()  # slot and value of each report
        self._retried: list[int] = []  # slots
        self._edges: list[int] = []  # where each attempt ended, for a model by edge
        self._number = 0  # of the interval that is over
        intervals = round(policy.window_s / policy.interval_s)
        self._window: deque[Interval] = deque(maxlen=intervals)
        self._slots = Slots(intervals)
        self._silences = [0] * directory.size
        self.pausing: Pausing | None = None
        self._late = False  # whether it should have scored while it stood still
        self._told_s = 0.0  # when the last news arrives
        self._holds = [0] * policy.shards  # crashes that hold each shard down
        self.scored = self.adjusted = 0

    # -- what reaches it ------------------------------------------------------------------------------
    def report(self, slot: int, value: float) -> None:
        """An attempt of the session in `slot` ended; -1: of one that was never admitted, which has no weight.

        `value`: latency in seconds if ok; -1 if failed without, -2 - latency if with one.
        """
        self.reported.append(slot)
        self.values.append(value)

    def report_retry(self, slot: int) -> None:
        """The attempt that was just reported was a retry: an attempt more, but no request more."""
        self._retried.append(slot)

    def report_edge(self, edge: int) -> None:
        """Where the attempt that was just reported ended, -1 for nowhere: for a model by edge, and each attempt."""
        self._edges.append(edge)

    def report_silence(self, edge: int) -> None:
        """A client's attempt at `edge` timed out (with `client_reports`)."""
        self._silences[edge] += 1
        if self._silences[edge] >= self.policy.misses:
            self._silences[edge] = 0
            self.on_suspect(edge)

    def report_answer(self, edge: int) -> None:
        """A client's attempt at `edge` was answered (with `client_reports`)."""
        self._silences[edge] = 0

    # -- the stickiness store -------------------------------------------------------------------------
    def admit(self, session: Session, latency_s: float) -> None:
        """A session was established: give it its first weight; `latency_s` is the probe's, NaN for none.

        A write that becomes durable when the session is over already (its client gave up) admits nobody.
        """
        if session.over:
            return
        weight = self.first_weight(latency_s)
        if session.slot < 0:
            self._slots.give(session)
            self.model.admitted(session.slot)
        self._set(session, weight)
        session.published_weight = session.client_weight = weight
        self.store[session.session_id] = session

    def first_weight(self, latency_s: float) -> float:
        """The first weight of a session whose probe took `latency_s` (NaN for no sample)."""
        policy = self.policy
        if not policy.measured:
            return policy.initial_weight
        term = float(policy.rule.latency_term(np.array([latency_s]))[0])
        return min(max(policy.rule.base + term, 0.0), 100.0)

    def dissolve(self) -> None:
        """The world is over: let go of all sessions."""
        self.store.clear()
        self._slots.sessions.clear()

    def forget(self, session: Session) -> None:
        """A session ended."""
        if self.store.pop(session.session_id, None) is not None:
            self.weights[session.weight] -= 1
            self._weights_of(session)[session.weight] -= 1
            self._slots.take_back(session)

    def _set(self, session: Session, weight: float) -> None:
        of_group = self._weights_of(session)
        if session.session_id in self.store:
            self.weights[session.weight] -= 1
            of_group[session.weight] -= 1
        self.weights[weight] += 1
        of_group[weight] += 1
        session.weight = self._slots.weights[session.slot] = weight

    def _weights_of(self, session: Session) -> Counter[float]:
        name = session.client.group.name
        found = self.group_weights.get(name)
        if found is None:
            found = self.group_weights[name] = Counter()
        return found

    # -- scoring --------------------------------------------------------------------------------------
    def run(self) -> Generator[Event, None, None]:
        """The SimPy process that scores all active sessions at every interval."""
        kernel, interval_s = self.kernel, self.policy.interval_s
        keeper = Keeper(self._quiet)
        kernel.rest.add(keeper)
        number = 0
        while True:
            after = kernel.rest.next_tick(keeper, number + 1, interval_s)
            self._slots.close_intervals(after - number - 1)
            number = self._number = after
            keeper.tick = tick = kernel.tick_at(number * interval_s)
            yield tick
            if self.pausing is not None:
                self._late = True
                continue
            self._close_interval()
            if self.scores and not all(self.down):
                self._score()

    def pause(self) -> None:
        """Stand still: nothing is scored, no news goes out."""
        self.pausing = Pausing(self.kernel.clock, lambda _: False)

    def go_on(self) -> None:
        """Stand still no more: score once if it was due, then tell what waited."""
        pausing, self.pausing = self.pausing, None
        if self._late:
            self._late = False
            self._close_interval()
            if self.scores and not all(self.down):
                self._score()
        if pausing is not None:
            pausing.end()

    def _quiet(self) -> bool:
        """Whether there is nothing to score: no attempt ended in the window."""
        return not len(self.reported) and not self._retried and not any(len(part.slots) for part in self._window)

    def _close_interval(self) -> None:
        retried = len(self._retried)
        slots = np.concatenate((self.reported.take(), np.array(self._retried, dtype=np.int64)))
        values = self.values.take()
        self._retried.clear()
        latency_s = np.where(values >= 0, values, -2.0 - values)
        sampled = (values >= 0) | (values <= -2.0)
        latency_s[~sampled] = 0.0
        failed = (values < 0).astype(float)
        none = np.zeros(retried)  # the rows of retries, behind those of attempts, take a request off and nothing else
        ones = np.ones(len(values))
        columns = ((ones, none), (ones, none - 1.0), (failed, none), (sampled.astype(float), none), (latency_s, none))
        self._window.append(self._totals(slots, *(np.concatenate(column) for column in columns)))
        if self.by_edge:
            edges = np.array(self._edges, dtype=np.int64)
            self._edges.clear()
            self.model.note(Reports(slots[: len(values)], edges, failed, sampled.astype(float), latency_s))
        if self.load is not None:
            self.load.note(self.kernel.now)
        self._slots.close_interval()

    def _score(self) -> None:
        parts = self._window
        total = self._totals(
            np.concatenate([part.slots for part in parts]),
            np.concatenate([part.attempts for part in parts]),
            np.concatenate([part.requests for part in parts]),
            np.concatenate([part.failures for part in parts]),
            np.concatenate([part.samples for part in parts]),
            np.concatenate([part.latency_sum_s for part in parts]),
        )
        if not len(total.slots):
            return
        policy = self.policy
        with np.errstate(invalid="ignore", divide="ignore"):
            latency_s = np.round(total.latency_sum_s / total.samples, 12)  # a sum's rounding crosses no threshold
        previous = self._slots.weights[total.slots]
        weights = self._weigh(
            Seen(
                self._number, total.slots, previous, latency_s, total.requests / policy.window_s,
                total.failures / total.attempts, lambda: self._edges_of(total.slots),
                lambda: self._utilisation_of(total.slots),
            )
        )  # fmt: skip
        self.scored += len(previous)
        rows = self._adjustable(total.slots, np.flatnonzero(weights != previous))
        if len(rows):
            self.adjusted += len(rows)
            self._adjust(total.slots[rows], previous[rows].tolist(), weights[rows])

    def _edges_of(self, slots: np.ndarray) -> np.ndarray:
        """The current edge of the session in each slot; -1 where there is none."""
        found = [self._slots.sessions[slot] for slot in slots.tolist()]
        return np.array([-1 if session is None else session.edge for session in found], dtype=np.int64)

    def _utilisation_of(self, slots: np.ndarray) -> np.ndarray:
        """How busy the current edge of the session in each slot was over the window; NaN where nobody can say."""
        assert self.load is not None
        known = np.append(self.load.utilisation(self.kernel.now), NAN)  # the last is that of no edge
        busy: np.ndarray = known[self._edges_of(slots)]
        return busy

    def _adjustable(self, slots: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Those of some rows whose sessions are neither over nor frozen, by session id."""
        ids = self._slots.ids[slots[rows]]
        keep = ids >= 0
        if any(self.down):
            keep &= ~np.array(self.down)[ids % self.policy.shards]
        rows = rows[keep]
        ordered: np.ndarray = rows[np.argsort(ids[keep], kind="stable")]
        return ordered

    def _adjust(self, slots: np.ndarray, before: list[float], weights: np.ndarray) -> None:
        """Sessions get other weights than before."""
        of_slot, after = self._slots.sessions, weights.tolist()
        sessions = [session for slot in slots.tolist() if (session := of_slot[slot]) is not None]
        self._slots.weights[slots] = weights
        for session, weight in zip(sessions, after, strict=True):
            session.weight = weight
        names = [session.client.group.name for session in sessions]
        for (name, old, new), n in Counter(zip(names, before, after, strict=True)).items():
            for counted in (self.weights, self.group_weights[name]):
                counted[old] -= n
                counted[new] += n
        if self.by_edge:
            self._tell(_publish_there, (sessions, after, [session.edge for session in sessions]))
        else:
            self._tell(_publish, (sessions, after))

    def arrived(self, session: Session, edge: int) -> None:
        """A session gets another current edge (with `by_edge`): what was known of it there counts from now on.

        The weight there was set when the session was scored last, so that the first answer from there can tell it.
        """
        if session.session_id in self.store and not self.down[session.session_id % self.policy.shards]:
            weight = self.model.weight_at(session.slot, edge)
            self._set(session, weight)
            session.published_weight = weight

    def _totals(self, slots: np.ndarray, *columns: np.ndarray) -> Interval:
        """The sums of each session's rows; the columns are those of an interval."""
        distinct, rows = self._slots.distinct(slots)
        n = len(distinct)
        return Interval(distinct, *(np.bincount(rows, weights=column, minlength=n) for column in columns))

    # -- failover -------------------------------------------------------------------------------------
    def edge_failed(self, edge: int) -> None:
        """An edge is believed failed: tell clients."""
        self._tell(self._believe, (edge, False))

    def edges_settled(self, edges: Sequence[int]) -> None:
        """All that failed together with these edges are believed failed: name another for each of their sessions."""
        for edge in edges:
            self._move_sessions(edge)

    def _tell(self, function: Callable[[Any], None], news: Any) -> None:
        """Let news take effect after the propagation; news do not overtake each other, however slow it was before."""
        if self.pausing is not None:
            self.pausing.message(self._tell_now, (function, news))
            return
        self._told_s = max(self._told_s, self.kernel.now + self.propagation_s)
        self.kernel.call_at(self._told_s, function, news)

    def _tell_now(self, late: tuple[Callable[[Any], None], Any]) -> None:
        self._tell(*late)

    def _believe(self, news: tuple[int, bool]) -> None:
        self.directory.set_healthy(*news)

    def _move_sessions(self, edge: int) -> None:
        if not self.moves_sessions:
            return
        policy = self.policy
        affected = [
            session
            for session in self.store.values()
            if session.edge == edge and not self.down[session.session_id % policy.shards]
        ]
        self._tell(self._push, (edge, affected))

    def _push(self, move: tuple[int, Sequence[Session]]) -> None:
        """The news is there: the edge is avoided, its sessions are elsewhere and start anew."""
        edge, affected = move
        weight = self.policy.initial_weight
        to: Counter[int] = Counter()
        for session in affected:
            if session.edge != edge or session.session_id not in self.store:
                continue
            other = self.choose_other(session.client, edge)
            if other < 0:
                continue
            self.moves[session.client.group.number].move(session, other)
            session.started_s = self.kernel.now  # a cookie that is given now lasts from now
            to[other] += 1
            self._set(session, weight)
            session.published_weight = session.client_weight = weight
            self.model.moved(session.slot, edge, other)
        self.on_moved(edge, dict(to))

    def edge_back(self, edge: int) -> None:
        """An edge is heard again."""
        self._tell(self._believe, (edge, True))

    def note_exists(self, edge: int, exists: bool) -> None:
        """An edge has joined, or is gone: its sessions leave it as if it had failed."""
        self._tell(self._exists, (edge, exists))
        if not exists:
            self._move_sessions(edge)

    def _exists(self, news: tuple[int, bool]) -> None:
        self.directory.set_exists(*news)

    def note_drain(self, edge: int, draining: int) -> None:
        """An edge announces that it is being drained, or no more (a `Draining`).

        Unless it keeps its sessions, they leave as if it had failed. None goes to another that is drained at the same
        instant: all of these are known before anybody is moved.
        """
        self._tell(self._drained, (edge, draining))
        if draining != MOVES:
            return
        if not self._drained_now:
            self.kernel.call_at(self.kernel.now, self._move_off_drained)
        if edge not in self._drained_now:
            self._drained_now.append(edge)

    def _move_off_drained(self, _: None) -> None:
        edges, self._drained_now = self._drained_now, []
        self.edges_settled(edges)

    def _drained(self, news: tuple[int, int]) -> None:
        self.directory.set_draining(*news)

    def crash(self, shard: int) -> None:
        """A shard stops (again: it is down until the last crash is over); the weights of its sessions freeze."""
        self._holds[shard] += 1
        self.down[shard] = True

    def restart(self, shard: int) -> None:
        """One crash of a shard is over."""
        self._holds[shard] -= 1
        self.down[shard] = self._holds[shard] > 0

    @property
    def propagation_s(self) -> float:
        """How long news takes now, seconds."""
        return self.policy.propagation_s * self.slowness

    def listening(self) -> bool:
        """Whether any shard is up."""
        return not all(self.down)


def _ignore(edge: int, to: dict[int, int]) -> None:
    """Nobody wants to know how many sessions were moved."""


def _publish_there(news: tuple[Sequence[Session], Sequence[float], Sequence[int]]) -> None:
    """The same of weights that hold at one edge each: a session that has left since is told nothing of it."""
    for session, weight, edge in zip(*news, strict=True):
        if session.edge == edge:
            session.published_weight = weight


def _publish(news: tuple[Sequence[Session], Sequence[float]]) -> None:
    """From now on answers carry these weights."""
    for session, weight in zip(*news, strict=True):
        session.published_weight = weight
