"""One incident: its page, what can be done there, and the pieces that live pages take."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.lifecycle import State, ways_out
from tocsin.core.plan.model import Plan
from tocsin.web import doing
from tocsin.web.access import Known
from tocsin.web.api.asking import demand_person, room_of
from tocsin.web.api.documents import alert
from tocsin.web.facts import value_of
from tocsin.web.pages.forms import (
    FormToken,
    Reader,
    Responder,
    TheWeb,
    demand_form_token,
    local_path,
)
from tocsin.web.pages.ladder import ladder
from tocsin.web.pages.rendering import fragment, incident_path, render
from tocsin.web.pages.to_do import to_do
from tocsin.web.pages.words import Line, Names, line
from tocsin.web.problems import Trouble, refused
from tocsin.web.room import Room
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=10_000)]


@dataclass
class Said:
    """What a form on the incident's page says beside its button."""

    text: Text = ""
    why: Text = ""
    severity: Text = ""
    to: Text = ""
    name: Text = ""
    value: Text = ""
    role: Text = ""
    person: Text = ""
    task: Text = ""
    choice: Text = ""
    member: Text = ""
    phase: Text = ""
    audience: Text = ""
    template: Text = ""
    status: Text = ""
    update: Text = ""
    back: Text = ""


Make = Callable[[dict[str, Any], Said, Plan], c.Command]

COMMANDS: dict[str, Make] = {
    "acknowledge": lambda who, _said, _plan: c.Acknowledge(**who),
    "release": lambda who, _said, _plan: c.Release(**who),
    "resolve": lambda who, _said, _plan: c.Resolve(**who),
    "reopen": lambda who, _said, _plan: c.Reopen(**who),
    "close": lambda who, _said, _plan: c.Close(**who),
    "note": lambda who, said, _plan: c.Note(text=said.text, **who),
    "fact": lambda who, said, plan: c.RecordFact(
        name=said.name, value=value_of(plan, said.name, said.value), **who
    ),
    "severity": lambda who, said, _plan: c.SetSeverity(severity=said.severity, **who),
    "role": lambda who, said, _plan: c.TakeRole(role=said.role, person=said.person, **who),
    "escalate": lambda who, said, _plan: c.Escalate(to=said.to, **who),
    "tick": lambda who, said, _plan: c.Tick(
        task=said.task, choice=said.choice, member=said.member, **who
    ),
    "waive": lambda who, said, _plan: c.Waive(task=said.task, **who),
    "phase": lambda who, said, _plan: c.EnterPhase(
        phase=said.phase, force=bool(said.why.strip()), **who
    ),
    "update": lambda who, said, _plan: c.Publish(
        audience=said.audience, text=said.text, status=said.status, template=said.template, **who
    ),
    "approve": lambda who, said, _plan: c.Approve(update=said.update, **who),
    "withdraw": lambda who, said, _plan: c.Withdraw(update=said.update, **who),
}

BUTTONS = {
    "acknowledge": ("Acknowledge", "main", "I have it; nobody else needs to be called."),
    "resolve": ("Resolve", "good", "The trouble is over."),
    "release": ("Release", "plain", "I don't have it any more; call the next."),
    "reopen": ("Reopen", "plain", "It is not over; call again."),
    "close": ("Close", "good", "Nothing is left to do."),
}
"""In this order on the page."""


@router.get("/incidents/{code}")
def incident_page(code: str, web: TheWeb, caller: Reader) -> Response:
    """Show one incident."""
    return _page(web, caller, room_of(web, code, caller))


@router.post("/incidents/{code}/{verb}")
def act_on_incident(
    code: str, verb: str, web: TheWeb, caller: Responder,
    said: Annotated[Said, Depends()], form_token: FormToken = "",
) -> Response:  # fmt: skip
    """Do what a button says; a refusal is shown with its reason and the way out."""
    demand_form_token(web, caller, form_token)
    make = COMMANDS.get(verb)
    if make is None:
        raise Trouble(404, "request.not-found", f"there is no step {verb!r}", "go back")
    if verb == "role":
        demand_person(web, said.person)
    who = {"by": caller.by, "via": "page", "why": said.why.strip()}
    command = make(who, said, room_of(web, code).plan)
    outcome = doing.act(web, code, command)
    if not isinstance(outcome, Refusal):
        return RedirectResponse(local_path(said.back, incident_path(code)), 303)
    return _page(web, caller, room_of(web, code, caller), refused(outcome), said.text)


def _page(
    web: Web, caller: Known, room: Room, trouble: Trouble | None = None, text: str = ""
) -> Response:
    return render(
        web,
        "incident.html",
        caller,
        trouble.status if trouble is not None else 200,
        trouble=trouble,
        text=text,
        lines=lines(web, room)[::-1],
        alerts=[alert(one) for one in room.alerts],
        recipients=sorted(room.plan.recipients()),
        people=web.world.rules.organisation.people.values(),
        **around(web, room),
    )


def lines(web: Web, room: Room, after: int = 0) -> list[Line]:
    """Tell the timeline from the entry after `after` on."""
    names = Names(web.world.rules.organisation, room.plan)
    told = [line(entry, names) for entry in room.timeline if entry.number >= after]
    befores = [None, *told[:-1]]
    dated = [
        replace(one, new_day=before is None or before.at.date() != one.at.date())
        for before, one in zip(befores, told, strict=True)
    ]
    return [one for one in dated if one.number > after]


def now_fragment(web: Web, caller: Known, room: Room) -> str:
    """Return the part of the page that says how things stand."""
    return fragment(web, "_now.html", caller, **around(web, room))


def ladder_fragment(web: Web, caller: Known, room: Room) -> str:
    """Return the ladder alone."""
    return fragment(web, "_ladder.html", caller, **around(web, room))


def to_do_fragment(web: Web, caller: Known, room: Room) -> str:
    """Return what is still to be done."""
    return fragment(web, "_to_do.html", caller, **around(web, room))


def line_fragment(web: Web, caller: Known, told: Line) -> str:
    """Return one entry of the timeline."""
    return fragment(web, "_line.html", caller, line=told)


def around(web: Web, room: Room) -> dict[str, Any]:
    """Return what the parts of the page need to know about the incident."""
    organisation = web.world.rules.organisation
    incident = room.incident
    names = Names(organisation, room.plan)
    return {
        "room": room,
        "incident": incident,
        "severity": room.plan.severity(incident.severity),
        "names": names,
        "to_do": to_do(room.plan, incident, names, web.world.now()),
        "buttons": _buttons(incident.state),
        "clocks": sorted(incident.clocks, key=lambda clock: (clock.state != "running", clock.due)),
        "ladder": ladder(room, organisation, web.world.now()),
    }


def _buttons(state: State) -> list[tuple[str, str, str, str]]:
    """Return what can be done, what is most likely wanted first and as the main one."""
    possible = ways_out(state)
    buttons = [(verb, *told) for verb, told in BUTTONS.items() if verb in possible]
    if state == "acknowledged":
        verb, word, _, title = buttons[0]
        buttons[0] = (verb, word, "main", title)
    return buttons
