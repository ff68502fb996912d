"""Overrides of rosters: what there are, making one, removing one."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from tocsin.core.incident.commands import Refusal
from tocsin.core.overrides import MadeOverride, Wish, void
from tocsin.engine.audit import Doer
from tocsin.engine.covering import make_override, remove_override
from tocsin.web.access import Known, doer, may
from tocsin.web.api.asking import Reader, Responder, TheWeb, acting, problems
from tocsin.web.doing import again
from tocsin.web.problems import Trouble, refused
from tocsin.web.site import Web

router = APIRouter(prefix="/api/v1/overrides", tags=["people"])


class OverrideRequest(BaseModel):
    """Somebody is on call in [start, end) instead of whoever the rotation names.

    `replaces` is the id of an override that this one stands for from now on.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    roster: str = Field(max_length=200)
    person: str = Field(max_length=200)
    start: datetime
    end: datetime
    why: str = Field(default="", max_length=2000)
    replaces: int = Field(default=0, ge=0, le=2**31)
    as_: str = Field(default="", alias="as", max_length=200)


class OverrideDocument(BaseModel):
    """An override that somebody made.

    `void` says why it does not hold under the organisation in force, "" if it does.
    """

    id: int
    roster: str
    person: str
    start: datetime
    end: datetime
    why: str
    made_by: str
    made_at: datetime
    removed_by: str | None
    removed_at: datetime | None
    void: str


class OverrideList(BaseModel):
    """Overrides in the order in which they were made; where they overlap, the later one counts."""

    overrides: list[OverrideDocument]


@router.get("", responses=problems(422))
def overrides(
    web: TheWeb,
    _caller: Reader,
    roster: Annotated[str, Query(description="Those of one roster.")] = "",
    past: Annotated[bool, Query(description="Also what is over or was removed.")] = False,
) -> OverrideList:
    """List the overrides that people made, beside those of the organisation file."""
    now = web.world.now()
    with web.world.store.read() as reading:
        found = reading.overrides(None if past else now)
    return OverrideList(
        overrides=[
            document(web, one)
            for one in found
            if roster in ("", one.roster) and (past or one.removed_at is None)
        ]
    )


@router.post("", status_code=201, responses=problems(409, 422))
def override(
    body: OverrideRequest, request: Request, web: TheWeb, caller: Responder
) -> OverrideDocument:
    """Put somebody on call. Commanders arrange for everybody; others take over or give away."""
    for name, at in (("start", body.start), ("end", body.end)):
        if at.tzinfo is None:
            hint = "write it with its offset: 2026-03-06T23:00:00+01:00"
            raise Trouble(422, "request.at", f"`{name}` says no offset", hint)
    wish = Wish(
        roster=body.roster,
        person=body.person,
        start=body.start,
        end=body.end,
        why=body.why,
        replaces=body.replaces,
    )
    return document(web, put(web, caller, _doer(request, web, caller, body.as_), wish))


@router.delete("/{number}", responses=problems(404, 409, 422))
def no_override(
    number: int,
    request: Request,
    web: TheWeb,
    caller: Responder,
    as_: Annotated[str, Query(alias="as", description="Who removes it.")] = "",
) -> OverrideDocument:
    """Remove an override. The row stays: one that has begun has held until now."""
    return document(web, take_away(web, caller, _doer(request, web, caller, as_), number))


def put(web: Web, caller: Known, by: Doer, wish: Wish) -> MadeOverride:
    """Make an override as far as the caller may, or raise Trouble."""
    for_others = may(caller, "command")
    done = again(lambda: make_override(web.world, wish, by, for_others=for_others))
    return _done(web, done)


def take_away(web: Web, caller: Known, by: Doer, number: int) -> MadeOverride:
    """Remove an override as far as the caller may, or raise Trouble."""
    for_others = may(caller, "command")
    done = again(lambda: remove_override(web.world, number, by, for_others=for_others))
    return _done(web, done)


def document(web: Web, made: MadeOverride) -> OverrideDocument:
    """Return an override as it is shown."""
    return OverrideDocument(
        id=made.id,
        roster=made.roster,
        person=made.person,
        start=made.start,
        end=made.end,
        why=made.why,
        made_by=made.made_by,
        made_at=made.made_at,
        removed_by=made.removed_by or None,
        removed_at=made.removed_at,
        void=void(web.world.rules.organisation, made),
    )


def _done(web: Web, done: MadeOverride | Refusal) -> MadeOverride:
    if isinstance(done, Refusal):
        raise refused(done)
    web.site.notifier.changed()
    return done


def _doer(request: Request, web: Web, caller: Known, as_: str) -> Doer:
    by = acting(web, caller, as_, "")["by"]
    return msgspec.structs.replace(doer(request, caller), by=by)
