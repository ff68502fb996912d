"""Signing in, by every way there is, and out again. Opening a link changes nothing: a button does.

The one exception is the way back from an identity provider, which a browser can only come by GET.
"""

from secrets import token_urlsafe
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from tocsin.web.access import (
    Oneself,
    PersonCaller,
    address_of,
    cookie_name,
    demand_same_site,
    doer,
    session_token,
)
from tocsin.web.doing import again
from tocsin.web.oidc import FLOW_LASTS, ProviderDown, Refused
from tocsin.web.pages.forms import Anybody, FormToken, TheWeb, demand_form_token, local_path
from tocsin.web.pages.rendering import render
from tocsin.web.passwords import TooBusy
from tocsin.web.same_site import form_token, is_form_token
from tocsin.web.sessions import SESSION_LASTS, Visit, end_session
from tocsin.web.signing_in import arriving, passkeys
from tocsin.web.signing_in.arriving import Arrived, SecondWanted, TurnedAway
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

HOME = "/centre"
FORM_COOKIE = "tocsin_form"
"""Binds the sign-in form to the browser it was made for, before there is a session."""

FLOW_COOKIE = "tocsin_oidc"
"""Binds a sign-in at the identity provider to the browser that began it."""

FLOW_PATH = "/sign-in/oidc"

TOO_OLD = "This form is too old, or your browser keeps no cookies. Try again."
BUSY = "Very many people sign in just now. Try again in a moment."

Text = Annotated[str, Form(max_length=300)]
Long = Annotated[str, Form(max_length=20_000)]


@router.get("/sign-in")
def sign_in_page(
    request: Request, web: TheWeb, _caller: Anybody, code: str = "", next: str = ""
) -> Response:
    """Show a button for whoever comes with a code, and every other way otherwise."""
    return _page(request, web, code=code[:200], next=next)


@router.post("/sign-in")
def sign_in(
    request: Request, web: TheWeb, _caller: Anybody, code: Text = "",
    next: Text = "", form_token: FormToken = "",
) -> Response:  # fmt: skip
    """Use up a one-time code."""
    if not _is_ours(request, web, form_token):
        return _page(request, web, 403, code=code, next=next, problem=TOO_OLD)
    return _answer(request, web, next, arriving.by_link(web, code, _visit(request, web)))


class PasswordForm(BaseModel):
    """A name (an id or an e-mail address) with a password."""

    name: str = Field("", max_length=300)
    password: str = Field("", max_length=300, repr=False)
    next: str = Field("", max_length=300)
    form_token: str = Field("", max_length=100)


@router.post("/sign-in/password")
def sign_in_by_password(
    request: Request, web: TheWeb, _caller: Anybody, form: Annotated[PasswordForm, Form()]
) -> Response:
    """Check a password; whoever has set up one-time codes is asked for one then."""
    name, next_ = form.name, form.next
    if not _is_ours(request, web, form.form_token):
        return _page(request, web, 403, name=name, next=next_, problem=TOO_OLD)
    browser, visit = _form_cookie(request), _visit(request, web)
    try:
        outcome = arriving.by_password(web, name, form.password, browser, visit)
    except TooBusy:
        return _page(request, web, 503, name=name, next=next_, problem=BUSY)
    if isinstance(outcome, SecondWanted):
        return _page(request, web, proof=outcome.proof, next=next_)
    return _answer(request, web, next_, outcome, name=name)


class CodeForm(BaseModel):
    """A code of an app, with the proof that the password was right."""

    proof: str = Field("", max_length=300, repr=False)
    code: str = Field("", max_length=300, repr=False)
    next: str = Field("", max_length=300)
    form_token: str = Field("", max_length=100)


@router.post("/sign-in/code")
def sign_in_by_second_factor(
    request: Request, web: TheWeb, _caller: Anybody, form: Annotated[CodeForm, Form()]
) -> Response:
    """Check the code that follows a right password."""
    if not _is_ours(request, web, form.form_token):
        return _page(request, web, 403, next=form.next, problem=TOO_OLD)
    browser, visit = _form_cookie(request), _visit(request, web)
    outcome = arriving.by_second_factor(web, form.proof, form.code, browser, visit)
    return _answer(request, web, form.next, outcome, proof=form.proof)


@router.get("/sign-in/passkey")
def passkey_options(request: Request, web: TheWeb, _caller: Anybody) -> Response:
    """Say what a browser needs to ask its owner for a passkey."""
    options = passkeys.sign_in_options(web.world, _form_cookie(request))
    return Response(options, media_type="application/json")


@router.post("/sign-in/passkey")
def sign_in_by_passkey(
    request: Request, web: TheWeb, _caller: Anybody, credential: Long = "",
    next: Text = "", form_token: FormToken = "",
) -> Response:  # fmt: skip
    """Check what a passkey has signed."""
    if not _is_ours(request, web, form_token):
        return _page(request, web, 403, next=next, problem=TOO_OLD)
    browser, visit = _form_cookie(request), _visit(request, web)
    return _answer(request, web, next, arriving.by_passkey(web, credential, browser, visit))


