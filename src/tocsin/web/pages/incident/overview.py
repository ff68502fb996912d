"""What one must know of an incident at once: who leads, what is due next, and what to press."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.core.incident import commands as c
from tocsin.core.incident.authority import placed
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.lifecycle import ways_out
from tocsin.core.incident.state import Clock, Incident
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.web.pages.words.hints import Way, on_the_page
from tocsin.web.pages.words.sentences import Names

BUTTONS: dict[str, tuple[str, str, type[c.Command]]] = {
    "acknowledge": ("Acknowledge", "I have it; nobody else needs to be called.", c.Acknowledge),
    "resolve": ("Resolve", "The trouble is over.", c.Resolve),
    "close": ("Close", "Nothing is left to do.", c.Close),
    "release": ("Release", "I don't have it any more; call the next.", c.Release),
    "reopen": ("Reopen", "It is not over; call again.", c.Reopen),
}
"""What changes the state, in this order on the page: word, meaning, command."""

WANTED = ("acknowledge", "resolve", "close")
"""What leads on; one of them is the main button."""

NEEDS_WORDS = frozenset({"incident.must-say", "incident.reason-missing"})
"""Refusals that a reason may cure."""


@dataclass(frozen=True)
class Act:
    """A button that changes the state. `held` says why the plan refuses it now, `way` what to do
    about that; with `needs_why` it only lacks a reason, with `needs_tasks` tasks are open."""

    verb: str
    word: str
    title: str
    is_main: bool
    held: str = ""
    way: Way | None = None
    needs_why: bool = False
    needs_tasks: bool = False


@dataclass(frozen=True)
class ShownClock:
    """A clock in words; `progress` is how much of its time is over, of 1000."""

    clock: Clock
    name: str
    progress: int


@dataclass(frozen=True)
class Clocks:
    """The clocks of an incident: running ones soonest first, missed ones latest first."""

    running: tuple[ShownClock, ...]
    missed: tuple[ShownClock, ...]
    met: tuple[ShownClock, ...]
    dropped: tuple[ShownClock, ...]

    @property
    def soonest(self) -> ShownClock | None:
        """What is due next."""
        return next(iter(self.running), None)

    @property
    def ended(self) -> tuple[ShownClock, ...]:
        """Those of which nothing is to be feared any more."""
        return (*self.met, *self.dropped)


@dataclass(frozen=True)
class Leader:
    """Who leads: their names and as what; `vacant` is the role that leads if nobody holds it."""

    people: tuple[str, ...]
    role: str = ""
    vacant: str = ""


def clocks(incident: Incident, names: Names, now: datetime) -> Clocks:
    """Return the clocks of an incident by how they stand."""
    by_state: dict[str, list[ShownClock]] = {"running": [], "missed": [], "met": [], "dropped": []}
    for clock in sorted(incident.clocks, key=lambda one: one.due):
        shown = ShownClock(clock, names.clock(clock.name), _progress(clock, now))
        by_state[clock.state].append(shown)
    return Clocks(
        running=tuple(by_state["running"]),
        missed=tuple(reversed(by_state["missed"])),
        met=tuple(by_state["met"]),
        dropped=tuple(by_state["dropped"]),
    )


def leader(plan: Plan, incident: Incident, names: Names) -> Leader:
    """Return who leads: the holder of the plan's leading role, else whoever has acknowledged."""
    leading = [role for role in plan.roles.values() if role.lead]
    for role in leading:
        if holders := incident.holders.get(role.id, ()):
            return Leader(tuple(names(one) for one in holders), role.name)
    wanted = next(
        (
            role.name
            for role in leading
            if not role.required_for or incident.severity in role.required_for
        ),
        "",
    )
    has_it = incident.acknowledged_by if incident.state != "open" else ""
    return Leader((names(has_it),) if has_it else (), vacant=wanted)


def acts(
    plan: Plan, incident: Incident, organisation: Organisation, by: str, now: datetime
) -> list[Act]:
    """Return what `by` can press now, what leads on first; what would be refused says so."""
    possible = [verb for verb in BUTTONS if verb in ways_out(incident.state)]
    found: list[Act] = []
    for verb in possible:
        word, title, command = BUTTONS[verb]
        wanted = placed(organisation, command(by=by, via="page"), now)
        outcome = decide(plan, incident, wanted, now)
        taken = any(act.is_main for act in found)
        if not isinstance(outcome, Refusal):
            found.append(Act(verb, word, title, verb in WANTED and not taken))
            continue
        found.append(
            Act(
                verb, word, title, False, _to_reader(outcome.reason, by), on_the_page(outcome.hint),
                outcome.code in NEEDS_WORDS, outcome.code == "incident.open-tasks",
            )
        )  # fmt: skip
    return found


def _to_reader(reason: str, by: str) -> str:
    """Say "you" to whoever reads what they may not: it is the same for all who may not."""
    start = f"{by} may not "
    return f"you may not {reason.removeprefix(start)}" if reason.startswith(start) else reason


def _progress(clock: Clock, now: datetime) -> int:
    whole = (clock.due - clock.started_at).total_seconds()
    if whole <= 0:
        return 1000
    return max(0, min(1000, int(1000 * (now - clock.started_at).total_seconds() / whole)))
