"""How an update would go out, and what is in its way, before anybody sends it."""

from datetime import datetime

import msgspec

from tocsin.core.incident import authority, updates
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """An update as `decide` would publish it at that moment.

    `problems` are what is in its way: the first one is what publishing would be refused with, and
    with any of them the text is how far it is written (`gaps`: the fields that nobody has filled
    in). Without problems it goes out at once, or waits for somebody of `approval`; `second`: it
    takes two people, and this is the first. `channels` and `subscriptions` are as in
    UpdatePublished, `goes_to` are the recipients that it is sent to.
    """

    audience: str
    outside: bool = False
    subject: str = ""
    text: str = ""
    status: str = ""
    template: str = ""
    next_at: datetime | None = None
    late_seconds: int = 0
    channels: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    goes_to: tuple[str, ...] = ()
    approval: tuple[str, ...] = ()
    second: bool = False
    gaps: tuple[str, ...] = ()
    problems: tuple[Refusal, ...] = ()
    remarks: tuple[str, ...] = ()


def preview(plan: Plan, incident: Incident, command: c.Publish, now: datetime) -> Preview:
    """Return what `decide` would make of the command at `now`; nothing comes of it.

    The text, the checks and the event are those of publishing itself, so that the two cannot
    differ.
    """
    it = updates.weighed(plan, incident, command, now)
    refused = authority.refused(plan, incident, command)
    problems = it.problems if refused is None else (refused, *it.problems)
    draft = it.sketch.draft
    if draft is None:
        return Preview(audience=command.audience, problems=problems)
    audience = plan.communication.audiences[draft.audience]
    update = updates.published(plan, incident, draft, command, now)
    return Preview(
        audience=draft.audience,
        outside=audience.outside,
        subject=update.subject,
        text=update.text,
        status=update.status,
        template=update.template,
        next_at=update.next_at,
        late_seconds=update.late_seconds,
        channels=update.channels,
        subscriptions=update.subscriptions,
        goes_to=() if incident.exercise and audience.outside else audience.to,
        approval=it.approval,
        second=authority.permitted(plan, incident, command, now).waits,
        gaps=it.sketch.gaps,
        problems=problems,
        remarks=update.remarks,
    )
