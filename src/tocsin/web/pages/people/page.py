"""The people: who they are, in which ways they can be reached, and whether that works."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from tocsin.core.incident.commands import Refusal
from tocsin.core.oncall import Shift, on_call, shifts
from tocsin.core.people import Organisation, Person
from tocsin.engine.audit import Wanted
from tocsin.engine.pulse import Sending
from tocsin.engine.trial import trial_call
from tocsin.web.access import Known, doer, may, may_read
from tocsin.web.doing import again
from tocsin.web.pages.forms import FormToken, Reader, Responder, TheWeb, demand_form_token
from tocsin.web.pages.people.calls import Call, call_of
from tocsin.web.pages.people.reach import Way, warnings, ways
from tocsin.web.pages.rendering import render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.problems import Trouble, refused
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

SENDINGS_SEEN = 200
CALLS_SHOWN = 10
SHIFTS_SHOWN = 4
AHEAD = timedelta(days=90)
"""How far somebody's next shifts are looked for."""

TESTS = 3
TESTS_WITHIN = timedelta(minutes=10)
"""So many tests a person may be sent in that time: more would be a nuisance, and might be one."""


@dataclass(frozen=True)
class Member:
    """A person with what they belong to and how they can be reached.

    `called_as` are the recipients that they are among, by name or in turn; `duties` the rosters in
    which it is their turn now.
    """

    person: Person
    called_as: tuple[str, ...]
    rosters: tuple[str, ...]
    duties: tuple[str, ...]
    ways: tuple[Way, ...]
    warnings: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands against a page's arriving."""
        return not self.warnings


@dataclass(frozen=True)
class Turn:
    """A shift to come, in which roster."""

    roster: str
    shift: Shift


@router.get("/people")
def people_page(web: TheWeb, caller: Reader) -> Response:
    """Show everybody, and whether a page would reach them."""
    organisation = web.world.rules.organisation
    members = [
        _member(web, organisation, person, (), whole=_sees_whole(caller, person))
        for person in organisation.people.values()
    ]
    return render(
        web,
        "people.html",
        caller,
        members=members,
        unready=[one for one in members if one.warnings and one.called_as],
        may_edit=may(caller, "administer"),
    )


@router.get("/people/{person_id}")
def person_page(
    person_id: str,
    web: TheWeb,
    caller: Reader,
    tested: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """Show one person."""
    return _page(web, caller, _known(web, person_id), tested=tested)


@router.post("/people/{person_id}/test")
def send_test(
    person_id: str, request: Request, web: TheWeb, caller: Responder, form_token: FormToken = ""
) -> Response:
    """Send a test through all contacts of a person, who gets it as an exercise."""
    demand_form_token(web, caller, form_token)
    person = _known(web, person_id)
    if not _may_test(caller, person):
        hint = "they can do it themselves, on their own page; administrators can for everybody"
        raise Trouble(403, "access.not-yourself", "you can send a test to yourself only", hint)
    try:
        _demand_rest(web, person)
        by = doer(request, caller)
        done = again(lambda: trial_call(web.world, person.id, by.by, by.via, by.address))
        if isinstance(done, Refusal):
            raise refused(done)
    except Trouble as trouble:
        return _page(web, caller, person, trouble=trouble)
    web.site.notifier.changed()
    return RedirectResponse(f"/people/{person.id}?tested={done.code}#ways", 303)


def _page(
    web: Web, caller: Known, person: Person, *, tested: str = "", trouble: Trouble | None = None
) -> Response:
    organisation = web.world.rules.organisation
    with web.world.store.read() as reading:
        sent = reading.sendings_to(person.id, SENDINGS_SEEN)
    whole = _sees_whole(caller, person)
    return render(
        web,
        "person.html",
        caller,
        trouble.status if trouble is not None else 200,
        member=_member(web, organisation, person, sent, whole=whole),
        whole=whole,
        turns=_turns(web, organisation, person),
        calls=_calls(web, caller, sent),
        may_test=_may_test(caller, person) and bool(person.contacts),
        may_edit=may(caller, "administer"),
        tested=tested,
        trouble=trouble,
        **_around(organisation),
    )


def _around(organisation: Organisation) -> dict[str, Any]:
    return {"names": Names(organisation)}


def _known(web: Web, person_id: str) -> Person:
    person = web.world.rules.organisation.people.get(person_id)
    if person is None:
        hint = "/people lists everybody; people stand in the organisation file"
        raise Trouble(404, "person.unknown", f"there is no person {person_id!r}", hint)
    return person


def _sees_whole(caller: Known, person: Person) -> bool:
    """Whether the caller sees whole addresses: of themselves, and administrators of everybody."""
    return caller.by == person.id or may(caller, "administer")


def _may_test(caller: Known, person: Person) -> bool:
    own = caller.by == person.id and may(caller, "respond")
    return own or may(caller, "administer")


def _demand_rest(web: Web, person: Person) -> None:
    """Raise Trouble if this person was sent several tests a moment ago."""
    now = web.world.now()
    wanted = Wanted(act="test.sent", about=person.id, since=now - TESTS_WITHIN)
    with web.world.store.read() as reading:
        lately = reading.acts(wanted, None, TESTS)
    if len(lately) >= TESTS:
        wait = int((lately[-1].at + TESTS_WITHIN - now).total_seconds()) + 1
        what = f"{person.name} was sent {TESTS} tests within ten minutes"
        hint = f"look at what became of them; in {wait} seconds there can be another one"
        raise Trouble(429, "person.tested-enough", what, hint, wait)


def _member(
    web: Web, organisation: Organisation, person: Person, sent: Sequence[Sending], *, whole: bool
) -> Member:
    now = web.world.now()
    rosters = [one for one in organisation.rosters.values() if person.id in one.rotation]
    called_as = [
        one.id
        for one in organisation.recipients.values()
        if person.id in one.people or one.roster in {roster.id for roster in rosters}
    ]
    found = ways(web.world, person, sent, whole=whole)
    return Member(
        person=person,
        called_as=tuple(called_as),
        rosters=tuple(one.id for one in rosters),
        duties=tuple(
            one.id
            for one in organisation.rosters.values()
            if one.rotation and on_call(one, now).person == person.id
        ),
        ways=tuple(found),
        warnings=tuple(warnings(found, on_duty=bool(called_as))),
    )


def _turns(web: Web, organisation: Organisation, person: Person) -> list[Turn]:
    """Return the person's next shifts over all rosters, the present one included."""
    now = web.world.now()
    found = [
        Turn(roster.id, on_call(roster, shift.start))
        for roster in organisation.rosters.values()
        if roster.rotation
        for shift in shifts(roster, now, now + AHEAD)
        if shift.person == person.id
    ]
    return sorted(found, key=lambda one: one.shift.start)[:SHIFTS_SHOWN]


def _calls(web: Web, caller: Known, sent: Sequence[Sending]) -> list[Call]:
    """Return the person's newest calls, of incidents that the caller may read."""
    by_call: dict[tuple[str, int], list[Sending]] = {}
    for one in sent:
        if one.kind in ("page", "alarm"):
            by_call.setdefault((one.incident, one.page), []).append(one)
    newest = list(by_call.items())[:CALLS_SHOWN]
    with web.world.store.read() as reading:
        kept = {code: reading.incident(code) for code in {code for (code, _), _ in newest}}
    found = []
    for (code, _), sendings in newest:
        about = kept[code]
        if about is not None and may_read(web.world, caller, about.incident):
            found.append(call_of(about.incident, sendings))
    return found
