"""The ladder of an incident: who was called, who answered, who comes next, when, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tocsin.core.incident import events as e
from tocsin.core.incident.escalation import MESSAGE_OF
from tocsin.core.oncall import reach
from tocsin.core.people import Organisation
from tocsin.engine.ports import Delivery
from tocsin.web.pages.words.sentences import CALLED, Names
from tocsin.web.room import Room

NEXT = {
    "page": "page",
    "notice": "notify",
    "ticket": "file a ticket for",
    "alarm": "alarm",
    "update": "tell",
}

LATEST = 6
"""So many calls of the past are shown at once; the ones before are folded."""


@dataclass(frozen=True)
class Sending:
    """One message on its way to one person; `at` is when its channel took it."""

    person: str
    channel: str
    state: str
    detail: str
    at: datetime | None = None


@dataclass(frozen=True)
class Rung:
    """One call, past or to come, or an answer. `people` are those it means, as far as is known now.

    `after` is how long somebody took to answer, from the first call on.
    """

    at: datetime
    did: str
    to: str
    people: str
    why: str
    line: int
    state: Literal["told", "nobody", "answered", "given back", "next", "alarm"]
    sendings: tuple[Sending, ...] = ()
    after: timedelta | None = None

    @property
    def has_failed(self) -> bool:
        """Whether no channel took it."""
        return bool(self.sendings) and all(one.state == "failed" for one in self.sendings)


@dataclass(frozen=True)
class Ladder:
    """All of it: calls long ago, the latest ones with the answers, and those that will follow."""

    earlier: tuple[Rung, ...]
    latest: tuple[Rung, ...]
    ahead: tuple[Rung, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nobody was called and nobody will be."""
        return not (self.latest or self.ahead)


def ladder(room: Room, organisation: Organisation, now: datetime) -> Ladder:
    """Return the calls that were made, then those that follow if nothing happens."""
    names = Names(organisation)
    past = tuple(_past(room, names))
    return Ladder(past[:-LATEST], past[-LATEST:], tuple(_to_come(room, organisation, names, now)))


def _past(room: Room, names: Names) -> Iterator[Rung]:
    by_page: dict[int, list[Delivery]] = {}
    for delivery in room.deliveries:
        by_page.setdefault(delivery.page, []).append(delivery)
    called_at: datetime | None = None
    for entry in room.calls:
        try:
            event = entry.event()
        except msgspec.ValidationError:
            continue
        if isinstance(event, e.Told) and event.message != "update":
            called_at = called_at or event.at
            sent = tuple(_sending(one, names) for one in by_page.get(entry.number, ()))
            yield Rung(
                event.at, CALLED[event.message], event.to, names.all(event.people),
                names.why(event.why), event.line, "told", sent,
            )  # fmt: skip
        elif isinstance(event, e.NobodyReached):
            did = f"nobody to {NEXT[event.message]}"
            yield Rung(event.at, did, event.to, "", event.why, event.line, "nobody")
        elif isinstance(event, e.Acknowledged):
            after = event.at - called_at if called_at is not None else None
            yield Rung(event.at, "answered", names(event.by), "", "", 0, "answered", after=after)
        elif isinstance(event, e.Released | e.Reopened):
            did = "gave it back" if isinstance(event, e.Released) else "reopened it"
            called_at = None
            yield Rung(event.at, did, names(event.by), "", event.why, 0, "given back")


def _sending(delivery: Delivery, names: Names) -> Sending:
    return Sending(
        names(delivery.person), delivery.contact.channel, delivery.state, delivery.detail,
        delivery.sent_at,
    )  # fmt: skip


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
        yield Rung(room.alarm_at, "alarm", to, "", why, rule.line, "alarm")
