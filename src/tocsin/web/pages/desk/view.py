"""What the communication desk shows: audiences, the form, the preview, proposals and history."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from tocsin.core.incident import limits
from tocsin.core.incident.cadence import next_due
from tocsin.core.incident.filling import Said
from tocsin.core.incident.questions import Question, answers_in, questions
from tocsin.core.incident.state import Incident, Proposal
from tocsin.core.incident.telling import Telling, tellings
from tocsin.core.incident.updates import approvers, may_approve, may_withdraw
from tocsin.core.oncall import reach, standing
from tocsin.core.plan.communication.model import Audience, Cadence, Template
from tocsin.core.plan.model import Plan
from tocsin.core.times import After, Immediate, Never, Unspecified, Within, words
from tocsin.core.words.times import duration
from tocsin.engine.outlook import Outlook
from tocsin.web.access import Known, may, may_read
from tocsin.web.pages.words.hints import on_the_page
from tocsin.web.pages.words.sentences import Names
from tocsin.web.room import Row, rows
from tocsin.web.said import History
from tocsin.web.site import Web

FREE = "-"
"""Stands in the form for no template at all; "" is the one that the plan wants."""

READERS = {
    "public": ("world-www", "Everybody can read this", "public"),
    "customers": ("users", "Customers read this", "customers"),
    "partners": ("users", "Partners read this", "partners"),
    "internal": ("lock", "Only inside the organisation", "internal"),
    "private": ("lock", "Only those named", "private"),
}
"""By visibility: an icon, who reads it in words, and the mark."""

STATES = ("open", "acknowledged", "resolved")
AT_ONCE = 500


@dataclass(frozen=True)
class Typed:
    """An update as somebody has typed it so far; `template` is "" for the plan's, FREE for none."""

    audience: str = ""
    template: str = ""
    text: str = ""
    subject: str = ""
    status: str = ""
    next: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """A proposal with what the reader may do about it; `approvers` are those who may let it out."""

    update: str
    proposal: Proposal
    audience: Audience
    approvers: tuple[str, ...]
    names: tuple[str, ...]
    may_approve: bool
    may_withdraw: bool


@dataclass(frozen=True)
class Compose:
    """The form: for whom, by which template, what it asks, and how the plan limits it."""

    audience: Audience
    template: Template | None
    templates: tuple[Template, ...]
    wanted: str
    questions: tuple[Question, ...]
    statuses: tuple[str, ...]
    status: str
    free_text: bool
    longest: int
    planned: datetime | None
    promised: bool


@dataclass(frozen=True)
class Promise:
    """A row over all incidents: one audience of one incident."""

    row: Row
    telling: Telling


def every(rule: Cadence | None) -> str:
    """Say how often an audience hears; "" where the plan promises nothing."""
    if rule is None:
        return ""
    match rule.every:
        case Unspecified():
            return ""
        case Never():
            return "no updates are promised"
        case Within(length) | After(length) | Immediate(length):
            return f"every {duration(length).removeprefix('1 ')}"
    return f"each time {words(rule.every)}"


def hint(text: str) -> str:
    """Say on the desk's own page what the engine's hint says to do."""
    for pattern, phrase in _HINTS:
        text = re.sub(pattern, phrase, text)
    return on_the_page(text).text


_HINTS = (
    (r"tocsin update \S+ --audience \S+ --set \S+?=\.\.\.", "fill it in"),
    (r"tocsin update [^;]* TEXT", "write it"),
    (r"or use no template: --free", "or choose “free words”"),
    (r"write it freely: --free", "choose “free words”"),
    (r"say so: --next 30m", "promise the next update, “30m” for example"),
    (r"leave --next out", "leave the promise out"),
    (r"for example: --next 30m", "for example: 30m"),
)
"""Options of the command line, and what stands for them on the page."""


