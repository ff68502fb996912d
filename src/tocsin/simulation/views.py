"""How a transaction of the simulated store sees its tables, and locks what it will change."""

from typing import Any

from tocsin.core.incident.events import Event
from tocsin.simulation.disk import Disk, MustWait, NotSimulated
from tocsin.simulation.tables import Overlay


class Views:
    """One transaction: its own changes, what others have committed, and its locks."""

    def __init__(self, store: Disk) -> None:
        self._store = store
        self._overlays: dict[str, Overlay[Any, Any]] = {}
        self._locked: list[tuple[str, object]] = []
        self._events: dict[int, list[Event]] = {}
        self._first: dict[int, int] = {}

    def __getattr__(self, name: str) -> Any:
        """Say which verb is missing here."""
        raise NotSimulated(f"the simulated store knows no {name!r}; add it to {__package__}")

    def _see(self, table: str) -> Any:
        found = self._overlays.get(table)
        if found is None:
            found = self._overlays[table] = Overlay(self._store.tables[table])
        return found

    def _lock(self, table: str, key: object) -> None:
        if not self._try_lock(table, key):
            raise MustWait(f"{table} {key}")

    def _try_lock(self, table: str, key: object) -> bool:
        holder = self._store.locks.setdefault((table, key), self)
        if holder is not self:
            return False
        self._locked.append((table, key))
        return True

    def _new_id(self, table: str) -> int:
        number = self._store.last_ids.get(table, 0) + 1
        self._store.last_ids[table] = number
        return number

    def release(self) -> None:
        """Let go of all locks."""
        for key in self._locked:
            if self._store.locks.get(key) is self:
                del self._store.locks[key]
