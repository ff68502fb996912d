"""One incident: its page, what can be done there, and the pieces that live pages take."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from tocsin.core.incident import commands as c
from tocsin.core.incident import saying
from tocsin.core.incident.attaching import AT_MOST
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.sayings import SAYINGS, Saying
from tocsin.core.plan.model import Plan
from tocsin.engine.attachments import File
from tocsin.web import doing
from tocsin.web.access import Known, may
from tocsin.web.api.asking import demand_person, plan_of, room_of
from tocsin.web.api.beside import demand_reads
from tocsin.web.pages.forms import (
    Administrator,
    Reader,
    Responder,
    TheWeb,
    demand_form_token,
    local_path,
)
from tocsin.web.pages.incident import overview, parties, timeline
from tocsin.web.pages.incident.forms import COMMANDS, PartQuery, Said
from tocsin.web.pages.incident.view import View
from tocsin.web.pages.rendering import fragment, incident_path, render
from tocsin.web.pages.words.hints import on_the_page
from tocsin.web.pages.words.markdown import markdown
from tocsin.web.pages.words.sentences import Line, Names, line
from tocsin.web.problems import Trouble, refused
from tocsin.web.room import Room
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

VERBS = frozenset({
    "acknowledge", "release", "resolve", "close", "reopen", "note", "state_fact", "page",
    "raise_severity", "lower_severity", "confirm_severity", "give_role", "tick", "waive",
    "enter_phase", "force_phase", "publish", "approve", "start_mode", "stand_down", "declare",
    "call_false_alarm", "link", "merge", "split",
})  # fmt: skip
"""What a plan's authority speaks of beside kinds of decision."""


@router.get("/incidents/{code}")
def incident_page(
    code: str, web: TheWeb, caller: Reader, query: Annotated[PartQuery, Depends()]
) -> Response:
    """Show one incident."""
    asked = query.wanted()
    try:
        room = room_of(web, code, caller, timeline.part(asked, names_in(web, code)))
    except Trouble as trouble:
        if trouble.code != "access.confidential":
            raise
        return _restricted(web, caller, code, trouble)
    if asked.before > room.entries:
        asked = replace(asked, before=0)
    return _page(web, caller, room, Answer(), asked)


@router.post("/incidents/{code}/say")
def say(code: str, web: TheWeb, caller: Responder, said: Annotated[Said, Depends()]) -> Response:
    """Do what a line says: a note, or a command that begins with a slash."""
    demand_form_token(web, caller, said.form_token)
    room = room_of(web, code, caller, timeline.part(timeline.ALL, names_in(web, code)))
    wanted = saying.said(said.text, here(web, caller, room))
    if isinstance(wanted, saying.Help):
        sayings = [one for one in SAYINGS if wanted.verb in ("", one.verb)]
        if said.script:
            return HTMLResponse(fragment(web, "_sayings.html", caller, sayings=sayings))
        return _page(web, caller, room, Answer(sayings=sayings))
    if isinstance(wanted, saying.Mistake):
        trouble = Trouble(422, wanted.code, wanted.what, wanted.hint)
        return _not_done(web, caller, code, trouble, said)
    return _done(web, caller, code, wanted, said)


@router.post("/incidents/{code}/split")
def split(code: str, web: TheWeb, caller: Responder, said: Annotated[Said, Depends()]) -> Response:
    """Make another incident of some of the alerts, and go there."""
    demand_form_token(web, caller, said.form_token)
    command = c.Split(
        by=caller.by, via="page", why=said.why.strip(), alerts=tuple(said.alerts or ()),
        title=said.title.strip(),
    )  # fmt: skip
    outcome = doing.split(web, code, command)
    if isinstance(outcome, Refusal):
        return _not_done(web, caller, code, refused(outcome), said)
    return _go(incident_path(outcome.code), said)


