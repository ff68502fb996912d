"""Signing in with a one-time code, and out again. Opening a link changes nothing: a button does."""

from secrets import token_urlsafe
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from tocsin.web.access import PersonCaller, cookie_name, demand_same_site
from tocsin.web.doing import again
from tocsin.web.pages.forms import Anybody, FormToken, Reader, TheWeb, demand_form_token, local_path
from tocsin.web.pages.rendering import render
from tocsin.web.same_site import form_token, is_form_token
from tocsin.web.sessions import SESSION_LASTS, end_session, open_session
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

HOME = "/incidents"
FORM_COOKIE = "tocsin_form"
"""Binds the sign-in form to the browser it was made for, before there is a session."""

Text = Annotated[str, Form(max_length=200)]


@router.get("/sign-in")
def sign_in_page(
    request: Request, web: TheWeb, _caller: Anybody, code: str = "", next: str = ""
) -> Response:
    """Show a button for whoever comes with a code, and a field for it otherwise."""
    return _page(request, web, code=code[:200], next_=next, problem="")


@router.post("/sign-in")
def sign_in(
    request: Request, web: TheWeb, _caller: Anybody, code: Text = "",
    next: Text = "", form_token: FormToken = "",
) -> Response:  # fmt: skip
    """Use the code up and open a session.

    A good code always works: whoever guesses from the same address can't keep others out.
    """
    demand_same_site(request)
    now = web.world.now()
    address = request.client.host if request.client is not None else ""
    if not is_form_token(form_token, web.world.secret, _whose(_form_cookie(request))):
        said = "This form is too old, or your browser keeps no cookies. Try again."
        return _page(request, web, code=code, next_=next, problem=said, status=403)
    opened = again(lambda: open_session(web.world, code))
    if opened is None and (wait := web.failed_sign_ins.wait(address, now)):
        said = f"Too many codes were wrong. Try again in {wait} seconds; a good code works at once."
        response = _page(request, web, code="", next_=next, problem=said, status=429)
        response.headers["Retry-After"] = str(wait)
        return response
    if opened is None:
        web.failed_sign_ins.failed(address, now)
        said = "This code is not known, or was used already, or is too old. Ask for a new one."
        return _page(request, web, code="", next_=next, problem=said, status=403)
    token, _session = opened
    response = RedirectResponse(local_path(next, HOME), 303)
    _set(response, web, cookie_name(web.world), token)
    response.delete_cookie(FORM_COOKIE, path="/sign-in")
    return response


@router.post("/sign-out")
def sign_out(web: TheWeb, caller: Reader, form_token: FormToken = "") -> Response:
    """Close this browser's session, for good: its token opens nothing any more."""
    demand_form_token(web, caller, form_token)
    if isinstance(caller, PersonCaller):
        again(lambda: end_session(web.world, caller.token_hash))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(cookie_name(web.world), secure=web.secure, httponly=True)
    return response


def _page(
    request: Request, web: Web, *, code: str, next_: str, problem: str, status: int = 200
) -> Response:
    cookie = _form_cookie(request) or token_urlsafe(16)
    response = render(
        web,
        "sign_in.html",
        None,
        status,
        code=code,
        next=local_path(next_, ""),
        problem=problem,
        sign_in_token=form_token(web.world.secret, _whose(cookie)),
    )
    response.set_cookie(
        FORM_COOKIE, cookie, path="/sign-in", secure=web.secure, httponly=True, samesite="strict"
    )
    return response


def _form_cookie(request: Request) -> str:
    return request.cookies.get(FORM_COOKIE, "")[:100]


def _whose(cookie: str) -> str:
    return f"sign-in {cookie}"


def _set(response: Response, web: Web, name: str, token: str) -> None:
    response.set_cookie(
        name,
        token,
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/",
        secure=web.secure,
        httponly=True,
        samesite="lax",
    )
