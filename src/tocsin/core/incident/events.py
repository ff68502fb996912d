"""Everything that can happen to an incident. A timeline is a list of these and nothing else.

Each event says when, by whom and through what, and why: `why` is a sentence for people, `line`
the line of the plan that asked for it (0 where no clause did). An event is never changed once it
is written; a kind of event may gain fields with defaults, and never loses one.
"""

from datetime import datetime

import msgspec

from tocsin.core.delivery import Kind
from tocsin.core.plan.model import FactValue, Until

BY_PLAN = "tocsin"
"""Who acted when nobody did: the plan itself."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of all events; `at` is an aware UTC instant."""

    at: datetime
    by: str = BY_PLAN
    via: str = ""
    why: str = ""
    line: int = 0


class Opened(Event, frozen=True, kw_only=True, tag="opened"):
    """The incident exists from now on.

    `group` names the alerts it collects, or the report that it is, so that neither opens it twice.
    """

    number: int
    code: str
    title: str
    severity: str
    plan: str
    group: str = ""
    incident_kind: str = ""
    channel: str = ""
    exercise: bool = False
    confirmed: bool = False


class SeverityChanged(Event, frozen=True, kw_only=True, tag="severity_changed"):
    """Another level, or the same one now `confirmed` by a person."""

    severity: str
    was: str
    confirmed: bool


class FactRecorded(Event, frozen=True, kw_only=True, tag="fact_recorded"):
    """Somebody or something observed this; the latest value of a fact holds."""

    name: str
    value: FactValue


class AlertsJoined(Event, frozen=True, kw_only=True, tag="alerts_joined"):
    """Alerts that now belong to this incident; `names` are at most a few of them."""

    count: int
    names: tuple[str, ...]


class AlertsResolved(Event, frozen=True, kw_only=True, tag="alerts_resolved"):
    """Alerts whose source says that they are over; `still_firing` are left."""

    count: int
    still_firing: int


class ClockStarted(Event, frozen=True, kw_only=True, tag="clock_started"):
    """A promise made at `started_at` runs until `due`; with `strict`, done at `due` is too late."""

    clock: str
    started_at: datetime
    due: datetime
    strict: bool = False


class ClockMet(Event, frozen=True, kw_only=True, tag="clock_met"):
    """What the clock waited for came in time."""

    clock: str


class ClockMissed(Event, frozen=True, kw_only=True, tag="clock_missed"):
    """The clock ran out, or what it waited for came too late."""

    clock: str
    due: datetime


class ClockDropped(Event, frozen=True, kw_only=True, tag="clock_dropped"):
    """The clock no longer applies: the severity changed, or there is nothing left to wait for."""

    clock: str


class Told(Event, frozen=True, kw_only=True, tag="told"):
    """The plan, or a person, calls somebody: the order to send, written before anything leaves.

    `step` is the key of the escalation step, `until` what ends its relevance; `people` are person
    ids, and the recipient's own id where it has contacts of its own.
    """

    message: Kind
    to: str
    people: tuple[str, ...]
    step: str
    until: Until = "acknowledged"


class NobodyReached(Event, frozen=True, kw_only=True, tag="nobody_reached"):
    """A step found nobody; the next one was taken at once instead of waiting (invariant C4)."""

    message: Kind
    to: str
    step: str


class Alarmed(Event, frozen=True, kw_only=True, tag="alarmed"):
    """All steps were taken and nobody has answered; `count` numbers the alarms (invariant C1)."""

    count: int
    to: tuple[str, ...]


class EscalationAsked(Event, frozen=True, kw_only=True, tag="escalation_asked"):
    """A person asks for more people: `to` is a recipient id."""

    to: str


class Delivered(Event, frozen=True, kw_only=True, tag="delivered"):
    """A channel took the message for one person."""

    message: Kind
    person: str
    channel: str
    attempt: int


class NotDelivered(Event, frozen=True, kw_only=True, tag="not_delivered"):
    """An attempt failed; `next_try` says what is done about it."""

    message: Kind
    person: str
    channel: str
    attempt: int
    next_try: str


class Acknowledged(Event, frozen=True, kw_only=True, tag="acknowledged"):
    """A person has it."""


class Released(Event, frozen=True, kw_only=True, tag="released"):
    """The person gives it back; escalation goes on."""


class Resolved(Event, frozen=True, kw_only=True, tag="resolved"):
    """The trouble is over; what remains is paperwork."""


class Reopened(Event, frozen=True, kw_only=True, tag="reopened"):
    """It was not over."""


class Closed(Event, frozen=True, kw_only=True, tag="closed"):
    """The plan asks nothing more of this incident."""


class Noted(Event, frozen=True, kw_only=True, tag="noted"):
    """What a person wants on the record."""

    text: str


class RoleTaken(Event, frozen=True, kw_only=True, tag="role_taken"):
    """A person holds a role from now on."""

    role: str
    person: str


AnyEvent = (
    Opened
    | SeverityChanged
    | FactRecorded
    | AlertsJoined
    | AlertsResolved
    | ClockStarted
    | ClockMet
    | ClockMissed
    | ClockDropped
    | Told
    | NobodyReached
    | Alarmed
    | EscalationAsked
    | Delivered
    | NotDelivered
    | Acknowledged
    | Released
    | Resolved
    | Reopened
    | Closed
    | Noted
    | RoleTaken
)
