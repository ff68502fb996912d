"""The ladder of an incident: who was called, who comes next, when, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from tocsin.core.incident import events as e
from tocsin.core.incident.escalation import MESSAGE_OF
from tocsin.core.oncall import reach
from tocsin.core.people import Organisation
from tocsin.engine.ports import Delivery
from tocsin.web.pages.words import CALLED, Names
from tocsin.web.room import Room

NEXT = {
    "page": "page",
    "notice": "notify",
    "ticket": "file a ticket for",
    "alarm": "alarm",
    "update": "tell",
}


@dataclass(frozen=True)
class Sending:
    """One message on its way to one person."""

    person: str
    channel: str
    state: str
    detail: str


@dataclass(frozen=True)
class Rung:
    """One call, past or to come. `people` are those it means, as far as is known now."""

    at: datetime
    did: str
    to: str
    people: str
    why: str
    line: int
    state: Literal["told", "nobody", "next"]
    sendings: tuple[Sending, ...] = ()


def ladder(room: Room, organisation: Organisation, now: datetime) -> list[Rung]:
    """Return the calls that were made, then those that follow if nothing happens."""
    names = Names(organisation)
    return [*_past(room, names), *_to_come(room, organisation, names, now)]


def _past(room: Room, names: Names) -> Iterator[Rung]:
    by_page: dict[int, list[Delivery]] = {}
    for delivery in room.deliveries:
        by_page.setdefault(delivery.page, []).append(delivery)
    for entry in room.timeline:
        try:
            event = entry.event()
        except msgspec.ValidationError:
            continue
        if isinstance(event, e.Told):
            sent = tuple(_sending(one, names) for one in by_page.get(entry.number, ()))
            yield Rung(
                event.at, CALLED[event.message], event.to, names.all(event.people), event.why,
                event.line, "told", sent,
            )  # fmt: skip
        elif isinstance(event, e.NobodyReached):
            did = f"nobody to {NEXT[event.message]}"
            yield Rung(event.at, did, event.to, "", event.why, event.line, "nobody")


def _sending(delivery: Delivery, names: Names) -> Sending:
    return Sending(
        names(delivery.person), delivery.contact.channel, delivery.state, delivery.detail
    )


def _to_come(room: Room, organisation: Organisation, names: Names, now: datetime) -> Iterator[Rung]:
    for ahead in room.ahead:
        step = ahead.step
        did = NEXT[MESSAGE_OF[step.do]]
        at = max(ahead.at, now)
        for to in step.to:
            found = reach(organisation, to, at, everyone=step.everyone)
            people = names.all(tuple(person.id for person in found.people))
            yield Rung(ahead.at, did, to, people, step.why, step.line, "next")
    if room.alarm_at is not None:
        rule = room.plan.exhausted
        why = "all steps were taken and nobody has acknowledged"
        to = ", ".join(rule.page) or "whoever was called last"
        yield Rung(room.alarm_at, "alarm", to, "", why, rule.line, "next")