@router.post("/incidents/{code}/attach")
def attach(
    code: str, web: TheWeb, caller: Responder, file: UploadFile, said: Annotated[Said, Depends()]
) -> Response:
    """Keep a file with the incident."""
    demand_form_token(web, caller, said.form_token)
    given = File(
        name=file.filename or "file",
        media_type=file.content_type or "application/octet-stream",
        content=file.file.read(AT_MOST + 1),
    )
    outcome = doing.attach(web, code, given, c.Attach(by=caller.by, via="page"))
    if isinstance(outcome, Refusal):
        return _not_done(web, caller, code, refused(outcome), said)
    if said.script:
        return Response(status_code=204)
    return RedirectResponse(incident_path(code), 303)


@router.post("/incidents/{code}/break-glass")
def break_glass(
    code: str, web: TheWeb, caller: Administrator, said: Annotated[Said, Depends()]
) -> Response:
    """Read a restricted incident all the same; it stands on the record."""
    demand_form_token(web, caller, said.form_token)
    outcome = doing.act(web, code, c.BreakGlass(by=caller.by, via="page", why=said.why.strip()))
    if isinstance(outcome, Refusal):
        return _restricted(web, caller, code, refused(outcome))
    return RedirectResponse(incident_path(code), 303)


@router.post("/incidents/{code}/{verb}")
def act_on_incident(
    code: str, verb: str, web: TheWeb, caller: Responder, said: Annotated[Said, Depends()]
) -> Response:
    """Do what a button says; a refusal is shown with its reason and the way out."""
    demand_form_token(web, caller, said.form_token)
    make = COMMANDS.get(verb)
    if make is None:
        raise Trouble(404, "request.not-found", f"there is no step {verb!r}", "go back")
    if verb in ("role", "shadow"):
        # "Take it" is the same form for all who see it: it is for whoever presses it.
        said = replace(said, person=said.person or caller.by)
    if said.person or verb in ("role", "hand-over", "shadow"):
        demand_person(web, said.person)
    who = {"by": caller.by, "via": "page", "why": said.why.strip()}
    command = make(who, said, plan_of(web, code))
    return _done(web, caller, code, command, said)


def _done(web: Web, caller: Known, code: str, command: c.Command, said: Said) -> Response:
    if isinstance(command, c.Link | c.Merge):
        demand_reads(web, caller, command.to if isinstance(command, c.Link) else command.into)
    outcome = doing.act(web, code, command)
    if isinstance(outcome, Refusal):
        return _not_done(web, caller, code, refused(outcome), said)
    if outcome.merged_into and isinstance(command, c.Merge):
        return _go(incident_path(outcome.merged_into), said)
    if said.script and not said.back:
        return Response(status_code=204)
    return _go(local_path(said.back, incident_path(code)), said)


def _go(path: str, said: Said) -> Response:
    if said.script:
        return Response(status_code=204, headers={"Tocsin-Go": path})
    return RedirectResponse(path, 303)


def _not_done(web: Web, caller: Known, code: str, trouble: Trouble, said: Said) -> Response:
    """Say at the place where it was asked why it was not done, and keep what was typed."""
    if said.script:
        way = on_the_page(trouble.hint)
        html = fragment(web, "_not_done.html", caller, trouble=trouble, way=way)
        return HTMLResponse(html, trouble.status)
    room = room_of(web, code, caller, timeline.part(timeline.ALL, names_in(web, code)))
    return _page(web, caller, room, Answer(trouble=trouble, text=said.text))


@dataclass(frozen=True)
class Answer:
    """What a page shows beside the incident: why something was not done, the text that was typed,
    what can be said."""

    trouble: Trouble | None = None
    text: str = ""
    sayings: Sequence[Saying] = ()


def _page(
    web: Web, caller: Known, room: Room, answer: Answer, asked: timeline.Wanted = timeline.ALL
) -> Response:
    view = View(web, caller, room)
    trouble = answer.trouble
    return render(
        web,
        "incident.html",
        caller,
        trouble.status if trouble is not None else 200,
        trouble=trouble,
        way=on_the_page(trouble.hint) if trouble is not None else None,
        text=answer.text,
        sayings=answer.sayings,
        view=view,
        markdown=markdown,
        told=timeline.told(asked, room.timeline, view.names),
        filters=timeline.FILTERS,
        recipients=sorted(room.plan.recipients()),
        levels=_levels(room),
        subjects=_subjects(room.plan),
    )


