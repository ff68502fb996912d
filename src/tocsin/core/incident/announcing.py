"""What Tocsin itself does about updates: it sends them, and publishes what it may by itself."""

from collections.abc import Iterator
from datetime import datetime

from tocsin.core.incident import commands as c
from tocsin.core.incident import drafting, limits, response, tasks, updates
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.fold import fold
from tocsin.core.incident.state import Incident
from tocsin.core.oncall import Reach, reach
from tocsin.core.people import Organisation
from tocsin.core.plan.communication.model import Announcement, Audience
from tocsin.core.plan.model import Plan

CLERK = c.Command(by=e.BY_PLAN, standing=(e.BY_PLAN,))
"""In whose name the plan publishes."""


def sent(
    plan: Plan, incident: Incident, organisation: Organisation, now: datetime
) -> Iterator[e.Event]:
    """Tell the readers of updates that were published and not sent yet.

    In an exercise nobody outside the organisation is told anything.
    """
    for name, update in incident.updates.items():
        audience = plan.communication.audiences.get(name)
        if update.sent or audience is None:
            continue
        for to, found in readers(incident, audience, organisation, now):
            if found.gap:
                why = f"{found.gap}; an update for {audience.name} waits for somebody"
                yield e.NobodyReached(
                    at=now, message="update", to=to, step=update.update, why=why,
                    line=audience.line,
                )  # fmt: skip
                continue
            people = tuple(p.id for p in found.people) + ((to,) if found.contacts else ())
            yield e.Told(
                at=now, message="update", to=to, people=people, step=update.update,
                until="resolved", why=_headline(update.status, audience.name), line=audience.line,
            )  # fmt: skip


def readers(
    incident: Incident, audience: Audience, organisation: Organisation, now: datetime
) -> tuple[tuple[str, Reach], ...]:
    """Return each recipient to whom an update is sent, with who that is now.

    Whoever only reads a page is not among them, and in an exercise nobody outside is.
    """
    if incident.exercise and audience.outside:
        return ()
    return tuple((to, reach(organisation, to, now)) for to in audience.to)


def automatic(plan: Plan, incident: Incident, now: datetime) -> Iterator[e.Event]:
    """Publish what the plan announces by itself and is asked for now; or say that it cannot be."""
    for announcement in plan.communication.announcements:
        state = incident.tasks.get(announcement.task)
        if not announcement.automatic or state is None or state.state != "open":
            continue
        if any(one.task == announcement.task for one in incident.proposals.values()):
            continue
        if tasks.is_shown(plan, incident, announcement.task):
            continue  # the update before this one said it: nobody is told the same twice
        given_up = incident.unwritten.get(announcement.task)
        if given_up is not None and given_up >= state.since:
            continue  # it is a person's to write by now
        for event in _written(plan, incident, announcement, now):
            yield event
            incident = fold(incident, event)


def _written(
    plan: Plan, incident: Incident, announcement: Announcement, now: datetime
) -> Iterator[e.Event]:
    wanted = c.Publish(
        by=CLERK.by, standing=CLERK.standing, why=f"announcement when {announcement.at}",
        audience=announcement.audience, template=announcement.template,
    )  # fmt: skip
    draft = drafting.drafted(plan, incident, wanted, now)
    held = response.held_up(plan, incident, f"publish {announcement.audience}", now)
    if held is not None or isinstance(draft, Refusal):
        refusal = draft if isinstance(draft, Refusal) else held
        why = f"{refusal.reason}; {refusal.hint}" if refusal is not None else ""
        yield e.UpdateRefused(
            at=now, task=announcement.task, audience=announcement.audience, why=why,
            line=announcement.line,
        )  # fmt: skip
        return
    rules = limits.rules_for(plan, incident, announcement.audience)
    approval = next((rule.approved_by for rule in rules if rule.approved_by), ())
    if approval and not limits.may_publish_alone(rules):
        yield updates.proposed(incident, draft, approval, wanted, now, task=announcement.task)
        return
    yield updates.published(plan, incident, draft, wanted, now)


def _headline(status: str, audience: str) -> str:
    return f"update for {audience}" + (f": {status}" if status else "")
