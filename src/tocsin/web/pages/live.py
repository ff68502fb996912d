"""The streams that keep open pages up to date."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated
from weakref import WeakSet

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from tocsin.engine.accounts import Session
from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.web.access import (
    Known,
    Operator,
    PersonCaller,
    authorise,
    caller_of,
    may_read,
    open_sessions,
)
from tocsin.web.feeds import Feed, follow
from tocsin.web.live import LOOK_EVERY, Fragment, stream
from tocsin.web.pace import STREAMS_EACH, TooMany
from tocsin.web.pages import inbox, incidents
from tocsin.web.pages.centre import page as centre
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.pages.incident import room
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


PARTS_KEPT = timedelta(seconds=10)
"""So long a part of the page that has not changed is taken over as rendered: what it shows may
also follow from the time, or from who is on call."""


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
    The oldest of its parts may have been rendered at `parts_at`.
    """

    def __init__(self, web: Web, now: Room, before: "RoomMoment | None" = None) -> None:
        super().__init__(web)
        self.room = now
        self.mark = now.timeline[-1].number if now.timeline else now.entries
        same = before is not None and _parts_of(before.room) == _parts_of(now)
        self.changed: int = before.changed if before is not None and same else self.mark
        now_is = web.world.now()
        self.parts_at: datetime = now_is
        self.batches: tuple[Batch, ...] = ()
        if before is not None:
            self.batches = (*before.batches, (before.mark, self.mark))[-BATCHES:]
            self.keep_pieces(before, self.batches)
            if same and now_is - before.parts_at < PARTS_KEPT:
                self.parts_at = before.parts_at
                self.keep_pieces(before, room.LIVE)

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

    def circle(self, piece: Hashable, caller: Known) -> Hashable:
        """What the buttons and the roles are made of."""
        made_of = room.MADE_OF.get(piece) if isinstance(piece, str) else None
        return made_of(self.web, caller, self.room) if made_of is not None else None

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


class Readers:
    """Those who watch the same: whether they may still look is asked for all of them at once."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._open: WeakSet[Following] = WeakSet()
        self._asking = asyncio.Lock()

    async def ask(self, following: "Following") -> None:
        """Find out who the reader is now, and who the others are, unless it is known just now.

        Raises StoreUnavailable and NoRules.
        """
        # Before it is waited for: so all who come together are asked for together.
        self._open.add(following)
        async with self._asking:
            if following.is_known:
                return
            everybody = list(self._open)
            at = asyncio.get_running_loop().time()
            headers = [one.headers for one in everybody]
            threads = self._web.stream_threads
            callers = await to_thread.run_sync(_readers, self._web, headers, limiter=threads)
            for one, caller in zip(everybody, callers, strict=True):
                one.caller, one.asked_at = caller, at


class SharedFeed(Feed[Moment]):
    """A feed that many watch, with its readers."""

    def __init__(self, web: Web, look: Look) -> None:
        site = web.site
        super().__init__(look, site.notifier, web.stream_threads, site.shutting_down)
        self.readers = Readers(web)


class Following:
    """One open page: what it has got so far, and whether its reader may still look.

    `caller` is who its reader was at `asked_at` (seconds of the event loop); None: nobody who may.
    """

    def __init__(self, web: Web, readers: Readers, headers: Headers, after: int = 0) -> None:
        self.headers = headers
        self.caller: Known | None = None
        self.asked_at = float("-inf")
        self._web = web
        self._readers = readers
        self._after = after
        self._got: dict[Hashable, bytes] = {}
        self._token = b""

    @property
    def is_known(self) -> bool:
        """Whether it is not long ago that it was asked who reads."""
        return asyncio.get_running_loop().time() - self.asked_at < LOOK_EVERY

    async def take(self, found: Moment | None) -> bytes | None:
        """Return what is new; None if the reader may look no more."""
        if not self.is_known:
            try:
                await self._readers.ask(self)
            except (StoreUnavailable, NoRules):
                return b""
        # Kept: while pieces are made, it may be asked anew who this is.
        caller = self.caller
        if caller is None:
            return None
        self._token = self._token or form_token_of(self._web, caller).encode()
        if found is None or found.mark <= self._after:
            return b""
        if not found.may_see(caller):
            return None
        pieces = await found.pieces_for(caller, self._after)
        self._after = found.mark
        texts = []
        for name, piece in pieces:
            if self._got.get(name) != piece.text:
                texts.append(piece.for_reader(self._token))
            if isinstance(name, str):
                self._got[name] = piece.text
        return b"".join(texts)


@router.get("/incidents")
async def live_incidents(
    request: Request, web: TheWeb, caller: Reader, show: str = "current"
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

    return CountedStream(web, caller, _shared(request, web, ("incidents", shown), look))


@router.get("/centre")
async def live_centre(
    request: Request, web: TheWeb, caller: Reader, wall: str = ""
) -> StreamingResponse:
    """Send the command centre whenever it looks different, and a beat in between."""
    is_wall = bool(wall)

    def look(before: Moment | None) -> Moment | None:
        return centre.CentreMoment.of(web, is_wall, before)

    return CountedStream(web, caller, _shared(request, web, ("centre", is_wall), look))


@router.get("/inbox")
async def live_inbox(request: Request, web: TheWeb, caller: Reader) -> StreamingResponse:
    """Send the person's messages whenever they look different."""
    seen: list[object] = [None]

    def look(caller: Known) -> Sequence[Fragment]:
        items = inbox.find(web, caller)
        if inbox.fingerprint(items) == seen[0]:
            return ()
        seen[0] = inbox.fingerprint(items)
        return [Fragment("inbox", inbox.inbox_fragment(web, caller, items))]

    return CountedStream(web, caller, _alone(request, web, look))


