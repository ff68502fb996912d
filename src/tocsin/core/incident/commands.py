"""What people and machines may ask of an incident."""

from collections.abc import Mapping

import msgspec

from tocsin.core.plan.model import FactValue


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Base: `by` is who asks (a person's id or an integration), `via` the way it came."""

    by: str
    via: str = ""
    why: str = ""


class Open(Command, frozen=True, kw_only=True):
    """Declare an incident, by hand or for alerts.

    `severity` empty means: the plan's criteria decide over `facts`, and `otherwise` is taken if
    none holds. `number` and `code` are the ones the record has given out.
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


class AlertsCame(Command, frozen=True, kw_only=True):
    """New alerts of the incident's group: how many, a few of their names, and what they mean."""

    count: int
    names: tuple[str, ...]
    severity: str = ""
    line: int = 0
    facts: Mapping[str, FactValue] = {}


class AlertsWent(Command, frozen=True, kw_only=True):
    """`count` of the incident's alerts are over."""

    count: int


class Acknowledge(Command, frozen=True, kw_only=True):
    """I have it."""


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
    """State a fact."""

    name: str
    value: FactValue


class SetSeverity(Command, frozen=True, kw_only=True):
    """Confirm or change the severity."""

    severity: str


class Escalate(Command, frozen=True, kw_only=True):
    """Call more people now: `to` is a recipient id or a level of the plan ("level 2")."""

    to: str


class TakeRole(Command, frozen=True, kw_only=True):
    """`person` holds `role` from now on."""

    role: str
    person: str


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
)


class Refusal(msgspec.Struct, frozen=True):
    """Why a command has no effect, and what to do instead. `code` is stable."""

    code: str
    reason: str
    hint: str
