"""What a template asks of whoever publishes, and what stands there if they say nothing."""

import re
from datetime import datetime

import msgspec

from tocsin.core.incident.filling import Said, known_values
from tocsin.core.incident.limits import may_be_said
from tocsin.core.incident.state import Incident
from tocsin.core.plan.communication.model import Template, TemplateField
from tocsin.core.plan.communication.templates import PLACEHOLDER, names_in, shown
from tocsin.core.plan.model import Plan


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a template; `known` is what it holds if nobody says more, "" if nobody knows.

    `takes`: people may say it. Without `known` and without a fallback, somebody has to.
    """

    field: TemplateField
    known: str = ""
    takes: bool = False

    @property
    def required(self) -> bool:
        """Whether the message cannot go out before somebody says it."""
        settled = self.known or self.field.fallback is not None or self.field.optional
        return not settled


def questions(
    plan: Plan, incident: Incident, template: Template, said: Said, now: datetime
) -> tuple[Question, ...]:
    """Return what a template has filled in, in the order of its text; `said` as in `filling`."""
    known = known_values(plan, incident, template, {}, now, said)
    found = []
    for name in names_in(f"{template.subject}\n{template.text}"):
        field = template.fields.get(name)
        value = known.get(name)
        found.append(
            Question(
                field=field or TemplateField(name=name, line=template.line, origin=name),
                known="" if value in (None, "", ()) else shown(value, plan.time_zone),
                takes=field is not None and bool(field.ask or may_be_said(field.origin)),
            )
        )
    return tuple(found)


def answers_in(template: Template, text: str) -> dict[str, str]:
    """Read out of a message that a template has made what people had answered; empty if it is not.

    This is how a proposal that was held back is written anew without typing all of it again.
    """
    names: list[str] = []
    pattern, end = "", 0
    for match in PLACEHOLDER.finditer(template.text.strip("\n")):
        pattern += re.escape(template.text.strip("\n")[end : match.start()]) + "(.*?)"
        names.append(match[1])
        end = match.end()
    pattern += re.escape(template.text.strip("\n")[end:])
    found = re.fullmatch(pattern, text.strip("\n"), re.DOTALL)
    if found is None:
        return {}
    said = dict(zip(names, found.groups(), strict=True))
    return {
        field.name: said[field.name]
        for field in template.fields.values()
        if field.ask and field.name in said and said[field.name] != field.fallback
    }
