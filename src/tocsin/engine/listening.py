"""Listening for heartbeats: whoever has promised a sign of life and gives none is an alert.

When each is due is a row, so that a restart forgets none. What was sent while nobody listened is
lost, so whoever starts gives each one its whole time anew, but once only: a process that dies and
starts again and again puts no alert off for ever.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from tocsin.core.alerts import Signal, fingerprint
from tocsin.core.people import Integration
from tocsin.core.times import words_duration
from tocsin.engine.heartbeats import SOURCE, Heartbeat, HeartbeatsWriting
from tocsin.engine.world import World

AT_ONCE = 200
"""So many silences are noticed in one transaction."""


def heard(tx: HeartbeatsWriting, world: World, integrations: Sequence[str]) -> list[Signal]:
    """Note beats; return the ends of the silences that are over by them."""
    now = world.now()
    known = tx.heartbeats_of(set(integrations))
    ends, beats = [], []
    for name in dict.fromkeys(integrations):
        declared = world.rules.organisation.integrations.get(name)
        if declared is None or declared.source != SOURCE:
            continue
        beats.append(_expected(declared, now, now))
        before = known.get(name)
        if before is not None and before.silent:
            ends.append(_signal(declared, before, now, is_silent=False))
    tx.keep_heartbeats(beats)
    return ends


def fallen_silent(tx: HeartbeatsWriting, world: World, now: datetime) -> list[Signal]:
    """Note which integrations were not heard in time; return the alerts about that."""
    late = tx.silent_heartbeats(now, AT_ONCE)
    tx.keep_heartbeats([replace(one, silent=True) for one in late])
    integrations = world.rules.organisation.integrations
    return [
        _signal(integrations[one.integration], one, now, is_silent=True)
        for one in late
        if one.integration in integrations
    ]


def expect(tx: HeartbeatsWriting, world: World, *, starting: bool = False) -> list[Signal]:
    """Expect what the organisation in force declares, and nothing else.

    To be called when one was put in force, and, `starting`, when a process begins to listen.
    Returns the ends of silences of which nobody speaks any more.
    """
    now = world.now()
    declared = {
        one.id: one
        for one in world.rules.organisation.integrations.values()
        if one.source == SOURCE
    }
    known = {one.integration: one for one in tx.all_heartbeats()}
    changed = []
    for name, integration in declared.items():
        before = known.get(name)
        after = _as_declared(before, integration, now)
        if starting and not after.silent and not after.granted:
            later = max(after.due_at, now + after.patience)
            after = replace(after, due_at=later, granted=True)
        if after != before:
            changed.append(after)
    gone = sorted(known.keys() - declared.keys())
    tx.keep_heartbeats(changed)
    tx.forget_heartbeats(gone)
    silent = [known[name] for name in gone if known[name].silent]
    return [
        _signal(Integration(id=one.integration, source=SOURCE), one, now, is_silent=False)
        for one in silent
    ]


def _as_declared(before: Heartbeat | None, declared: Integration, now: datetime) -> Heartbeat:
    """Return what is expected now; a changed time counts from the last beat, never backwards."""
    if before is None:
        return _expected(declared, None, now)
    if (before.every, before.grace) == (declared.every, declared.grace):
        return before
    since = before.heard_at or now
    due_at = max(since + declared.every + declared.grace, now)
    return replace(before, every=declared.every, grace=declared.grace, due_at=due_at)


def _expected(declared: Integration, heard_at: datetime | None, now: datetime) -> Heartbeat:
    return Heartbeat(
        integration=declared.id,
        heard_at=heard_at,
        due_at=now + declared.every + declared.grace,
        every=declared.every,
        grace=declared.grace,
    )


def _signal(declared: Integration, beat: Heartbeat, now: datetime, *, is_silent: bool) -> Signal:
    """Return the alert about a silence, or its end. Its labels may change while it lasts; which
    alert it is depends on the integration alone.
    """
    since = f"none since {beat.heard_at:%Y-%m-%d %H:%M:%S} UTC" if beat.heard_at else "none ever"
    expected = f"one is expected every {words_duration(beat.every)}"
    return Signal(
        integration=declared.id,
        fingerprint=fingerprint(declared.id, {SOURCE: declared.id}),
        firing=is_silent,
        labels={"alertname": "HeartbeatMissing", SOURCE: declared.id, **declared.labels},
        annotations={
            "summary": f"No heartbeat from {declared.id}",
            "description": f"{since}; {expected}, at most {words_duration(beat.grace)} late",
        },
        ends_at=None if is_silent else now,
    )
