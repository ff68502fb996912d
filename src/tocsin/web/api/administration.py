"""About this installation: what it works by, and sign-in links."""

from datetime import timedelta

import msgspec
from fastapi import APIRouter, Request

from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.engine.probe import PROBE
from tocsin.engine.rules import NoRules
from tocsin.engine.trial import trial_call
from tocsin.web.access import Operator, doer, may
from tocsin.web.api import models as m
from tocsin.web.api.asking import Administrator, Reader, TheWeb, acting, problems, shown
from tocsin.web.api.health_document import health_document, source_documents
from tocsin.web.doing import again
from tocsin.web.problems import FoundProblem, Trouble
from tocsin.web.sessions import BREAK_GLASS, UnknownPerson, make_sign_in_link
from tocsin.web.site import Web

router = APIRouter(prefix="/api/v1", tags=["installation"])

ALERTS_SEEN = 2000
"""So many of the newest alerts are looked at for who was heard."""


@router.get("/status", responses=problems())
def status(web: TheWeb, caller: Reader) -> m.Status:
    """Say what this process is, and which plan and organisation it works by."""
    plan, organisation = _in_force(web)
    with web.world.store.read() as reading:
        counts = dict(reading.counts())
        heard, heartbeats = reading.last_received(ALERTS_SEEN), reading.heartbeats()
    return m.Status(
        version=web.site.version,
        node=web.world.node,
        plan=m.PlanDocument(name=plan.name, version=plan.version, title=plan.title)
        if plan is not None
        else None,
        organisation=organisation.name if organisation is not None else None,
        counts=counts,
        channels=sorted(name for name in web.world.channels if not name.startswith(PROBE)),
        refused=[FoundProblem(**msgspec.structs.asdict(p)) for p in web.world.rules.refused],
        health=health_document(web.site.health(), in_detail=may(caller, "administer")),
        integrations=source_documents(organisation, heard, heartbeats) if organisation else [],
    )


def _in_force(web: Web) -> tuple[Plan | None, Organisation | None]:
    try:
        return web.world.rules.plan, web.world.rules.organisation
    except NoRules:
        return None, None


@router.post("/test-page", status_code=201, responses=problems(422))
def test_page(body: m.TestPageRequest, web: TheWeb, caller: Administrator) -> m.IncidentDocument:
    """Page one person through all their contacts at once, as an exercise.

    The answer shows the exercise as it begins; its `deliveries` tell later what has arrived.
    """
    who = acting(web, caller, body.as_, body.why)
    return shown(
        web, again(lambda: trial_call(web.world, body.person, by=who["by"], via=who["via"]))
    )


@router.post("/sign-in-links", status_code=201, responses=problems(422))
def sign_in_link(
    body: m.SignInLinkRequest, request: Request, web: TheWeb, caller: Administrator
) -> m.SignInLink:
    """Make a link by which a person can sign in once.

    Asked for with the operator key it breaks the glass: nobody has vouched for who uses it.
    """
    how = BREAK_GLASS if isinstance(caller, Operator) else "link"
    expires_at = web.world.now() + timedelta(minutes=body.minutes)
    try:
        by = doer(request, caller)
        url = again(lambda: make_sign_in_link(web.world, body.person, body.minutes, how, by))
    except UnknownPerson as unknown:
        known = ", ".join(sorted(web.world.rules.organisation.people))
        raise Trouble(422, "person.unknown", str(unknown), f"known: {known}") from None
    return m.SignInLink(url=url, person=body.person, expires_at=expires_at)
