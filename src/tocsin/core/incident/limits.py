"""What stands between an update and its readers: who may write, who approves, which words."""

from collections.abc import Iterator, Mapping, Sequence

from tocsin.core.document import near
from tocsin.core.incident import commands as c
from tocsin.core.incident.authority import among
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.filling import is_affected, is_down
from tocsin.core.incident.folds_of_updates import STATUS
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Incident
from tocsin.core.plan.communication.model import (
    Audience,
    Channel,
    PublishingRule,
    Template,
)
from tocsin.core.plan.communication.templates import left_open
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan

COPIED_AT_LEAST = 20
"""A shorter line that insiders and others both read is a coincidence."""


def rules_for(plan: Plan, incident: Incident, audience: str) -> tuple[PublishingRule, ...]:
    """Return the rules about publishing that count for an audience now, in the plan's order."""
    seen = situation(incident)
    return tuple(
        rule
        for rule in plan.communication.publishing
        if (not rule.audiences or audience in rule.audiences)
        and (not rule.severities or incident.severity in rule.severities)
        and (not rule.when or holds(rule.when, seen))
        and (
            not rule.components
            or any(is_affected(plan, incident, part) for part in rule.components)
        )
    )  # fmt: skip


def not_yours(
    plan: Plan, incident: Incident, command: c.Command, rules: Sequence[PublishingRule]
) -> Refusal | None:
    """Refuse whoever may not write to an audience; those who may approve may write too."""
    rule = next((one for one in rules if one.may), None)
    if rule is None:
        return None
    names = {*rule.may, *(name for one in rules for name in one.approved_by)}
    if among(incident, command.by, command.standing, sorted(names)):
        return None
    holder = [f"{incident.holders[n][0]} ({n})" for n in rule.may if incident.holders.get(n)]
    free = next((name for name in rule.may if name in plan.roles), "")
    way = f"ask {' or '.join(holder)}" if holder else f"ask {' or '.join(rule.may)}"
    if free and not holder:
        way += f", or take the role: tocsin role {incident.code} {free} PERSON"
    return Refusal(
        "incident.not-yours",
        f"{command.by or 'somebody unnamed'} may not publish this: that is for"
        f" {' or '.join(rule.may)} (line {rule.line})",
        way,
    )


def approval(
    incident: Incident, command: c.Command, rules: Sequence[PublishingRule]
) -> tuple[str, ...]:
    """Return of whom one has to approve what `command` wants published; empty if nobody has to.

    Whoever may approve needs nobody else, unless it takes two people.
    """
    rule = next((one for one in rules if one.approved_by), None)
    if rule is None:
        return ()
    alone = not any(one.two_people for one in rules)
    if alone and among(incident, command.by, command.standing, rule.approved_by):
        return ()
    return rule.approved_by


def may_publish_alone(rules: Sequence[PublishingRule]) -> bool:
    """Whether Tocsin may publish by itself: the first rule that speaks of it decides."""
    for rule in rules:
        if rule.automatic is not None:
            return rule.automatic
        if rule.approved_by:
            return False
    return True


def unfit_template(
    plan: Plan, incident: Incident, audience: Audience, template: Template | None
) -> Refusal | None:
    """Refuse a template that is not for this audience, severity or situation."""
    if template is None:
        return None
    if template.audiences and audience.id not in template.audiences:
        meant = [plan.communication.audiences.get(name) for name in template.audiences]
        inside = audience.outside and all(one is None or not one.outside for one in meant)
        code = "incident.internal-text" if inside else "incident.template-audience"
        for_whom = f"for {', '.join(template.audiences)} (line {template.line})"
        return Refusal(
            code,
            f"{template.id} is {for_whom}"
            + (f", and {audience.name} read along from outside" if inside else ""),
            _others(plan, incident, audience),
        )
    if template.severities and incident.severity not in template.severities:
        return Refusal(
            "incident.template-severity",
            f"{template.id} is for {', '.join(template.severities)}, and {incident.code} is"
            f" {incident.severity} (line {template.line})",
            _others(plan, incident, audience),
        )
    if template.when and not holds(template.when, situation(incident)):
        return Refusal(
            "incident.template-condition",
            f"{template.id} is for incidents with {template.when} (line {template.line})",
            _others(plan, incident, audience),
        )
    return None