@router.get("/incidents/{code}")
async def live_incident(
    code: str,
    request: Request,
    web: TheWeb,
    caller: Reader,
    after: int = 0,
    last_event_id: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Send new entries of a timeline, and what follows from them for the rest of the page.

    A browser that comes back says which entry it saw last, and gets what it missed.
    """
    came_back = last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19

    def look(before: Moment | None) -> Moment | None:
        return RoomMoment.of(web, code, before if isinstance(before, RoomMoment) else None)

    known = int(last_event_id) if came_back else after
    return CountedStream(web, caller, _shared(request, web, ("incident", code), look, known))


def _shared(
    request: Request, web: Web, name: Hashable, look: Look, after: int = 0
) -> AsyncIterator[bytes]:
    """Stream what is new to one reader of many, for as long as they may see it."""
    feed = web.feeds.feed(name, lambda: SharedFeed(web, look))
    return follow(feed, Following(web, feed.readers, request.headers, after))


def _alone(request: Request, web: Web, new_since: NewSince) -> AsyncIterator[bytes]:
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

    return stream(look_in_thread, web.site.notifier, web.site.shutting_down)


def _readers(web: Web, many: Sequence[Headers]) -> list[Known | None]:
    """Return for each who asks, None for those who may not read, or no more."""
    known = open_sessions(web.world, many)
    return [_reader(web, headers, known) for headers in many]


def _reader(
    web: Web, headers: Headers, known: Mapping[bytes, Session] | None = None
) -> Known | None:
    """Return who asks, None if they may not read, or no more."""
    try:
        caller = caller_of(web.world, headers, known)
        authorise(caller, "read")
    except Trouble:
        return None
    return caller if isinstance(caller, Operator | PersonCaller) else None


class CountedStream(StreamingResponse):
    """A stream that counts among those of its reader from before it begins until it has ended."""

    def __init__(self, web: Web, caller: Known, texts: AsyncIterator[bytes]) -> None:
        headers = {"X-Accel-Buffering": "no"}
        super().__init__(texts, media_type="text/event-stream", headers=headers)
        self._streams = web.streams
        self._whose = _session_or_key(caller)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; raises Trouble before anything is sent if the reader has enough of them."""
        try:
            with self._streams.one_more(self._whose):
                await super().__call__(scope, receive, send)
        except TooMany:
            raise Trouble(
                429,
                "request.too-many-streams",
                f"{STREAMS_EACH} pages are kept up to date for this session or key already",
                "close some of them; this one shows how things stood when it was opened",
                60,
            ) from None


def _session_or_key(caller: Known) -> str:
    """Name what the caller was let in by: whatever else a request says makes nobody another."""
    if not isinstance(caller, PersonCaller):
        return "operator"
    return f"key {caller.key.id}" if caller.key is not None else caller.token_hash.hex()
