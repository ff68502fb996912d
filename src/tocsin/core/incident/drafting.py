"""Writing an update: the template, the status, the promise, the words, and what is wrong with them.

A sketch is the update as far as it is written, with everything that is in its way; people see it
while they type, and what is published is the sketch that nothing is in the way of.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from tocsin.core.document import near
from tocsin.core.incident import cadence, filling, limits
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident
from tocsin.core.plan.communication.model import Template
from tocsin.core.plan.communication.templates import Rendered, printable
from tocsin.core.plan.model import Plan
from tocsin.core.times import parse_duration


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


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """An update as far as it is written, and all that is in its way, what counts most first.

    `draft` is None where nobody can say what it would be. `gaps` are the fields that nobody has
    filled in; they stand in the text as `‹name›`.
    """

    draft: Draft | None = None
    problems: tuple[Refusal, ...] = ()
    gaps: tuple[str, ...] = ()


def sketched(plan: Plan, incident: Incident, command: c.Publish, now: datetime) -> Sketch:
    """Return the update as it would go out at `now`, with what is wrong with it."""
    audience = plan.communication.audiences.get(command.audience)
    if audience is None:
        known = plan.communication.audiences
        unknown = Refusal(
            "incident.unknown-audience", f"the plan knows no audience `{command.audience}`",
            near(command.audience, known) + f"it has: {', '.join(known) or 'none at all'}",
        )  # fmt: skip
        return Sketch(problems=(unknown,))
    if incident.state == "closed":
        return Sketch(problems=(closed(incident),))
    template, unnamed = _template(plan, incident, command, now)
    status = command.status or (template.status if template else "") or incident.status
    status = status or next(iter(plan.communication.statuses), "")
    wrong = [
        unnamed,
        limits.unfit_template(plan, incident, audience, template),
        limits.unfit_status(plan, incident, status),
    ]
    draft = Draft(audience=audience.id, status=status, subject="", text="")
    draft, refusal = _timed(
        plan, msgspec.structs.replace(incident, status=status), draft, command, now
    )
    wrong.append(refusal)
    found = [refusal for refusal in wrong if refusal is not None]
    if template is None:
        worded = _free_words(draft, command)
    else:
        worded = _rendered(plan, incident, draft, template, command, now)
    found += worded.problems
    if whole := worded.draft:
        found += limits.wrong_words(plan, incident, audience, template, whole.subject, whole.text)
    return msgspec.structs.replace(worded, problems=tuple(found))


def drafted(plan: Plan, incident: Incident, command: c.Publish, now: datetime) -> Draft | Refusal:
    """Return the update as it would go out at `now`, or what is wrong with it first of all."""
    sketch = sketched(plan, incident, command, now)
    if sketch.problems or sketch.draft is None:
        return sketch.problems[0]
    return sketch.draft


def closed(incident: Incident) -> Refusal:
    """Return why nothing is published of an incident that is closed."""
    return Refusal("incident.closed", f"{incident.code} is closed", "declare a new incident")


def _template(
    plan: Plan, incident: Incident, command: c.Publish, now: datetime
) -> tuple[Template | None, Refusal | None]:
    """The template that is meant: the one named, else the one that the plan wants; None: none.

    With it comes what is wrong if there is none, and none is no good.
    """
    templates = plan.communication.templates
    name = command.template
    if not name and not command.free:
        name = wanted_template(plan, incident, command.audience, now)
    if not name and not command.text.strip():
        return None, Refusal(
            "incident.empty-update", "the update says nothing",
            f"say how things stand: tocsin update {incident.code} --audience"
            f" {command.audience} TEXT",
        )  # fmt: skip
    if not name:
        return None, None
    if name not in templates:
        return None, Refusal(
            "incident.unknown-template", f"the plan knows no template `{name}`",
            near(name, templates) + f"it has: {', '.join(templates) or 'none at all'}",
        )  # fmt: skip
    return templates[name], None


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
) -> tuple[Draft, Refusal | None]:
    """Work out when the next update comes; what is promised is never later than the plan's."""
    rule = cadence.counting(plan, incident, draft.audience, now)
    planned = cadence.next_due(plan, incident, draft.audience, now)
    usual = msgspec.structs.replace(draft, next_at=planned)
    if not command.next:
        if rule is not None and rule.promised and planned is None:
            return usual, Refusal(
                "incident.promise-missing",
                f"an update to {draft.audience} says when the next one comes (line {rule.line})",
                "say so: --next 30m",
            )
        return usual, None
    try:
        next_at = now + parse_duration(command.next)
    except (ValueError, OverflowError) as error:
        what, _, hint = str(error).partition("; ")
        return usual, Refusal("incident.promise", what, hint or "for example: --next 30m")
    if planned is not None and next_at > planned:
        line = rule.line if rule is not None else 0
        return usual, Refusal(
            "incident.promise-too-late",
            f"the plan wants the next update to {draft.audience} sooner (line {line})",
            "leave --next out, or promise an earlier time",
        )
    return msgspec.structs.replace(draft, next_at=next_at, promised=True), None


