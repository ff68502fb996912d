"""Acting on incidents from a request: again if another node came first, and waking the pages."""

from collections.abc import Callable
from typing import TypeVar

from tocsin.core.incident.commands import Command, Refusal
from tocsin.core.incident.state import Incident
from tocsin.engine import actions
from tocsin.engine.ports import Conflict
from tocsin.web.site import Web

TRIES = 3

Result = TypeVar("Result")


def act(web: Web, code: str, command: Command) -> Incident | Refusal:
    """Do `command` to an incident and tell the open pages."""
    done = again(lambda: actions.act(web.world, code, command))
    web.site.notifier.changed()
    return done


def declare(web: Web, report: actions.Report) -> Incident | Refusal:
    """Open an incident and tell the open pages."""
    done = again(lambda: actions.declare(web.world, report))
    web.site.notifier.changed()
    return done


def again(attempt: Callable[[], Result]) -> Result:
    """Try until no other node comes between; the last Conflict goes to the caller."""
    for _ in range(TRIES - 1):
        try:
            return attempt()
        except Conflict:
            continue
    return attempt()
