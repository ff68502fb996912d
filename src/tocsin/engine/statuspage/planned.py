"""Planned maintenance: announce, change, start, complete, call off."""

from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from tocsin.core.incident.commands import Refusal
from tocsin.core.statuspage.model import Said, Window
from tocsin.core.statuspage.states import parts_of
from tocsin.engine.audit import Doer, audited
from tocsin.engine.ports import Transaction
from tocsin.engine.world import World

LONGEST = timedelta(days=30)
FARTHEST = timedelta(days=2 * 366)
"""How long before its start work may be announced."""

TITLE_AT_MOST = 200
TEXT_AT_MOST = 5_000


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody plans. All of its words are for the public."""

    title: str
    text: str = ""
    components: tuple[str, ...] = ()
    starts_at: datetime
    ends_at: datetime


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Something done about planned work: `update`, `start`, `complete` or `cancel`."""

    do: str
    text: str = ""
    ends_at: datetime | None = None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """Planned work as it is now, with what the plan has against it."""

    window: Window
    remarks: tuple[str, ...] = ()


def plan_window(world: World, draft: Draft, doer: Doer) -> Planned | Refusal:
    """Announce planned work."""
    now = world.now()
    if refusal := _wrong(world, draft, now):
        return refusal
    window = Window(
        id=0,
        title=" ".join(draft.title.split()),
        text=draft.text.strip(),
        components=draft.components,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        made_by=doer.by,
        made_at=now,
    )
    with world.store.write() as tx:
        number = tx.keep_window(window)
        tx.look_at_window(number, max(now, window.starts_at))
        audited(tx, now, doer, "maintenance.planned", f"maintenance {number}", window.title)
    world.wake()
    return Planned(window=replace(window, id=number), remarks=_remarks(world, draft, now))


def change_window(world: World, number: int, turn: Turn, doer: Doer) -> Planned | Refusal:
    """Say something about planned work, or start, complete or cancel it."""
    with world.store.write() as tx:
        now = world.now()
        window = tx.locked_window(number)
        if window is None:
            return Refusal(
                "maintenance.unknown", f"there is no maintenance {number}",
                "list them: tocsin maintenance",
            )  # fmt: skip
        changed = _turned(window, turn, now)
        if isinstance(changed, Refusal):
            return changed
        _keep(tx, changed, now, doer, turn)
    world.wake()
    return Planned(window=changed)


def windows(world: World) -> list[Window]:
    """Return planned work that is ahead, runs, or ended in the last 90 days."""
    with world.store.read() as reading:
        return reading.windows(world.now() - timedelta(days=90))


def _keep(tx: Transaction, window: Window, now: datetime, doer: Doer, turn: Turn) -> None:
    tx.keep_window(window)
    # Whatever has changed: what it keeps quiet is looked at anew, at once.
    tx.look_at_window(window.id, now)
    audited(tx, now, doer, "maintenance.changed", f"maintenance {window.id}", turn.do)


def _turned(window: Window, turn: Turn, now: datetime) -> Window | Refusal:
    state = window.state_at(now)
    if state in ("completed", "cancelled"):
        return Refusal("maintenance.over", f"maintenance {window.id} is {state}", "plan a new one")
    text = turn.text.strip()[:TEXT_AT_MOST]
    if turn.do == "update":
        return _updated(window, turn, text, now)
    if turn.do == "start":
        if state != "scheduled":
            return Refusal(
                "maintenance.running", f"maintenance {window.id} runs already",
                "say how it goes with `update`, or end it with `complete`",
            )  # fmt: skip
        said = Said(at=now, status="in_progress", text=text or "The maintenance has begun.")
        return replace(window, starts_at=now, state="in_progress", updates=(*window.updates, said))
    if turn.do == "complete":
        if state != "in_progress":
            return Refusal(
                "maintenance.not-running", f"maintenance {window.id} has not begun",
                "call it off with `cancel`, or `start` it",
            )  # fmt: skip
        said = Said(at=now, status="completed", text=text or "The maintenance is complete.")
        return replace(window, ends_at=now, state="completed", updates=(*window.updates, said))
    said = Said(at=now, status="cancelled", text=text or "The maintenance will not take place.")
    return replace(window, state="cancelled", updates=(*window.updates, said))


def _updated(window: Window, turn: Turn, text: str, now: datetime) -> Window | Refusal:
    if not text:
        return Refusal("maintenance.empty", "the update says nothing", "say how it goes")
    ends_at = turn.ends_at or window.ends_at
    if ends_at <= max(now, window.starts_at) or ends_at - window.starts_at > LONGEST:
        return _wrong_time("it must end after it begins, after now, and within 30 days")
    said = Said(at=now, status=window.state_at(now), text=text)
    return replace(window, ends_at=ends_at, updates=(*window.updates, said))


def _wrong(world: World, draft: Draft, now: datetime) -> Refusal | None:
    page = world.rules.plan.communication.status_page
    if page is None:
        return Refusal(
            "maintenance.no-page", "the plan has no status page to announce it on",
            "add `status_page:` to the plan",
        )  # fmt: skip
    title = " ".join(draft.title.split())
    if not title or len(title) > TITLE_AT_MOST or len(draft.text) > TEXT_AT_MOST:
        return Refusal(
            "maintenance.no-title", "the maintenance has no title, or too long a one",
            f"say in up to {TITLE_AT_MOST} characters what is done",
        )  # fmt: skip
    shown = {part.id: part.name for part in parts_of(world.rules.plan)}
    for name in draft.components:
        if name not in shown:
            known = ", ".join(shown) or "none at all"
            return Refusal(
                "maintenance.unknown-component", f"the page shows no component `{name}`",
                f"it shows: {known}",
            )  # fmt: skip
    if draft.ends_at <= draft.starts_at or draft.ends_at - draft.starts_at > LONGEST:
        return _wrong_time("it must end after it begins, within 30 days")
    if draft.ends_at <= now:
        return _wrong_time("it is over already")
    if draft.starts_at - now > FARTHEST:
        return _wrong_time("it must begin within two years")
    return None


def _wrong_time(what: str) -> Refusal:
    return Refusal("maintenance.time", what, "say when it begins and when it ends")


def _remarks(world: World, draft: Draft, now: datetime) -> tuple[str, ...]:
    page = world.rules.plan.communication.status_page
    rule = page.maintenance if page is not None else None
    if rule is None or rule.announce is None or draft.starts_at - now >= rule.announce:
        return ()
    line = page.line if page is not None else 0
    hours = rule.announce.total_seconds() / 3600
    return (f"the plan wants it announced {hours:g} hours ahead (line {line}): this is later",)
