"""When what sessions read changed last, at the cores: data, lock states, and locks that all can see.

The truth against which a read from L1 is called stale; the model itself never looks. May import: nothing of the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.agents.client import Session


class Changes:
    """Times of changes in seconds, of all core shards."""

    __slots__ = ("_data_s", "_locks_s", "_pools_s")

    def __init__(self) -> None:
        self._data_s: dict[Any, float] = {}  # by session
        self._locks_s: dict[Any, float] = {}  # by session
        self._pools_s: dict[int, float] = {}  # by number of the pool, below 0

    def data_changed(self, session_id: Any, now_s: float) -> None:
        """A session's data have changed."""
        self._data_s[session_id] = now_s

    def lock_changed(self, session_id: Any, lock: tuple[int, int], now_s: float) -> None:
        """A lock state has changed: of a session, or of a pool, which all sessions of its group can see."""
        if lock[0] < 0:
            self._pools_s[lock[0]] = now_s
        else:
            self._locks_s[session_id] = now_s

    def data_s(self, session_id: Any) -> float:
        """When a session's data changed last; below 0 for never."""
        return self._data_s.get(session_id, -1.0)

    def locks_s(self, session: Session) -> float:
        """When the lock states that a session can see changed last; below 0 for never."""
        pool = -1 - session.client.group.locks.group
        return max(self._locks_s.get(session.session_id, -1.0), self._pools_s.get(pool, -1.0))

    def forget_data(self, session_id: Any) -> None:
        """A session's lease has ended: nobody reads its data any more."""
        self._data_s.pop(session_id, None)

    def forget(self, session_id: Any) -> None:
        """A session is closed."""
        self._locks_s.pop(session_id, None)
        self._data_s.pop(session_id, None)
