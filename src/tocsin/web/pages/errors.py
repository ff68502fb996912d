"""Errors as pages."""

from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from tocsin.web.pages.rendering import render
from tocsin.web.problems import Trouble
from tocsin.web.site import web_of

BELOW = "press “To the incidents” below"

HINTS = {
    "access.no-key": "press “To the incidents” below to sign in, then do it again",
    "access.wrong-key": "press “To the incidents” below to sign in, then do it again",
    "access.signed-out": "press “To the incidents” below to sign in, then do it again",
    "access.cross-site": "open the page here and do it again",
    "incident.unknown": f"{BELOW}: the list has them all, under “All”",
    "link.too-late": f"{BELOW} to sign in and see how things stand",
    "request.cursor": f"{BELOW} and begin with the newest ones",
    "request.method": BELOW,
    "request.not-found": BELOW,
    "request.wrong": BELOW,
    "request.wrong-values": "go back, mend what you typed and send it again",
}
"""What people click, where the hint of the API says what programs send."""


def page(request: Request, trouble: Trouble) -> Response:
    """Say what went wrong and what to do; whoever is not signed in is asked to."""
    path = request.url.path
    if trouble.status == 401 and request.method == "GET" and not path.startswith("/live/"):
        return RedirectResponse(f"/sign-in?next={quote(path, safe='/')}", 303)
    response = render(web_of(request), "error.html", None, trouble.status,
                      trouble=trouble, hint=HINTS.get(trouble.code, trouble.hint))  # fmt: skip
    response.headers.update(trouble.headers)
    return response