def everywhere(web: Web, caller: Known) -> dict[str, Any]:
    """Return all promises and proposals of incidents that are not closed, soonest first."""
    now = web.world.now()
    seen = [row for row in _current(web) if may_read(web.world, caller, row.incident)]
    promises = [
        Promise(row, telling)
        for row in seen
        for telling in tellings(row.plan, row.incident, now)
        if telling.due is not None or row.incident.state != "resolved"
    ]
    far = datetime.max.replace(tzinfo=now.tzinfo)
    promises.sort(key=lambda one: (not one.telling.late, one.telling.due or far,
                                   one.row.incident.id))  # fmt: skip
    waiting = [(row, one) for row in seen for one in _waiting(web, caller, row.plan, row.incident)]
    waiting.sort(key=lambda one: (not one[1].may_approve, one[1].proposal.at))
    return {
        "promises": [one for one in promises if one.telling.due is not None],
        "others": [one for one in promises if one.telling.due is None],
        "late": sum(one.telling.late for one in promises),
        "waiting": waiting,
        "mine": sum(one.may_approve for _, one in waiting),
        "names": Names(web.world.rules.organisation),
        "every": every,
        "readers": READERS,
        "open": len(seen),
    }


def _current(web: Web) -> list[Row]:
    found: list[Row] = []
    before: int | None = None
    while page := rows(web.world, STATES, before, AT_ONCE):
        found += page
        before = page[-1].incident.id
        if len(page) < AT_ONCE:
            break
    return found


def desk(
    web: Web, caller: Known, found: History, form: Typed, now: datetime
) -> dict[str, Any]:  # fmt: skip
    """Return what the desk of an incident shows beside its history and the preview."""
    incident, plan = found.incident, found.plan
    acts = may(caller, "respond") and incident.state != "closed"
    compose = _compose(plan, incident, form, now) if acts else None
    return {
        "incident": incident,
        "plan": plan,
        "severity": plan.severity(incident.severity),
        "names": Names(web.world.rules.organisation, plan),
        "tellings": tellings(plan, incident, now),
        "waiting": _waiting(web, caller, plan, incident),
        "compose": compose,
        "form": form,
        "kept": _kept(compose, form) if compose is not None else {},
        "acts": acts,
        "entries": found.entries,
        "every": every,
        "readers": READERS,
        "FREE": FREE,
    }


def told(found: History, said_to: str) -> dict[str, Any]:
    """Return the history, filtered by audience, and both sides of it beside each other."""
    audiences = found.plan.communication.audiences
    outside = {one.id for one in audiences.values() if one.outside}
    shown = [one for one in found.told if said_to in ("", one.said.update.audience)]
    return {
        "told": shown,
        "withheld": [
            one for one in found.withheld if said_to in ("", one.proposal.audience)
        ],
        "told_to": tuple(dict.fromkeys(one.said.update.audience for one in found.told)),
        "said_in_all": len(found.told),
        "outside": outside,
        "audiences": audiences,
    }  # fmt: skip


def previewed(web: Web, found: History, outlook: Outlook | None) -> dict[str, Any]:
    """Return what the preview shows."""
    audiences = found.plan.communication.audiences
    seen = outlook.preview if outlook is not None else None
    return {
        "outlook": outlook,
        "hint": hint,
        "wanting": ("incident.empty-update", "incident.fields-missing"),
        "seen": seen,
        "to": audiences.get(seen.audience) if seen is not None else None,
        "exercise": found.incident.exercise,
        "approver_names": _holders(web, found.plan, found.incident, seen.approval)
        if seen is not None
        else (),
    }


def begun(found: History, now: datetime, audience: str, template: str, rewrite: str) -> Typed:
    """Return the form as it is first shown: for whom is wanted, else for whoever waits longest."""
    again = next((event for _, event in found.proposals if event.update == rewrite), None)
    plan = found.plan
    if again is not None:
        made = plan.communication.templates.get(again.template)
        values = answers_in(made, again.text) if made is not None else {}
        if values and made is not None:
            return Typed(audience=again.audience, template=made.id, status=again.status,
                         values=values)  # fmt: skip
        return Typed(audience=again.audience, template=FREE, status=again.status,
                     subject=again.subject, text=again.text)  # fmt: skip
    if audience not in plan.communication.audiences:
        waiting = tellings(plan, found.incident, now)
        audience = (
            waiting[0].audience.id if waiting else next(iter(plan.communication.audiences), "")
        )
    return Typed(audience=audience, template=template)


