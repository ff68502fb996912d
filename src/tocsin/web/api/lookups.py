"""Questions beside the incidents: who is on call, messages, alerts, the record as a whole."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from tocsin.core.oncall import next_shift, on_call
from tocsin.core.people import Roster
from tocsin.core.record import Break
from tocsin.engine.ports import Kept, Reading
from tocsin.engine.verify import verify_all, verify_incident
from tocsin.web.access import Known, Operator, demand_reader, may, may_read
from tocsin.web.api import documents
from tocsin.web.api import models as m
from tocsin.web.api.alert_models import AlertList
from tocsin.web.api.asking import Reader, TheWeb, problems
from tocsin.web.api.incidents import Cursor, Limit, number_in
from tocsin.web.problems import Trouble
from tocsin.web.room import shows_alert
from tocsin.web.site import Web

router = APIRouter(prefix="/api/v1")

PAYLOAD_SHOWN = 2000
"""Characters of something incomprehensible that an answer shows."""

YEARS = range(1970, 2201)
"""In which it can be asked who is on call."""


@router.get("/on-call", tags=["people"], responses=problems(404, 422))
def who_is_on_call(
    web: TheWeb,
    _caller: Reader,
    roster: Annotated[str, Query(description="One roster; all if left out.")] = "",
    at: Annotated[
        datetime | None, Query(description="An instant with offset; now if left out.")
    ] = None,
) -> m.OnCallList:
    """Say who is on call, until when, and who is next."""
    organisation = web.world.rules.organisation
    now = at or web.world.now()
    if now.tzinfo is None:
        hint = "write it with its offset: 2026-03-06T23:00:00+01:00"
        raise Trouble(422, "request.at", "this time says no offset", hint)
    if now.year not in YEARS:
        hint = f"ask for an instant between {YEARS[0]} and {YEARS[-1]}"
        raise Trouble(422, "request.at", "rosters don't reach that far", hint)
    if roster and roster not in organisation.rosters:
        known = ", ".join(sorted(organisation.rosters)) or "none"
        raise Trouble(404, "roster.unknown", f"there is no roster {roster!r}", f"known: {known}")
    wanted = [organisation.rosters[roster]] if roster else organisation.rosters.values()
    return m.OnCallList(at=now, rosters=[duty(web, one, now) for one in wanted])


def duty(web: Web, roster: Roster, now: datetime) -> m.OnCall:
    """Return who is on call in one roster, and who is next."""
    people = web.world.rules.organisation.people
    shift, after = on_call(roster, now), next_shift(roster, now)
    person = people.get(shift.person)
    return m.OnCall(
        roster=roster.id,
        time_zone=roster.time_zone,
        person=shift.person,
        name=person.name if person is not None else shift.person,
        since=shift.start,
        until=shift.end,
        why=shift.why,
        next=m.NextShift(person=after.person, from_=after.start),
    )


@router.get("/inbox", tags=["people"], responses=problems(404, 422))
def inbox(
    web: TheWeb,
    caller: Reader,
    person: Annotated[str, Query(description="Whose; your own if left out.")] = "",
    limit: Limit = 50,
) -> m.InboxDocument:
    """List a person's newest messages over all channels. Others' are for administrators, but for
    messages about incidents that they may not read."""
    whose = person or _oneself(caller)
    may_see_all = may(caller, "administer")
    if not may_see_all and whose != caller.by:
        hint = "leave out `person` for your own messages"
        raise Trouble(403, "access.not-yourself", "these are somebody else's messages", hint)
    with web.world.store.read() as reading:
        found = reading.inbox(whose, limit)
        if whose != caller.by:
            kept = {code: reading.incident(code) for code in {one.incident for one in found}}
            hidden = {
                code for code, one in kept.items()
                if one is not None and not may_read(web.world, caller, one.incident)
            }  # fmt: skip
            found = [one for one in found if one.incident not in hidden]
    return m.InboxDocument(person=whose, messages=[documents.delivery(one) for one in found])


def _oneself(caller: Known) -> str:
    if isinstance(caller, Operator) and caller.person is None:
        hint = "name one: ?person=ID"
        raise Trouble(422, "person.missing", "the operator key is no person", hint)
    return caller.by


@router.get("/unreadable", tags=["alerts"], responses=problems(422))
def unreadable(web: TheWeb, _caller: Reader, limit: Limit = 50) -> m.UnreadableList:
    """List what arrived and could not be understood, newest first."""
    with web.world.store.read() as reading:
        found = reading.unreadable(limit)
    return m.UnreadableList(
        unreadable=[
            m.UnreadableDocument(
                id=number,
                received_at=received_at,
                integration=item.integration,
                why=item.why,
                size=len(item.payload),
                payload=item.payload[:PAYLOAD_SHOWN].decode("utf-8", "replace"),
            )
            for number, received_at, item in found
        ]
    )


@router.get("/alerts", tags=["alerts"], responses=problems(404, 422))
def alerts(
    web: TheWeb,
    caller: Reader,
    incident: Annotated[str, Query(description="Those of one incident.")] = "",
    firing: Annotated[bool | None, Query(description="Only those that fire, or don't.")] = None,
    maintenance: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="Those that one maintenance kept quiet.")
    ] = None,
    cursor: Cursor = "",
) -> AlertList:
    """List alerts, oldest first, a hundred at a time; without those that are not for you."""
    at_once = 100
    with web.world.store.read() as reading:
        known = _known(reading, incident).incident if incident else None
        incident_id = known.id if known is not None else None
        after = number_in(cursor) or 0
        if maintenance is None:
            found = reading.alerts(incident_id, firing, at_once + 1, after)
        else:
            found = [one for one, _ in reading.quieted(maintenance, at_once + 1, after)]
        if known is not None:
            demand_reader(web.world, caller, known)
        shows = shows_alert(web.world, reading, caller)
        shown = [
            one
            for one in found[:at_once]
            if shows(one)
            and (incident_id is None or one.incident_id == incident_id)
            and (firing is None or one.firing == firing)
        ]
        quiet = reading.spells([one.id for one in shown])
    more = found[at_once - 1].id if len(found) > at_once else None
    return AlertList(
        alerts=[documents.alert(one, quiet.get(one.id)) for one in shown],
        next=str(more) if more is not None else None,
    )


@router.get("/verify", tags=["record"], responses=problems(404))
def verify(
    web: TheWeb,
    _caller: Reader,
    incident: Annotated[str, Query(description="One incident; all if left out.")] = "",
) -> m.Verification:
    """Check the chains of hashes of one incident, or of all."""
    verified = (
        verify_incident(web.world.store, incident) if incident else verify_all(web.world.store)
    )
    if verified is None:
        hint = "GET /api/v1/incidents lists them"
        raise Trouble(404, "incident.unknown", f"there is no incident {incident}", hint)
    broken = verified.first_broken
    return m.Verification(
        holds=broken is None,
        first_broken=_break(broken) if broken is not None else None,
        incidents=verified.incidents,
        entries=verified.entries,
    )


def _known(reading: Reading, code: str) -> Kept:
    kept = reading.incident(code)
    if kept is None:
        hint = "GET /api/v1/incidents lists them"
        raise Trouble(404, "incident.unknown", f"there is no incident {code}", hint)
    return kept


def _break(broken: Break) -> m.BreakDocument:
    return m.BreakDocument(incident=broken.incident, number=broken.number, what=broken.what)
