"""Everything that can happen to an incident. A timeline is a list of these and nothing else.

Each event says when, by whom and through what, and why: `why` is a sentence for people, `line`
the line of the plan that asked for it (0 where no clause did). An event is never changed once it
is written; a kind of event may gain fields with defaults, and never loses one.
"""

from datetime import datetime

from tocsin.core.delivery import Kind
from tocsin.core.incident.event import BY_PLAN as BY_PLAN
from tocsin.core.incident.event import Event as Event
from tocsin.core.incident.events_beside import Absorbed as Absorbed
from tocsin.core.incident.events_beside import AlertsCameOver as AlertsCameOver
from tocsin.core.incident.events_beside import AlertsLeft as AlertsLeft
from tocsin.core.incident.events_beside import CarriedOver as CarriedOver
from tocsin.core.incident.events_beside import FileAttached as FileAttached
from tocsin.core.incident.events_beside import HappenedApart as HappenedApart
from tocsin.core.incident.events_beside import IncidentLinked as IncidentLinked
from tocsin.core.incident.events_beside import MergedInto as MergedInto
from tocsin.core.incident.events_beside import MomentPinned as MomentPinned
from tocsin.core.incident.events_beside import MomentUnpinned as MomentUnpinned
from tocsin.core.plan.model import FactValue, Until


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
    others: int = 0


class SeverityChanged(Event, frozen=True, kw_only=True, tag="severity_changed"):
    """Another level, or the same one now `confirmed` by a person."""

    severity: str
    was: str
    confirmed: bool
    raised: bool = False


class FactRecorded(Event, frozen=True, kw_only=True, tag="fact_recorded"):
    """Somebody or something observed this; the latest value of a fact holds.

    `in_doubt`: nobody knows any more what it is, whatever was stated before.
    """

    name: str
    value: FactValue
    in_doubt: bool = False


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
    """A person holds a role from now on; `beside` others, or in the place of `was`."""

    role: str
    person: str
    beside: bool = False
    was: str = ""


class RoleHandedOver(Event, frozen=True, kw_only=True, tag="role_handed_over"):
    """Its holder handed the role over to `person`; `why` says how things stood."""

    role: str
    person: str
    was: str


class RoleLeft(Event, frozen=True, kw_only=True, tag="role_left"):
    """A person does not hold the role any more."""

    role: str
    person: str


class ShadowJoined(Event, frozen=True, kw_only=True, tag="shadow_joined"):
    """A person looks on while others hold the role."""

    role: str
    person: str


class StoodDown(Event, frozen=True, kw_only=True, tag="stood_down"):
    """The response ends; `false_alarm`: there was no trouble, and no measure counts it."""

    false_alarm: bool = False


class ModeChanged(Event, frozen=True, kw_only=True, tag="mode_changed"):
    """The response works in another mode; "" is none."""

    mode: str
    was: str


class DecisionTaken(Event, frozen=True, kw_only=True, tag="decision_taken"):
    """Somebody decided something of the kind `about`; `amount` is what it costs."""

    about: str
    choice: str
    options: tuple[str, ...] = ()
    amount: float = 0


class Overruled(Event, frozen=True, kw_only=True, tag="overruled"):
    """What follows was not this person's to do; the plan lets it pass because of the reason."""

    what: str


class SecondWanted(Event, frozen=True, kw_only=True, tag="second_wanted"):
    """One person asks for something that takes two."""

    what: str


class Seconded(Event, frozen=True, kw_only=True, tag="seconded"):
    """A second person asks for the same as `first`; what follows is done."""

    what: str
    first: str


class FloorWaived(Event, frozen=True, kw_only=True, tag="floor_waived"):
    """The severity may be lower here than the plan wants; `floor` is the condition of the rule."""

    floor: str


class Restricted(Event, frozen=True, kw_only=True, tag="restricted"):
    """From now on only `readers` may read the incident; others read `title`."""

    readers: tuple[str, ...]
    title: str


class GlassBroken(Event, frozen=True, kw_only=True, tag="glass_broken"):
    """Somebody who is no reader reads the incident, and says why."""


