"""Updates: what people tell an audience, who has to approve it, and why it is refused."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tocsin.core.document import near
from tocsin.core.incident import cadence, filling, limits, response
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.authority import among
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident, Proposal
from tocsin.core.plan.communication.model import Template
from tocsin.core.plan.communication.templates import Incomplete, Rendered, printable
from tocsin.core.plan.model import Plan
from tocsin.core.times import parse_duration

Decision = list[e.Event] | Refusal


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An update that is ready to go out, unless somebody has to approve it."""

    audience: str
    status: str
    subject: str
    text: str
    template: str = ""
    next_at: datetime | None = None
    promised: bool = False
    shows_next: bool = False


def publish(plan: Plan, incident: Incident, command: c.Publish, now: datetime) -> Decision:
    """Return what it does to tell an audience something: an update, or one to be approved."""
    draft = drafted(plan, incident, command, now)
    if isinstance(draft, Refusal):
        return draft
    if refusal := response.held_up(plan, incident, f"publish {draft.audience}", now):
        return refusal
    rules = limits.rules_for(plan, incident, draft.audience)
    if refusal := limits.not_yours(plan, incident, command, rules):
        return refusal
    approval = limits.approval(incident, command, rules)
    if approval:
        return [proposed(incident, draft, approval, command, now)]
    return [published(plan, incident, draft, command, now)]


def approve(plan: Plan, incident: Incident, command: c.Approve, now: datetime) -> Decision:
    """Return what it does to let a proposed update out."""
    proposal = incident.proposals.get(command.update)
    if proposal is None:
        return _no_proposal(incident, command.update)
    rules = limits.rules_for(plan, incident, proposal.audience)
    # The rules may be others by now: what is critical meanwhile is approved as what is critical.
    rule = next((one for one in rules if one.approved_by), None)
    approval = rule.approved_by if rule is not None else proposal.approval
    if not among(incident, command.by, command.standing, approval):
        line = rule.line if rule is not None else 0
        return Refusal(
            "incident.not-yours",
            f"{command.by} may not approve it: that is for {' or '.join(approval)} (line {line})",
            f"ask {' or '.join(approval)}",
        )
    if command.by == proposal.by and any(rule.two_people for rule in rules):
        return Refusal(
            "incident.second-needed", f"{command.by} wrote it, and it takes two people",
            f"let somebody else approve it: {' or '.join(approval)}",
        )  # fmt: skip
    if refusal := _outdated(plan, incident, proposal, command.update, now):
        return refusal
    if refusal := response.held_up(plan, incident, f"publish {proposal.audience}", now):
        return refusal
    draft = Draft(
        audience=proposal.audience, status=proposal.status, subject=proposal.subject,
        text=proposal.text, template=proposal.template, next_at=proposal.next_at,
        promised=proposal.promised,
    )  # fmt: skip
    return [published(plan, incident, draft, command, now, update=command.update)]


def withdraw(_plan: Plan, incident: Incident, command: c.Withdraw, now: datetime) -> Decision:
    """Return what it does that a proposed update does not go out."""
    proposal = incident.proposals.get(command.update)
    if proposal is None:
        return _no_proposal(incident, command.update)
    if not command.why.strip():
        return Refusal(
            "incident.reason-missing", "whoever wrote the update wants to know what is wrong",
            f"say why: tocsin approve {incident.code} {command.update} --no --why REASON",
        )  # fmt: skip
    return [
        e.UpdateWithdrawn(
            at=now, by=command.by, via=command.via, why=command.why, update=command.update,
            audience=proposal.audience,
        )
    ]  # fmt: skip


def closing(plan: Plan, incident: Incident, now: datetime) -> Decision:
    """Return what closing says of audiences that were never told, or why it is refused."""
    forgotten: list[e.Event] = []
    for audience in plan.communication.audiences.values():
        told = audience.id in incident.updates or audience.silent_close == "allowed"
        if told or not cadence.concerned(plan, incident, audience):
            continue
        if audience.silent_close == "refused":
            return Refusal(
                "incident.audience-untold",
                f"{audience.name} were never told of it (line {audience.line})",
                f"tell them: tocsin update {incident.code} --audience {audience.id} TEXT",
            )
        why = f"{audience.name} were never told of it"
        forgotten.append(
            e.AudienceForgotten(at=now, audience=audience.id, why=why, line=audience.line)
        )
    return forgotten


