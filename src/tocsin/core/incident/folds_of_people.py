"""What events about people make of an incident: roles, modes, doubts, restrictions."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from tocsin.core.incident import events as e
from tocsin.core.incident.state import Fact, Incident, Restriction, Wanted


def moments(event: e.Event) -> tuple[str, ...]:
    """Name what happened as clauses of a plan do; empty for all other events."""
    match event:
        case e.RoleTaken() | e.RoleHandedOver():
            return (f"role {event.role}",)
        case e.ModeChanged():
            left = (f"after mode {event.was}",) if event.was else ()
            return (*left, f"mode {event.mode}") if event.mode else left
        case e.StoodDown():
            return ("stood down",)
    return ()


def fact_in_doubt(incident: Incident, event: e.FactRecorded) -> Incident:
    """Nobody knows the fact any more: what was stated of it does not hold."""
    facts = {name: fact for name, fact in incident.facts.items() if name != event.name}
    doubt = Fact(event.value, event.by, event.at)
    return replace(incident, facts=facts, doubts={**incident.doubts, event.name: doubt})


def _role_taken(incident: Incident, event: e.RoleTaken) -> Incident:
    before = incident.holders.get(event.role, ()) if event.beside else ()
    people = tuple(dict.fromkeys((*before, event.person)))
    return _held(incident, event.role, people)


def _role_handed_over(incident: Incident, event: e.RoleHandedOver) -> Incident:
    rest = (one for one in incident.holders.get(event.role, ()) if one != event.was)
    return _held(incident, event.role, tuple(dict.fromkeys((*rest, event.person))))


def _role_left(incident: Incident, event: e.RoleLeft) -> Incident:
    rest = tuple(one for one in incident.holders.get(event.role, ()) if one != event.person)
    left = _held(incident, event.role, rest)
    if rest:
        return left
    return replace(left, vacated={**left.vacated, event.role: event.person})


def _held(incident: Incident, role: str, people: tuple[str, ...]) -> Incident:
    shadows = {
        of: tuple(one for one in looking if of != role or one not in people)
        for of, looking in incident.shadows.items()
    }
    return replace(
        incident,
        holders={**incident.holders, role: people},
        shadows=shadows,
        vacated={of: who for of, who in incident.vacated.items() if of != role},
        generation=incident.generation + 1,
    )


def _shadow_joined(incident: Incident, event: e.ShadowJoined) -> Incident:
    looking = tuple(dict.fromkeys((*incident.shadows.get(event.role, ()), event.person)))
    return replace(incident, shadows={**incident.shadows, event.role: looking})


def _stood_down(incident: Incident, event: e.StoodDown) -> Incident:
    return replace(incident, false_alarm=event.false_alarm)


def _mode_changed(incident: Incident, event: e.ModeChanged) -> Incident:
    ended = event.was if event.by != e.BY_PLAN else ""
    off = tuple(mode for mode in incident.modes_off if mode != event.mode)
    return replace(
        incident,
        mode=event.mode,
        modes_off=(*off, ended) if ended else off,
        generation=incident.generation + 1,
    )


def _second_wanted(incident: Incident, event: e.SecondWanted) -> Incident:
    wanted = {**incident.wanted_by_one, event.what: Wanted(event.by, event.at)}
    return replace(incident, wanted_by_one=wanted)


def _seconded(incident: Incident, event: e.Seconded) -> Incident:
    rest = {what: who for what, who in incident.wanted_by_one.items() if what != event.what}
    return replace(incident, wanted_by_one=rest)


def _floor_waived(incident: Incident, event: e.FloorWaived) -> Incident:
    return replace(incident, floors_waived=(*incident.floors_waived, event.floor))


def _restricted(incident: Incident, event: e.Restricted) -> Incident:
    broken_by = incident.restricted.broken_by if incident.restricted is not None else ()
    restriction = Restriction(
        readers=event.readers, title=event.title, line=event.line, broken_by=broken_by
    )
    return replace(incident, restricted=restriction)


def _glass_broken(incident: Incident, event: e.GlassBroken) -> Incident:
    if incident.restricted is None:
        return incident
    broken_by = tuple(dict.fromkeys((*incident.restricted.broken_by, event.by)))
    return replace(incident, restricted=replace(incident.restricted, broken_by=broken_by))


def _unchanged(incident: Incident, _event: e.Event) -> Incident:
    return incident


FOLDS: dict[type[e.Event], Callable[[Incident, Any], Incident]] = {
    e.RoleTaken: _role_taken,
    e.RoleHandedOver: _role_handed_over,
    e.RoleLeft: _role_left,
    e.ShadowJoined: _shadow_joined,
    e.StoodDown: _stood_down,
    e.ModeChanged: _mode_changed,
    e.DecisionTaken: _unchanged,
    e.Overruled: _unchanged,
    e.SecondWanted: _second_wanted,
    e.Seconded: _seconded,
    e.FloorWaived: _floor_waived,
    e.Restricted: _restricted,
    e.GlassBroken: _glass_broken,
}