def _free_words(draft: Draft, command: c.Publish) -> Sketch:
    subject = printable(" ".join(command.subject.split()))
    worded = msgspec.structs.replace(draft, subject=subject, text=printable(command.text).strip())
    if not command.values:
        return Sketch(draft=worded)
    unknown = Refusal(
        "incident.unknown-field",
        f"there is no template to put {next(iter(command.values))} in",
        "name it: --template TEMPLATE",
    )
    return Sketch(draft=worded, problems=(unknown,))


def _rendered(
    plan: Plan, incident: Incident, draft: Draft, template: Template, command: c.Publish,
    now: datetime,
) -> Sketch:  # fmt: skip
    values = dict(command.values)
    said = printable(command.text).strip()
    problems: list[Refusal] = []
    if not template.text:
        # What its file says comes as the text, and is filled in as any other template.
        if not said:
            problems.append(_kept_elsewhere(incident, draft, template))
        template = msgspec.structs.replace(template, text=said)
    elif said:
        if asked := next(_for_words(template, values), ""):
            values[asked] = said
        else:
            problems.append(_no_room(template, command))
    problems += limits.wrong_values(incident, template, values)
    announced = filling.Said(draft.next_at, draft.status)
    told, gaps = filling.sketch_template(plan, incident, template, values, now, announced)
    if gaps:
        problems.append(_missing(incident, draft, template, gaps))
    subject = printable(" ".join(command.subject.split()))
    if subject and template.subject:
        problems.append(_own_subject(template))
    told = Rendered(told.subject or subject, told.text)
    return Sketch(draft=_with(draft, template, told), problems=tuple(problems), gaps=gaps)


def _for_words(template: Template, values: Mapping[str, str]) -> Iterator[str]:
    """Yield the fields that people are asked for, in words of their own, and have not said."""
    for field in template.fields.values():
        if field.ask and not field.one_of and field.name not in values:
            yield field.name


def _kept_elsewhere(incident: Incident, draft: Draft, template: Template) -> Refusal:
    return Refusal(
        "incident.empty-update",
        f"the words of {template.id} are kept in {template.file} (line {template.line})",
        f"say them: tocsin update {incident.code} --audience {draft.audience} --template"
        f" {template.id} TEXT",
    )


def _no_room(template: Template, command: c.Publish) -> Refusal:
    if command.template:
        return Refusal(
            "incident.unknown-field", f"the template {template.id} leaves no room for a text",
            "leave the text out, or the template",
        )  # fmt: skip
    return Refusal(
        "incident.template-wanted",
        f"the plan wants the template {template.id} (line {template.line}), which leaves no room"
        " for words of your own",
        "leave the text out; or use no template: --free",
    )


def _own_subject(template: Template) -> Refusal:
    return Refusal(
        "incident.unknown-field",
        f"the template {template.id} has a subject of its own (line {template.line})",
        "leave the subject out; or use no template: --free",
    )


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
    way = f"tocsin update {incident.code} --audience {draft.audience} --set {first}=..."
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