class TaskArmed(Event, frozen=True, kw_only=True, tag="task_armed"):
    """The plan asks for this from now on; `text` is the task in the plan's words."""

    task: str
    text: str


class TaskOrdered(Event, frozen=True, kw_only=True, tag="task_ordered"):
    """The plan orders an action on systems; whoever carries it out ticks the task."""

    task: str
    text: str


class TaskTicked(Event, frozen=True, kw_only=True, tag="task_ticked"):
    """One of several members of a task is done."""

    task: str
    member: str


class TaskDone(Event, frozen=True, kw_only=True, tag="task_done"):
    """The task is done; `choice` says which way was taken where the plan names several."""

    task: str
    choice: str = ""


class TaskWaived(Event, frozen=True, kw_only=True, tag="task_waived"):
    """Somebody answers that the task is not needed; `why` holds the reason."""

    task: str


class TaskDropped(Event, frozen=True, kw_only=True, tag="task_dropped"):
    """The plan does not ask for it any more: what it depended on has changed."""

    task: str


class PhaseEntered(Event, frozen=True, kw_only=True, tag="phase_entered"):
    """The work moves on; `left` is the phase before, `parallel` one that goes on beside it."""

    phase: str
    left: str = ""
    parallel: bool = False


class WatchStarted(Event, frozen=True, kw_only=True, tag="watch_started"):
    """From now until `until` things must stay well; starting again means that they did not.

    `failing`: what must keep holding does not hold now; the watch starts again when it does.
    """

    watch: str
    until: datetime
    failing: bool = False


class WatchPassed(Event, frozen=True, kw_only=True, tag="watch_passed"):
    """Things stayed well for as long as the plan wants."""

    watch: str


class UpdateProposed(Event, frozen=True, kw_only=True, tag="update_proposed"):
    """An update waits for one of `approval`; `task` is the announcement that it is for."""

    update: str
    audience: str
    status: str
    subject: str
    text: str
    template: str = ""
    next_at: datetime | None = None
    promised: bool = False
    approval: tuple[str, ...] = ()
    task: str = ""


class UpdatePublished(Event, frozen=True, kw_only=True, tag="update_published"):
    """An audience is told how things stand; `approved` is the proposal that it was.

    `late_seconds` is how much too late it comes, `channels` by which ways it goes, `subscriptions`
    what readers of the status page use then, `remarks` what the plan has against its words.
    """

    update: str
    audience: str
    status: str
    subject: str
    text: str
    template: str = ""
    next_at: datetime | None = None
    promised: bool = False
    approved: bool = False
    late_seconds: int = 0
    channels: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class UpdateWithdrawn(Event, frozen=True, kw_only=True, tag="update_withdrawn"):
    """A proposed update does not go out."""

    update: str
    audience: str


class UpdateRefused(Event, frozen=True, kw_only=True, tag="update_refused"):
    """The plan wants Tocsin to publish by itself, and it cannot; a person has to."""

    task: str
    audience: str


class AudienceForgotten(Event, frozen=True, kw_only=True, tag="audience_forgotten"):
    """The incident is closed, and an audience that it concerns was never told of it."""

    audience: str


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
    | RoleHandedOver
    | RoleLeft
    | ShadowJoined
    | StoodDown
    | ModeChanged
    | DecisionTaken
    | Overruled
    | SecondWanted
    | Seconded
    | FloorWaived
    | Restricted
    | GlassBroken
    | TaskArmed
    | TaskOrdered
    | TaskTicked
    | TaskDone
    | TaskWaived
    | TaskDropped
    | PhaseEntered
    | WatchStarted
    | WatchPassed
    | UpdateProposed
    | UpdatePublished
    | UpdateWithdrawn
    | UpdateRefused
    | AudienceForgotten
    | FileAttached
    | MomentPinned
    | MomentUnpinned
    | IncidentLinked
    | AlertsLeft
    | AlertsCameOver
    | MergedInto
    | Absorbed
    | CarriedOver
    | HappenedApart
)
