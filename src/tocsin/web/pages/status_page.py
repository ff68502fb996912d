"""The status page under `/status`, the form for subscribers, and the way into a private page."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from tocsin.core.statuspage.model import Board
from tocsin.core.statuspage.subscribers import Subscriber, Way, offered
from tocsin.engine.keys import same, status_link_token, webhook_secret
from tocsin.engine.statuspage import subscribing
from tocsin.engine.statuspage.page import PATH, board_of, is_public
from tocsin.web.access import authorise, caller_of, demand_same_site
from tocsin.web.doing import again
from tocsin.web.pages.forms import Anybody, TheWeb
from tocsin.web.problems import Trouble
from tocsin.web.site import Web
from tocsin.web.statuspage.making import INDEX, page

router = APIRouter(include_in_schema=False)

COOKIE = "tocsin_status"
COOKIE_LASTS = 90 * 86_400
"""Seconds for which a browser that was let in by link need not ask again."""

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
    "atom": "application/atom+xml; charset=utf-8",
}

Text = Annotated[str, Form(max_length=500)]
Names = Annotated[list[str], Form(default_factory=list)]


@router.get(PATH)
def without_slash(_caller: Anybody) -> Response:
    """Lead to where relative links work."""
    return RedirectResponse(f"{PATH}/", 308)


@router.get(f"{PATH}/subscribe")
def subscribe_page(request: Request, web: TheWeb, _caller: Anybody) -> Response:
    """Show the form."""
    board = _board(request, web)
    return _form(board, "Subscribe", "subscribe", ways=_ways(web))


@router.post(f"{PATH}/subscribe")
def subscribe(
    request: Request, web: TheWeb, _caller: Anybody, components: Names, how: Text = "",
    address: Text = "",
) -> Response:  # fmt: skip
    """Ask whoever owns the address; the answer is the same for a known and an unknown one."""
    demand_same_site(request)
    board = _board(request, web)
    where = request.client.host if request.client is not None else ""
    if web.subscriptions_asked.too_often(where, web.world.now()):
        said = "Too many people ask just now. Try again in ten minutes."
        return _form(board, "Subscribe", "subscribe", 429, ways=_ways(web), problem=said)
    ways = _ways(web)
    way = next((one for one in ways if one == how), None)
    if way is None:
        raise Trouble(
            422, "status.no-such-way", "the page has no such subscriptions",
            f"it has: {', '.join(ways) or 'the feed'}",
        )  # fmt: skip
    wanted = tuple(components[:500])
    problem = again(lambda: subscribing.subscribe(web.world, way, address, wanted))
    if problem:
        return _form(board, "Subscribe", "subscribe", 422, ways=ways, problem=problem)
    said = "If messages can be sent to this address, one with a link is on its way. Open it there."
    return _form(board, "Look for our message", "said", said=said)


@router.get(f"{PATH}/subscription/{{token}}")
def subscription_page(request: Request, token: str, web: TheWeb, _caller: Anybody) -> Response:
    """Show what this subscription is, with buttons; opening it changes nothing."""
    found = again(lambda: subscribing.subscription(web.world, token))
    return _subscription(web, token, found)


@router.post(f"{PATH}/subscription/{{token}}")
def change_subscription(
    token: str, web: TheWeb, _caller: Anybody, components: Names, do: Text = "end"
) -> Response:
    """Confirm, change or end; a POST that says nothing else ends it (RFC 8058).

    The token alone is the right to do so: no cookie counts here, so no other site can use one.
    """
    if do == "confirm":
        found = again(lambda: subscribing.confirm(web.world, token))
        return _subscription(web, token, found, "You are subscribed.")
    if do == "choose":
        found = again(lambda: subscribing.choose(web.world, token, tuple(components[:500])))
        return _subscription(web, token, found, "Saved.")
    if not again(lambda: subscribing.end(web.world, token)) and not is_public(web.world):
        raise _private("this status page is not for everybody")
    said = "You get no more messages, and the address is forgotten."
    return _form(_any_board(web), "Unsubscribed", "said", said=said, root="../")


@router.get(f"{PATH}/link/{{token}}")
def link_page(token: str, web: TheWeb, _caller: Anybody) -> Response:
    """Show a button to whoever comes by the link; mail programs open links too."""
    if not _is_good(web, token):
        raise _private("this link is not good, or no longer")
    return _form(_any_board(web), "Status page", "link", root="../", action=f"{PATH}/link/{token}")


@router.post(f"{PATH}/link/{{token}}")
def follow_link(token: str, web: TheWeb, _caller: Anybody) -> Response:
    """Let this browser in for a while, by a cookie, so that the secret is in no further address."""
    if not _is_good(web, token):
        raise _private("this link is not good, or no longer")
    response = RedirectResponse(f"{PATH}/", 303)
    response.set_cookie(
        COOKIE, token, max_age=COOKIE_LASTS, path=PATH, secure=web.secure, httponly=True,
        samesite="lax",
    )  # fmt: skip
    return response


@router.get(f"{PATH}/{{path:path}}")
def files(
    request: Request, path: str, web: TheWeb, _caller: Anybody, component: str = ""
) -> Response:
    """Serve a file of the page, as it was made last."""
    public = _let_in(request, web)
    path = path or INDEX
    if path == "feed.atom" and component:
        path = f"feed-{component}.atom"
    found = web.publisher.file(path)
    if found is None:
        if web.publisher.file(INDEX) is None:
            raise _no_page()
        raise Trouble(
            404, "request.not-found", f"the status page has no {path[:100]}", f"see {PATH}/"
        )
    content, tag = found
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=15, stale-if-error=86400"
        if public
        else "private, no-cache",
    }
    if public and not path.endswith(".html"):
        # Other pages may show the badge and read what the page says.
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=TYPES[path.rpartition(".")[2]], headers=headers)


def _let_in(request: Request, web: Web) -> bool:
    """Return whether the page is for everybody; raises Trouble for whom it is not for."""
    if is_public(web.world):
        return True
    if _is_good(web, request.cookies.get(COOKIE, "")):
        return False
    try:
        authorise(caller_of(web.world, request.headers), "read")
    except Trouble:
        raise _private("this status page is not for everybody") from None
    return False


def _is_good(web: Web, token: str) -> bool:
    with web.world.store.read() as reading:
        version = reading.status_link()
    return same(token, status_link_token(web.world.secret, version))


def _private(what: str) -> Trouble:
    return Trouble(
        401, "status.private", what, "open the link that you were given, or sign in at /sign-in"
    )


def _no_page() -> Trouble:
    return Trouble(
        404, "status.none", "the plan in force has no status page",
        "add `status_page:` to the plan; `tocsin explain plan.yaml status_page` says how",
    )  # fmt: skip


def _board(request: Request, web: Web) -> Board:
    _let_in(request, web)
    return _any_board(web)


def _any_board(web: Web) -> Board:
    board = board_of(web.world)
    if board is None:
        raise _no_page()
    return board


def _ways(web: Web) -> tuple[Way, ...]:
    status_page = web.world.rules.plan.communication.status_page
    return offered(status_page) if status_page is not None else ()


def _subscription(web: Web, token: str, found: Subscriber | None, said: str = "") -> HTMLResponse:
    if found is None and not is_public(web.world):
        raise _private("this status page is not for everybody")
    board = _any_board(web)
    if found is None:
        problem = "This link is not good, or the subscription has ended."
        return _form(board, "No subscription", "said", 404, problem=problem, root="../")
    action = f"{PATH}/subscription/{token}"
    names = ", ".join(n for c in found.components if (n := board.named(c)))
    if not found.active:
        return _form(
            board, "Confirm your subscription", "confirm", root="../", chosen_names=names,
            action=action,
        )  # fmt: skip
    secret = webhook_secret(web.world.secret, found.id) if found.how == "webhook" else ""
    return _form(
        board, "Your subscription", "manage", root="../", chosen=found.components, said=said,
        secret=secret, action=action,
    )  # fmt: skip


def _form(
    board: Board, heading: str, kind: str, status: int = 200, *, root: str = "", **context: object
) -> HTMLResponse:
    values: dict[str, object] = {
        "ways": (), "problem": "", "said": "", "chosen": (), "chosen_names": "", "secret": "",
        "action": f"{PATH}/subscribe",
    }  # fmt: skip
    values |= context
    # Nothing of these pages may stay in a cache, and no other site learns of the token.
    answer = HTMLResponse(
        page(board, "form.html", root, private=True, heading=heading, kind=kind, **values), status
    )
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