def unfit_status(plan: Plan, incident: Incident, status: str) -> Refusal | None:
    """Refuse a status that is no word of the plan, or that cannot follow the present one."""
    statuses = plan.communication.statuses
    if not statuses:
        return None
    if status not in statuses:
        return Refusal(
            "incident.unknown-status", f"the plan knows no status `{status}`",
            near(status, statuses) + f"it has: {', '.join(statuses)}",
        )  # fmt: skip
    before = incident.status
    if before in ("", status) or before not in statuses or status in statuses[before]:
        return None
    reopened, said = incident.moments.get("reopened"), incident.moments.get(STATUS)
    if reopened is not None and said is not None and reopened >= said:
        return None
    following = ", ".join(statuses[before])
    return Refusal(
        "incident.status-order", f"after {before} the status cannot be {status}",
        f"it can be: {following}"
        if following
        else f"if it is not over: tocsin reopen {incident.code}",
    )  # fmt: skip


def wrong_values(
    incident: Incident, template: Template, values: Mapping[str, str]
) -> Iterator[Refusal]:
    """Refuse each value that a template does not take."""
    for name, value in values.items():
        field = template.fields.get(name)
        if field is None or not (field.ask or may_be_said(field.origin)):
            askable = [f.name for f in template.fields.values() if f.ask or may_be_said(f.origin)]
            yield Refusal(
                "incident.unknown-field",
                f"{template.id} does not ask for `{name}` (line {template.line})",
                near(name, askable) + f"it asks for: {', '.join(askable) or 'nothing'}",
            )
            continue
        if field.one_of and value.strip() and value not in field.one_of:
            yield Refusal(
                "incident.field-value", f"`{value}` is no answer for {name} (line {field.line})",
                f"it takes: {', '.join(field.one_of)}",
            )  # fmt: skip
        if field.max_length and len(value) > field.max_length:
            yield Refusal(
                "incident.too-long",
                f"{name} has {len(value)} characters, and {field.max_length} are allowed"
                f" (line {field.line})",
                "say it in fewer words",
            )
        if found := left_open(value, template.literal):
            yield _placeholder(found[0])


def unfit_words(
    plan: Plan, incident: Incident, audience: Audience, template: Template | None, subject: str,
    text: str,
) -> Refusal | None:  # fmt: skip
    """Refuse words that must not go out to this audience, for what counts most."""
    return next(wrong_words(plan, incident, audience, template, subject, text), None)


def wrong_words(
    plan: Plan, incident: Incident, audience: Audience, template: Template | None, subject: str,
    text: str,
) -> Iterator[Refusal]:  # fmt: skip
    """Refuse words that must not go out to this audience, for each thing that is wrong."""
    whole = f"{subject}\n{text}"
    if template is None and (found := [one for one in left_open(text) if one.startswith("[")]):
        yield _placeholder(found[0])
    longest = template.max_length if template is not None else 0
    if refusal := _too_long(text, longest, template.line if template is not None else 0):
        yield refusal
    for said in template.must_say if template is not None else ():
        if said.casefold() not in whole.casefold():
            line = template.line if template is not None else 0
            yield Refusal(
                "incident.must-say", f"the update has to say: {said} (line {line})", "add it"
            )
    for rule in rules_for(plan, incident, audience.id):
        if rule.only_when and not holds(rule.only_when, situation(incident)):
            yield Refusal(
                "incident.not-published",
                f"{audience.name} are told only when {rule.only_when} (line {rule.line})",
                f"if that is so, state it: tocsin fact {incident.code} NAME=VALUE",
            )
        if found := _said(rule.never, whole):
            yield Refusal(
                "incident.forbidden-words",
                f"an update to {audience.name} never says `{found[0]}` (line {rule.line})",
                "say it in other words",
            )
        if refusal := _too_long(text, rule.max_length, rule.line):
            yield refusal
    if copied := _copied_from_inside(plan, incident, audience, template, text):
        yield copied


