"""Periods in which things must stay well before the work may go on."""

from datetime import datetime, timedelta

import msgspec

from tocsin.core.incident import events as e
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Incident, Watching
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan
from tocsin.core.plan.response.model import Watch
from tocsin.core.times import words_duration

AN_ALERT = "an alert came"


def watched(plan: Plan, incident: Incident, now: datetime) -> list[e.Event]:
    """Return the watches that begin, begin again or have passed at `now`."""
    happened: list[e.Event] = []
    for watch in plan.response.watches:
        moment = incident.moments.get(watch.after)
        if moment is None or not _applies(incident, watch):
            continue
        running = incident.watches.get(watch.id)
        if running is None or _anew(watch, running, moment):
            happened.append(_start(watch, moment, now, f"after {watch.after}"))
        elif running.passed:
            continue
        elif why := _broken(incident, watch):
            if not running.failing or running.until <= now:
                failing = _start(watch, now, now, f"it starts again: {why}")
                happened.append(msgspec.structs.replace(failing, failing=why != AN_ALERT))
        elif running.failing:
            happened.append(_start(watch, now, now, f"it starts again: `{watch.keeps}` holds"))
        elif running.until <= now:
            happened.append(e.WatchPassed(at=now, watch=watch.id, line=watch.line))
    return happened


def in_the_way(plan: Plan, incident: Incident, what: str, now: datetime) -> str:
    """Say which watch makes `what` wait and for how long, "" if none does."""
    for watch in plan.response.watches:
        if watch.before != what or not _applies(incident, watch):
            continue
        running = incident.watches.get(watch.id)
        if running is None and watch.once_begun:
            continue
        if running is None:
            return f"the watch `{watch.id}` (line {watch.line}) begins only after {watch.after}"
        if not running.passed:
            left = words_duration(max(running.until - now, timedelta()))
            return f"the watch `{watch.id}` (line {watch.line}) goes on for {left}"
    return ""


def next_end(plan: Plan, incident: Incident) -> datetime | None:
    """Return when the next watch passes if nothing happens, None if none runs."""
    ends = [
        running.until
        for watch in plan.response.watches
        if (running := incident.watches.get(watch.id)) is not None and not running.passed
        if _applies(incident, watch)
    ]
    return min(ends, default=None)


def _applies(incident: Incident, watch: Watch) -> bool:
    if watch.severities and incident.severity not in watch.severities:
        return False
    return not watch.when or holds(watch.when, situation(incident))


def _anew(watch: Watch, running: Watching, moment: datetime) -> bool:
    """Whether its phase was entered again: what was well before says nothing of now."""
    return watch.after.startswith("phase ") and moment > running.since


def _start(watch: Watch, since: datetime, now: datetime, why: str) -> e.WatchStarted:
    until = since + timedelta(seconds=watch.lasts_seconds)
    return e.WatchStarted(at=now, watch=watch.id, until=until, why=why, line=watch.line)


def _broken(incident: Incident, watch: Watch) -> str:
    """Say what went wrong since the watch began; what nobody has stated is not wrong."""
    running = incident.watches[watch.id]
    alert = incident.moments.get("alert")
    if watch.restarts_on_alert and alert is not None and alert > running.since:
        return AN_ALERT
    if watch.keeps and holds(f"!({watch.keeps})", situation(incident)):
        return f"`{watch.keeps}` does not hold"
    return ""
