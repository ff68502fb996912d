"""When sessions and keys were used last, to the minute: noted in memory, written together."""

import threading
from datetime import datetime, timedelta

import structlog

from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.world import World

EVERY = timedelta(minutes=1)

log = structlog.get_logger()


class Seen:
    """Who was here since it was last written down. One small transaction a minute, whoever comes.

    A store that takes nothing just now must not keep anybody from looking: then the next minute
    tries again.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._sessions: set[bytes] = set()
        self._keys: set[str] = set()
        self._written_at: datetime | None = None

    def note(self, session: bytes, key: str) -> None:
        """Note that a session (the hash of its token) or a key (its id) was used now."""
        now = self._world.now()
        with self._lock:
            if session:
                self._sessions.add(session)
            if key:
                self._keys.add(key)
            if self._written_at is not None and now - self._written_at < EVERY:
                return
            self._written_at = now
            sessions, self._sessions = self._sessions, set()
            keys, self._keys = self._keys, set()
        try:
            with self._world.store.write() as tx:
                tx.keep_seen(sessions, keys, now)
        except (StoreUnavailable, Conflict) as problem:
            log.warning("seen.not-kept", problem=str(problem))
