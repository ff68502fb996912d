"""What the rules about people ask somebody to do, as tasks."""

from collections.abc import Iterator, Mapping

from tocsin.core.plan.catalogue.standing import DOWN, component_fact
from tocsin.core.plan.conditions import facts_in
from tocsin.core.plan.people.model import People, Role
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.task import Task


def people_tasks(scope: Scope, roles: Mapping[str, Role], people: People) -> tuple[Task, ...]:
    """Return the tasks of roles, teams, modes, doubts and of several incidents at once."""
    return (
        *(task for role in roles.values() for task in _of_role(scope, role)),
        *_of_teams(roles, people),
        *_of_modes(people),
        *_of_several(people),
        *_of_doubts(scope, roles, people),
    )


def _of_role(scope: Scope, role: Role) -> Iterator[Task]:
    if role.assign_within is not None and role.then:
        # While nobody has answered at all, the escalation is calling people anyway.
        yield Task(
            id=f"role/{role.id}/nobody", text=f"Somebody must become {role.name}", group="roles",
            do="page", to=role.then, after=f"missed assign {role.id}", until=f"role {role.id}",
            when='state == "acknowledged"', line=role.line,
            why=f"nobody became {role.name} in time",
        )  # fmt: skip
    for component, recipient in role.experts.items():
        if component not in scope.file.components:
            continue
        fact = component_fact(component, scope.file.components[component])
        troubled = " || ".join(f'{fact} == "{value}"' for value in (*sorted(DOWN), "degraded"))
        yield Task(
            id=f"expert/{role.id}/{component}", group="roles",
            text=f"{role.name} for {component} is asked",
            do="page" if role.required_for else "notify", to=(recipient,), when=troubled, after="",
            until="resolved", line=role.line, severities=role.required_for,
            why=f"{component} is in trouble, and you know it",
        )  # fmt: skip
        yield Task(
            id=f"expert/{role.id}/{component}/involved", line=role.line, group="roles",
            text=f"Involve {recipient} for {component}, or say that none is available",
            when=troubled, after="", until="resolved", severities=role.required_for,
            need="if possible", by=recipient, met_by=f"role {role.id}",
        )  # fmt: skip


def _of_teams(roles: Mapping[str, Role], people: People) -> Iterator[Task]:
    for team in people.teams:
        lead = roles.get(team.lead)
        if lead is None:
            continue
        others = [roles[role].name for role in team.roles if role in roles]
        members = f" with {', '.join(others)}" if others else ""
        if lead.taken_from:
            yield Task(
                id=f"team/{team.id}/lead", text=f"{team.name}: {lead.name} is asked for",
                group="teams", do="page", to=(lead.taken_from,), when=team.when, after="",
                until="resolved", line=team.line, why=f"{team.name} needs its {lead.name}",
            )  # fmt: skip
        yield Task(
            id=f"team/{team.id}", text=f"Set up {team.name}{members}, led by {lead.name}",
            group="teams", when=team.when, after="", until="resolved", line=team.line,
            within=lead.assign_within, by=lead.id, met_by=f"role {lead.id}",
        )  # fmt: skip


def _of_modes(people: People) -> Iterator[Task]:
    for mode in people.modes.values():
        if mode.notify:
            yield Task(
                id=f"mode/{mode.id}", text=f"{mode.name} has begun", group="modes", do="notify",
                to=mode.notify, after=f"mode {mode.id}", line=mode.line,
                why=f"{mode.name} has begun" + (f": {mode.about}" if mode.about else ""),
            )  # fmt: skip


def _of_several(people: People) -> Iterator[Task]:
    several = people.several
    if several is not None and several.page:
        yield Task(
            id="several-incidents", text="Several incidents are open", group="several incidents",
            do="page", to=several.page, when=f"other_incidents >= {several.when_open - 1}.0",
            until="resolved", line=several.line,
            why=f"{several.when_open} or more incidents are open at once",
        )  # fmt: skip


def _of_doubts(scope: Scope, roles: Mapping[str, Role], people: People) -> Iterator[Task]:
    """Where doubts have to be cleared up: a question for each fact that decides a severity."""
    if people.in_doubt != "ask":
        return
    named = {
        fact for severity in scope.file.severities.values() for text in severity.when
        for fact in facts_in(text)
    }  # fmt: skip
    for fact in scope.facts.values():
        if fact.name in named:
            yield Task(
                id=f"doubt/{fact.name}", text=f"Clear up: {fact.about or fact.name}", do="ask",
                group="doubts", answer=fact.name, after="", line=people.in_doubt_line,
                when=f'in_doubt.contains(" {fact.name} ")', until="resolved", by=_lead(roles),
                why=f"{fact.name} is in doubt, and the severity depends on it",
            )  # fmt: skip


def _lead(roles: Mapping[str, Role]) -> str:
    return next((role.id for role in roles.values() if role.lead), "")