def _compose(plan: Plan, incident: Incident, form: Typed, now: datetime) -> Compose | None:
    audience = plan.communication.audiences.get(form.audience)
    if audience is None:
        return None
    telling = _telling(plan, incident, audience, now)
    known = plan.communication.templates
    name = telling.template if not form.template else form.template
    template = known.get(name)
    fitting = tuple(
        one
        for one in known.values()
        if limits.unfit_template(plan, incident, audience, one) is None
    )
    if template is not None and template not in fitting:
        fitting = (template, *fitting)
    usual = (template.status if template is not None else "") or incident.status
    status = form.status or usual or next(iter(plan.communication.statuses), "")
    planned = _planned(plan, incident, audience, status, now)
    asked = (
        questions(plan, incident, template, Said(planned, status), now)
        if template is not None and template.text
        else ()
    )
    return Compose(
        audience=audience,
        template=template,
        templates=fitting,
        wanted=telling.template,
        questions=asked,
        statuses=tuple(
            one for one in plan.communication.statuses
            if limits.unfit_status(plan, incident, one) is None
        ),
        status=status,
        free_text=template is None or not template.text,
        longest=_longest(plan, incident, audience, template),
        planned=planned,
        promised=telling.rule is not None and telling.rule.promised,
    )  # fmt: skip


def fitting(form: Typed, kept: Mapping[str, str]) -> Typed:
    """Return what was typed without what has no place in the chosen template."""
    values = {name: value for name, value in form.values.items() if name not in kept}
    return changed(form, values=values, text="" if "" in kept else form.text)


def _kept(compose: Compose, form: Typed) -> dict[str, str]:
    """Return what was typed and has no place in this form: by field, "" for what is no field."""
    asked = {one.field.name for one in compose.questions if one.takes}
    kept = {name: value for name, value in form.values.items() if name not in asked}
    return kept if compose.free_text or not form.text.strip() else {"": form.text, **kept}


def _telling(plan: Plan, incident: Incident, audience: Audience, now: datetime) -> Telling:
    known = (one for one in tellings(plan, incident, now) if one.audience.id == audience.id)
    return next(known, Telling(audience=audience))


def _planned(
    plan: Plan, incident: Incident, audience: Audience, status: str, now: datetime
) -> datetime | None:
    return next_due(plan, replace(incident, status=status), audience.id, now)


def _longest(
    plan: Plan, incident: Incident, audience: Audience, template: Template | None
) -> int:  # fmt: skip
    rules = limits.rules_for(plan, incident, audience.id)
    limits_of_length = [rule.max_length for rule in rules if rule.max_length]
    if template is not None and template.max_length:
        limits_of_length.append(template.max_length)
    return min(limits_of_length, default=0)


def _waiting(web: Web, caller: Known, plan: Plan, incident: Incident) -> list[Waiting]:
    belongs = standing(web.world.rules.organisation, caller.by, web.world.now())
    acts = may(caller, "respond")
    return [
        Waiting(
            update=update,
            proposal=one,
            audience=plan.communication.audiences[one.audience],
            approvers=approvers(plan, incident, one),
            names=_holders(web, plan, incident, approvers(plan, incident, one)),
            may_approve=acts and may_approve(plan, incident, one, caller.by, belongs),
            may_withdraw=acts and may_withdraw(plan, incident, one, caller.by, belongs),
        )
        for update, one in incident.proposals.items()
    ]


def _holders(
    web: Web, plan: Plan, incident: Incident, wanted: Sequence[str]
) -> tuple[str, ...]:  # fmt: skip
    """Say who may approve: whoever holds a role or is meant by a recipient now, by name."""
    organisation = web.world.rules.organisation
    names = Names(organisation)
    said = []
    for one in wanted:
        people = incident.holders.get(one, ())
        if not people and one in organisation.recipients:
            found = reach(organisation, one, web.world.now())
            people = tuple(person.id for person in found.people)
        if people:
            said.append(f"{names.all(people)} ({one})")
        else:
            said.append(f"{one}, whom nobody is now" if one in plan.roles else names(one))
    return tuple(said)
