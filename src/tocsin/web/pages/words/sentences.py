"""What happened, in a sentence: how pages tell a timeline, durations and people's names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from tocsin.core.delivery import Kind
from tocsin.core.incident import events as e
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.record import Entry
from tocsin.web.pages.words import beside as beside_words
from tocsin.web.pages.words import people as people_words
from tocsin.web.pages.words import tasks as task_words
from tocsin.web.pages.words import updates as update_words

Tone = Literal["bad", "good", "call", "say", "plain"]

VIA = {"page": "on the page", "link": "by link", "cli": "by command line", "api": "by API"}

CALLED: Mapping[Kind, str] = {
    "page": "paged",
    "notice": "notified",
    "ticket": "filed a ticket for",
    "alarm": "alarmed",
    "update": "sent an update to",
}

_CLOCKS = {
    "update": "Update to {}",
    "assign": "Somebody as {}",
    "relieve": "Relief for {}",
    "phase": "Time for {}",
    "enter": "Beginning of {}",
}
"""What the names of clocks begin with that belong to an audience, a role or a phase."""


@dataclass(frozen=True)
class Line:
    """One entry of a timeline as people read it.

    `groups` are the filters that show it, see `group_of`; `day` names the day (UTC) where an entry
    is the last of it, "" otherwise. `said` is a note in Markdown. `plan_line` is a line of that
    version of the plan, `plan`, that the incident keeps.
    """

    number: int
    at: datetime
    who: str
    what: str
    why: str
    plan_line: int
    tone: Tone
    via: str = ""
    until: datetime | None = None
    said: str = ""
    hash: str = ""
    groups: str = "plan"
    day: str = ""
    plan: str = ""


class Names:
    """What ids stand for; an id that is nobody's stands for itself."""

    def __init__(self, organisation: Organisation, plan: Plan | None = None) -> None:
        self._people = organisation.people
        self.plan = plan.version if plan else ""
        self._tasks = {task.id: task.text for task in plan.tasks} if plan else {}
        self._phases = {one.id: one.name for one in plan.response.phases} if plan else {}
        self._roles = {one.id: one.name for one in plan.roles.values()} if plan else {}
        audiences = plan.communication.audiences.values() if plan else ()
        self._audiences = {one.id: one.name for one in audiences}

    def __call__(self, one: str) -> str:
        """Return a person's name, or how else somebody is called."""
        if one in self._people:
            return self._people[one].name
        return {e.BY_PLAN: "Tocsin", "operator": "The operator"}.get(one, one)

    def is_person(self, one: str) -> bool:
        """Whether somebody did it; the plan and integrations are nobody."""
        return one in self._people or one == "operator"

    def clock(self, name: str) -> str:
        """Return what has to happen while a clock runs, in words."""
        if name in self._tasks:
            return self._tasks[name]
        verb, _, about = name.partition(" ")
        named = _CLOCKS.get(verb)
        if named is None or not about:
            return name[:1].upper() + name[1:]
        known = {**self._audiences, **self._roles, **self._phases}
        return named.format(known.get(about) or about)

    def why(self, text: str) -> str:
        """Return a reason with the name of whoever gave it, where that is all it says."""
        for ending in (" said so", " assessed it"):
            who = text.removesuffix(ending)
            if who != text:
                return f"{self(who)}{ending}"
        return text

    def task(self, one: str) -> str:
        """Return a task in the plan's words."""
        return self._tasks.get(one, one)

    def role(self, one: str) -> str:
        """Return the name of a role."""
        return self._roles.get(one) or one

    def phase(self, one: str) -> str:
        """Return the name of a phase."""
        return self._phases.get(one) or one

    def all(self, ids: tuple[str, ...]) -> str:
        """Return several names, as in a sentence."""
        return ", ".join(self(one) for one in ids)


def line(entry: Entry, names: Names) -> Line:
    """Tell one entry; one that this version can't read is shown as it is."""
    try:
        event = entry.event()
    except msgspec.ValidationError:
        said = msgspec.json.decode(entry.text)
        return Line(
            number=entry.number,
            at=datetime.fromisoformat(said["at"]),
            who=names(said.get("by", "")),
            what=str(said.get("kind", "did something")),
            why=str(said.get("why", "")),
            plan_line=0,
            tone="plain",
            said=entry.text,
            hash=entry.hash.hex(),
        )
    what, tone = _TOLD[type(event)](event, names)
    return Line(
        number=entry.number,
        at=event.at,
        who=names(event.by),
        what=what,
        why=names.why(event.why),
        plan_line=event.line,
        tone=tone,
        via=VIA.get(event.via, ""),
        until=event.until if isinstance(event, e.WatchStarted) else getattr(event, "due", None),
        said=event.text if isinstance(event, e.Noted) else "",
        hash=entry.hash.hex(),
        groups=" ".join(groups_of(event, names)),
        plan=names.plan,
    )


PAGES = (
    e.Told, e.NobodyReached, e.Alarmed, e.EscalationAsked, e.Delivered, e.NotDelivered,
    e.Acknowledged, e.Released,
)  # fmt: skip
CLOCKS = (e.ClockStarted, e.ClockMet, e.ClockMissed, e.ClockDropped)


def groups_of(event: e.Event, names: Names) -> list[str]:
    """Return the filters of a timeline that an event passes: `said`, `pages`, `clocks`, `plan`."""
    groups = ["said"] if names.is_person(event.by) else []
    if isinstance(event, PAGES):
        groups.append("pages")
    elif isinstance(event, CLOCKS):
        groups.append("clocks")
    return groups or ["plan"]


