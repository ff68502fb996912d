"""The command centre: everything that is going on, on one page, and on a wall."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from tocsin.core.incident.state import Incident
from tocsin.core.people import Organisation
from tocsin.engine.pulse import Sending
from tocsin.web.access import Known, may, may_read
from tocsin.web.api import models as m
from tocsin.web.api.lookups import duty
from tocsin.web.live import Fragment
from tocsin.web.pages.centre.signs import Sign, signs
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.pages.incident.overview import Leader, ShownClock, clocks, leader
from tocsin.web.pages.people.calls import Call, call_of
from tocsin.web.pages.rendering import fragment, render
from tocsin.web.pages.sharing import Moment
from tocsin.web.pages.words.sentences import Names
from tocsin.web.room import Row, rows, seen_by
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

READ_AT_ONCE = 500
SHOWN = 12
RESOLVED_SEEN = 50
CLOCKS_SHOWN = 6
CALLS_SHOWN = 8
SENDINGS_SEEN = 200
LATELY = timedelta(hours=24)
BEAT_SECONDS = 10
"""How often a stream says at least that it lives; the page calls itself old after three beats."""

_ORDER = {"open": 0, "acknowledged": 1}


@dataclass(frozen=True)
class Running:
    """An incident that goes on, with who leads it and what is due next."""

    row: Row
    leader: Leader
    next: ShownClock | None
    missed: int

    @property
    def incident(self) -> Incident:
        """The incident itself."""
        return self.row.incident


@dataclass(frozen=True)
class Due:
    """A clock of some incident."""

    incident: Incident
    clock: ShownClock


@dataclass(frozen=True)
class Centre:
    """Everything that the page shows, as one reader may see it."""

    running: tuple[Running, ...]
    more: int
    unanswered: int
    missed: tuple[Due, ...]
    due: tuple[Due, ...]
    duties: tuple[m.OnCall, ...]
    signs: tuple[Sign, ...]
    calls: tuple[Call, ...]
    resolved: tuple[Row, ...]
    quiet_since: datetime | None

    @property
    def is_calm(self) -> bool:
        """Whether no incident goes on."""
        return not self.running

    @property
    def troubles(self) -> tuple[Sign, ...]:
        """What is wrong with this installation itself."""
        return tuple(sign for sign in self.signs if sign.tone in ("bad", "warn"))


@router.get("/centre")
def centre_page(
    web: TheWeb, caller: Reader, wall: Annotated[str, Query(max_length=5)] = ""
) -> Response:
    """Show the command centre, as a page or as a wall."""
    template = "wall.html" if wall else "centre.html"
    return render(web, template, caller, **_shown(web, caller, is_live=False))


class CentreMoment(Moment):
    """How everything stands at a moment; `bucket` changes when something has, or a beat is due."""

    def __init__(self, web: Web, wall: bool, bucket: object, mark: int) -> None:
        super().__init__(web)
        self._wall = wall
        self.bucket = bucket
        self.mark = mark

    @classmethod
    def of(cls, web: Web, wall: bool, before: Moment | None) -> Moment:
        """Look at the store, at a few figures only; returns `before` if they are the same."""
        with web.world.store.read() as reading:
            pulse = reading.pulse()
        now = web.world.now()
        bucket = (pulse, web.world.rules.versions, int(now.timestamp()) // BEAT_SECONDS)
        if isinstance(before, cls) and before.bucket == bucket:
            return before
        return cls(web, wall, bucket, before.mark + 1 if before is not None else 1)

    def pieces(self, after: int) -> Sequence[Hashable]:
        """Name all of it, and the beat."""
        return ["centre", "beat"] if self.mark > after else []

    def fragments(self, piece: Hashable, caller: Known) -> Sequence[Fragment]:
        """Render all of it; the browser is sent it only if it looks different."""
        if piece == "beat":
            at = self.web.world.now()
            return [Fragment("beat", f'<span data-beat="{at:%Y-%m-%dT%H:%M:%SZ}"></span>')]
        template = "_wall.html" if self._wall else "_centre.html"
        shown = _shown(self.web, caller, is_live=True)
        return [Fragment("centre", fragment(self.web, template, caller, **shown))]


def _shown(web: Web, caller: Known, *, is_live: bool) -> dict[str, Any]:
    """Return what the templates need; live ones leave durations to the browser's own clock."""
    organisation = web.world.rules.organisation
    return {
        "centre": centre(web, caller),
        "names": Names(organisation),
        "organisation": organisation,
        "may_respond": may(caller, "respond"),
        "is_live": is_live,
    }


def centre(web: Web, caller: Known) -> Centre:
    """Return everything at a glance; reads snapshots and ends of tables, never a timeline."""
    world, organisation, now = web.world, web.world.rules.organisation, web.world.now()
    current = seen_by(world, caller, _current(web))
    over = seen_by(world, caller, rows(world, ("resolved", "closed"), None, RESOLVED_SEEN))
    running = [_running(organisation, row, now) for row in current]
    dues = [
        (row.incident, clocks(row.incident, Names(organisation, row.plan), now))
        for row in (*current, *(row for row in over if row.incident.state == "resolved"))
    ]
    missed = [Due(one, clock) for one, shown in dues for clock in shown.missed]
    due = [Due(one, clock) for one, shown in dues for clock in shown.running]
    unresolved = {row.incident.code for row in current}
    return Centre(
        running=tuple(running[:SHOWN]),
        more=max(0, len(running) - SHOWN),
        unanswered=sum(row.incident.state == "open" for row in current),
        missed=tuple(
            sorted(
                (one for one in missed if _matters(one, unresolved, now)),
                key=lambda one: one.clock.clock.due,
                reverse=True,
            )
        ),
        due=tuple(sorted(due, key=lambda one: one.clock.clock.due)[:CLOCKS_SHOWN]),
        duties=tuple(duty(web, one, now) for one in organisation.rosters.values() if one.rotation),
        signs=tuple(signs(web, in_detail=may(caller, "administer"))),
        calls=tuple(_calls(web, caller)),
        resolved=tuple(row for row in over if _ended(row.incident) > now - LATELY)[:CALLS_SHOWN],
        quiet_since=max((_ended(row.incident) for row in over), default=None),
    )


def _current(web: Web) -> list[Row]:
    """Return what goes on: unanswered first, then the worst, then what waits longest."""
    found = [
        row
        for state in ("open", "acknowledged")
        for row in rows(web.world, (state,), None, READ_AT_ONCE)
    ]
    return sorted(found, key=_urgency)


def _urgency(row: Row) -> tuple[int, int, int]:
    incident = row.incident
    return _ORDER[incident.state], row.plan.severity(incident.severity).rank, incident.id


def _running(organisation: Organisation, row: Row, now: datetime) -> Running:
    names = Names(organisation, row.plan)
    shown = clocks(row.incident, names, now)
    return Running(row, leader(row.plan, row.incident, names), shown.soonest, len(shown.missed))


def _matters(one: Due, unresolved: set[str], now: datetime) -> bool:
    """Whether a missed clock still is news."""
    return one.incident.code in unresolved or one.clock.clock.due > now - LATELY


def _ended(incident: Incident) -> datetime:
    return incident.resolved_at or incident.closed_at or incident.opened_at


def _calls(web: Web, caller: Known) -> list[Call]:
    """Return the newest calls that the caller may know of, newest first."""
    with web.world.store.read() as reading:
        by_call: dict[tuple[str, int, str], list[Sending]] = {}
        for one in reading.newest_sendings(SENDINGS_SEEN):
            if one.kind in ("page", "alarm"):
                by_call.setdefault((one.incident, one.page, one.person), []).append(one)
        newest = list(by_call.items())[:CALLS_SHOWN]
        kept = {code: reading.incident(code) for code in {code for (code, _, _), _ in newest}}
    found = []
    for (code, _, _), sendings in newest:
        about = kept[code]
        if about is not None and may_read(web.world, caller, about.incident):
            found.append(call_of(about.incident, sendings))
    return found