def _levels(room: Room) -> list[tuple[int, str]]:
    """Return the numbered steps at the incident's severity, each with whom it calls."""
    called: dict[int, list[str]] = {}
    for step in room.plan.steps[room.incident.severity]:
        if step.level:
            called.setdefault(step.level, []).extend(step.to)
    return [(level, ", ".join(dict.fromkeys(to))) for level, to in sorted(called.items())]


def _subjects(plan: Plan) -> list[str]:
    """Return what the plan knows decisions about, for those who choose one."""
    mandated = [kind for role in plan.roles.values() for kind in role.mandate]
    return sorted({*mandated, *plan.people.authority} - VERBS)


def _restricted(web: Web, caller: Known, code: str, trouble: Trouble) -> Response:
    """Show that there is something which is not for this reader, and what they may do all the same.
    """  # fmt: skip
    room = room_of(web, code)
    return render(
        web, "restricted.html", caller, 403, incident=room.incident, trouble=trouble,
        severity=room.plan.severity(room.incident.severity),
        may_break=may(caller, "administer"), may_act=may(caller, "respond"),
    )  # fmt: skip


def here(web: Web, caller: Known, room: Room) -> saying.Here:
    """Return where and by whom something is said in one line."""
    organisation = web.world.rules.organisation
    return saying.Here(
        plan=room.plan,
        incident=room.incident,
        by=caller.by,
        via="page",
        people={person.id: person.name for person in organisation.people.values()},
        entries=room.entries,
    )


def names_in(web: Web, code: str) -> Names:
    """Return what ids stand for in an incident, for who reads no more of it yet."""
    with web.world.store.read() as reading:
        kept = reading.incident(code)
    plan = web.world.rules.plan_of(kept.incident.plan) if kept is not None else None
    return Names(web.world.rules.organisation, plan)


def lines(web: Web, room: Room, after: int = 0) -> list[Line]:
    """Tell the timeline from the entry after `after` on, oldest first."""
    names = Names(web.world.rules.organisation, room.plan)
    return [line(entry, names) for entry in room.timeline if entry.number > after]


def line_fragment(web: Web, caller: Known, told: Line) -> str:
    """Return one entry of the timeline."""
    acts = may(caller, "respond")
    return fragment(web, "_line.html", caller, line=told, markdown=markdown, may_act=acts)


Render = Callable[[Web, Known, Room], str]


def _part(template: str) -> Render:
    return lambda web, caller, room: fragment(web, template, caller, view=View(web, caller, room))


LIVE: Mapping[str, Render] = {
    "now": _part("_now.html"),
    "clocks": _part("_clocks.html"),
    "todo": _part("_to_do.html"),
    "roles": _part("_roles.html"),
    "ladder": _part("_ladder.html"),
    "facts": _part("_facts.html"),
    "around": _part("_around.html"),
}
"""The parts of the page that follow what happens, by the name of the event that brings them."""


def _acts(web: Web, caller: Known, room: Room) -> Hashable:
    if not may(caller, "respond"):
        return ()
    organisation, now = web.world.rules.organisation, web.world.now()
    return tuple(overview.acts(room.plan, room.incident, organisation, caller.by, now))


def _ties(web: Web, caller: Known, room: Room) -> Hashable:
    return parties.ties(room.incident, caller.by) if may(caller, "respond") else ()


MADE_OF: Mapping[str, Callable[[Web, Known, Room], Hashable]] = {"now": _acts, "roles": _ties}
"""What live parts are made of that differs from reader to reader, beside their rights.

The rest of them must be the same for all for whom this is the same: many share what one is sent.
"""
