"""What happened about roles, modes, authority and secrecy, in the words of a timeline."""

from collections.abc import Callable
from typing import Any, Literal

from tocsin.core.incident import events as e

Name = Callable[[str], str]
"""Says who an id is."""

Tone = Literal["plain", "good", "bad", "say", "call"]
Told = tuple[str, Tone]


def _taken(event: e.RoleTaken, name: Name) -> Told:
    was = f" in place of {name(event.was)}" if event.was else ""
    return f"made {name(event.person)} the {event.role}{was}", "say"


def _handed(event: e.RoleHandedOver, name: Name) -> Told:
    return f"handed {event.role} over from {name(event.was)} to {name(event.person)}", "say"


def _left(event: e.RoleLeft, name: Name) -> Told:
    return f"noted that {name(event.person)} is not {event.role} any more", "bad"


def _shadow(event: e.ShadowJoined, name: Name) -> Told:
    return f"let {name(event.person)} look on at {event.role}", "say"


def _stood_down(event: e.StoodDown, _name: Name) -> Told:
    return ("called it a false alarm" if event.false_alarm else "stood the response down"), "good"


def _mode(event: e.ModeChanged, _name: Name) -> Told:
    if event.mode:
        return f"started the mode {event.mode}", "bad"
    return f"ended the mode {event.was}", "good"


def _decision(event: e.DecisionTaken, _name: Name) -> Told:
    amount = f" ({event.amount:g})" if event.amount else ""
    others = [option for option in event.options if option != event.choice]
    against = f", not {' or '.join(others)}" if others else ""
    return f"decided on {event.about}: {event.choice}{amount}{against}", "say"


def _overruled(event: e.Overruled, _name: Name) -> Told:
    return f"acted beyond the plan: {event.what}", "bad"


def _second_wanted(event: e.SecondWanted, _name: Name) -> Told:
    return f"asked for a second person, to {event.what}", "say"


def _seconded(event: e.Seconded, name: Name) -> Told:
    return f"agreed with {name(event.first)} to {event.what}", "say"


def _floor(event: e.FloorWaived, _name: Name) -> Told:
    return f"allowed a severity below what {event.floor} demands", "bad"


def _restricted(event: e.Restricted, _name: Name) -> Told:
    return f"restricted it to {', '.join(event.readers)}", "bad"


def _glass(_event: e.GlassBroken, _name: Name) -> Told:
    return "broke the glass, and reads it without being a reader", "bad"


TOLD: dict[type[e.Event], Callable[[Any, Any], Told]] = {
    e.RoleTaken: _taken,
    e.RoleHandedOver: _handed,
    e.RoleLeft: _left,
    e.ShadowJoined: _shadow,
    e.StoodDown: _stood_down,
    e.ModeChanged: _mode,
    e.DecisionTaken: _decision,
    e.Overruled: _overruled,
    e.SecondWanted: _second_wanted,
    e.Seconded: _seconded,
    e.FloorWaived: _floor,
    e.Restricted: _restricted,
    e.GlassBroken: _glass,
}
