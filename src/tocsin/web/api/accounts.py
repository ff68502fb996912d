"""Keys, sessions and the audit, for programs."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from tocsin.core.access import Scope
from tocsin.engine.accounts import ApiKey
from tocsin.engine.audit import audited
from tocsin.web.access import doer
from tocsin.web.api.asking import Administrator, Auditor, TheWeb, demand_person, problems
from tocsin.web.api.incidents import number_in
from tocsin.web.api_keys import make_key, revoke_key
from tocsin.web.auditing import wanted_of
from tocsin.web.doing import again
from tocsin.web.sessions import session_id

router = APIRouter(prefix="/api/v1")


class AuditQuery(BaseModel):
    """Which acts are wanted."""

    by: str = Field("", description="Who did it.", max_length=200)
    act: str = Field(
        "", description="Which act, or the part before its dot: `sign-in`.", max_length=60
    )
    about: str = Field("", description="To what: an id or code.", max_length=200)
    since: str = Field("", description="A day in UTC: 2026-11-21.", max_length=40)
    until: str = Field("", description="A day in UTC, which is included.", max_length=40)
    cursor: str = Field("", description="`next` of the page before.", max_length=40)
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


class KeyRequest(BaseModel):
    """A key that is wanted."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(description="Whose key it is: it may never more than they.")
    name: str = Field(description="What will use it.", max_length=60)
    scopes: list[Scope] = Field(min_length=1)
    days: int = Field(90, ge=1, le=366, description="How long it is good.")


class KeyDocument(BaseModel):
    """A key, without what opens anything."""

    id: str
    name: str
    person: str
    scopes: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None = Field(description="When it was used last, to the minute.")
    revoked_at: datetime | None


class NewKey(KeyDocument):
    """A key that was just made; `key` is shown this once."""

    key: str


class KeyList(BaseModel):
    """Everybody's keys, newest first."""

    keys: list[KeyDocument]


class SessionDocument(BaseModel):
    """A browser in which somebody is signed in."""

    id: str
    person: str
    how: str
    agent: str
    address: str
    created_at: datetime
    seen_at: datetime = Field(description="When it was last here, to the minute.")
    expires_at: datetime


class SessionList(BaseModel):
    """Everybody's sessions, newest first."""

    sessions: list[SessionDocument]


class Ended(BaseModel):
    """How many sessions have ended."""

    ended: int


class ActDocument(BaseModel):
    """Something that somebody did outside of incidents."""

    id: int
    at: datetime
    by: str
    via: str
    act: str
    about: str
    detail: str
    address: str


class AuditList(BaseModel):
    """Acts, newest first; `next` is the cursor of the rest."""

    acts: list[ActDocument]
    next: str | None


@router.get("/keys", tags=["access"], responses=problems(422))
def keys(
    web: TheWeb,
    _caller: Administrator,
    person: Annotated[str, Query(description="Only theirs.")] = "",
) -> KeyList:
    """List keys, also those that are revoked or too old."""
    with web.world.store.read() as reading:
        return KeyList(keys=[_key(one) for one in reading.api_keys(person)])


@router.post("/keys", status_code=201, tags=["access"], responses=problems(422))
def new_key(body: KeyRequest, request: Request, web: TheWeb, caller: Administrator) -> NewKey:
    """Make a key of a person. It is in this answer and nowhere else."""
    demand_person(web, body.person)
    owner = web.world.rules.organisation.people[body.person]
    by = doer(request, caller)
    key, kept = make_key(web.world, by, owner, body.name, body.scopes, body.days)
    return NewKey(**_key(kept).model_dump(), key=key)


@router.post("/keys/{key}/revoke", tags=["access"], responses=problems(404))
def revoke(key: str, request: Request, web: TheWeb, caller: Administrator) -> KeyDocument:
    """Revoke a key for good; revoking it again changes nothing."""
    return _key(revoke_key(web.world, doer(request, caller), key))


@router.get("/sessions", tags=["access"], responses=problems(422))
def sessions(
    web: TheWeb,
    _caller: Administrator,
    person: Annotated[str, Query(description="Only theirs.")] = "",
) -> SessionList:
    """List the browsers in which people are signed in."""
    with web.world.store.read() as reading:
        found = reading.sessions(person, web.world.now())
    return SessionList(
        sessions=[
            SessionDocument(
                id=session_id(hashed),
                person=one.person,
                how=one.how,
                agent=one.agent,
                address=one.address,
                created_at=one.created_at,
                seen_at=one.seen_at,
                expires_at=one.expires_at,
            )
            for hashed, one in found.items()
        ]
    )


@router.post("/people/{person}/sign-out", tags=["access"], responses=problems(422))
def sign_out(person: str, request: Request, web: TheWeb, caller: Administrator) -> Ended:
    """End all sessions of a person; their keys stay."""
    demand_person(web, person)
    by = doer(request, caller)

    def end() -> int:
        with web.world.store.write() as tx:
            ended = tx.end_sessions(person)
            if ended:
                audited(tx, web.world.now(), by, "session.ended", person, f"{ended} sessions")
            return ended

    return Ended(ended=again(end))


@router.get("/audit", tags=["access"], responses=problems(422))
def audit(web: TheWeb, _caller: Auditor, asked: Annotated[AuditQuery, Query()]) -> AuditList:
    """List who did what outside of incidents, newest first."""
    limit = asked.limit
    wanted = wanted_of(asked.by, asked.act, asked.about, asked.since, asked.until)
    with web.world.store.read() as reading:
        found = reading.acts(wanted, number_in(asked.cursor), limit + 1)
    more = str(found[limit - 1].id) if len(found) > limit else None
    acts = [ActDocument(**msgspec.structs.asdict(one)) for one in found[:limit]]
    return AuditList(acts=acts, next=more)


def _key(key: ApiKey) -> KeyDocument:
    return KeyDocument(
        id=key.id,
        name=key.name,
        person=key.person,
        scopes=list(key.scopes),
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        used_at=key.used_at,
        revoked_at=key.revoked_at,
    )
