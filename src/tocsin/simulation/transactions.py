"""Transactions of the simulated store: what each verb of the port means, in plain Python."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from tocsin.core.alerts import Unreadable
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.plan.model import Until
from tocsin.core.record import START, Entry, chain
from tocsin.engine.ports import (
    Alert,
    Change,
    Delivery,
    Kept,
    NextDue,
    Summary,
)
from tocsin.engine.put_off import UNTRIED_WAITS, WAITS_AT_MOST
from tocsin.engine.tried import Tried
from tocsin.simulation.disk import Committed, Index, unique
from tocsin.simulation.journals import Journals
from tocsin.simulation.tables import Overlay

PRIORITIES = {"page": 0, "alarm": 1, "notice": 2, "ticket": 2, "update": 2}
"""As `store.rows.PRIORITIES`."""


class SimTransaction(Journals):
    """See engine.ports.Transaction; a reading is one that changes nothing."""

    def commit(self) -> Committed | None:
        """Make all changes visible, and wait for the disk; None if there are none."""
        store = self._store
        changed = {name: o for name, o in self._overlays.items() if o.changed}
        if not changed:
            return None
        if self.is_copy:
            self._replace(changed)
            return None
        committed = Committed(
            incidents=_pairs(changed.get("incidents")),
            events=self._events,
            first_entry=self._first,
            deliveries=_pairs(changed.get("deliveries")),
            alerts=_pairs(changed.get("alerts")),
            activations=tuple(after for _, after in _pairs(changed.get("activations"))),
            unreadable=tuple(after[1] for _, after in _pairs(changed.get("unreadable"))),
            overrides="overrides" in changed,
            brings_back="carried_over" in changed,
        )
        for view in changed.values():
            store.apply(view.table, view.changed)
        for _, kept in committed.incidents:
            store.index.incident(kept)
        for _, alert in committed.alerts:
            store.index.alert(alert)
        for _, delivery in committed.deliveries:
            store.index.delivery(delivery)
        store.after_commit()
        return committed

    def _replace(self, changed: Mapping[str, Overlay[Any, Any]]) -> None:
        """Put a copy in the place of what was there; what comes next is numbered beyond it."""
        store = self._store
        for name, view in changed.items():
            store.apply(view.table, view.changed)
            if name in ("alerts", "deliveries"):
                store.last_ids[name] = max(view.table.rows, default=0)
        store.index = Index(store)
        store.after_commit()

    # Incidents.

    def _by_code(self, code: str) -> Kept | None:
        number = self._store.index.codes.get(code)
        if number is not None:
            found: Kept | None = self._see("incidents").get(number)
            return found
        mine = self._see("incidents").changed.values()
        return next((kept for kept in mine if kept.incident.code == code), None)

    def incident(self, code: str) -> Kept | None:
        """See Reading."""
        return self._by_code(code)

    def incidents(self, states: Collection[str], before: int | None, limit: int) -> list[Summary]:
        """See Reading."""
        found = [
            Summary(incident=kept.incident, look_again_at=kept.look_again_at, entries=kept.entries)
            for kept in self._see("incidents").values()
            if (not states or kept.incident.state in states)
            and (before is None or kept.incident.id < before)
        ]
        found.sort(key=lambda one: one.incident.id, reverse=True)
        return found[:limit]

    def timeline(self, incident_id: int, after: int = 0, limit: int = 10_000) -> list[Entry]:
        """See Reading."""
        kept = self._see("incidents").get(incident_id)
        last = min(kept.entries if kept is not None else 0, after + limit)
        entries = self._see("timeline")
        return [
            entry
            for number in range(after + 1, last + 1)
            if (entry := entries.get((incident_id, number))) is not None
        ]

    def locked(self, code: str) -> Kept | None:
        """See Transaction."""
        self._store.pause_within()
        known = self._by_code(code)
        if known is None:
            return None
        self._lock("incidents", known.incident.id)
        return self._by_code(code)

    def locked_by_id(self, incident_ids: Collection[int]) -> dict[int, Kept]:
        """See Transaction."""
        self._store.pause_within()
        view = self._see("incidents")
        found = {}
        for number in sorted(set(incident_ids)):
            if view.get(number) is not None:
                self._lock("incidents", number)
                found[number] = view.get(number)
        return found

    def latest_of_groups(self, groups: Collection[str]) -> dict[str, Kept]:
        """See Transaction."""
        self._store.pause_within()
        view = self._see("incidents")
        found = {}
        for group in sorted(set(groups)):
            if not group:
                continue
            numbers = self._store.index.groups.get(group, ())
            of_group = [kept for n in numbers if (kept := view.get(n)) is not None]
            of_group += [
                kept
                for n, kept in view.changed.items()
                if kept.incident.group == group and n not in numbers
            ]
            if not of_group:
                continue
            newest = max(of_group, key=lambda k: (k.incident.state in PAGEABLE, k.incident.id))
            self._lock("incidents", newest.incident.id)
            found[group] = newest
        return found

    def due_incidents(self, now: datetime, limit: int) -> list[Kept]:
        """See Transaction."""
        self._store.pause_within()
        view = self._see("incidents")
        due = [
            kept
            for number in (*self._store.index.armed, *view.changed)
            if (kept := view.get(number)) is not None
            and kept.look_again_at is not None
            and kept.look_again_at <= now
        ]
        due = list({kept.incident.id: kept for kept in due}.values())
        due.sort(key=lambda kept: (kept.look_again_at, kept.incident.id))
        return [k for k in due if self._try_lock("incidents", k.incident.id)][:limit]

    def keep(self, changes: Sequence[Change]) -> None:
        """See Transaction."""
        self._store.pause_within()
        view, entries = self._see("incidents"), self._see("timeline")
        for change in sorted(changes, key=lambda change: change.incident.id):
            incident, kept = change.incident, change.kept
            count, head = (kept.entries, kept.head) if kept is not None else (0, START)
            current = view.get(incident.id)
            if kept is None:
                unique(current is None, "the incident's number is taken")
                unique(self._by_code(incident.code) is None, "the incident's code is taken")
            else:
                same = current is not None and current.entries == kept.entries
                unique(same, "an incident has changed since it was read")
            self._first.setdefault(incident.id, count + 1)
            for entry in chain(incident.code, change.events, count, head):
                entries.put((incident.id, entry.number), entry)
                count, head = entry.number, entry.hash
            self._events.setdefault(incident.id, []).extend(change.events)
            if incident.group and incident.state in PAGEABLE:
                self._alone_in_group(incident.group, incident.id)
            view.put(incident.id, Kept(incident, count, head, change.look_again_at))

    def _alone_in_group(self, group: str, number: int) -> None:
        """At most one unresolved incident of a group, as the unique index has it (A4)."""
        self._lock("group", group)
        view = self._see("incidents")
        for other in self._store.index.groups.get(group, ()):
            kept = view.get(other)
            taken = kept is not None and kept.incident.state in PAGEABLE and other != number
            unique(not taken, "the group has an unresolved incident")

    def running(self) -> Mapping[str, int]:
        """See Reading."""
        counted: dict[str, int] = {}
        for kept in self._see("incidents").values():
            if kept.incident.state in PAGEABLE:
                counted[kept.incident.plan] = counted.get(kept.incident.plan, 0) + 1
        return counted

    def unresolved(self, at_most: int) -> int:
        """See Reading."""
        return min(at_most, sum(self.running().values()))

    def numbers(self, counter: str, count: int) -> range:
        """See Transaction."""
        if count <= 0:
            return range(0)
        self._store.pause_within()
        self._lock("counters", counter)
        view = self._see("counters")
        last = (view.get(counter) or 0) + count
        view.put(counter, last)
        return range(last - count + 1, last + 1)

    # Alerts.

    def known_alerts(self, fingerprints: Collection[bytes]) -> dict[bytes, Alert]:
        """See Transaction."""
        self._store.pause_within()
        view = self._see("alerts")
        found = {}
        for key in sorted(set(fingerprints)):
            numbers = (*self._store.index.fingerprints.get(key, ()), *view.changed)
            episodes = [a for n in numbers if (a := view.get(n)) and a.fingerprint == key]
            if episodes:
                latest = max(episodes, key=lambda alert: alert.starts_at)
                self._lock("alerts", latest.id)
                found[key] = latest
        return found

    def keep_alerts(self, new: Sequence[Alert], changed: Sequence[Alert]) -> None:
        """See Transaction."""
        self._store.pause_within()
        view = self._see("alerts")
        for alert in new:
            self._lock("episode", (alert.fingerprint, alert.starts_at))
            numbers = self._store.index.fingerprints.get(alert.fingerprint, ())
            taken = any(view.get(n).starts_at == alert.starts_at for n in numbers)
            unique(not taken, "the same episode of an alert was kept meanwhile")
            number = self._new_id("alerts")
            view.put(number, replace(alert, id=number))
        for alert in changed:
            view.put(
                alert.id,
                replace(
                    view.get(alert.id), firing=alert.firing, ends_at=alert.ends_at,
                    incident_id=alert.incident_id, text=alert.text, updated_at=alert.updated_at,
                ),
            )  # fmt: skip

    def alerts(
        self, incident_id: int | None, firing: bool | None, limit: int, after: int = 0
    ) -> list[Alert]:
        """See Reading."""
        found = [
            alert
            for alert in self._see("alerts").values()
            if alert.id > after
            and incident_id in (None, alert.incident_id)
            and firing in (None, alert.firing)
        ]
        return sorted(found, key=lambda alert: alert.id)[:limit]

    def alerts_to_move(self, incident_id: int, ids: Collection[int] | None) -> list[Alert]:
        """See Transaction."""
        self._store.pause_within()
        found = [
            alert
            for alert in self._see("alerts").values()
            if alert.incident_id == incident_id and (ids is None or alert.id in ids)
        ]
        for alert in found:
            self._lock("alerts", alert.id)
        return sorted(found, key=lambda alert: alert.id)

    def move_alerts(self, source: int, target: int, ids: Collection[int] | None) -> None:
        """See Transaction."""
        for alert in self.alerts_to_move(source, ids):
            self._see("alerts").put(alert.id, replace(alert, incident_id=target))

    def keep_unreadable(self, items: Sequence[tuple[Unreadable, datetime, int | None]]) -> None:
        """See Transaction."""
        for item, at, incident_id in items:
            self._see("unreadable").put(self._new_id("unreadable"), (item, incident_id, at))

    # Deliveries.

    def deliveries(self, incident_id: int) -> list[Delivery]:
        """See Reading."""
        view = self._see("deliveries")
        numbers = dict.fromkeys(self._store.index.of_incident.get(incident_id, ()))
        numbers |= dict.fromkeys(view.changed)
        found = (view.get(number) for number in numbers)
        return sorted(
            (one for one in found if one is not None and one.incident_id == incident_id),
            key=lambda one: one.id,
        )

    def tried(self, incident_ids: Collection[int]) -> list[Tried]:
        """See TriedReading."""
        return [
            Tried(number, one.page, one.person, one.contact, one.state == "sent")
            for number in sorted(set(incident_ids))
            for one in self.deliveries(number)
        ]

    def delivery(self, message_id: str) -> Delivery | None:
        """See Reading."""
        number = self._store.index.messages.get(message_id)
        found: Delivery | None = self._see("deliveries").get(number)
        return found

    def keep_deliveries(self, new: Sequence[Delivery]) -> None:
        """See Transaction."""
        self._store.pause_within()
        view = self._see("deliveries")
        mine = {row.message.id for row in view.changed.values()}
        for delivery in new:
            self._lock("message", delivery.message.id)
            number = self._new_id("deliveries")
            if delivery.message.id in mine or delivery.message.id in self._store.index.messages:
                continue
            mine.add(delivery.message.id)
            view.put(number, replace(delivery, id=number))

    def _due(self) -> Iterable[Delivery]:
        view = self._see("deliveries")
        for number in dict.fromkeys((*self._store.index.due, *view.changed)):
            delivery = view.get(number)
            if delivery.state == "due":
                yield delivery

    def cancel_deliveries(
        self, incident_ids: Collection[int], until: Collection[Until], why: str
    ) -> int:
        """See Transaction."""
        self._store.pause_within()
        count = 0
        for delivery in list(self._due()):
            wanted = delivery.until in until and delivery.kind in ("page", "alarm")
            if wanted and delivery.incident_id in incident_ids:
                self._lock("deliveries", delivery.id)
                cancelled = replace(delivery, state="cancelled", detail=why)
                self._see("deliveries").put(delivery.id, cancelled)
                count += 1
        return count

    def claim_deliveries(
        self, channel: str, limit: int, claim: str, now: datetime, until: datetime
    ) -> list[Delivery]:
        """See Transaction."""
        self._store.pause_within()
        due = [d for d in self._due() if d.contact.channel == channel and d.due_at <= now]
        due.sort(key=lambda d: (PRIORITIES[d.kind], d.due_at, d.id))
        claimed: list[Delivery] = []
        for delivery in due:
            if len(claimed) == limit:
                break
            if not self._try_lock("deliveries", delivery.id):
                continue
            claimed.append(self._claimed(delivery, claim, until))
        return claimed

    def claim_beside(self, claimed: Delivery, limit: int, now: datetime) -> list[Delivery]:
        """See Transaction."""
        self._store.pause_within()
        due = [
            one
            for one in self._due()
            if (one.person, one.contact, one.kind)
            == (claimed.person, claimed.contact, claimed.kind)
            and one.due_at <= now
            and one.attempts == claimed.attempts - 1
            and one.message.exercise == claimed.message.exercise
        ]
        due.sort(key=lambda one: (one.due_at, one.id))
        mine: list[Delivery] = []
        for delivery in due:
            if len(mine) < limit and self._try_lock("deliveries", delivery.id):
                mine.append(self._claimed(delivery, claimed.claim, claimed.due_at))
        return mine

    def _claimed(self, delivery: Delivery, claim: str, until: datetime) -> Delivery:
        mine = replace(delivery, due_at=until, attempts=delivery.attempts + 1, claim=claim)
        self._see("deliveries").put(delivery.id, mine)
        return mine

    def renew_claims(self, claimed: Sequence[Delivery], until: datetime) -> None:
        """See Transaction."""
        view = self._see("deliveries")
        for delivery in (one for one in claimed if self._try_lock("deliveries", one.id)):
            current = view.get(delivery.id)
            if current.claim == delivery.claim and current.state == "due":
                view.put(delivery.id, replace(current, due_at=until))

    def finish_delivery(self, delivery: Delivery) -> bool:
        """See Transaction."""
        self._store.pause_within()
        states = ("due", "cancelled") if delivery.state == "sent" else ("due",)
        self._lock("deliveries", delivery.id)
        view = self._see("deliveries")
        current = view.get(delivery.id)
        if current is None or current.claim != delivery.claim or current.state not in states:
            return False
        finished = replace(
            current, state=delivery.state, due_at=delivery.due_at, detail=delivery.detail,
            sent_at=delivery.sent_at,
        )  # fmt: skip
        view.put(delivery.id, finished)
        return True

    def _put_off(self, now: datetime) -> list[Delivery]:
        return [
            delivery
            for delivery in self._due()
            if delivery.due_at > now + UNTRIED_WAITS
            and (not delivery.detail or delivery.due_at > now + WAITS_AT_MOST)
        ]

    def put_off(self, now: datetime) -> bool:
        """See PutOffReading."""
        return bool(self._put_off(now))

    def bring_forward(self, now: datetime) -> int:
        """See PutOffWriting."""
        free = [d for d in self._put_off(now) if self._try_lock("deliveries", d.id)]
        for delivery in free:
            self._see("deliveries").put(delivery.id, replace(delivery, due_at=now))
        return len(free)

    def next_due(self) -> NextDue:
        """See Reading."""
        incidents, deliveries = self._store.incidents.rows, self._store.deliveries.rows
        looks = (incidents[number].look_again_at for number in self._store.index.armed)
        return NextDue(
            min((look for look in looks if look is not None), default=None),
            min((deliveries[number].due_at for number in self._store.index.due), default=None),
        )


def _pairs(view: Overlay[Any, Any] | None) -> tuple[tuple[Any, Any], ...]:
    if view is None:
        return ()
    return tuple((view.table.rows.get(key), row) for key, row in view.changed.items())
