"""Roles in an incident: who takes them, hands them over, leaves them, looks on, is relieved."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from tocsin.core.document import near
from tocsin.core.incident import clocks
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.oncall import ON_CALL, reach, standing
from tocsin.core.people import Organisation, Person
from tocsin.core.plan.model import Plan
from tocsin.core.plan.people.model import Role
from tocsin.core.times import words_duration

Decision = list[e.Event] | Refusal


def take(plan: Plan, incident: Incident, command: c.TakeRole, now: datetime) -> Decision:
    """Return what it does that a person takes, or is given, a role."""
    role = plan.roles.get(command.role)
    if role is None:
        return _unknown(plan, command.role)
    holders = incident.holders.get(role.id, ())
    if command.person in holders:
        return []
    was = holders[0] if role.one and holders else ""
    if was and role.hand_over is not None and not command.why.strip():
        return Refusal(
            "incident.role-held",
            f"{was} is {role.name}, which is handed over in a certain way (line {role.line})",
            f"{was} hands it over: tocsin role {incident.code} {role.id} {command.person}"
            " --hand-over; or take it because of a reason: --why REASON",
        )
    strange = _not_eligible(plan, incident, role, command)
    if isinstance(strange, Refusal):
        return strange
    taken = e.RoleTaken(
        at=now, by=command.by, via=command.via, why=command.why, line=role.line,
        role=role.id, person=command.person, beside=not role.one, was=was,
    )  # fmt: skip
    before = _overruled(command, role, strange, now)
    return [*before, taken, *_clocks_of(incident, role, command.person, now)]


def hand_over(plan: Plan, incident: Incident, command: c.HandOver, now: datetime) -> Decision:
    """Return what it does that a role goes from one person to another in the plan's way."""
    role = plan.roles.get(command.role)
    if role is None:
        return _unknown(plan, command.role)
    holders = incident.holders.get(role.id, ())
    if command.person in holders:
        return []
    if not holders:
        return Refusal(
            "incident.role-free", f"nobody is {role.name}, so nobody can hand it over",
            f"take it: tocsin role {incident.code} {role.id} {command.person}",
        )  # fmt: skip
    if refusal := _not_handed_over_so(incident, role, command):
        return refusal
    strange = _not_eligible(plan, incident, role, command)
    if isinstance(strange, Refusal):
        return strange
    handed = e.RoleHandedOver(
        at=now, by=command.by, via=command.via, why=command.why, line=role.line,
        role=role.id, person=command.person,
        was=command.by if command.by in holders else holders[0],
    )  # fmt: skip
    before = _overruled(command, role, strange, now)
    return [*before, handed, *_clocks_of(incident, role, command.person, now)]


def leave(plan: Plan, incident: Incident, command: c.LeaveRole, now: datetime) -> Decision:
    """Return what it does that a holder does not hold the role any more."""
    role = plan.roles.get(command.role)
    if role is None:
        return _unknown(plan, command.role)
    holders = incident.holders.get(role.id, ())
    if command.by not in holders:
        return []
    left = e.RoleLeft(
        at=now, by=command.by, via=command.via, why=command.why, line=role.line,
        role=role.id, person=command.by,
    )  # fmt: skip
    if len(holders) > 1:
        return [left]
    relief = clocks.stopped(incident, _relieving(role), now)
    return [left, *relief, *clocks.to_be_assigned(plan, incident, role.id, now)]


def shadow(plan: Plan, incident: Incident, command: c.Shadow, now: datetime) -> Decision:
    """Return what it does that a person looks on while others hold a role."""
    role = plan.roles.get(command.role)
    if role is None:
        return _unknown(plan, command.role)
    if command.person in incident.shadows.get(role.id, ()):
        return []
    if command.person in incident.holders.get(role.id, ()):
        return Refusal(
            "incident.role-held", f"{command.person} is {role.name}; nobody looks on at oneself",
            "name somebody else",
        )  # fmt: skip
    return [
        e.ShadowJoined(
            at=now, by=command.by, via=command.via, why=command.why, line=role.line,
            role=role.id, person=command.person,
        )
    ]  # fmt: skip


def by_acknowledging(
    plan: Plan, incident: Incident, command: c.Acknowledge, now: datetime
) -> list[e.Event]:
    """Return the roles that come to whoever acknowledges; not to those who cannot hold them."""
    taken: list[e.Event] = []
    for role in plan.roles.values():
        if not role.by_acknowledging or incident.holders.get(role.id):
            continue
        if _missing(role, command.standing) or _conflict(incident, role, command.by):
            continue
        why = f"whoever acknowledges becomes {role.name}"
        taken.append(
            e.RoleTaken(
                at=now, by=command.by, via=command.via, why=why, line=role.line, role=role.id,
                person=command.by, beside=not role.one,
            )
        )  # fmt: skip
        taken += _clocks_of(incident, role, command.by, now)
    return taken


