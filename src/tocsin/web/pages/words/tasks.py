"""What happened about tasks, phases and watches, in the words of a timeline."""

from collections.abc import Callable
from typing import Any, Protocol

from tocsin.core.incident import events as e
from tocsin.web.pages.words.people import Told


class Tasks(Protocol):
    """Says what the plan's ids of tasks and phases stand for."""

    def task(self, one: str) -> str:
        """Return a task in the plan's words."""

    def phase(self, one: str) -> str:
        """Return the name of a phase."""


def _armed(event: e.TaskArmed, _names: Tasks) -> Told:
    return f"asked for: {event.text}", "plain"


def _ordered(event: e.TaskOrdered, _names: Tasks) -> Told:
    return f"ordered: {event.text}", "call"


def _ticked(event: e.TaskTicked, names: Tasks) -> Told:
    return f"ticked, for {event.member}: {names.task(event.task)}", "good"


def _done(event: e.TaskDone, names: Tasks) -> Told:
    way = f" ({event.choice})" if event.choice else ""
    return f"marked as done: {names.task(event.task)}{way}", "good"


def _waived(event: e.TaskWaived, names: Tasks) -> Told:
    return f"said that this is not needed: {names.task(event.task)}", "say"


def _dropped(event: e.TaskDropped, names: Tasks) -> Told:
    return f"no longer asks for: {names.task(event.task)}", "plain"


def _phase(event: e.PhaseEntered, names: Tasks) -> Told:
    if event.parallel:
        return f"began, beside the rest, the phase {names.phase(event.phase)}", "say"
    begun = "went on to" if event.left else "began with"
    return f"{begun} the phase {names.phase(event.phase)}", "say"


def _watch(event: e.WatchStarted, _names: Tasks) -> Told:
    return f"began the watch “{event.watch}”: all must stay well until", "plain"


def _passed(event: e.WatchPassed, _names: Tasks) -> Told:
    return f"ended the watch “{event.watch}”: all stayed well", "good"


TOLD: dict[type[e.Event], Callable[[Any, Tasks], Told]] = {
    e.TaskArmed: _armed,
    e.TaskOrdered: _ordered,
    e.TaskTicked: _ticked,
    e.TaskDone: _done,
    e.TaskWaived: _waived,
    e.TaskDropped: _dropped,
    e.PhaseEntered: _phase,
    e.WatchStarted: _watch,
    e.WatchPassed: _passed,
}