def duration(length: timedelta) -> str:
    """Say a duration in at most two units: `45 seconds`, `1 hour 5 minutes`, `3 days`."""
    seconds = max(0, int(length.total_seconds()))
    parts = [
        (seconds // 86400, "day"),
        (seconds % 86400 // 3600, "hour"),
        (seconds % 3600 // 60, "minute"),
        (seconds % 60, "second"),
    ]
    first = next((place for place, (count, _) in enumerate(parts) if count), 3)
    shown = [(n, unit) for n, unit in parts[first : first + 2] if n] or [(0, "second")]
    if seconds >= 600:
        shown = [(n, unit) for n, unit in shown if unit != "second"]
    return " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in shown)


Told = tuple[str, Tone]


def _opened(event: e.Opened, _names: Names) -> Told:
    return f"opened it as {event.severity}: {event.title}", "bad"


def _severity_changed(event: e.SeverityChanged, _names: Names) -> Told:
    if event.severity == event.was:
        return f"confirmed the severity {event.severity}", "plain"
    return f"changed the severity from {event.was} to {event.severity}", "bad"


def _fact(event: e.FactRecorded, _names: Names) -> Told:
    if event.in_doubt:
        return f"said that {event.name} is in doubt", "say"
    return f"stated {event.name}: {_value(event.value)}", "say"


def _value(value: bool | int | float | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _joined(event: e.AlertsJoined, _names: Names) -> Told:
    rest = event.count - len(event.names)
    shown = ", ".join(event.names) + (f" and {rest} more" if rest > 0 else "")
    return f"sent {_alerts(event.count)}: {shown}", "bad"


def _alerts_over(event: e.AlertsResolved, _names: Names) -> Told:
    left = f"{event.still_firing} still firing" if event.still_firing else "none is left firing"
    return f"ended {_alerts(event.count)}; {left}", "good" if not event.still_firing else "plain"


def _alerts(count: int) -> str:
    return "1 alert" if count == 1 else f"{count} alerts"


def _clock_started(event: e.ClockStarted, names: Names) -> Told:
    return f"started the clock “{names.clock(event.clock)}”, due", "plain"


def _clock_met(event: e.ClockMet, names: Names) -> Told:
    return f"stopped the clock “{names.clock(event.clock)}” in time", "good"


def _clock_missed(event: e.ClockMissed, names: Names) -> Told:
    return f"marked the clock “{names.clock(event.clock)}” as missed; it was due", "bad"


def _clock_dropped(event: e.ClockDropped, names: Names) -> Told:
    return f"dropped the clock “{names.clock(event.clock)}”", "plain"


def _told(event: e.Told, names: Names) -> Told:
    people = names.all(event.people)
    whom = event.to if people == event.to else f"{event.to}: {people}"
    return f"{CALLED[event.message]} {whom}", "call"


def _nobody(event: e.NobodyReached, _names: Names) -> Told:
    return f"found nobody for {event.to}", "bad"


def _alarmed(event: e.Alarmed, _names: Names) -> Told:
    return f"raised alarm {event.count}: nobody has answered", "bad"


def _asked(event: e.EscalationAsked, _names: Names) -> Told:
    return f"asked for {event.to}", "say"


def _way(channel: str) -> str:
    """Name a channel within a sentence."""
    return {"inbox": "the inbox", "email": "e-mail", "slack": "Slack"}.get(channel, channel)


def _delivered(event: e.Delivered, names: Names) -> Told:
    again = f" at attempt {event.attempt}" if event.attempt > 1 else ""
    what = f"handed the {event.message} for {names(event.person)} to {_way(event.channel)}"
    return what + again, "plain"


def _not_delivered(event: e.NotDelivered, names: Names) -> Told:
    what = f"could not hand the {event.message} for {names(event.person)} to {_way(event.channel)}"
    then = f" (attempt {event.attempt}); next: {event.next_try}" if event.next_try else ""
    return what + then, "bad"


def _apart(event: e.HappenedApart, names: Names) -> Told:
    """Tell what happened on a node without its store, in the words that it would have here."""
    try:
        there = Entry(0, event.text, b"").event()
    except msgspec.ValidationError:
        what = event.what.replace("_", " ")
    else:
        what, _ = _TOLD[type(there)](there, names)
    when = f"{event.happened_at:%H:%M:%S} UTC"
    return f"in emergency mode on {event.node}, at {when}: {names(event.who)} {what}", "plain"


def _just(what: str, tone: Tone) -> Callable[[e.Event, Names], Told]:
    return lambda _event, _names: (what, tone)


_TOLD: dict[type[e.Event], Callable[[Any, Names], Told]] = {
    e.Opened: _opened,
    e.SeverityChanged: _severity_changed,
    e.FactRecorded: _fact,
    e.AlertsJoined: _joined,
    e.AlertsResolved: _alerts_over,
    e.ClockStarted: _clock_started,
    e.ClockMet: _clock_met,
    e.ClockMissed: _clock_missed,
    e.ClockDropped: _clock_dropped,
    e.Told: _told,
    e.NobodyReached: _nobody,
    e.Alarmed: _alarmed,
    e.EscalationAsked: _asked,
    e.Delivered: _delivered,
    e.NotDelivered: _not_delivered,
    e.Acknowledged: _just("acknowledged it", "good"),
    e.Released: _just("gave it back", "bad"),
    e.Resolved: _just("resolved it", "good"),
    e.Reopened: _just("reopened it", "bad"),
    e.Closed: _just("closed it", "good"),
    e.Noted: _just("noted", "say"),
    **people_words.TOLD,
    **task_words.TOLD,
    **update_words.TOLD,
    **beside_words.TOLD,
    e.HappenedApart: _apart,
}
