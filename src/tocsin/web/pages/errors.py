"""Errors as pages."""

from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from tocsin.web.pages.rendering import render
from tocsin.web.problems import Trouble
from tocsin.web.site import web_of


def page(request: Request, trouble: Trouble) -> Response:
    """Say what went wrong and what to do; whoever is not signed in is asked to."""
    path = request.url.path
    if trouble.status == 401 and request.method == "GET" and not path.startswith("/live/"):
        return RedirectResponse(f"/sign-in?next={quote(path, safe='/')}", 303)
    response = render(web_of(request), "error.html", None, trouble.status, trouble=trouble)
    response.headers.update(trouble.headers)
    return response
