"""Answering links: who holds one can acknowledge, without signing in and without JavaScript.

Opening one changes nothing, whoever does it: mail scanners open every link (invariant E5).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.confidential import covered, may_read
from tocsin.core.incident.state import Incident
from tocsin.core.oncall import standing
from tocsin.core.plan.model import Severity
from tocsin.engine.keys import answer_token, same
from tocsin.engine.ports import Delivery
from tocsin.engine.probe import world_of
from tocsin.web import doing
from tocsin.web.access import Answering, authorise
from tocsin.web.pages.forms import Anybody, TheWeb
from tocsin.web.pages.rendering import render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.problems import Trouble, refused
from tocsin.web.same_site import form_token, is_cross_site, is_form_token
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

GOOD_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Question:
    """What a link asks its person."""

    delivery: Delivery
    incident: Incident
    severity: Severity
    caller: Answering


@router.get("/a/{token}")
def question_page(token: str, web: TheWeb, _caller: Anybody) -> Response:
    """Show the incident and a button."""
    return _page(web, token, _asked(web, token))


@router.post("/a/{token}")
def answer(
    token: str,
    request: Request,
    web: TheWeb,
    _caller: Anybody,
    proof: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Acknowledge as the person of the link; what is so already is shown as it is."""
    question = _asked(web, token)
    authorise(question.caller, "answer")
    ours = is_form_token(proof, web.world.secret, f"answer {token}")
    if not ours or is_cross_site(request.headers, web.world.base_url):
        raise Trouble(
            403,
            "access.form",
            "this answer was not given on its own page",
            "open the link again and press the button",
        )
    if question.incident.state == "open":
        command = c.Acknowledge(by=question.caller.by, via="link")
        outcome = doing.act(web, question.incident.code, command)
        if isinstance(outcome, Refusal) and refused(outcome).status == 404:
            raise refused(outcome)
    return RedirectResponse(f"/a/{token}", 303)


def _page(web: Web, token: str, question: Question) -> Response:
    return render(
        web,
        "answer.html",
        None,
        token=token,
        proof=form_token(web.world.secret, f"answer {token}"),
        delivery=question.delivery,
        incident=question.incident,
        severity=question.severity,
        situation=_situation(question),
        names=Names(world_of(web.world, question.incident).rules.organisation),
    )


def _situation(question: Question) -> Literal["waits", "yours", "theirs", "over"]:
    incident = question.incident
    if incident.state == "open":
        return "waits"
    if incident.state == "resolved":
        return "over"
    return "yours" if incident.acknowledged_by == question.caller.by else "theirs"


def _asked(web: Web, token: str) -> Question:
    """Return what a link stands for; raises Trouble if it is false, or no longer good."""
    message_id = token.rpartition(".")[0]
    with web.world.store.read() as reading:
        delivery = reading.delivery(message_id) if message_id else None
        kept = reading.incident(delivery.incident) if delivery is not None else None
    if delivery is None or kept is None:
        raise _unknown()
    if not same(token, answer_token(web.world.secret, message_id, delivery.person)):
        raise _unknown()
    world = world_of(web.world, kept.incident)
    organisation = world.rules.organisation
    if delivery.person not in {*organisation.people, *organisation.recipients}:
        raise _unknown()
    if kept.incident.state == "closed":
        raise _too_late(f"{kept.incident.code} is closed: there is nothing left to answer")
    if web.world.now() - delivery.created_at > GOOD_FOR:
        raise _too_late("this link was good for 24 hours, and they are over")
    plan = world.rules.plan_of(kept.incident.plan)
    severity = plan.severity(kept.incident.severity)
    belongs = standing(organisation, delivery.person, web.world.now()) or (delivery.person,)
    reader = may_read(kept.incident, delivery.person, belongs)
    incident = kept.incident if reader else covered(kept.incident)
    return Question(delivery, incident, severity, Answering(delivery.person))


def _unknown() -> Trouble:
    hint = "open it exactly as it was sent, or sign in and acknowledge on the incident's page"
    return Trouble(404, "link.unknown", "this link is not known", hint)


def _too_late(why: str) -> Trouble:
    return Trouble(410, "link.too-late", why, "sign in to see the incident: /sign-in")
