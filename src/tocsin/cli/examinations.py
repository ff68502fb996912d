"""The doctor's closer look: disk, store, backups, who was heard, and who watches Tocsin."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tocsin.assemble import LAST_BACKUP
from tocsin.cli.findings import Finding, Patient, State
from tocsin.cli.output import clean
from tocsin.core.times import words_duration
from tocsin.store.examine import examine
from tocsin.wallclock import now as read_clock
from tocsin.watched import warnings

MIB = 1024 * 1024
FREE_ODD, FREE_WRONG = 1024 * MIB, 128 * MIB
"""With less room on the disk than this something should, or must, be done."""

CLOCK_ODD, CLOCK_WRONG = timedelta(seconds=2), timedelta(seconds=30)
BACKUP_OLD = timedelta(days=7)
HEARD_LATELY = timedelta(minutes=3)
"""A heartbeat goes out each minute; one that was heard so long ago was followed by none."""

QUIET_ODD = timedelta(days=30)


def disk(patient: Patient) -> Iterator[Finding]:
    """Look how much room there is."""
    if not patient.data.exists():
        return
    free = shutil.disk_usage(patient.data).free
    what = f"{free // MIB:,} MiB are free for {patient.data}"
    hint = "Make room: without it alerts are answered with 503."
    if free < FREE_WRONG:
        yield Finding("disk", "problem", what, hint)
    elif free < FREE_ODD:
        yield Finding("disk", "warning", what, hint)
    else:
        yield Finding("disk", "ok", what)


def store(patient: Patient) -> Iterator[Finding]:
    """Look at the store itself, without a server: it may be the store why there is none."""
    if not patient.is_here:
        return
    url = patient.settings.database_url or f"sqlite:///{patient.data / 'tocsin.sqlite3'}"
    found = examine(url)
    if not found.exists and not found.problem:
        hint = "`tocsin serve` makes one."
        yield Finding("store", "warning", f"there is no store in {patient.data} yet", hint)
    elif found.problem:
        hint = "Start the server, or look at the database; its address is TOCSIN_DATABASE_URL."
        yield Finding("store", "problem", clean(f"{found.kind}: {found.problem}"), hint)
    else:
        yield Finding("store", "ok", f"{found.kind} answers, and its tables are current")
    if found.clock is not None:
        yield _database_clock(found.clock)
    if found.exists and found.kind == "SQLite":
        yield _backup(patient)


def _database_clock(there: datetime) -> Finding:
    skew = abs(there - read_clock())
    if skew <= CLOCK_ODD:
        return Finding("database clock", "ok", "it agrees with this machine's")
    state: State = "problem" if skew > CLOCK_WRONG else "warning"
    what = f"it differs from this machine's by {words_duration(skew)}"
    return Finding("database clock", state, what, "Let both follow a time server.")


def _backup(patient: Patient) -> Finding:
    name, hint = "backup", "`tocsin backup FILE` writes one while the server works on."
    try:
        said = (patient.data / LAST_BACKUP).read_text(encoding="utf-8").strip()
        age = read_clock() - datetime.fromisoformat(said)
    except (OSError, ValueError):
        what = "none was made by `tocsin backup`; whether there are others can't be seen"
        return Finding(name, "warning", what, hint)
    what = f"the last one by `tocsin backup` is {words_duration(age)} old"
    return Finding(name, "warning" if age > BACKUP_OLD else "ok", what, hint)


def sources(patient: Patient) -> Iterator[Finding]:
    """Look which integrations were heard."""
    if patient.status is None:
        return
    for one in patient.status.get("integrations", []):
        yield _source(one)


def _source(one: dict[str, Any]) -> Finding:
    name = clean(f"integration {one['id']}")
    at = _instant(one["heard_at"])
    hint = f"Its page, /integrations/{clean(one['id'])}, says what it is to be given."
    if one["silent"]:
        what = "its heartbeat is missing, which is an alert"
        return Finding(name, "warning", what, "See why it gives none.")
    if at is None:
        return Finding(name, "warning", "nothing was heard of it lately, or ever", hint)
    ago = read_clock() - at
    what = f"heard {words_duration(ago)} ago"
    return Finding(name, "warning" if ago > QUIET_ODD else "ok", what, hint)


def watched(patient: Patient) -> Iterator[Finding]:
    """Look who watches Tocsin, and how it finds itself."""
    health = patient.status.get("health") if patient.status is not None else None
    if health is None:
        yield from _set_up(patient)
        return
    yield _probe(health)
    yield _assertions(health)
    yield _lag(health)
    yield from _watchdog(health)
    others = [one for one in health["reasons"] if not _is_told_apart(one, health)]
    for reason in others:
        yield Finding("check-up", "problem", clean(reason), "The log of the server says more.")


def _set_up(patient: Patient) -> Iterator[Finding]:
    """Without a server: whether somebody outside would notice."""
    for warning in warnings(patient.settings):
        yield Finding("watchdog", "warning", warning, _WATCHDOG_HINT)
    if not warnings(patient.settings):
        yield Finding("watchdog", "ok", "an address for the heartbeat is set here")


def _probe(health: dict[str, Any]) -> Finding:
    probe, name = health["probe"], "probe"
    if probe is None:
        return Finding(name, "warning", "none was sent yet", "Wait for a minute.")
    if probe["came_through"]:
        what = f"a page to Tocsin itself came back and was answered in {probe['seconds']:.1f} s"
        return Finding(name, "ok", what)
    last = _instant(health["last_probe_through"])
    since = f"; the last good one was {words_duration(read_clock() - last)} ago" if last else ""
    what = clean(f"the last one did not come through: {probe['failed']}{since}")
    return Finding(name, "problem", what, "Pages to people may stop at the same place.")


def _assertions(health: dict[str, Any]) -> Finding:
    broken = health["violations"]
    if not broken:
        return Finding("assertions", "ok", "all that must be so in the store is so")
    first = broken[0]
    found = f": {', '.join(first['found'])}" if first["found"] else ""
    what = f"{first['means']} ({first['assertion']}){found}"
    more = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
    hint = "This must not happen: make a backup, and please report it."
    return Finding("assertions", "problem", clean(what + more), hint)


def _lag(health: dict[str, Any]) -> Finding:
    lag = health["engine_lag_seconds"]
    what = f"at most {lag:.1f} s behind in the last minute"
    state: State = "problem" if lag > 5 else "warning" if lag > 1 else "ok"
    return Finding("engine", state, what, "" if state == "ok" else "Is the machine overloaded?")


def _watchdog(health: dict[str, Any]) -> Iterator[Finding]:
    for warning in health["warnings"]:
        yield Finding("watchdog", "warning", clean(warning), _WATCHDOG_HINT)
    if not health["watchdog"]:
        return
    host, at = clean(health["watchdog"]), _instant(health["heartbeat_heard_at"])
    if health["heartbeat_unheard"]:
        what = f"{host} does not hear the heartbeat: it {health['heartbeat_unheard']}"
        yield Finding("heartbeat", "problem", clean(what), "Look at TOCSIN_HEARTBEAT_URL.")
    elif at is None:
        yield Finding("heartbeat", "warning", f"{host} has not heard it yet", "Wait for a minute.")
    elif read_clock() - at > HEARD_LATELY:
        what = f"{host} heard it {words_duration(read_clock() - at)} ago"
        yield Finding("heartbeat", "problem", what, "It stops while this node is not well.")
    else:
        what = f"{host} heard it {words_duration(read_clock() - at)} ago"
        yield Finding("heartbeat", "ok", what)


def _is_told_apart(reason: str, health: dict[str, Any]) -> bool:
    """Whether another line says it already."""
    apart = ("a probe did not come through", "the engine is ")
    means = tuple(one["means"] for one in health["violations"])
    return reason.startswith((*apart, *means))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


_WATCHDOG_HINT = "docs/operations.md, Who watches Tocsin, says how in five minutes."

EXAMINATIONS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (disk, store, sources, watched)
"""All of them, in the order in which they are told."""
