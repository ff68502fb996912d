"""Bringing back what happened in an emergency: one transaction per incident, and none of it twice.

Three cases. Nobody has touched the incident meanwhile: then its new entries are appended as they
are. It was opened in the emergency: then it is adopted with its timeline, or merged into the
incident that its alerts have got elsewhere. Others went on with it: then `apart` puts the two
histories together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from msgspec.structs import replace

from tocsin.core.delivery import LEASE
from tocsin.core.emergency import Emergency
from tocsin.core.incident import events as e
from tocsin.core.incident.fold import replay
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.record import Entry, link
from tocsin.core.statuspage.entries import for_page
from tocsin.engine.advance import Advanced, advance, keep
from tocsin.engine.emergency import apart
from tocsin.engine.emergency.episodes import (
    begins_anew,
    is_news,
    one_episode,
    over_already,
    signals_of,
    start_of,
)
from tocsin.engine.intake import write as take_in
from tocsin.engine.journal import UNREADABLE
from tocsin.engine.ports import (
    Alert,
    Change,
    Conflict,
    Delivery,
    Kept,
    Reading,
    StoreUnavailable,
    Transaction,
)
from tocsin.engine.probe import PROBE
from tocsin.engine.world import World

TRIES = 5
WRITTEN_AT_ONCE = 10_000

log = structlog.get_logger()


@dataclass(frozen=True)
class Apart:
    """What a journal holds of one incident, with the `entries` that are not brought back yet."""

    kept: Kept
    entries: tuple[Entry, ...]
    deliveries: tuple[Delivery, ...]
    alerts: tuple[Alert, ...]
    last_copied: int


def carry_over(
    world: World, journal: Reading, emergency: Emergency, not_whole: dict[str, None]
) -> int:
    """Bring back everything that `journal` holds of an emergency; return of how many incidents.

    `world` is to work on the main store. What was brought back before is left alone, so it can be
    done again after a crash. Raises StoreUnavailable or Conflict with the rest not brought back.
    `not_whole` is given, even then, the codes of those of which only the tale came, or nothing:
    who goes on later takes what was told for done.
    """
    state = journal.journal()
    by_incident: dict[int | None, list[Alert]] = {}
    for alert in journal.alerts_apart(state):
        if alert.integration == PROBE:
            continue
        by_incident.setdefault(alert.incident_id, []).append(alert)
    written = journal.written_apart()
    for number, code, copied in written:
        alerts = tuple(by_incident.pop(number, ()))
        if not _carry_somehow(world, journal, emergency, (code, copied, alerts)):
            not_whole[code] = None
    rest = [alert for found in by_incident.values() for alert in found]
    if rest:
        _again(lambda: _take_in(world, rest))
    _again(lambda: _carry_unreadable(world, journal, emergency))
    _again(lambda: _carry_heartbeats(world, journal))
    log.warning("emergency.carried-over", incidents=len(written), since=str(emergency.since))
    return len(written)


def _again(step: Any) -> None:
    for _ in range(TRIES - 1):
        try:
            step()
        except Conflict:
            continue
        return
    step()


def _carry_somehow(
    world: World, journal: Reading, emergency: Emergency, about: tuple[str, int, tuple[Alert, ...]]
) -> bool:
    """Bring back one incident; if that fails for a fault of ours, at least tell what happened.

    Returns whether it was brought back as it was.

    One that can't be told either is left to the file that is kept aside: it must not keep the
    node from going back, and all others from being brought back.
    """
    for way in ("usual", "told only"):
        try:
            _again(partial(_carry_incident, world, journal, emergency, about, way))
        except (StoreUnavailable, Conflict):
            raise
        except Exception:
            log.exception("emergency.incident-not-carried-over", incident=about[0], way=way)
        else:
            return way == "usual"
    return False


def _carry_incident(
    world: World,
    journal: Reading,
    emergency: Emergency,
    about: tuple[str, int, tuple[Alert, ...]],
    way: str,
) -> None:
    code, copied, alerts = about
    local = journal.incident(code)
    if local is None:
        raise AssertionError("a journal has the incidents that it names")
    with world.store.write() as tx:
        done = max(tx.carried(emergency.mark, code), copied)
        entries = _timeline(journal, local, done)
        deliveries = tuple(journal.deliveries(local.incident.id))
        if not entries:
            # All of it was brought back before, but for what left since then.
            tx.claimed_apart(_leaving(deliveries, world.now()), world.now())
            return
        own = Apart(
            kept=local,
            entries=entries,
            deliveries=deliveries,
            alerts=alerts,
            last_copied=journal.journal().last_alert,
        )
        kept = tx.locked(code)
        if kept is None and entries[0].number > 1:
            log.error("emergency.incident-gone", incident=code, hint="the store has lost it")
            _take_alerts(tx, world, journal.alerts(local.incident.id, None, WRITTEN_AT_ONCE))
        elif kept is None:
            _adopt(tx, world, emergency, own)
        elif way != "usual":
            _tell_only(tx, world, emergency, own, kept)
        elif _goes_on(kept, entries[0]):
            _append(tx, world, emergency, own, kept)
        else:
            _put_together(tx, world, emergency, own, kept)
        tx.keep_carried(emergency.mark, code, entries[-1].number)


def _timeline(journal: Reading, local: Kept, after: int) -> tuple[Entry, ...]:
    found: list[Entry] = []
    while page := journal.timeline(local.incident.id, found[-1].number if found else after):
        found += page
    return tuple(found)


def _goes_on(kept: Kept, first: Entry) -> bool:
    """Whether the timeline of the main store ends where that of the journal begins."""
    if first.number != kept.entries + 1:
        return False
    return link(kept.head, kept.incident.code, first.number, first.text) == first.hash


# Nobody else has touched it.


def _append(tx: Transaction, world: World, emergency: Emergency, own: Apart, kept: Kept) -> None:
    events = tuple(entry.event() for entry in own.entries)
    incident = replay(events, kept.incident)
    plan = world.rules.plan_of(incident.plan)
    change = Change(kept, events, incident, own.kept.look_again_at)
    keep(tx, [Advanced(change, (), for_page(plan, events, incident))])
    _keep_deliveries(tx, world, own, incident)
    _bring_alerts(tx, world, own, incident, [_told(world, emergency, own)])


def _bring_alerts(
    tx: Transaction, world: World, own: Apart, incident: Incident, told: Sequence[e.Event]
) -> None:
    """Keep an incident's alerts, and go on with it as they are by now.

    `told` says that the lines before it were brought back, so it comes first.
    """
    went = _keep_alerts(tx, world, own, incident)
    plan = world.rules.plan_of(incident.plan)
    ended = apart.alerts_went(plan, incident, went, world.now()) if went else []
    _go_on(tx, world, incident.id, [*told, *ended])


def _go_on(tx: Transaction, world: World, incident_id: int, told: Sequence[e.Event]) -> None:
    """Say that it was brought back, and do what is due now."""
    kept = tx.locked_by_id([incident_id])[incident_id]
    plan = world.rules.plan_of(kept.incident.plan)
    keep(tx, [advance(world, plan, kept, told, world.now())])


def _told(
    world: World, emergency: Emergency, own: Apart, *, is_apart: bool = False
) -> e.CarriedOver:
    return e.CarriedOver(
        at=world.now(),
        via="emergency",
        why=f"{emergency.node} could not reach its store and paged by itself",
        node=emergency.node,
        since=emergency.since,
        entries=len(own.entries),
        apart=is_apart,
    )


# It was opened in the emergency.


def _adopt(tx: Transaction, world: World, emergency: Emergency, own: Apart) -> None:
    opened, *rest = (entry.event() for entry in own.entries)
    if not isinstance(opened, e.Opened):
        raise AssertionError(f"{own.kept.incident.code} is in no store, and does not begin here")
    number = tx.numbers("incident", 1)[0]
    events: list[e.Event] = [replace(opened, number=number), *rest]
    incident = replay(events)
    other = _open_elsewhere(tx, incident)
    if other is not None and incident.state in PAGEABLE:
        ends = apart.same_as(world, incident, other, world.now())
        if ends is None:
            # They can't be one; then its alerts are its own, as of one that was split off.
            events[0] = replace(opened, number=number, group=f"apart as {incident.code}")
            incident, other = replay(events), None
        else:
            events += ends
    plan = world.rules.plan_of(incident.plan)
    final = replay(events)
    change = Change(None, tuple(events), final, own.kept.look_again_at)
    keep(tx, [Advanced(change, (), for_page(plan, events, final))])
    if other is None or incident.state not in PAGEABLE:
        _keep_deliveries(tx, world, own, final)
        _bring_alerts(tx, world, own, final, [_told(world, emergency, own)])
        return
    _keep_deliveries(tx, world, own, final)
    over = over_already(tx, own.alerts)
    taken = apart.taken_over(world, other.incident, incident, world.now())
    taken += apart.joined_when_over(replay(taken, other.incident), len(over), world.now())
    keep(tx, [advance(world, world.rules.plan_of(other.incident.plan), other, taken, world.now())])
    _belong(tx, over, other.incident.id)
    _take_alerts(tx, world, own.alerts)


def _open_elsewhere(tx: Transaction, incident: Incident) -> Kept | None:
    """Return the incident that goes on with the same alerts, or is the same report."""
    if not incident.group:
        return None
    found = tx.latest_of_groups([incident.group]).get(incident.group)
    return found if found is not None and found.incident.state in PAGEABLE else None


# Others went on with it.


def _put_together(
    tx: Transaction, world: World, emergency: Emergency, own: Apart, kept: Kept
) -> None:
    history = apart.History(
        emergency=emergency,
        events=tuple(entry.event() for entry in own.entries),
        texts=tuple(entry.text for entry in own.entries),
        final=own.kept.incident,
    )
    over = over_already(tx, own.alerts)
    events = apart.told_here(world, kept.incident, history, world.now())
    events += apart.joined_when_over(replay(events, kept.incident), len(over), world.now())
    incident = replay(events, kept.incident)
    plan = world.rules.plan_of(incident.plan)
    change = Change(kept, tuple(events), incident, kept.look_again_at)
    _keep_deliveries(tx, world, own, incident)
    keep(tx, [Advanced(change, (), for_page(plan, events, incident))])
    _belong(tx, over, incident.id)
    # Not before: what follows from them is numbered beyond all that the journal has numbered, so
    # that no page is taken for another one that was sent.
    _take_alerts(tx, world, own.alerts)
    _go_on(tx, world, incident.id, [_told(world, emergency, own, is_apart=True)])


def _tell_only(tx: Transaction, world: World, emergency: Emergency, own: Apart, kept: Kept) -> None:
    events = [
        apart.elsewhere(emergency, entry.event(), entry.text, world.now()) for entry in own.entries
    ]
    incident = replay(events, kept.incident)
    keep(tx, [Advanced(Change(kept, tuple(events), incident, kept.look_again_at), ())])
    _take_alerts(tx, world, own.alerts)
    _go_on(tx, world, incident.id, [_told(world, emergency, own, is_apart=True)])


# What belongs to incidents.


def _keep_deliveries(tx: Transaction, world: World, own: Apart, incident: Incident) -> None:
    """Let messages be known by the same ids: what was sent is not sent again (invariant D2).

    What was not sent yet goes out from here, if it is wanted still.
    """
    found = [replace(one, id=0, incident_id=incident.id) for one in own.deliveries]
    unwanted = [
        one.message.id for one in found if one.state == "due" and not _wanted(one, incident)
    ]
    tx.keep_deliveries(found)
    tx.sent_apart(
        [(one.message.id, one.sent_at) for one in found if one.state == "sent" and one.sent_at]
    )
    # One that is just leaving is not to leave from here as well: its outcome is kept here.
    tx.claimed_apart(_leaving(found, world.now()), world.now())
    ended = [one.message.id for one in found if one.state == "cancelled"]
    tx.give_up_apart([*ended, *unwanted], "answered before it left")


def _leaving(found: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """Return those that may just be on their way."""
    return [one for one in found if one.state == "due" and one.claim and one.due_at <= now + LEASE]


def _wanted(delivery: Delivery, incident: Incident) -> bool:
    if delivery.kind not in ("page", "alarm"):
        return True
    if delivery.until == "acknowledged":
        return incident.state == "open"
    return incident.state in PAGEABLE


def _keep_alerts(tx: Transaction, world: World, own: Apart, incident: Incident) -> int:
    """Let alerts belong to the incident as they did in the journal (invariant A2).

    An episode that another incident has got by now stays there, and its end is told there. Returns
    how many alerts the incident has no longer to wait for: they are over, or not its own.
    """
    incident_id = incident.id
    known = dict(tx.known_alerts({alert.fingerprint for alert in own.alerts}))
    others = {here.incident_id for here in known.values()} - {None, incident_id}
    found = tx.locked_by_id([number for number in others if number is not None])
    going_on = {number for number, kept in found.items() if kept.incident.state in PAGEABLE}
    new: list[Alert] = []
    changed: dict[int, Alert] = {}
    ended: list[Alert] = []
    left: dict[int, list[Alert]] = {}
    mine_already: set[bytes] = set()
    went = 0
    for alert in sorted(own.alerts, key=lambda one: (one.starts_at, one.id)):
        mine = replace(alert, incident_id=incident_id)
        here = known.get(alert.fingerprint)
        # Whoever wrote two episodes of one alert knew in which order they came.
        is_next = here is not None and not here.firing and alert.fingerprint in mine_already
        if here is None or is_next or begins_anew(alert, here):
            mine_already.add(alert.fingerprint)
            new.append(replace(mine, id=0, starts_at=start_of(alert, here)))
            known[alert.fingerprint] = new[-1]
        elif alert.id <= own.last_copied and here.id != alert.id:
            changed[alert.id] = mine
        elif here.incident_id in (None, incident_id) or (
            alert.firing and here.firing and here.incident_id not in going_on
        ):
            went += alert.firing and not here.firing
            if here.incident_id in found and here.incident_id != incident_id:
                left.setdefault(here.incident_id, []).append(here)
            mine_already.add(alert.fingerprint)
            changed[here.id] = known[alert.fingerprint] = one_episode(here, mine)
        else:
            went += alert.firing
            if here.firing and not alert.firing:
                ended.append(alert)
                known[alert.fingerprint] = replace(here, firing=False)
    _take_alerts(tx, world, ended)
    tx.keep_alerts(new, list(changed.values()))
    for number, gone in left.items():
        told = apart.alerts_left(gone, incident, world.now())
        _go_on(tx, world, number, [told])
    return went


def _belong(tx: Transaction, over: Sequence[Alert], incident_id: int) -> None:
    """Let alerts belong to an incident that were over when it heard of them."""
    tx.keep_alerts(
        [], [replace(alert, incident_id=incident_id, disposition="joined") for alert in over]
    )


def _take_alerts(tx: Transaction, world: World, alerts: Sequence[Alert]) -> None:
    """Let alerts come in anew: they find their incident as any others do (invariants A2, A4)."""
    known = tx.known_alerts({alert.fingerprint for alert in alerts})
    news = [
        alert
        for alert in sorted(alerts, key=lambda one: (one.starts_at, one.id))
        if is_news(alert, known.get(alert.fingerprint))
    ]
    if news:
        take_in(tx, world, [[signal for alert in news for signal in signals_of(alert)]])


def _take_in(world: World, alerts: Sequence[Alert]) -> None:
    with world.store.write() as tx:
        _take_alerts(tx, world, alerts)


def _carry_unreadable(world: World, journal: Reading, emergency: Emergency) -> None:
    with world.store.write() as tx:
        found = journal.unreadable_apart(tx.carried(emergency.mark, UNREADABLE))
        if not found:
            return
        homes: dict[str, Kept | None] = {code: tx.incident(code) for *_, code in found if code}
        tx.keep_unreadable([(item, at, _home(homes, code)) for _, at, item, code in found])
        tx.keep_carried(emergency.mark, UNREADABLE, found[-1][0])


def _home(homes: Mapping[str, Kept | None], code: str) -> int | None:
    kept = homes.get(code)
    if kept is None:
        return None
    return kept.incident.merged_number or kept.incident.id


def _carry_heartbeats(world: World, journal: Reading) -> None:
    """Signs of life that were heard in the emergency were heard."""
    heard = {one.integration: one for one in journal.heartbeats() if one.heard_at is not None}
    with world.store.write() as tx:
        here = tx.heartbeats_of(list(heard)) if heard else {}
        newer = [
            replace(one, heard_at=heard[name].heard_at, due_at=heard[name].due_at)
            for name, one in here.items()
            if _later(heard[name].heard_at, one.heard_at)
        ]
        if newer:
            tx.keep_heartbeats(newer)


def _later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)