@router.get(FLOW_PATH)
def to_provider(request: Request, web: TheWeb, _caller: Anybody, next: str = "") -> Response:
    """Send the browser to the identity provider."""
    if web.provider is None:
        said = "No identity provider is set up here. Sign in another way."
        return _page(request, web, 404, next=next, problem=said)
    try:
        flow = web.provider.begin(web.world.now(), local_path(next[:200], ""))
    except ProviderDown as down:
        return _page(request, web, 502, next=next, problem=_down(down))
    response = RedirectResponse(flow.url, 303)
    response.set_cookie(
        FLOW_COOKIE, flow.cookie, int(FLOW_LASTS.total_seconds()), path=FLOW_PATH,
        secure=web.secure, httponly=True, samesite="lax",
    )  # fmt: skip
    return response


@router.get(f"{FLOW_PATH}/back")
def from_provider(request: Request, web: TheWeb, _caller: Anybody) -> Response:
    """Let in whom the identity provider vouches for, if this browser began it."""
    if web.provider is None:
        return RedirectResponse("/sign-in", 303)
    cookie = request.cookies.get(FLOW_COOKIE, "")[:2000]
    try:
        subject, next_, flow = web.provider.finish(
            cookie, dict(request.query_params), web.world.now()
        )
    except ProviderDown as down:
        return _page(request, web, 502, problem=_down(down))
    except Refused as refused:
        said = f"You are not signed in: {refused}. Begin again."
        return _page(request, web, 403, problem=said)
    outcome = arriving.by_provider(web, subject, flow, _visit(request, web))
    response = _answer(request, web, next_, outcome)
    response.delete_cookie(FLOW_COOKIE, path=FLOW_PATH)
    return response


@router.post("/sign-out")
def sign_out(
    request: Request,
    web: TheWeb,
    caller: Annotated[PersonCaller, Depends(Oneself())],
    next: Text = "",
    form_token: FormToken = "",
) -> Response:
    """Close this browser's session, for good: its token opens nothing any more."""
    demand_form_token(web, caller, form_token)
    again(lambda: end_session(web.world, caller.token_hash, doer(request, caller)))
    further = local_path(next, "")
    response = RedirectResponse(f"/sign-in?next={further}" if further else "/sign-in", 303)
    response.delete_cookie(cookie_name(web.world), secure=web.secure, httponly=True)
    return response


def _answer(
    request: Request, web: Web, next_: str, outcome: Arrived | TurnedAway, **more: str
) -> Response:
    if isinstance(outcome, TurnedAway):
        response = _page(request, web, outcome.status, next=next_, problem=outcome.said, **more)
        if outcome.wait:
            response.headers["Retry-After"] = str(outcome.wait)
        return response
    response = RedirectResponse(local_path(next_, HOME), 303)
    response.set_cookie(
        cookie_name(web.world), outcome.token, int(SESSION_LASTS.total_seconds()), path="/",
        secure=web.secure, httponly=True, samesite="lax",
    )  # fmt: skip
    response.delete_cookie(FORM_COOKIE, path="/sign-in")
    return response


def _page(request: Request, web: Web, status: int = 200, **shown: str) -> Response:
    """Show the page; `shown` are code, name, next, problem and proof, as far as there are any."""
    cookie = _form_cookie(request) or token_urlsafe(16)
    provider = web.provider
    response = render(
        web,
        "sign_in.html",
        None,
        status,
        code=shown.get("code", ""),
        name=shown.get("name", ""),
        next=local_path(shown.get("next", ""), ""),
        problem=shown.get("problem", ""),
        proof=shown.get("proof", ""),
        provider=provider.client.name if provider is not None else "",
        passkeys=not passkeys.impossible(web.world.base_url),
        sign_in_token=form_token(web.world.secret, _whose(cookie)),
    )
    response.set_cookie(
        FORM_COOKIE, cookie, path="/sign-in", secure=web.secure, httponly=True, samesite="strict"
    )
    return response


def _is_ours(request: Request, web: Web, given: str) -> bool:
    """Whether this form is one that this browser was given; raises Trouble for a foreign page."""
    demand_same_site(request)
    return is_form_token(given, web.world.secret, _whose(_form_cookie(request)))


def _visit(request: Request, web: Web) -> Visit:
    before = session_token(web.world, request.headers.get("cookie", ""))
    return Visit(address_of(request), request.headers.get("user-agent", ""), before)


def _down(down: ProviderDown) -> str:
    return (
        f"The identity provider can't be used just now: {down}. Sign in another way;"
        " `tocsin sign-in PERSON` on the server makes a one-time code."
    )


def _form_cookie(request: Request) -> str:
    return request.cookies.get(FORM_COOKIE, "")[:100]


def _whose(cookie: str) -> str:
    return f"sign-in {cookie}"