def drafted(plan: Plan, incident: Incident, command: c.Publish, now: datetime) -> Draft | Refusal:
    """Return the update as it would go out at `now`, or what is wrong with it."""
    audience = plan.communication.audiences.get(command.audience)
    if audience is None:
        known = plan.communication.audiences
        return Refusal(
            "incident.unknown-audience", f"the plan knows no audience `{command.audience}`",
            near(command.audience, known) + f"it has: {', '.join(known) or 'none at all'}",
        )  # fmt: skip
    if incident.state == "closed":
        return _closed(incident)
    template = _template(plan, incident, command, now)
    if isinstance(template, Refusal):
        return template
    status = command.status or (template.status if template else "") or incident.status
    status = status or next(iter(plan.communication.statuses), "")
    refusal = limits.unfit_template(plan, incident, audience, template)
    refusal = refusal or limits.unfit_status(plan, incident, status)
    if refusal:
        return refusal
    draft = Draft(audience=audience.id, status=status, subject="", text="")
    timed = _timed(plan, msgspec.structs.replace(incident, status=status), draft, command, now)
    if isinstance(timed, Refusal):
        return timed
    worded = (
        _free_words(incident, timed, command)
        if template is None
        else _rendered(plan, incident, timed, template, command, now)
    )
    if isinstance(worded, Refusal):
        return worded
    unfit = limits.unfit_words(plan, incident, audience, template, worded.subject, worded.text)
    return unfit or worded


def published(
    plan: Plan, incident: Incident, draft: Draft, command: c.Command, now: datetime,
    *, update: str = "",
) -> e.UpdatePublished:  # fmt: skip
    """Return the update as it goes out; `update` is the proposal that it was."""
    audience = plan.communication.audiences[draft.audience]
    late = 0
    for clock in incident.clocks:
        open_yet = clock.state == "running" or audience.id in cadence.stale(incident)
        if clock.name == cadence.PREFIX + audience.id and open_yet:
            late = max(int((now - clock.due).total_seconds()), 0)
    return e.UpdatePublished(
        at=now,
        by=command.by,
        via=command.via,
        why=command.why,
        line=audience.line,
        update=update or _next_id(incident),
        audience=audience.id,
        status=draft.status,
        subject=draft.subject,
        text=draft.text,
        template=draft.template,
        next_at=draft.next_at,
        promised=draft.promised,
        approved=bool(update),
        late_seconds=late,
        channels=limits.channels_of(plan, incident, audience),
        subscriptions=limits.subscriptions_of(plan, incident, audience),
        remarks=limits.remarks(plan, incident, audience, f"{draft.subject}\n{draft.text}"),
    )


def proposed(
    incident: Incident, draft: Draft, approval: Sequence[str], command: c.Command, now: datetime,
    *, task: str = "",
) -> e.UpdateProposed:  # fmt: skip
    """Return the update as it waits for somebody of `approval`."""
    return e.UpdateProposed(
        at=now, by=command.by, via=command.via, why=command.why, update=_next_id(incident),
        audience=draft.audience, status=draft.status, subject=draft.subject, text=draft.text,
        template=draft.template, next_at=draft.next_at,
        promised=draft.promised or draft.shows_next, approval=tuple(approval), task=task,
    )  # fmt: skip


def _next_id(incident: Incident) -> str:
    return f"update-{incident.updates_total + 1}"


def _no_proposal(incident: Incident, update: str) -> Refusal:
    waiting = ", ".join(incident.proposals)
    return Refusal(
        "incident.unknown-update", f"no update `{update}` waits for approval",
        f"waiting: {waiting}" if waiting else "none is waiting",
    )  # fmt: skip


def _outdated(
    plan: Plan, incident: Incident, proposal: Proposal, update: str, now: datetime
) -> Refusal | None:
    if incident.state == "closed":
        return _closed(incident)
    if proposal.promised and proposal.next_at is not None and proposal.next_at <= now:
        return Refusal(
            "incident.update-outdated",
            f"{update} promises the next update for {proposal.next_at:%H:%M} UTC, which is over",
            f"write it anew: tocsin update {incident.code} --audience {proposal.audience} TEXT",
        )
    reopened = incident.moments.get("reopened")
    if reopened is not None and reopened > proposal.at:
        return Refusal(
            "incident.update-outdated",
            f"{update} was written before {incident.code} was reopened",
            f"write it anew: tocsin update {incident.code} --audience {proposal.audience} TEXT",
        )
    audience = plan.communication.audiences[proposal.audience]
    template = plan.communication.templates.get(proposal.template)
    # Things may have changed since it was written: all that held then has to hold still.
    unfit = limits.unfit_template(plan, incident, audience, template)
    unfit = unfit or limits.unfit_status(plan, incident, proposal.status)
    return unfit or limits.unfit_words(
        plan, incident, audience, template, proposal.subject, proposal.text
    )


def _closed(incident: Incident) -> Refusal:
    return Refusal("incident.closed", f"{incident.code} is closed", "declare a new incident")


def _template(
    plan: Plan, incident: Incident, command: c.Publish, now: datetime
) -> Template | Refusal | None:
    """The template that is meant: the one named, or without any words the one that is wanted."""
    templates = plan.communication.templates
    name = command.template
    if not name and not command.text.strip():
        name = wanted_template(plan, incident, command.audience, now)
        if not name:
            return Refusal(
                "incident.empty-update", "the update says nothing",
                f"say how things stand: tocsin update {incident.code} --audience"
                f" {command.audience} TEXT",
            )  # fmt: skip
    if not name:
        return None
    if name not in templates:
        return Refusal(
            "incident.unknown-template", f"the plan knows no template `{name}`",
            near(name, templates) + f"it has: {', '.join(templates) or 'none at all'}",
        )  # fmt: skip
    return templates[name]


def wanted_template(plan: Plan, incident: Incident, audience: str, now: datetime) -> str:
    """Return the template that the plan asks for now: of an open task, else of the cadence."""
    for task in plan.tasks:
        state = incident.tasks.get(task.id)
        wanted = state is not None and state.state == "open" and task.do == "publish"
        if wanted and task.audience == audience and task.template:
            return task.template
    rule = cadence.counting(plan, incident, audience, now)
    return rule.template if rule is not None else ""


def _timed(
    plan: Plan, incident: Incident, draft: Draft, command: c.Publish, now: datetime
) -> Draft | Refusal:
    """Work out when the next update comes; what is promised is never later than the plan's."""
    rule = cadence.counting(plan, incident, draft.audience, now)
    planned = cadence.next_due(plan, incident, draft.audience, now)
    if not command.next:
        if rule is not None and rule.promised and planned is None:
            return Refusal(
                "incident.promise-missing",
                f"an update to {draft.audience} says when the next one comes (line {rule.line})",
                "say so: --next 30m",
            )
        return msgspec.structs.replace(draft, next_at=planned)
    try:
        next_at = now + parse_duration(command.next)
    except (ValueError, OverflowError) as error:
        what, _, hint = str(error).partition("; ")
        return Refusal("incident.promise", what, hint or "for example: --next 30m")
    if planned is not None and next_at > planned:
        line = rule.line if rule is not None else 0
        return Refusal(
            "incident.promise-too-late",
            f"the plan wants the next update to {draft.audience} sooner (line {line})",
            "leave --next out, or promise an earlier time",
        )
    return msgspec.structs.replace(draft, next_at=next_at, promised=True)


def _free_words(incident: Incident, draft: Draft, command: c.Publish) -> Draft | Refusal:
    if command.values:
        return Refusal(
            "incident.unknown-field",
            f"there is no template to put {next(iter(command.values))} in",
            "name it: --template TEMPLATE",
        )  # fmt: skip
    subject = printable(" ".join(command.subject.split()))
    return msgspec.structs.replace(draft, subject=subject, text=printable(command.text).strip())


def _rendered(
    plan: Plan, incident: Incident, draft: Draft, template: Template, command: c.Publish,
    now: datetime,
) -> Draft | Refusal:  # fmt: skip
    values = dict(command.values)
    if command.text.strip() and not template.text:
        done = Rendered(command.subject or template.subject, command.text.strip())
        return _with(draft, template, done)
    if command.text.strip():
        asked = [f.name for f in template.fields.values() if f.ask and f.name not in values]
        if not asked:
            return Refusal(
                "incident.unknown-field", f"the template {template.id} leaves no room for a text",
                "leave the text out, or the template",
            )  # fmt: skip
        values[asked[0]] = command.text.strip()
    if refusal := limits.unfit_values(incident, template, values):
        return refusal
    said = filling.Said(draft.next_at, draft.status)
    told = filling.render_template(plan, incident, template, values, now, said)
    if isinstance(told, Incomplete):
        return _missing(incident, draft, template, told.missing)
    return _with(draft, template, told)


def _with(draft: Draft, template: Template, told: Rendered) -> Draft:
    origins = {field.origin for field in template.fields.values()}
    shows = "next_update" in origins or "next_update" in f"{template.subject}{template.text}"
    return msgspec.structs.replace(
        draft, subject=told.subject, text=told.text, template=template.id,
        shows_next=shows and draft.next_at is not None,
    )  # fmt: skip


def _missing(
    incident: Incident, draft: Draft, template: Template, missing: Sequence[str]
) -> Refusal:
    named = []
    for name in missing:
        field = template.fields.get(name)
        named.append(f"{name} ({field.ask})" if field is not None and field.ask else name)
    first = missing[0]
    field = template.fields.get(first)
    origin = field.origin if field is not None else first
    way = f"tocsin update {incident.code} --audience {draft.audience} {first}=..."
    if origin.startswith("role."):
        way = f"tocsin role {incident.code} {origin.removeprefix('role.')} PERSON"
    elif origin.startswith("fact."):
        way = f"tocsin fact {incident.code} {origin.removeprefix('fact.')}=VALUE"
    elif origin in ("incident.resolved", "incident.duration", "incident.outage"):
        way = f"tocsin resolve {incident.code}"
    return Refusal(
        "incident.fields-missing",
        f"{template.id} cannot be written before these are known: {', '.join(named)}"
        f" (line {template.line})",
        f"say so: {way}",
    )
