"""A run on the real store, to be compared with the same run on the simulated one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
from msgspec.structs import replace

from tocsin.engine.ports import Reading, Store, Transaction
from tocsin.simulation.apart import Watcher
from tocsin.simulation.disk import Committed
from tocsin.simulation.draw import draw
from tocsin.simulation.night import Course, run
from tocsin.simulation.schedule import Schedule
from tocsin.simulation.stage import Stage
from tocsin.simulation.store import SimStore
from tocsin.store.refold import refold_some, start_refolding
from tocsin.store.sql_store import SqlStore, open_store

ONLY_SIMULATED = ("between",)
"""What only the simulated store can do: one transaction in the middle of another."""


class Blind(Watcher):
    """Looks at nothing: the invariants look into the simulated store, and here is none."""

    def committed(self, committed: Committed) -> None: ...

    def committed_apart(self, *_: object) -> None: ...

    def emergency_turns(self, _node: object) -> None: ...

    def _keep_up(self, _node: object) -> None: ...

    def left(self, *_: object) -> None: ...

    def accepted(self, *_: object) -> None: ...

    def shown(self, _incident: object) -> None: ...

    def link_is_unknown(self, _message_id: str) -> None: ...

    def power_is_back(self) -> None: ...

    def until(self, _at: int) -> None: ...

    def at_the_end(self) -> None: ...


class RealStore:
    """SQLite behind what a run asks of its store."""

    def __init__(self, inner: SqlStore, folder: Path) -> None:
        self._folder = folder
        self._inner = inner
        self._beside: list[SqlStore] = []
        self.commits = 0
        self.watch: Any = lambda _committed: None
        self.pause_within: Any = lambda: None

    @contextmanager
    def read(self) -> Iterator[Reading]:
        with self._inner.read() as reading:
            yield reading

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._inner.write() as tx:
            before, rules = _changes(tx), _rules(tx)
            yield tx
            changed, new_rules = _changes(tx) != before, _rules(tx) != rules
        if changed:
            self.commits += 1
            self.watch(_committed(new_rules=new_rules))

    def another(self) -> RealStore:
        """Open a store beside it, for the journal of a node."""
        folder = tempfile.mkdtemp(prefix="journal-", dir=self._folder)
        self._beside.append(open_store(f"sqlite:///{folder}/journal.db"))
        return RealStore(self._beside[-1], self._folder)

    def close(self) -> None:
        for one in self._beside:
            one.close()

    def refold(self) -> None:
        with self._inner._database.writing() as connection:
            start_refolding(connection)
            while refold_some(connection):
                pass

    def lose_power(self) -> None:
        """All that is committed is on the disk."""


class Kept(NamedTuple):
    """What is in a store in the end."""

    timelines: list[list[bytes]]
    looks: list[object]
    deliveries: list[object]
    alerts: list[object]
    unreadable: list[object]


def schedule_of(stage: Stage, seed: int) -> Schedule:
    drawn = draw(stage, seed)
    left = tuple(one for one in drawn.happenings if one.do not in ONLY_SIMULATED)
    return replace(drawn, happenings=left)


def on(stage: Stage, seed: int, store: object) -> Course:
    return run(stage, schedule_of(stage, seed), cast("SimStore", store), Blind)


def kept_in(store: Store) -> Kept:
    with store.read() as reading:
        summaries = reading.incidents((), None, 10_000)
        numbers = sorted(one.incident.id for one in summaries)
        found = {one.incident.id: one for one in summaries}
        return Kept(
            timelines=[[entry.hash for entry in reading.timeline(number)] for number in numbers],
            looks=[found[number].look_again_at for number in numbers],
            deliveries=[
                replace(delivery, id=0)
                for number in numbers
                for delivery in _in_order(reading, number)
            ],
            alerts=[alert for number in numbers for alert in reading.alerts(number, None, 1000)],
            unreadable=[],
        )


def _in_order(reading: Reading, number: int) -> list[Any]:
    return sorted(reading.deliveries(number), key=lambda one: one.message.id)


def _changes(tx: Any) -> int:
    """How many rows the connection has ever changed."""
    return int(tx._connection.connection.driver_connection.total_changes)


def _rules(tx: Transaction) -> object:
    newest = [tx.activations(what, None, 1) for what in ("plan", "organisation")]
    return tx.in_force(), [one[0].id if one else 0 for one in newest]


def _committed(*, new_rules: bool) -> Committed:
    nothing: Any = ()
    return msgspec.convert(
        {
            "incidents": nothing, "events": {}, "first_entry": {}, "deliveries": nothing,
            "alerts": nothing, "activations": nothing, "overrides": new_rules,
        },
        Committed,
    )  # fmt: skip
