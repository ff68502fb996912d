"""Answers are compressed, except where their length could tell a stranger what is in them."""

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware

from tocsin.web.same_site import is_cross_site
from tocsin.web.site import Asgi, Receive, Scope, Send

LIVE = "/live/"
"""Where streams are."""

AT_LEAST = 500
"""Bytes; what is shorter gains nothing."""

LEVEL = 6


class Compressed:
    """Compresses pages, documents and files; streams, pictures and fonts go out as they are.

    Whoever listens on the line and makes a browser ask for pages could learn from their lengths
    how well their own words fit to what else is on a page (BREACH). So what a foreign page asks
    for is not compressed, and the tokens in forms are masked anew each time, see `same_site`.
    """

    def __init__(self, app: Asgi, base_url: str) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, minimum_size=AT_LEAST, compresslevel=LEVEL)
        self._base_url = base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(LIVE):
            await self._plain(scope, receive, send)
            return
        foreign = is_cross_site(Headers(scope=scope), self._base_url)
        await (self._plain if foreign else self._compressed)(scope, receive, send)
