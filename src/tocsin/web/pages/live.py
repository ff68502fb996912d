"""The streams that keep open pages up to date."""

from collections.abc import Callable, Sequence
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.web.access import Known, Operator, PersonCaller, authorise, caller_of, demand_reader
from tocsin.web.live import Fragment, stream
from tocsin.web.pages import inbox, incidents, room
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.problems import Trouble
from tocsin.web.room import open_room
from tocsin.web.site import Web

router = APIRouter(prefix="/live", include_in_schema=False)

NewSince = Callable[[Known], Sequence[Fragment]]
"""Looks at the store and returns what is new since the last look."""


@router.get("/incidents")
async def live_incidents(
    request: Request, web: TheWeb, _caller: Reader, show: str = "current"
) -> StreamingResponse:
    """Send the list whenever it looks different."""
    seen: list[object] = [None]

    def look(caller: Known) -> Sequence[Fragment]:
        listed = incidents.find(web, show)
        if listed.fingerprint == seen[0]:
            return ()
        seen[0] = listed.fingerprint
        return [Fragment("list", incidents.list_fragment(web, caller, listed))]

    return _streaming(request, web, look)


@router.get("/inbox")
async def live_inbox(request: Request, web: TheWeb, _caller: Reader) -> StreamingResponse:
    """Send the person's messages whenever they look different."""
    seen: list[object] = [None]

    def look(caller: Known) -> Sequence[Fragment]:
        items = inbox.find(web, caller)
        if inbox.fingerprint(items) == seen[0]:
            return ()
        seen[0] = inbox.fingerprint(items)
        return [Fragment("inbox", inbox.inbox_fragment(web, caller, items))]

    return _streaming(request, web, look)


@router.get("/incidents/{code}")
async def live_incident(
    code: str,
    request: Request,
    web: TheWeb,
    _caller: Reader,
    after: int = 0,
    last_event_id: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Send new entries of a timeline, and what follows from them for the rest of the page.

    A browser that comes back says which entry it saw last, and gets what it missed.
    """
    came_back = last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19
    seen = [int(last_event_id) if came_back else after]

    def look(caller: Known) -> Sequence[Fragment]:
        with web.world.store.read() as reading:
            kept = reading.incident(code)
        if kept is None or kept.entries <= seen[0]:
            return ()
        found = open_room(web.world, code)
        if found is None:
            return ()
        demand_reader(web.world, caller, found.incident)
        new = room.lines(web, found, seen[0])
        seen[0] = found.entries
        entries = [
            Fragment("entry", room.line_fragment(web, caller, one), str(one.number)) for one in new
        ]
        return [
            *entries,
            Fragment("now", room.now_fragment(web, caller, found)),
            Fragment("todo", room.to_do_fragment(web, caller, found)),
            Fragment("ladder", room.ladder_fragment(web, caller, found)),
        ]

    return _streaming(request, web, look)


def _streaming(request: Request, web: Web, new_since: NewSince) -> StreamingResponse:
    """Stream what is new for as long as the caller may see it."""

    def look() -> Sequence[Fragment] | None:
        try:
            caller = caller_of(web.world, request.headers)
            authorise(caller, "read")
            if not isinstance(caller, Operator | PersonCaller):
                return None
            return new_since(caller)
        except Trouble:
            return None
        except (StoreUnavailable, NoRules):
            return ()

    async def look_in_thread() -> Sequence[Fragment] | None:
        return await to_thread.run_sync(look, limiter=web.stream_threads)

    return StreamingResponse(
        stream(look_in_thread, web.site.notifier, web.site.shutting_down),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )
