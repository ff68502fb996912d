"""What transactions of the simulated store know of journals: copies, and what is brought back.

As `store.journal`, in plain values: rows of a `Copy` are (key, row).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from tocsin.core.alerts import Unreadable
from tocsin.core.emergency import Emergency
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.engine.journal import Copy, JournalState, Known
from tocsin.engine.overrides import CHANGES
from tocsin.engine.ports import Alert, Delivery, Kept
from tocsin.simulation.beside import Beside
from tocsin.simulation.disk import unique
from tocsin.simulation.schedule import micros

FAR_AHEAD = 1_000_000_000
ANSWERABLE = timedelta(hours=24)
COPIED = "copied"
"""As in `store.journal`."""

STATE = "journal"

WHOLE = ("counters", "activations")
EMERGENCY_ONLY = ("unreadable", "carried_over", "publications", "claims")
OF_INCIDENTS = ("deliveries", "alerts", "incidents")
"""As in `store.journal`, as far as a run has these tables."""


class Journals(Beside):
    """See engine.journal.JournalReading and JournalWriting."""

    is_copy = False
    """Whether this transaction puts a copy in the place of what a journal held."""

    def copy(self, known: Known, now: datetime) -> Copy:
        """See JournalReading."""
        going_on = {
            kept.incident.id: kept
            for kept in self._see("incidents").values()
            if kept.incident.state in PAGEABLE and kept.incident.id > 0
        }
        changed = tuple(sorted(i for i, k in going_on.items() if known.heads.get(i) != _head(k)))
        entries = [
            ((number, entry), self._see("timeline").get((number, entry)))
            for number in changed
            for entry in range(known.entries.get(number, 0) + 1, going_on[number].entries + 1)
        ]
        with_overrides = self._counted() != known.overrides
        return Copy(
            at=now,
            unresolved=frozenset(going_on),
            changed=changed,
            with_overrides=with_overrides,
            rows={
                "documents": self._documents(going_on.values(), known),
                "counters": list(self._rows("counters").items()),
                "activations": list(self._newest().items()),
                "incidents": [(number, going_on[number]) for number in changed],
                "timeline": entries,
                "deliveries": self._answerable(changed, now),
                "alerts": [
                    (alert.id, alert)
                    for alert in self._see("alerts").values()
                    if alert.firing and alert.incident_id in changed
                ],
                "overrides": list(self._rows("overrides").items()) if with_overrides else [],
            },
        )

    def _rows(self, table: str) -> dict[Any, Any]:
        view = self._see(table)
        rows = {**view.table.rows, **view.changed}
        return {key: row for key, row in rows.items() if row is not None}

    def _counted(self) -> int:
        return self._see("counters").get(CHANGES) or 0

    def _newest(self) -> dict[int, Any]:
        newest = [self.activations(what, None, 1) for what in ("plan", "organisation")]
        return {one.id: one for found in newest for one in found}

    def _documents(self, going_on: Iterable[Kept], known: Known) -> list[tuple[Any, Any]]:
        wanted = {(one.what, one.version) for one in self._newest().values()}
        wanted |= {("plan", kept.incident.plan) for kept in going_on}
        missing = sorted(wanted - known.documents)
        return [(key, self._see("documents").get(key)) for key in missing]

    def _answerable(self, changed: Collection[int], now: datetime) -> list[tuple[int, Delivery]]:
        return [
            (delivery.id, delivery)
            for delivery in self._see("deliveries").values()
            if delivery.incident_id in changed
            and (delivery.state == "due" or delivery.created_at > now - ANSWERABLE)
        ]

    def known(self) -> Known:
        """See JournalReading."""
        there = self._rows("incidents")
        copied = self.journal().copied_at is not None
        return Known(
            heads={number: _head(kept) for number, kept in there.items()},
            entries={number: kept.entries for number, kept in there.items()},
            documents=frozenset(self._rows("documents")),
            overrides=self._counted() if copied else None,
        )

    def journal(self) -> JournalState:
        """See JournalReading."""
        return self._see("meta").get(STATE) or JournalState()

    def written_apart(self) -> list[tuple[int, str, int]]:
        """See JournalReading."""
        found = []
        for number, kept in sorted(self._rows("incidents").items()):
            copied = self._see("carried_over").get((COPIED, kept.incident.code)) or 0
            if number > 0 and kept.entries > copied:
                found.append((number, kept.incident.code, copied))
        return found

    def alerts_apart(self, state: JournalState) -> list[Alert]:
        """See JournalReading."""
        if state.emergency is None:
            return []
        since = state.emergency.since
        return [
            alert
            for _, alert in sorted(self._rows("alerts").items())
            if alert.id > state.last_alert or alert.updated_at >= since or not alert.firing
        ]

    def unreadable_apart(self, after: int) -> list[tuple[int, datetime, Unreadable, str]]:
        """See JournalReading."""
        incidents = self._rows("incidents")
        found = []
        for number, (item, home, at) in sorted(self._rows("unreadable").items()):
            code = incidents[home].incident.code if home in incidents else ""
            if number > after:
                found.append((number, at, item, code))
        return found

    def carried(self, mark: str, code: str) -> int:
        """See JournalReading."""
        found: int | None = self._see("carried_over").get((mark, code))
        return found or 0

    def heartbeats(self) -> list[Any]:
        """See HeartbeatsReading: none are expected here."""
        return []

    # Changes.

    def take(self, copy: Copy) -> None:
        """See JournalWriting."""
        self.is_copy = True
        there = set(self._rows("incidents"))
        gone = there - copy.unresolved
        self._drop_where("timeline", lambda key, _: key[0] in gone)
        out = {*copy.changed, *gone}
        self._drop_where("deliveries", lambda _, row: row.incident_id in out)
        self._drop_where("alerts", lambda _, row: row.incident_id in out or not row.incident_id)
        self._drop_where("incidents", lambda key, _: key in out)
        for table in WHOLE:
            self._drop_where(table, lambda _key, _row: True)
        if copy.with_overrides:
            self._drop_where("overrides", lambda _key, _row: True)
        for table, rows in copy.rows.items():
            for key, row in rows:
                self._see(table).put(key, row)
        self._see("meta").put(STATE, JournalState(copied_at=copy.at))

    def begin(self, emergency: Emergency) -> None:
        """See JournalWriting."""
        before = self.journal()
        unique(before.emergency is None, "how much of each incident is a copy is known already")
        for kept in self._rows("incidents").values():
            self._see("carried_over").put((COPIED, kept.incident.code), kept.entries)
        counted = self._see("counters").get("incident") or 0
        self._see("counters").put("incident", counted + FAR_AHEAD)
        last = max(self._rows("alerts"), default=0)
        self._see("meta").put(STATE, replace(before, emergency=emergency, last_alert=last))

    def finish(self, copy: Copy) -> None:
        """See JournalWriting."""
        for table in (*EMERGENCY_ONLY, "timeline", *OF_INCIDENTS):
            self._drop_where(table, lambda _key, _row: True)
        self.take(copy)

    def _drop_where(self, table: str, is_gone: Any) -> None:
        for key, row in self._rows(table).items():
            if is_gone(key, row):
                self._see(table).drop(key)

    def keep_carried(self, mark: str, code: str, entries: int) -> None:
        """See JournalWriting."""
        self._see("carried_over").put((mark, code), entries)

    def forget_carried(self, mark: str) -> None:
        """See JournalWriting."""
        self._drop_where("carried_over", lambda key, _: key[0] == mark)

    def sent_apart(self, sent: Collection[tuple[str, datetime]]) -> None:
        """See JournalWriting."""
        for message_id, at in sent:
            found = self._of_message(message_id)
            if found is not None and found.state != "sent":
                self._change(replace(found, state="sent", sent_at=at, detail=""))

    def claimed_apart(self, claimed: Sequence[Delivery], now: datetime) -> None:
        """See JournalWriting."""
        for one in claimed:
            found = self._of_message(one.message.id)
            if found is not None and found.state == "due" and found.due_at <= now:
                mine = {"claim": one.claim, "due_at": one.due_at, "attempts": one.attempts}
                self._change(replace(found, **mine))

    def give_up_apart(self, messages: Collection[str], why: str) -> None:
        """See JournalWriting."""
        for message_id in messages:
            found = self._of_message(message_id)
            if found is not None and found.state == "due":
                self._change(replace(found, state="cancelled", detail=why))

    def _change(self, delivery: Delivery) -> None:
        self._lock("deliveries", delivery.id)
        self._see("deliveries").put(delivery.id, delivery)

    def _of_message(self, message_id: str) -> Delivery | None:
        view = self._see("deliveries")
        number = self._store.index.messages.get(message_id)
        if number is not None:
            found: Delivery | None = view.get(number)
            return found
        mine: Sequence[Delivery] = [row for row in view.changed.values() if row is not None]
        return next((one for one in mine if one.message.id == message_id), None)

    def prove(self, now: datetime) -> None:
        """See JournalWriting."""
        self._see("meta").put("proof", now)


def _head(kept: Kept) -> tuple[bytes, int | None]:
    look = kept.look_again_at
    return kept.head, micros(look) if look is not None else None
