"""When planned maintenance is over, or was changed: its alerts that still fire are alerts again.

The work is a row with a due time, like all other work: any node does it, and a node that dies does
not take it along.
"""

from collections.abc import Container, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.quiet import quieted_by, was_quiet
from tocsin.core.statuspage.model import Window
from tocsin.engine.intake import take_up
from tocsin.engine.ports import Alert, Conflict, StoreUnavailable, Transaction
from tocsin.engine.sorting import Batch, signal_of
from tocsin.engine.world import World

WINDOWS_AT_ONCE = 20
LOUD_AT_ONCE = 500
"""Alerts that become loud in one transaction; intake and pages have their turn in between."""

READ_AT_ONCE = 1_000
LOOK_EVERY = timedelta(minutes=1)
"""How often planned work that runs is looked at: so soon an edited plan reaches its alerts."""

POISON_AGAIN = timedelta(minutes=1)

log = structlog.get_logger()


def look_at_windows(world: World) -> int:
    """Do what is due about planned work; return how many windows were looked at.

    Raises StoreUnavailable with nothing of the window in hand changed. Nothing else that goes wrong
    here holds up a page, or another window: it is done again.
    """
    with world.store.read() as reading:
        due = reading.next_due().window
    if due is None or due > world.now():
        return 0
    # What is decided anew is decided by the newest plan, whichever node put it in force.
    world.rules.follow()
    seen: set[int] = set()
    while len(seen) < WINDOWS_AT_ONCE and (window := _look_at_next(world, seen)) is not None:
        seen.add(window)
    return len(seen)


def _look_at_next(world: World, seen: Container[int]) -> int | None:
    """Do what is due about one window; return its number, None if no other than `seen` is due."""
    windows: Sequence[Window] = ()
    try:
        with world.store.write() as tx:
            windows = tx.due_windows(world.now(), 1)
            if not windows or windows[0].id in seen:
                return None
            _look(tx, world, windows[0])
    except StoreUnavailable:
        raise
    except Conflict as problem:
        log.warning("maintenance.waits", reason=str(problem))
        return None
    except Exception:
        # Each turn may meet it again: one line a minute will do.
        numbers = [one.id for one in windows]
        if times := world.seldom.happened(f"poison of windows {numbers}", world.now()):
            log.exception("maintenance.poison", windows=numbers, times=times)
        if not windows or not _put_off(world, windows[0]):
            return None
    return windows[0].id


def _put_off(world: World, window: Window) -> bool:
    """Try again later; return whether that could be written down."""
    try:
        with world.store.write() as tx:
            now = world.now()
            # Another node may have done it since.
            if window.id in {one.id for one in tx.due_windows(now, WINDOWS_AT_ONCE)}:
                tx.look_at_window(window.id, now + POISON_AGAIN)
    except StoreUnavailable:
        raise
    except Conflict as problem:
        log.warning("maintenance.waits", reason=str(problem))
        return False
    except Exception:
        if times := world.seldom.happened(f"window {window.id} not put off", world.now()):
            log.exception("maintenance.not-put-off", window=window.id, times=times)
        return False
    return True


def _look(tx: Transaction, world: World, window: Window) -> None:
    """Let alerts call that the window keeps quiet no more, and say when it is looked at next."""
    now = world.now()
    sorted_out = _sorted_out(tx, world, window, now)
    tx.end_quiet([alert.id for alert in sorted_out.done], now)
    for keeper, alerts in sorted_out.moved.items():
        tx.end_quiet([alert.id for alert in alerts], now)
        tx.keep_quiet(alerts, keeper, now)
    if sorted_out.loud:
        batch = Batch(world.rules.router, {}, now)
        why = was_quiet(window, min(now, window.ends_at))
        for alert in _homeless(tx, sorted_out.loud):
            batch.take_up(alert, why)
        take_up(tx, world, batch)
        tx.end_quiet([alert.id for alert in sorted_out.loud], now)
    tx.look_at_window(window.id, _next_look(window, now, is_done=sorted_out.is_all))


class _SortedOut(msgspec.Struct):
    """The quiet alerts of a window: those to call, those that are over, those of another window.

    `is_all`: there are no more to be looked at now.
    """

    loud: list[Alert] = []
    done: list[Alert] = []
    moved: dict[int, list[Alert]] = {}
    is_all: bool = True


def _sorted_out(tx: Transaction, world: World, window: Window, now: datetime) -> _SortedOut:
    """Ask of each alert anew, as on its arrival, who keeps it quiet (invariant B1)."""
    rules = world.rules
    acting = tx.acting_windows(now)
    found = _SortedOut()
    for alert in _quiet(tx, window):
        if not alert.firing:
            found.done.append(alert)
            continue
        route = rules.router.route(signal_of(alert).labels)
        keeper = quieted_by(rules.plan, route.components, acting, now)
        if keeper is None:
            found.loud.append(alert)
        elif keeper.id != window.id:
            found.moved.setdefault(keeper.id, []).append(alert)
        if len(found.loud) >= LOUD_AT_ONCE:
            found.is_all = False
            break
    return found


def _quiet(tx: Transaction, window: Window) -> Iterator[Alert]:
    after = 0
    while page := tx.still_quiet(window.id, READ_AT_ONCE, after):
        yield from page
        after = page[-1].id


def _homeless(tx: Transaction, alerts: Sequence[Alert]) -> list[Alert]:
    """Return those that belong to no incident that goes on: the others were taken up by theirs."""
    theirs = {alert.incident_id for alert in alerts if alert.incident_id is not None}
    found = tx.locked_by_id(theirs) if theirs else {}
    goes_on = {number for number, kept in found.items() if kept.incident.state in PAGEABLE}
    return [alert for alert in alerts if alert.incident_id not in goes_on]


def _next_look(window: Window, now: datetime, *, is_done: bool) -> datetime | None:
    if not is_done:
        return now
    match window.state_at(now):
        case "scheduled":
            return window.starts_at
        case "in_progress":
            return min(window.ends_at, now + LOOK_EVERY)
    return None