def remarks(plan: Plan, incident: Incident, audience: Audience, whole: str) -> tuple[str, ...]:
    """Return what the plan has against words that go out all the same."""
    return tuple(
        f"`{word}` says nothing (line {rule.line})"
        for rule in rules_for(plan, incident, audience.id)
        for word in _said(rule.avoid, whole)
    )


def channels_of(plan: Plan, incident: Incident, audience: Audience) -> tuple[str, ...]:
    """Return by which channels an audience is told now; others stand in for those that are down."""
    channels = plan.communication.channels
    used: list[str] = []
    for name in audience.channels:
        found = _working(plan, incident, channels, name, frozenset())
        if found and _is_used(incident, channels[found], audience):
            used.append(found)
    return tuple(dict.fromkeys(used))


def subscriptions_of(plan: Plan, incident: Incident, audience: Audience) -> tuple[str, ...]:
    """Return by which subscriptions readers of the status page hear of an entry."""
    page = plan.communication.status_page
    if page is None or page.audience != audience.id:
        return ()
    return tuple(
        one.by
        for one in page.subscriptions
        if (not one.severities or incident.severity in one.severities)
        and (not one.tiers or not audience.tiers or {*one.tiers} & {*audience.tiers})
    )


def _working(
    plan: Plan, incident: Incident, channels: Mapping[str, Channel], name: str,
    tried: frozenset[str],
) -> str:  # fmt: skip
    channel = channels.get(name)
    if channel is None or name in tried:
        return ""
    if not any(is_down(plan, incident, part) for part in channel.depends_on):
        return name
    for other in channel.instead:
        if found := _working(plan, incident, channels, other, tried | {name}):
            return found
    return "" if channel.instead else name


def _is_used(incident: Incident, channel: Channel, audience: Audience) -> bool:
    if channel.severities and incident.severity not in channel.severities:
        return False
    if channel.tiers and not {*channel.tiers} & {*audience.tiers}:
        return False
    return not channel.when or holds(channel.when, situation(incident))


def _copied_from_inside(
    plan: Plan, incident: Incident, audience: Audience, template: Template | None, text: str
) -> Refusal | None:
    """Refuse free words to outsiders that stand in an update to insiders already."""
    if not audience.outside or template is not None:
        return None
    lines = {line.strip() for line in text.splitlines() if len(line.strip()) >= COPIED_AT_LEAST}
    for other, update in incident.updates.items():
        about = plan.communication.audiences.get(other)
        if about is None or about.outside:
            continue
        if lines & {line.strip() for line in update.text.splitlines()}:
            return Refusal(
                "incident.internal-text",
                f"these words were written for {about.name}, who are {about.visibility}",
                f"write for {audience.name} in other words, or by a template that is for both",
            )
    return None


def may_be_said(origin: str) -> bool:
    """Whether people may say what an origin would: not what Tocsin itself knows."""
    return not origin or origin.startswith(("fact.", "role.", "postmortem.", "components."))


def _said(words: Sequence[str], whole: str) -> list[str]:
    return [word for word in words if word.casefold() in whole.casefold()]


def _too_long(text: str, longest: int, line: int) -> Refusal | None:
    if not longest or len(text) <= longest:
        return None
    return Refusal(
        "incident.too-long",
        f"the update has {len(text)} characters, and {longest} are allowed (line {line})",
        "say it in fewer words",
    )


def _placeholder(found: str) -> Refusal:
    return Refusal(
        "incident.placeholder", f"`{found}` looks like something that was never filled in",
        "write what belongs there",
    )  # fmt: skip


def _others(plan: Plan, incident: Incident, audience: Audience) -> str:
    fits = [
        one.id
        for one in plan.communication.templates.values()
        if (not one.audiences or audience.id in one.audiences)
        and (not one.severities or incident.severity in one.severities)
    ]
    freely = "write it freely: --free"
    return f"fitting: {', '.join(fits)}; or {freely}" if fits else freely
