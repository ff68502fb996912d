"""A stage for a user's own plan and organisation: alerts that its rules know, and harmless edits.

Nobody has written down beside such a plan how long its steps may wait, so the invariants that need
that know only what holds for every plan.
"""

import msgspec

from tocsin.core.candidate import examine
from tocsin.core.people import Organisation
from tocsin.core.plan.model import AlertRule, Plan
from tocsin.simulation.stage import Edit, Stage
from tocsin.simulation.standard import STANDARD

LABELS_AT_MOST = 8
"""So many different alerts come; a plan with hundreds of rules is not played whole."""


class NotPlayable(Exception):
    """The two files can't be in force together; `reasons` says why, one sentence each."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def stage_of(name: str, plan_text: str, organisation_text: str = "") -> Stage:
    """Return the stage for the text of a plan and of an organisation.

    Without an organisation, one is invented in which everybody has two contacts. Raises
    NotPlayable.
    """
    plan = _plan_of(plan_text)
    if not organisation_text:
        organisation_text = invented(plan)
    candidate = examine(("plan.yaml", plan_text), ("org.yaml", organisation_text))
    if candidate.is_refused or candidate.organisation is None:
        errors = [str(problem) for problem in candidate.problems if problem.level == "error"]
        raise NotPlayable(errors)
    organisation = candidate.organisation
    sources = (one.id for one in organisation.integrations.values() if one.source != "heartbeat")
    return Stage(
        name=name,
        plan=plan_text,
        organisation=organisation_text,
        labels=_labels(plan),
        edits=(
            Edit("the same plan with another comment", plan=f"{plan_text}\n# later\n"),
            Edit("the plan as at the beginning", plan=plan_text),
            Edit("the same people", organisation=f"{organisation_text}\n# later\n"),
            Edit("the people as at the beginning", organisation=organisation_text),
        ),
        channels=_channels(organisation),
        integration=next(sources, STANDARD.integration),
    )


def invented(plan: Plan) -> str:
    """Return an organisation as text in which one person stands for each recipient of a plan."""
    able = sorted({need for role in plan.roles.values() for need in role.needs})
    names = {to: f"p{number}" for number, to in enumerate(sorted(plan.recipients()), 1)}
    people = {
        person: {
            "name": f"Somebody for {to}",
            "contacts": [f"email {person}@example.org", f"webhook {person}"],
            **({"qualifications": able} if able else {}),
        }
        for to, person in names.items()
    }
    return msgspec.json.encode(
        {
            "tocsin": 1,
            "organisation": plan.organisation or "Invented",
            "time_zone": plan.time_zone,
            "people": people,
            "recipients": {to: {"people": [person]} for to, person in names.items()},
            "last_resort": min(names),
            "integrations": {"prometheus": {"source": "alertmanager", "owner": min(names)}},
            "webhooks": {
                person: {"url": f"env:{person.upper()}_URL", "secret": f"env:{person.upper()}"}
                for person in people
            },
        }
    ).decode()


def _plan_of(text: str) -> Plan:
    candidate = examine(("plan.yaml", text), None)
    if candidate.plan is None or candidate.is_refused:
        errors = [str(problem) for problem in candidate.problems if problem.level == "error"]
        raise NotPlayable(errors)
    return candidate.plan


def _labels(plan: Plan) -> tuple[dict[str, str], ...]:
    """Return label sets that some rules of the plan match, and one that none does."""
    grouped = {label: f"some-{label}" for label in plan.alerts.group_by}
    matching = [_matched(rule) for rule in plan.alerts.rules]
    known = [labels for labels in matching if labels][: LABELS_AT_MOST - 1]
    found = [{"alertname": "Unheard", **grouped}]
    for number, labels in enumerate(known, 1):
        found.append({"alertname": f"Alert{number}", **grouped, **labels})
    return tuple(found)


def _matched(rule: AlertRule) -> dict[str, str]:
    """Return labels that a rule matches, {} if it wants a pattern: those are not made up here."""
    firsts = {label: values[0] for label, values in rule.match.items()}
    return {} if any(value.startswith("~") for value in firsts.values()) else firsts


def _channels(organisation: Organisation) -> tuple[tuple[str, str], ...]:
    """Return the channels that leave the house, with their failure domains."""
    contacts = {one for person in organisation.people.values() for one in person.contacts}
    contacts |= {one for to in organisation.recipients.values() for one in to.contacts}
    return tuple(sorted({(one.channel, one.domain) for one in contacts if one.domain != "local"}))
