"""How this installation itself does: what would keep alerts out or pages in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tocsin.core.people import Organisation
from tocsin.core.times import words_duration
from tocsin.engine.checkup import Health
from tocsin.engine.heartbeats import SOURCE
from tocsin.engine.ports import Reading
from tocsin.engine.rules import BOTH
from tocsin.web.pages.people.reach import problem_with
from tocsin.web.pages.rendering import WAYS
from tocsin.web.site import Web

LATE = timedelta(minutes=1)
"""A message that has waited for longer is worth a look."""

LATELY = timedelta(hours=1)
ALERTS_SEEN = 2000
SENDINGS_SEEN = 200


@dataclass(frozen=True)
class Sign:
    """One thing that was looked at: how it is, in a word, and what to know or to do about it.

    `at` is an instant that belongs to it, if any.
    """

    name: str
    tone: Literal["good", "warn", "bad", "info"]
    word: str
    detail: str = ""
    at: datetime | None = None


def signs(web: Web, *, in_detail: bool) -> list[Sign]:
    """Return how everything stands, in one order, the good ones too.

    What assertions found is named only `in_detail`: it may be secret.
    """
    organisation = web.world.rules.organisation
    with web.world.store.read() as reading:
        return [
            *_node(web),
            *_check_up(web, in_detail),
            *_rules(web),
            *_deliveries(web, reading),
            *_channels(web, organisation),
            *_integrations(organisation, reading),
            *_heartbeats(organisation, reading),
            *_machines(reading),
        ]


def _node(web: Web) -> Iterator[Sign]:
    troubles = [*web.site.troubles()]
    if problem := web.world.store.is_ready():
        troubles.append(f"the store: {problem}")
    degraded = web.site.degraded()
    if troubles:
        yield Sign("This node", "bad", "in trouble", f"{web.world.node}: {'; '.join(troubles)}")
    elif web.world.emergency() is not None:
        yield Sign("This node", "bad", "in emergency mode", " ".join(degraded))
    elif degraded:
        yield Sign("This node", "warn", "not as it should be", "; ".join(degraded))
    else:
        yield Sign("This node", "good", "works", web.world.node)


def _check_up(web: Web, in_detail: bool) -> Iterator[Sign]:
    """Say whether a page to Tocsin itself comes back, and whether anybody watches from outside."""
    health = web.site.health()
    if health is None:
        return
    probe = health.probe
    if probe is None:
        yield Sign("Probe", "info", "the first one is on its way")
    elif probe.failed:
        yield Sign("Probe", "bad", "did not come back", probe.failed, health.probed_at)
    else:
        what = f"a page to Tocsin itself was answered after {probe.seconds:.1f} s"
        yield Sign("Probe", "good", "came back", what, probe.at)
    if health.violations:
        what = "; ".join(
            f"{one}: {', '.join(one.found)}" if in_detail else str(one) for one in health.violations
        )
        yield Sign("Store", "bad", "is not as it must be", what)
    yield _watchdog(health)


def _watchdog(health: Health) -> Sign:
    if not health.watchdog:
        cure = next(iter(health.warnings), "").partition(": ")[2]
        return Sign("Watchdog", "warn", "nobody watches from outside", cure)
    if health.unheard:
        what = f"{health.watchdog} {health.unheard}"
        return Sign("Watchdog", "bad", "does not hear the heartbeat", what, health.heard_at)
    if health.reasons:
        what = f"no heartbeat is sent to {health.watchdog}: {'; '.join(health.reasons)}"
        return Sign("Watchdog", "bad", "is left to call somebody", what, health.heard_at)
    if health.heard_at is None:
        return Sign("Watchdog", "info", "has not heard anything yet", health.watchdog)
    if health.warnings:
        return Sign("Watchdog", "warn", "hears the heartbeat", health.warnings[0], health.heard_at)
    return Sign("Watchdog", "good", "hears the heartbeat", health.watchdog, health.heard_at)


def _rules(web: Web) -> Iterator[Sign]:
    rules = web.world.rules
    errors = [one for one in rules.refused if one.level == "error"]
    if errors:
        first = errors[0]
        what = f"{first.file}:{first.line}: {first.what}. What was in force goes on."
        yield Sign("Plan", "bad", "a changed file was refused", what)
    else:
        yield Sign("Plan", "good", "in force", rules.plan.title or rules.plan.name)


def _deliveries(web: Web, reading: Reading) -> Iterator[Sign]:
    now = web.world.now()
    waiting = reading.waiting()
    newest = reading.newest_sendings(SENDINGS_SEEN)
    lately = [one for one in newest if one.created_at > now - LATELY]
    failed = sum(one.state == "failed" for one in lately)
    oldest = waiting.oldest
    if waiting.tried:
        what = f"tried before without success: {waiting.tried}"
        yield Sign("Messages", "bad", f"{waiting.due} waiting", what, oldest)
    elif oldest is not None and oldest < now - LATE:
        yield Sign("Messages", "warn", f"{waiting.due} waiting", "the oldest for long", oldest)
    elif failed:
        yield Sign("Messages", "warn", f"{failed} failed", "in the last hour")
    else:
        word = f"{waiting.due} on their way" if waiting.due else "none waiting"
        yield Sign("Messages", "good", word, f"{len(lately)} in the last hour" if lately else "")


def _channels(web: Web, organisation: Organisation) -> Iterator[Sign]:
    """Say of each channel that people are to be called through whether it can work."""
    contacts = [one for person in organisation.people.values() for one in person.contacts]
    for channel in dict.fromkeys(contact.channel for contact in contacts):
        mine = [contact for contact in contacts if contact.channel == channel]
        broken = [contact for contact in mine if problem_with(web.world, contact)]
        name = WAYS.get(channel, channel)
        if not broken:
            yield Sign(name, "good", "set up")
        elif len(broken) == len(mine):
            hint = problem_with(web.world, broken[0]).replace(broken[0].address or "\n", "…")
            yield Sign(name, "bad", "not set up", hint)
        else:
            yield Sign(name, "warn", f"{len(broken)} of {len(mine)} contacts can't work")


def _integrations(organisation: Organisation, reading: Reading) -> Iterator[Sign]:
    heard = reading.last_received(ALERTS_SEEN)
    for integration, declared in organisation.integrations.items():
        if declared.source == SOURCE:
            continue
        at = heard.last.get(integration)
        if at is not None:
            yield Sign(integration, "info", "last alert", at=at)
        elif heard.is_all:
            yield Sign(integration, "info", "no alert yet")
        else:
            yield Sign(integration, "info", f"none among the latest {ALERTS_SEEN:,} alerts")


def _heartbeats(organisation: Organisation, reading: Reading) -> Iterator[Sign]:
    """Say of each integration that has promised heartbeats whether it keeps its promise."""
    for beat in reading.heartbeats():
        if beat.integration not in organisation.integrations:
            continue
        expected = f"expected every {words_duration(beat.every)}"
        if beat.silent:
            yield Sign(beat.integration, "bad", "heartbeat missing", expected, beat.heard_at)
        elif beat.heard_at is None:
            yield Sign(beat.integration, "info", "no heartbeat yet", expected)
        else:
            yield Sign(beat.integration, "good", "heartbeat", expected, beat.heard_at)


def _machines(reading: Reading) -> Iterator[Sign]:
    """Name the machines whose files are taken up, where there are several."""
    sources = [one.source for what in BOTH for one in reading.files_seen(what)]
    machines = dict.fromkeys(source.partition(":")[0] for source in sources if ":" in source)
    if len(machines) > 1:
        yield Sign("Machines", "info", f"{len(machines)} with files", ", ".join(machines))