def kept(
    plan: Plan, incident: Incident, organisation: Organisation, now: datetime
) -> list[e.Event]:
    """Return what the plan does about its roles at `now`: holders, successors, shadows, reliefs."""
    if incident.state not in PAGEABLE:
        return []
    happened: list[e.Event] = []
    for role in plan.roles.values():
        if incident.holders.get(role.id):
            happened += _looked_on(incident, role, organisation, now)
            happened += _overdue(incident, role, organisation, now)
        elif role.id in incident.vacated:
            happened += _succeeded(incident, role, organisation, now)
        elif role.default and _applies(incident, role):
            happened += _by_default(incident, role, organisation, now)
    return happened


def relieved_again(plan: Plan, incident: Incident, now: datetime) -> list[e.Event]:
    """Return the reliefs that are ahead of whoever still holds a role in a reopened incident."""
    held = [role for role in plan.roles.values() if incident.holders.get(role.id)]
    return [event for role in held for event in _relief(role, incident.roles[role.id], now)]


def _applies(incident: Incident, role: Role) -> bool:
    return not role.required_for or incident.severity in role.required_for


def _by_default(
    incident: Incident, role: Role, organisation: Organisation, now: datetime
) -> Iterator[e.Event]:
    step = f"role {role.id}"
    why = f"{role.default} is {role.name} from the beginning"
    person = _first_fit(incident, role, organisation, (role.default,), now)
    if person is not None:
        yield from _given(incident, role, person, now, why)
    elif step not in incident.told:
        yield e.NobodyReached(
            at=now, message="notice", to=role.default, step=step, line=role.line,
            why=f"nobody of {role.default} can be {role.name} now; give the role to somebody",
        )  # fmt: skip


def _succeeded(
    incident: Incident, role: Role, organisation: Organisation, now: datetime
) -> Iterator[e.Event]:
    if not role.then:
        return
    gone = incident.vacated[role.id]
    step = f"after {gone} as {role.id}"
    if step in incident.told:
        return
    person = _first_fit(incident, role, organisation, role.then, now, gone)
    why = f"{gone} is not {role.name} any more, and the plan names who comes then"
    if person is None:
        yield e.NobodyReached(
            at=now, message="page", to=role.then[-1], step=step, line=role.line,
            why=f"{gone} left, and nobody of {', '.join(role.then)} can be {role.name}",
        )  # fmt: skip
        return
    yield from _given(incident, role, person, now, why)
    yield e.Told(
        at=now, message="page", to=person.id, people=(person.id,), step=step, until="resolved",
        why=f"you are {role.name} now: {why}", line=role.line,
    )  # fmt: skip


def _looked_on(
    incident: Incident, role: Role, organisation: Organisation, now: datetime
) -> Iterator[e.Event]:
    step = f"shadow {role.id}"
    if not role.shadowed_by or step in incident.told or incident.shadows.get(role.id):
        return
    busy = {*incident.holders[role.id]}
    everyone = reach(organisation, role.shadowed_by, now, everyone=True).people
    person = next((one for one in everyone if one.id not in busy), None)
    if person is None:
        return
    yield e.ShadowJoined(
        at=now, role=role.id, person=person.id, line=role.line,
        why=f"{role.shadowed_by} look on at {role.name}",
    )  # fmt: skip
    yield e.Told(
        at=now, message="notice", to=person.id, people=(person.id,), step=step, until="resolved",
        why=f"look on, and learn to be {role.name}", line=role.line,
    )  # fmt: skip


def _overdue(
    incident: Incident, role: Role, organisation: Organisation, now: datetime
) -> Iterator[e.Event]:
    """A relief that is missed is said at once, to whoever arranges it."""
    clock = next((k for k in incident.running() if k.name == _relieving(role)), None)
    if clock is None or clock.due > now or role.relieve_after is None:
        return
    holder = incident.roles[role.id]
    why = f"{holder} has been {role.name} for {words_duration(role.relieve_after)}: a relief is due"
    yield e.ClockMissed(at=now, clock=clock.name, due=clock.due, why=why, line=role.line)
    to = role.relieved_by or holder
    found = reach(organisation, to, now)
    step = f"{clock.name} {clock.due.isoformat()}"
    if found.gap:
        missing = f"{found.gap}; wanted because: {why}"
        yield e.NobodyReached(
            at=now, message="notice", to=to, step=step, why=missing, line=role.line
        )
        return
    people = tuple(person.id for person in found.people) + ((to,) if found.contacts else ())
    yield e.Told(
        at=now, message="notice", to=to, people=people, step=step, until="resolved", why=why,
        line=role.line,
    )  # fmt: skip
    yield from _relief(role, holder, now)


def _first_fit(
    incident: Incident, role: Role, organisation: Organisation, recipients: Sequence[str],
    now: datetime, not_this: str = "",
) -> Person | None:  # fmt: skip
    for to in recipients:
        for person in reach(organisation, to, now).people:
            fits = not _missing_qualification(role, standing(organisation, person.id, now))
            if person.id != not_this and fits and not _conflict(incident, role, person.id):
                return person
    return None


