"""Answers that support gives to customers: the plan's words, filled with what is public anyway."""

from datetime import datetime

import msgspec

from tocsin.core.incident.filling import value_of
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Incident
from tocsin.core.plan.communication.model import Prepared, Template
from tocsin.core.plan.communication.templates import Incomplete, Value, fill, names_in
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan
from tocsin.core.statuspage.model import Publication

PUBLIC = (
    "now", "components.affected", "incident.started", "incident.detected", "incident.so_far",
    "incident.resolved", "incident.duration", "incident.outage", "plan.",
)  # fmt: skip
"""Origins, by their beginnings, that say nothing but what readers of the page see or may see.

Not among them: facts, severities, titles, phases, roles. What an answer says of the status, the
title and the next update is what the page says.
"""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that fits. With `missing` it can't be given yet: nobody has said these in public.

    `status` and `status_at` are those of the latest entry of the page, "" and None without any.
    """

    id: str
    line: int
    text: str = ""
    subject: str = ""
    missing: tuple[str, ...] = ()
    status: str = ""
    status_at: datetime | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks to customers of a tier: `to` as the plan names them, `people` who that is now."""

    tier: str
    to: str
    people: tuple[str, ...] = ()


def answers(
    plan: Plan, incident: Incident, latest: Publication | None, now: datetime
) -> tuple[Answer, ...]:
    """Return the answers for an incident at `now`; none about one that is restricted."""
    support = plan.communication.support
    if support is None or incident.restricted is not None:
        return ()
    seen = situation(incident)
    return tuple(
        _answer(plan, incident, latest, prepared, now)
        for prepared in support.prepared
        if not prepared.when or holds(prepared.when, seen)
    )


def lines(plan: Plan, incident: Incident) -> tuple[Line, ...]:
    """Return who speaks to whom, the last line being for all other customers."""
    support = plan.communication.support
    if support is None:
        return ()
    named = [*support.lines.items(), *([("", support.otherwise)] if support.otherwise else [])]
    return tuple(Line(tier=tier, to=to, people=incident.holders.get(to, ())) for tier, to in named)


def _answer(
    plan: Plan, incident: Incident, latest: Publication | None, prepared: Prepared, now: datetime
) -> Answer:
    template = plan.communication.templates.get(prepared.template)
    bare = Answer(id=prepared.id, line=prepared.line)
    if template is None:
        return msgspec.structs.replace(bare, missing=(prepared.template,))
    known = _known(plan, incident, latest, template, now)
    written = fill(template, known, plan.time_zone)
    if latest is not None:
        bare = msgspec.structs.replace(bare, status=latest.status, status_at=latest.at)
    if isinstance(written, Incomplete):
        return msgspec.structs.replace(bare, missing=tuple(written.missing))
    return msgspec.structs.replace(bare, text=written.text, subject=written.subject)


def _known(
    plan: Plan, incident: Incident, latest: Publication | None, template: Template, now: datetime
) -> dict[str, Value]:
    known: dict[str, Value] = {}
    for name in names_in(f"{template.subject}\n{template.text}"):
        field = template.fields.get(name)
        value = _public(plan, incident, latest, field.origin if field is not None else name, now)
        if value is not None:
            known[name] = value
    return known


def _public(
    plan: Plan, incident: Incident, latest: Publication | None, origin: str, now: datetime
) -> Value | None:
    if origin == "incident.status":
        return latest.status or None if latest is not None else None
    if origin == "incident.title":
        return latest.title or None if latest is not None else None
    if origin == "next_update":
        return _promised(plan, incident, now)
    return value_of(plan, incident, origin, now) if origin.startswith(PUBLIC) else None


def _promised(plan: Plan, incident: Incident, now: datetime) -> datetime | None:
    """When the next update of the page comes, if that is ahead."""
    page = plan.communication.status_page
    told = incident.updates.get(page.audience) if page is not None else None
    return told.next_at if told is not None and told.next_at and told.next_at > now else None
