"""Acting on incidents from a request: again if another node came first, and waking the pages."""

from collections.abc import Callable
from typing import TypeVar

from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Command, Refusal
from tocsin.core.incident.state import Incident
from tocsin.engine import actions, attaching, relating
from tocsin.engine.attachments import File
from tocsin.engine.ports import Conflict
from tocsin.web.site import Web

TRIES = 3

Result = TypeVar("Result")


def act(web: Web, code: str, command: Command) -> Incident | Refusal:
    """Do `command` to an incident and tell the open pages."""
    done = again(lambda: actions.act(web.world, code, command))
    web.site.notifier.changed()
    return done


def act_once(
    web: Web, code: str, command: Command, form: str
) -> Incident | Refusal | actions.Repeated:
    """As `act`, but only once for the same command from the same form."""
    done = again(lambda: actions.act_once(web.world, code, command, form))
    web.site.notifier.changed()
    return done


def attach(web: Web, code: str, file: File, command: c.Attach) -> Incident | Refusal:
    """Keep a file with an incident and tell the open pages."""
    done = again(lambda: attaching.attach(web.world, code, file, command))
    web.site.notifier.changed()
    return done


def split(web: Web, code: str, command: c.Split) -> Incident | Refusal:
    """Open an incident for some alerts of another one and tell the open pages."""
    done = again(lambda: relating.split(web.world, code, command))
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