def _given(
    incident: Incident, role: Role, person: Person, now: datetime, why: str
) -> Iterator[e.Event]:
    yield e.RoleTaken(
        at=now, role=role.id, person=person.id, beside=not role.one, why=why, line=role.line
    )
    yield from _clocks_of(incident, role, person.id, now)


def _clocks_of(incident: Incident, role: Role, person: str, now: datetime) -> list[e.Event]:
    """What a new holder does to clocks: somebody has the role, and the turn begins.

    Where an incident was merged into another, turns begin there.
    """
    relieved = clocks.stopped(incident, _relieving(role), now)
    turn = [] if incident.merged_into else _relief(role, person, now)
    return [*clocks.assigned(incident, role.id, now), *relieved, *turn]


def _relief(role: Role, person: str, now: datetime) -> list[e.Event]:
    if role.relieve_after is None:
        return []
    length = words_duration(role.relieve_after)
    return [
        e.ClockStarted(
            at=now, clock=_relieving(role), started_at=now, due=now + role.relieve_after,
            why=f"{person} is relieved as {role.name} after {length}", line=role.line,
        )
    ]  # fmt: skip


def _relieving(role: Role) -> str:
    """Name the clock of a turn: what must be done while it runs."""
    return f"relieve {role.id}"


def _not_handed_over_so(incident: Incident, role: Role, command: c.HandOver) -> Refusal | None:
    rule = role.hand_over
    if rule is None:
        return None
    missing = [name for name in rule.records if name not in incident.facts]
    if missing:
        return Refusal(
            "incident.fact-missing",
            f"to hand over {role.name} has to come with: {', '.join(missing)} (line {rule.line})",
            f"state it: tocsin fact {incident.code} {missing[0]}=VALUE",
        )
    if rule.note and not command.why.strip():
        return Refusal(
            "incident.reason-missing",
            f"whoever hands over {role.name} says how things stand (line {rule.line})",
            "say it: --why 'what is known, what was tried, what is open'",
        )
    return None


def _not_eligible(
    plan: Plan, incident: Incident, role: Role, command: c.TakeRole | c.HandOver
) -> Refusal | str:
    """Refuse who cannot hold the role; "" for who may, what is missing for who has a reason."""
    if taken := _conflict(incident, role, command.person):
        return Refusal(
            "incident.role-conflict",
            f"{command.person} is {taken} and cannot be {role.name} besides (line {role.line})",
            f"hand {taken} over first: tocsin role {incident.code} {taken} SOMEBODY",
        )
    several = plan.people.several
    most = several.leads_at_most if several is not None and role.lead else None
    if several is not None and most is not None and command.leads_elsewhere >= most:
        return Refusal(
            "incident.leads-enough",
            f"{command.person} leads {command.leads_elsewhere} open incidents already, and the plan"
            f" allows {most} (line {several.line})",
            f"name somebody else as {role.name}, or hand one of the others over",
        )
    missing = _missing(role, command.person_standing)
    if missing and not command.why.strip():
        return Refusal(
            "incident.not-eligible",
            f"{command.person} cannot be {role.name}: {missing} (line {role.line})",
            "name somebody who can, or say why it must be this person: --why REASON",
        )
    return missing


def _overruled(
    command: c.TakeRole | c.HandOver, role: Role, missing: str, now: datetime
) -> list[e.Event]:
    if not missing:
        return []
    what = f"{command.person} becomes {role.name} all the same: {missing}"
    return [
        e.Overruled(
            at=now, by=command.by, via=command.via, why=command.why, line=role.line, what=what
        )
    ]


def _missing(role: Role, belongs: Sequence[str]) -> str:
    """Say what a person lacks for a role, "" if nothing."""
    if role.taken_from and role.taken_from not in belongs:
        return f"it is for {role.taken_from}"
    if role.taken_from and role.on_call and f"{ON_CALL}{role.taken_from}" not in belongs:
        return f"it is for whoever is on call as {role.taken_from}"
    return _missing_qualification(role, belongs)


def _missing_qualification(role: Role, belongs: Sequence[str]) -> str:
    lacking = [need for need in role.needs if need not in belongs]
    return f"it needs the qualification {', '.join(lacking)}" if lacking else ""


def _conflict(incident: Incident, role: Role, person: str) -> str:
    """Name a role that the person holds and that does not go with this one."""
    return next((held for held in incident.held_by(person) if held in role.not_with), "")


def _unknown(plan: Plan, name: str) -> Refusal:
    return Refusal(
        "incident.unknown-role", f"the plan knows no role {name!r}",
        near(name, plan.roles) + f"it knows: {', '.join(sorted(plan.roles)) or 'none at all'}",
    )  # fmt: skip
