"""The states of an incident and what leads from one to another: one table, used by all.

Every change of state goes through TRANSITIONS. What is not in the table is refused and changes
nothing.
"""

from typing import Literal

from tocsin.core.incident import events

State = Literal["open", "acknowledged", "resolved", "closed"]

TRANSITIONS: dict[State, dict[type[events.Event], State]] = {
    # Somebody must answer: escalation runs.
    "open": {
        events.Acknowledged: "acknowledged",
        events.Resolved: "resolved",
        events.MergedInto: "closed",
    },
    # Somebody has it. Escalation rests, unless the plan escalates until it is resolved.
    "acknowledged": {
        events.Released: "open",
        events.Resolved: "resolved",
        events.MergedInto: "closed",
    },
    # The trouble is over. A new alert of the same group, or a person, can open it again.
    "resolved": {
        events.Reopened: "open",
        events.Closed: "closed",
        events.MergedInto: "closed",
    },
    # The end. What comes later is another incident.
    "closed": {},
}

PAGEABLE: frozenset[State] = frozenset({"open", "acknowledged"})
"""States in which the plan may still call people."""

NAMES = {
    events.Acknowledged: "acknowledge",
    events.Released: "release",
    events.Resolved: "resolve",
    events.Reopened: "reopen",
    events.Closed: "close",
}
"""What people call the step that an event records."""


def after(state: State, event: type[events.Event]) -> State | None:
    """Return the state that `event` leads to from `state`, or None where it is not allowed."""
    return TRANSITIONS[state].get(event)


def ways_out(state: State) -> tuple[str, ...]:
    """Return what can be done in `state`, in people's words, for a refusal's hint.

    Merging is no way out of its own: it is for an incident that turns out to be another one.
    """
    return tuple(NAMES[event] for event in TRANSITIONS[state] if event in NAMES)
