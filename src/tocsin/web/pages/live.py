"""The streams that keep open pages up to date."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import replace
from typing import Annotated

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from starlette.datastructures import Headers

from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.web.access import Known, Operator, PersonCaller, authorise, caller_of, may_read
from tocsin.web.feeds import Feed, follow
from tocsin.web.live import LOOK_EVERY, Fragment, stream
from tocsin.web.pages import centre, inbox, incidents, room
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.pages.rendering import form_token_of
from tocsin.web.pages.sharing import Moment
from tocsin.web.problems import Trouble
from tocsin.web.room import Room, newest, open_room, since
from tocsin.web.site import Web

router = APIRouter(prefix="/live", include_in_schema=False)

Look = Callable[[Moment | None], Moment | None]
"""Looks at the store; returns what it is given if nothing has changed since."""

NewSince = Callable[[Known], Sequence[Fragment]]
"""Looks at the store for one reader alone, and returns what is new since the last look."""


Batch = tuple[int, int]
"""Entries of a timeline that came together: after the first number, up to the second."""

BATCHES = 50
"""So many of the last ones are kept as rendered: whoever is late gets them as others did."""

AT_HAND = 500
"""Last entries of a timeline that are kept for those who watch; who has missed more reads it."""


class ListMoment(Moment):
    """The list of incidents at a moment."""

    def __init__(self, web: Web, listed: incidents.Listed, mark: int) -> None:
        super().__init__(web)
        self.listed = listed
        self.mark = mark

    def pieces(self, after: int) -> Sequence[Hashable]:
        """The whole list, if it looks different."""
        return ["list"] if self.mark > after else []

    def fragments(self, piece: Hashable, caller: Known) -> Sequence[Fragment]:
        """Render the list."""
        return [Fragment("list", incidents.list_fragment(self.web, caller, self.listed))]


class RoomMoment(Moment):
    """An incident's room at a moment; `mark` is the number of its latest entry.

    Of its timeline the last entries are at hand, for those who have missed little. `changed` is the
    number of the entry by which anything but the timeline has changed last: a note renews no part.
    """

    def __init__(self, web: Web, now: Room, before: "RoomMoment | None" = None) -> None:
        super().__init__(web)
        self.room = now
        self.mark = now.timeline[-1].number if now.timeline else now.entries
        same = before is not None and _parts_of(before.room) == _parts_of(now)
        self.changed: int = before.changed if before is not None and same else self.mark
        self.batches: tuple[Batch, ...] = ()
        if before is not None:
            self.batches = (*before.batches, (before.mark, self.mark))[-BATCHES:]
            self.keep_pieces(before, self.batches)

    @classmethod
    def of(cls, web: Web, code: str, before: "RoomMoment | None") -> "RoomMoment | None":
        """Look at the store; returns `before` if nothing has happened since."""
        with web.world.store.read() as reading:
            kept = reading.incident(code)
        if kept is None:
            return None
        if before is None:
            found = open_room(web.world, code, newest(AT_HAND))
            return cls(web, found) if found is not None else None
        if kept.head == before.room.head:
            return before
        found = open_room(web.world, code, since(before.mark))
        if found is None:
            return None
        last = (*before.room.timeline, *found.timeline)[-AT_HAND:]
        return cls(web, replace(found, timeline=last), before)

    def pieces(self, after: int) -> Sequence[Hashable]:
        """The entries after that one, and what follows from them for the rest of the page."""
        if self.mark <= after:
            return []
        return [*self._batches(after), *(room.LIVE if self.changed > after else ())]

    def fragments(self, piece: Hashable, caller: Known) -> Sequence[Fragment]:
        """Render the new entries, or one part of the page."""
        match piece:
            case (int(after), int(last)):
                return [
                    Fragment("entry", room.line_fragment(self.web, caller, one), str(one.number))
                    for one in room.lines(self.web, self._with(after + 1), after)
                    if one.number <= last
                ]
            case str(name):
                return [Fragment(name, room.LIVE[name](self.web, caller, self.room))]
        raise AssertionError(f"{piece} is no part of a room")

    def _batches(self, after: int) -> Sequence[Batch]:
        """Part what came after that entry as it came, so that all who were told then share it."""
        missed = [batch for batch in self.batches if batch[0] >= after]
        return missed if missed and missed[0][0] == after else [(after, self.mark)]

    def _with(self, number: int) -> Room:
        """Return the room with its timeline from that entry on, and what came before at hand."""
        at_hand = self.room.timeline
        if at_hand and at_hand[0].number <= number:
            return self.room
        found = open_room(self.web.world, self.room.incident.code, since(max(0, number - 2)))
        return found or self.room

    def may_see(self, caller: Known) -> bool:
        """Restricted incidents are for their readers."""
        return may_read(self.web.world, caller, self.room.incident)


def _parts_of(now: Room) -> tuple[object, ...]:
    """Return all that the parts of the page are made of, the timeline apart."""
    incident = msgspec.structs.replace(now.incident, changed_at=now.incident.opened_at)
    return incident, now.plan, now.deliveries, now.alerts, now.calls, now.moments, now.ahead


class Following:
    """One open page: what it has got so far, and whether its reader may still look."""

    def __init__(self, web: Web, request: Request, after: int = 0) -> None:
        self._web = web
        self._headers = request.headers
        self._after = after
        self._got: dict[Hashable, bytes] = {}
        self._caller: Known | None = None
        self._asked_at = 0.0
        self._token = b""

    async def take(self, found: Moment | None) -> bytes | None:
        """Return what is new; None if the reader may look no more."""
        if self._caller is None or self._time() - self._asked_at >= LOOK_EVERY:
            try:
                threads = self._web.stream_threads
                self._caller = await to_thread.run_sync(self._who, limiter=threads)
            except (StoreUnavailable, NoRules):
                return b""
            self._asked_at = self._time()
        if self._caller is None:
            return None
        self._token = self._token or form_token_of(self._web, self._caller).encode()
        if found is None or found.mark <= self._after:
            return b""
        if not found.may_see(self._caller):
            return None
        pieces = await found.pieces_for(self._caller, self._after)
        self._after = found.mark
        texts = []
        for name, piece in pieces:
            if self._got.get(name) != piece.text:
                texts.append(piece.for_reader(self._token))
            if isinstance(name, str):
                self._got[name] = piece.text
        return b"".join(texts)

    def _who(self) -> Known | None:
        return _reader(self._web, self._headers)

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()


@router.get("/incidents")
async def live_incidents(
    request: Request, web: TheWeb, _caller: Reader, show: str = "current"
) -> StreamingResponse:
    """Send the list whenever it looks different."""
    shown = incidents.known_filter(show)

    def look(before: Moment | None) -> Moment | None:
        listed = incidents.find(web, shown)
        if not isinstance(before, ListMoment):
            return ListMoment(web, listed, 1)
        if listed.fingerprint == before.listed.fingerprint:
            return before
        return ListMoment(web, listed, before.mark + 1)

    return _shared(web, ("incidents", shown), look, Following(web, request))


@router.get("/centre")
async def live_centre(
    request: Request, web: TheWeb, _caller: Reader, wall: str = ""
) -> StreamingResponse:
    """Send the command centre whenever it looks different, and a beat in between."""
    is_wall = bool(wall)

    def look(before: Moment | None) -> Moment | None:
        return centre.CentreMoment.of(web, is_wall, before)

    return _shared(web, ("centre", is_wall), look, Following(web, request))


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

    return _alone(request, web, look)


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

    def look(before: Moment | None) -> Moment | None:
        return RoomMoment.of(web, code, before if isinstance(before, RoomMoment) else None)

    following = Following(web, request, int(last_event_id) if came_back else after)
    return _shared(web, ("incident", code), look, following)


def _shared(web: Web, name: Hashable, look: Look, following: Following) -> StreamingResponse:
    """Stream what is new to one reader of many, for as long as they may see it."""
    site = web.site

    def make() -> Feed[Moment]:
        return Feed(look, site.notifier, web.stream_threads, site.shutting_down)

    return _streamed(follow(web.feeds.feed(name, make), following))


def _alone(request: Request, web: Web, new_since: NewSince) -> StreamingResponse:
    """Stream what nobody else sees, for as long as the caller may see it."""

    def look() -> Sequence[Fragment] | None:
        try:
            caller = _reader(web, request.headers)
            return new_since(caller) if caller is not None else None
        except Trouble:
            return None
        except (StoreUnavailable, NoRules):
            return ()

    async def look_in_thread() -> Sequence[Fragment] | None:
        return await to_thread.run_sync(look, limiter=web.stream_threads)

    return _streamed(stream(look_in_thread, web.site.notifier, web.site.shutting_down))


def _reader(web: Web, headers: Headers) -> Known | None:
    """Return who asks, None if they may not read, or no more."""
    try:
        caller = caller_of(web.world, headers)
        authorise(caller, "read")
    except Trouble:
        return None
    return caller if isinstance(caller, Operator | PersonCaller) else None


def _streamed(texts: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(
        texts, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )
