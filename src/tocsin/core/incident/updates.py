"""Updates: what people tell an audience, who has to approve it, and why it is refused."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tocsin.core.incident import cadence, drafting, limits, response
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.authority import among
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.drafting import Draft, Sketch, sketched
from tocsin.core.incident.state import Incident, Proposal
from tocsin.core.plan.model import Plan

Decision = list[e.Event] | Refusal


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """An update with everything that decides whether it goes out.

    `problems` are what is in its way, what counts most first; without any, it waits for somebody of
    `approval`, or goes out at once where that is empty.
    """

    sketch: Sketch
    problems: tuple[Refusal, ...]
    approval: tuple[str, ...] = ()


def weighed(plan: Plan, incident: Incident, command: c.Publish, now: datetime) -> Weighed:
    """Weigh an update by the plan; publishing and its preview both ask here."""
    sketch = sketched(plan, incident, command, now)
    problems = list(sketch.problems)
    if sketch.draft is None:
        return Weighed(sketch=sketch, problems=tuple(problems))
    rules = limits.rules_for(plan, incident, sketch.draft.audience)
    hindrances = (
        response.held_up(plan, incident, f"publish {sketch.draft.audience}", now),
        limits.not_yours(plan, incident, command, rules),
    )
    problems += [refusal for refusal in hindrances if refusal is not None]
    approval = limits.approval(incident, command, rules)
    return Weighed(sketch=sketch, problems=tuple(problems), approval=approval)


def publish(plan: Plan, incident: Incident, command: c.Publish, now: datetime) -> Decision:
    """Return what it does to tell an audience something: an update, or one to be approved."""
    it = weighed(plan, incident, command, now)
    if it.problems or it.sketch.draft is None:
        return it.problems[0]
    if it.approval:
        return [proposed(incident, it.sketch.draft, it.approval, command, now)]
    return [published(plan, incident, it.sketch.draft, command, now)]


def approve(plan: Plan, incident: Incident, command: c.Approve, now: datetime) -> Decision:
    """Return what it does to let a proposed update out."""
    proposal = incident.proposals.get(command.update)
    if proposal is None:
        return _no_proposal(incident, command.update)
    rules = limits.rules_for(plan, incident, proposal.audience)
    rule = next((one for one in rules if one.approved_by), None)
    # What is critical meanwhile is approved as what is critical.
    approval = approvers(plan, incident, proposal)
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


def withdraw(plan: Plan, incident: Incident, command: c.Withdraw, now: datetime) -> Decision:
    """Return what it does that a proposed update does not go out."""
    proposal = incident.proposals.get(command.update)
    if proposal is None:
        return _no_proposal(incident, command.update)
    if not may_withdraw(plan, incident, proposal, command.by, command.standing):
        return Refusal(
            "incident.not-yours",
            f"{command.by or 'somebody unnamed'} may not hold it back: that is for"
            f" {' or '.join(_withdrawers(plan, incident, proposal))}",
            f"ask them, or put on the record what is wrong: tocsin note {incident.code} TEXT",
        )
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


def approvers(plan: Plan, incident: Incident, proposal: Proposal) -> tuple[str, ...]:
    """Return of whom one has to approve a proposal now; the rules may be others by now."""
    rules = limits.rules_for(plan, incident, proposal.audience)
    return next((rule.approved_by for rule in rules if rule.approved_by), proposal.approval)


def may_approve(
    plan: Plan, incident: Incident, proposal: Proposal, person: str, belongs: Sequence[str]
) -> bool:
    """Whether a person may let a proposed update out, by the rules as they are now."""
    rules = limits.rules_for(plan, incident, proposal.audience)
    two = person == proposal.by and any(rule.two_people for rule in rules)
    return not two and among(incident, person, belongs, approvers(plan, incident, proposal))


def may_withdraw(
    plan: Plan, incident: Incident, proposal: Proposal, person: str, belongs: Sequence[str]
) -> bool:
    """Whether a person may hold a proposed update back: its writer, an approver, or the lead."""
    if e.BY_PLAN in belongs:
        return True
    return among(incident, person, belongs, _withdrawers(plan, incident, proposal))


def _withdrawers(plan: Plan, incident: Incident, proposal: Proposal) -> tuple[str, ...]:
    writer = () if proposal.by == e.BY_PLAN else (proposal.by,)
    lead = tuple(role.id for role in plan.roles.values() if role.lead)
    return tuple(dict.fromkeys((*writer, *approvers(plan, incident, proposal), *lead)))


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
        return drafting.closed(incident)
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
