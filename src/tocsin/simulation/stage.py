"""What a run plays on: a plan, an organisation, edits that may be made, and alerts that come."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin.core.candidate import Candidate, NamedText, examine
from tocsin.core.organisation.read import read_organisation
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem
from tocsin.engine.rules import Readers


@dataclass(frozen=True)
class Edit:
    """Texts that somebody may put in force in the middle of the night, and what that changes.

    One that is "" stays as it is.
    """

    what: str
    plan: str = ""
    organisation: str = ""


@dataclass(frozen=True)
class Stage:
    """Everything about a run that no seed decides.

    `labels` are the label sets of the alerts that come to `integration`, `channels` those that
    leave the house, each with its failure domain. `longest` is, by severity, after how many
    seconds without an answer somebody must have been called again at the latest, `earliest`, by
    severity and recipient, before how many seconds nobody may be called, and `before_alarm` whom
    all must have been called before the plan counts as exhausted; all are written by hand beside
    the plan and not computed from it, and empty for a plan of which nobody has said so.
    """

    name: str
    plan: str
    organisation: str
    labels: tuple[Mapping[str, str], ...]
    channels: tuple[tuple[str, str], ...] = (("email", "mail"), ("webhook", "ip"))
    integration: str = "prometheus"
    edits: tuple[Edit, ...] = ()
    longest: Mapping[str, int] = field(default_factory=dict)
    earliest: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    before_alarm: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_plans: dict[tuple[str, str], tuple[Plan | None, list[Problem]]] = {}
_organisations: dict[tuple[str, str], tuple[Organisation | None, list[Problem]]] = {}
_both: dict[tuple[object, object], Candidate] = {}


def _read_plan(text: str, name: str) -> tuple[Plan | None, list[Problem]]:
    if (text, name) not in _plans:
        _plans[text, name] = read(text, name)
    return _plans[text, name]


def _read_organisation(text: str, name: str) -> tuple[Organisation | None, list[Problem]]:
    if (text, name) not in _organisations:
        _organisations[text, name] = read_organisation(text, name)
    return _organisations[text, name]


def _examine(
    plan: NamedText | Plan | None, organisation: NamedText | Organisation | None
) -> Candidate:
    key = (
        plan.version if isinstance(plan, Plan) else plan,
        organisation.version if isinstance(organisation, Organisation) else organisation,
    )
    if key not in _both:
        _both[key] = examine(plan, organisation)
    return _both[key]


READERS = Readers(plan=_read_plan, organisation=_read_organisation, both=_examine)
"""Read each text once in a process: reading is pure, and would be most of a run's time."""
