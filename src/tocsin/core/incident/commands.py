"""What people and machines may ask of an incident."""

from collections.abc import Mapping

import msgspec

from tocsin.core.plan.model import FactValue


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Base: `by` is who asks (a person's id or an integration), `via` the way it came.

    `standing` is what `by` belongs to then, see `core.oncall.standing`; whoever hands the command
    in fills it with `authority.placed`.
    """

    by: str
    via: str = ""
    why: str = ""
    standing: tuple[str, ...] = ()


class Open(Command, frozen=True, kw_only=True):
    """Declare an incident, by hand or for alerts.

    `severity` empty means: the plan's criteria decide over `facts`, and `otherwise` is taken if
    none holds. `number` and `code` are the ones the record has given out, `others` is how many
    incidents are open already; `in_doubt` are facts of which nobody knows whether they are so.
    """

    number: int
    code: str
    title: str
    severity: str = ""
    otherwise: str = ""
    line: int = 0
    facts: Mapping[str, FactValue] = {}
    group: str = ""
    incident_kind: str = ""
    channel: str = ""
    exercise: bool = False
    others: int = 0
    in_doubt: tuple[str, ...] = ()


class AlertsCame(Command, frozen=True, kw_only=True):
    """New alerts of the incident's group: how many, a few of their names, and what they mean.

    `quiet` says why some come only now, "" if none is late.
    """

    count: int
    names: tuple[str, ...]
    severity: str = ""
    line: int = 0
    facts: Mapping[str, FactValue] = {}
    quiet: str = ""


class AlertsWent(Command, frozen=True, kw_only=True):
    """`count` of the incident's alerts are over."""

    count: int


class Acknowledge(Command, frozen=True, kw_only=True):
    """I have it; with a `severity`, it is confirmed in the same step."""

    severity: str = ""


class Release(Command, frozen=True, kw_only=True):
    """I don't have it any more; call the next."""


class Resolve(Command, frozen=True, kw_only=True):
    """The trouble is over."""


class Reopen(Command, frozen=True, kw_only=True):
    """It is not over."""


class Close(Command, frozen=True, kw_only=True):
    """Nothing is left to do."""


class Note(Command, frozen=True, kw_only=True):
    """Put `text` on the record."""

    text: str


class RecordFact(Command, frozen=True, kw_only=True):
    """State a fact, or say that it is `in_doubt`: with the value `?`, or with any."""

    name: str
    value: FactValue
    in_doubt: bool = False


class SetSeverity(Command, frozen=True, kw_only=True):
    """Confirm or change the severity."""

    severity: str


class Escalate(Command, frozen=True, kw_only=True):
    """Call more people now: `to` is a recipient id or a level of the plan ("level 2")."""

    to: str


class TakeRole(Command, frozen=True, kw_only=True):
    """`person` holds `role` from now on.

    `person_standing` is what the person belongs to, `leads_elsewhere` how many other open
    incidents the person leads; both are filled in as `standing` is.
    """

    role: str
    person: str
    person_standing: tuple[str, ...] = ()
    leads_elsewhere: int = 0


class HandOver(Command, frozen=True, kw_only=True):
    """Its holder hands `role` over to `person`; `why` says how things stand. See TakeRole."""

    role: str
    person: str
    person_standing: tuple[str, ...] = ()
    leads_elsewhere: int = 0


class LeaveRole(Command, frozen=True, kw_only=True):
    """Whoever asks holds `role` no longer."""

    role: str


class Shadow(Command, frozen=True, kw_only=True):
    """`person` looks on while others hold `role`, in order to learn it."""

    role: str
    person: str


class StandDown(Command, frozen=True, kw_only=True):
    """The response ends because of `why`; `false_alarm`: there never was any trouble."""

    false_alarm: bool = False


class SetMode(Command, frozen=True, kw_only=True):
    """Work in a mode of the plan from now on; "" ends the present one."""

    mode: str


class TakeDecision(Command, frozen=True, kw_only=True):
    """Decide something of the kind `about`: the `choice` among `options`, because of `why`.

    `amount` is what it costs, in the plan's currency; 0 if it costs nothing.
    """

    about: str
    choice: str
    options: tuple[str, ...] = ()
    amount: float = 0


class BreakGlass(Command, frozen=True, kw_only=True):
    """Read a restricted incident without being one of its readers, because of `why`."""


class Tick(Command, frozen=True, kw_only=True):
    """A task is done: the way that was taken, or the one member that is done."""

    task: str
    choice: str = ""
    member: str = ""


class Waive(Command, frozen=True, kw_only=True):
    """A task is not needed, because of `why`."""

    task: str


class EnterPhase(Command, frozen=True, kw_only=True):
    """Go on to a phase; with `force` although something is open, because of `why`."""

    phase: str
    force: bool = False


class Publish(Command, frozen=True, kw_only=True):
    """Tell an audience how things stand: a `text`, or a `template` with `values` by field.

    Without a `template` it is the one that the plan wants; `free`: none, whatever the plan wants.
    `status` "" keeps the present one; `next` ("30m") says when the next update comes.
    """

    audience: str
    text: str = ""
    template: str = ""
    values: Mapping[str, str] = {}
    status: str = ""
    subject: str = ""
    next: str = ""
    free: bool = False


class Approve(Command, frozen=True, kw_only=True):
    """Let a proposed update out."""

    update: str


class Withdraw(Command, frozen=True, kw_only=True):
    """A proposed update does not go out, because of `why`."""

    update: str


class Attach(Command, frozen=True, kw_only=True):
    """Keep a file with the incident; all but `by` and `via` is filled in once it is stored."""

    name: str = ""
    media_type: str = ""
    size: int = 0
    hash: str = ""
    attachment: int = 0


class Pin(Command, frozen=True, kw_only=True):
    """Entry `number` of the timeline tells the story, because of `why`.

    `entries` is how many there are; it is filled in as `standing` is.
    """

    number: int
    entries: int = 0


class Unpin(Command, frozen=True, kw_only=True):
    """Entry `number` of the timeline does not tell the story."""

    number: int


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """Another incident, as far as a command needs to know it.

    `number` is its id; `readers` are those who may read it, None where everybody may.
    """

    code: str
    number: int
    state: str
    readers: tuple[str, ...] | None = None
    exercise: bool = False


class Link(Command, frozen=True, kw_only=True):
    """This incident and `to` belong together; `other` is filled in, None if there is none."""

    to: str
    relation: str = "relates"
    other: Other | None = None


class Merge(Command, frozen=True, kw_only=True):
    """This incident is the same as `into`; `other` is filled in, None if there is none.

    `names` are a few of the alerts that go along, filled in as well.
    """

    into: str
    other: Other | None = None
    names: tuple[str, ...] = ()


class Split(Command, frozen=True, kw_only=True):
    """The `alerts` (ids) are another incident's matter, which is opened with `title`.

    Filled in: its code `to`, and of its alerts `count`, how many fire, and a few `names`; `count`
    is smaller than there are ids where some are not this incident's.
    """

    alerts: tuple[int, ...]
    title: str = ""
    to: str = ""
    count: int = 0
    firing: int = 0
    names: tuple[str, ...] = ()


AnyCommand = (
    Open
    | AlertsCame
    | AlertsWent
    | Acknowledge
    | Release
    | Resolve
    | Reopen
    | Close
    | Note
    | RecordFact
    | SetSeverity
    | Escalate
    | TakeRole
    | HandOver
    | LeaveRole
    | Shadow
    | StandDown
    | SetMode
    | TakeDecision
    | BreakGlass
    | Tick
    | Waive
    | EnterPhase
    | Publish
    | Approve
    | Withdraw
    | Attach
    | Pin
    | Unpin
    | Link
    | Merge
    | Split
)


class Refusal(msgspec.Struct, frozen=True):
    """Why a command has no effect, and what to do instead. `code` is stable."""

    code: str
    reason: str
    hint: str
