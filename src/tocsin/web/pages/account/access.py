"""Who is signed in and who has keys, for administrators: to look, and to put an end to it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from tocsin.engine.audit import audited
from tocsin.web.access import Known, PersonCaller, doer
from tocsin.web.api_keys import revoke_key
from tocsin.web.doing import again
from tocsin.web.pages.account.words import keys_shown, sessions_shown
from tocsin.web.pages.forms import Administrator, FormToken, TheWeb, demand_form_token
from tocsin.web.pages.rendering import render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.problems import Trouble
from tocsin.web.sessions import LINK_MINUTES, make_sign_in_link, session_id
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=300)]


@router.get("/access")
def access_page(web: TheWeb, caller: Administrator) -> Response:
    """Show everybody's sessions and keys."""
    return _page(web, caller)


@router.post("/access/links")
def make_link(
    request: Request, web: TheWeb, caller: Administrator, person: Text = "",
    form_token: FormToken = "",
) -> Response:  # fmt: skip
    """Make a link by which somebody can sign in once, and show it this once."""
    demand_form_token(web, caller, form_token)
    if person not in web.world.rules.organisation.people:
        raise Trouble(422, "person.unknown", f"there is no person {person!r}", "choose one")
    by = doer(request, caller)
    link = again(lambda: make_sign_in_link(web.world, person, LINK_MINUTES, "link", by))
    return _page(web, caller, link=link, person=person)


@router.post("/access/sessions/end")
def end_sessions(
    request: Request, web: TheWeb, caller: Administrator, id: Text = "", person: Text = "",
    form_token: FormToken = "",
) -> Response:  # fmt: skip
    """End one session, or all of a person but the caller's own."""
    demand_form_token(web, caller, form_token)
    by = doer(request, caller)
    here = caller.token_hash if isinstance(caller, PersonCaller) else b""

    def end() -> None:
        with web.world.store.write() as tx:
            for hashed, session in tx.sessions("", web.world.now()).items():
                theirs = session.person == person and hashed != here
                if session_id(hashed) == id if id else theirs:
                    tx.end_session(hashed)
                    audited(tx, web.world.now(), by, "session.ended", session.person)

    again(end)
    return RedirectResponse("/access", 303)


@router.post("/access/keys/revoke")
def revoke_any_key(
    request: Request, web: TheWeb, caller: Administrator, id: Text = "",
    form_token: FormToken = "",
) -> Response:  # fmt: skip
    """Revoke anybody's key."""
    demand_form_token(web, caller, form_token)
    revoke_key(web.world, doer(request, caller), id)
    return RedirectResponse("/access#keys", 303)


def _page(web: Web, caller: Known, link: str = "", person: str = "") -> Response:
    now = web.world.now()
    with web.world.store.read() as reading:
        sessions = reading.sessions("", now)
        keys = reading.api_keys("")
    here = caller.token_hash if isinstance(caller, PersonCaller) else b""
    organisation = web.world.rules.organisation
    return render(
        web,
        "access.html",
        caller,
        sessions=sessions_shown(sessions, here),
        keys=keys_shown(keys, now),
        people=sorted(organisation.people.values(), key=lambda one: one.name.casefold()),
        names=Names(organisation),
        link=link,
        link_for=person,
        link_minutes=LINK_MINUTES,
    )
