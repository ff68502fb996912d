"""Whether an organisation has whoever a plan wants to address."""

from collections.abc import Iterable

from tocsin.core.document import listed, near
from tocsin.core.people import Organisation, Recipient
from tocsin.core.plan.model import Plan
from tocsin.core.problem import Problem
from tocsin.core.tree import Findings


def check_together(
    plan_recipients: Iterable[str], organisation: Organisation, file: str = ""
) -> list[Problem]:
    """Return what keeps a plan's recipients from being reached; `file` is the organisation's name.

    A recipient that the organisation lacks, and one that leads to no contact, is an error; an
    organisation without last resort is a warning.
    """
    found = Findings(file)
    known = (*organisation.recipients, *organisation.people)
    for name in sorted(set(plan_recipients)):
        if name not in known:
            found.add((0, 0), "organisation.missing-recipient", *_missing(name, organisation))
        elif not reachable(organisation, name):
            found.add((line_of(organisation, name), 1), *unreachable(organisation, name))
    if not organisation.last_resort:
        found.add(
            (0, 0),
            "organisation.no-last-resort",
            "there is no last resort: if nobody can be reached, nobody is alarmed",
            "Name a recipient: `last_resort: team-lead`.",
            "warning",
        )
    return sorted(found.problems)


def reachable(organisation: Organisation, recipient_id: str) -> bool:
    """Say whether a recipient leads to any contact, whoever of its roster is on call."""
    recipient = organisation.recipients.get(recipient_id, Recipient(id="", people=(recipient_id,)))
    return bool(recipient.contacts) or any(
        organisation.people[one].contacts
        for one in _everybody(organisation, recipient)
        if one in organisation.people
    )


def unreachable(organisation: Organisation, recipient_id: str) -> tuple[str, str, str]:
    """Say as (code, what, hint) that a recipient leads to no contact."""
    default = Recipient(id="", people=(recipient_id,))
    recipient = organisation.recipients.get(recipient_id, default)
    people = listed(_everybody(organisation, recipient))
    what = f"nobody can be reached as `{recipient_id}`: no contacts"
    hint = f"Give contacts to {people}." if people else f"Say who `{recipient_id}` is."
    return "organisation.unreachable-recipient", what, hint


def line_of(organisation: Organisation, recipient_id: str) -> int:
    """Return the line where a recipient, or the person of that name, is written; 0 if nowhere."""
    if recipient_id in organisation.recipients:
        return organisation.recipients[recipient_id].line
    return organisation.people[recipient_id].line if recipient_id in organisation.people else 0


def _everybody(organisation: Organisation, recipient: Recipient) -> tuple[str, ...]:
    roster = organisation.rosters.get(recipient.roster)
    return (*recipient.people, *(roster.rotation if roster is not None else ()))


def _missing(name: str, organisation: Organisation) -> tuple[str, str]:
    what = f"the plan addresses `{name}`, and this organisation has no such recipient"
    if name in organisation.rosters:
        return what, f"It has a roster of this name: add `{name}: {{roster: {name}}}`."
    example = next(iter(organisation.people), "ana")
    proposal = f"Add it under `recipients`: `{name}: {{people: [{example}]}}`."
    return what, near(name, (*organisation.recipients, *organisation.people)) + proposal


def check_qualifications(plan: Plan, organisation: Organisation, file: str = "") -> list[Problem]:
    """Return the roles of a plan that nobody here can hold: their people lack what they need."""
    found = Findings(file)
    for role in plan.roles.values():
        able = {one.id for one in organisation.people.values()
                if set(role.needs) <= set(one.qualifications)}  # fmt: skip
        recipient = organisation.recipients.get(role.taken_from)
        of_it = set(_everybody(organisation, recipient)) if recipient is not None else able
        if role.needs and not able & of_it:
            whose = f"of {role.taken_from} " if role.taken_from else ""
            found.add(
                (0, 0),
                "organisation.nobody-qualified",
                f"the plan has a role `{role.id}`, and nobody {whose}has the qualification for it",
                f"Add `qualifications: [{', '.join(role.needs)}]` to those people who can do it.",
                "warning",
            )
    return sorted(found.problems)
