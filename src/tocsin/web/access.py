"""Who asks, and what they may: one function decides, for every way in."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from hmac import compare_digest
from math import ceil
from typing import Literal

from starlette.requests import Request, cookie_parser

from tocsin.core.access import RIGHTS, Right, rights_of_key
from tocsin.core.incident import confidential
from tocsin.core.incident.state import Incident
from tocsin.core.oncall import standing
from tocsin.core.people import Integration, Person
from tocsin.engine.accounts import ApiKey, Session
from tocsin.engine.audit import Doer
from tocsin.engine.keys import integration_key, operator_key, same
from tocsin.engine.probe import PROBE, SOURCE
from tocsin.engine.world import World
from tocsin.web.problems import Trouble
from tocsin.web.same_site import is_foreign, is_same_site
from tocsin.web.site import web_of

Need = Literal["public", "answer", "intake", "account"] | Right
"""What a route needs of its caller; `account` is a person in a browser, about themselves."""

Via = Literal["page", "api", "cli"]

BREAK_GLASS = "POST /api/v1/incidents/CODE/break-glass"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

FOR_NON_READERS = frozenset({"acknowledge", "release", "escalate", "role", "note"})
"""What people may do about an incident that they may not read: they may have been called to it."""

_OPERATOR = "tocop-"
_INTEGRATION = "tocin-"
PERSONS_KEY = "tockey-"

PROBES = {PROBE: Integration(id=PROBE, source=SOURCE)}
"""What may send alerts although no file names it: this installation itself, to try itself."""


@dataclass(frozen=True)
class Anonymous:
    """Nobody we know; `reason` says what was wrong with what they showed, if with anything."""

    reason: str = ""
    code: str = "access.no-key"


@dataclass(frozen=True)
class Operator:
    """Whoever holds the operator key; may act for a person, who then stands on the record."""

    person: Person | None = None
    via: Via = "api"

    @property
    def by(self) -> str:
        """What the record says."""
        return self.person.id if self.person is not None else "operator"


@dataclass(frozen=True)
class PersonCaller:
    """A person of the organisation: with a session in a browser, or with a key for programs.

    With a `key` there is neither `session` nor `token_hash`, and `rights` are fewer.
    """

    person: Person
    token_hash: bytes = field(repr=False)
    session: Session | None = None
    key: ApiKey | None = field(default=None, repr=False)
    via: Via = "api"

    @property
    def by(self) -> str:
        """What the record says."""
        return self.person.id

    @property
    def rights(self) -> frozenset[Right]:
        """What the person may do, this way."""
        if self.key is None:
            return RIGHTS[self.person.access]
        return rights_of_key(self.person.access, self.key.scopes)


@dataclass(frozen=True)
class IntegrationCaller:
    """A machine that may send its alerts and nothing else."""

    integration: Integration

    @property
    def by(self) -> str:
        """What the record says."""
        return self.integration.id


@dataclass(frozen=True)
class Answering:
    """Whoever opened the answering link of a message that was sent to `person`."""

    person: str

    @property
    def by(self) -> str:
        """What the record says."""
        return self.person


Caller = Anonymous | Operator | PersonCaller | IntegrationCaller | Answering
Known = Operator | PersonCaller


def authorise(caller: Caller, need: Need) -> None:
    """Let `caller` do what `need` stands for, or raise Trouble that says why not.

    Whatever is not listed is not allowed.
    """
    if need == "public" or need in _allowed(caller):
        return
    if isinstance(caller, Anonymous):
        raise Trouble(
            401,
            caller.code,
            caller.reason or "this needs a key or a signed-in person",
            "send `Authorization: Bearer KEY`, or sign in at /sign-in",
        )
    what = f"{_words(caller)} may not {need} here"
    raise Trouble(403, "access.not-allowed", what, _way_out(caller))


def may(caller: Caller, need: Need) -> bool:
    """Whether `authorise` would let the caller through: for what a page offers."""
    return need == "public" or need in _allowed(caller)


def doer(request: Request, caller: Caller) -> Doer:
    """Return for the audit who sends this request, and how."""
    address = address_of(request)
    page: Via = "api" if request.url.path.startswith("/api/") else "page"
    match caller:
        case Operator():
            return Doer(caller.by, caller.via, address)
        case PersonCaller(key=key) if key is not None:
            return Doer(caller.by, f"key {key.id}", address)
        case Anonymous():
            return Doer("", page, address)
        case _:
            return Doer(caller.by, page, address)


def address_of(request: Request) -> str:
    """Return where a request comes from, "" if that is not known."""
    return request.client.host if request.client is not None else ""


def may_read(world: World, caller: Caller, incident: Incident) -> bool:
    """Whether a caller may read this incident.

    The operator key is the machine's own, and reads all; people read what the plan lets them.
    """
    if incident.restricted is None or isinstance(caller, Operator):
        return True
    if not isinstance(caller, PersonCaller):
        return False
    belongs = standing(world.rules.organisation, caller.by, world.now())
    return confidential.may_read(incident, caller.by, belongs)


def demand_reader(world: World, caller: Caller, incident: Incident) -> None:
    """Raise Trouble unless the caller may read this incident."""
    if may_read(world, caller, incident):
        return
    readers = ", ".join(incident.restricted.readers) if incident.restricted is not None else ""
    way = f"ask one of its readers: {readers}"
    if isinstance(caller, PersonCaller) and may(caller, "administer"):
        way += f"; or break the glass, with a reason that stands on the record: {BREAK_GLASS}"
    raise Trouble(403, "access.confidential", f"{incident.code} is restricted to its readers", way)


def _allowed(caller: Caller) -> frozenset[Need]:
    match caller:
        case Operator():
            return frozenset(RIGHTS["administrator"])
        case PersonCaller(key=None):
            return caller.rights | {"account"}
        case PersonCaller():
            return frozenset(caller.rights)
        case IntegrationCaller():
            return frozenset({"intake", "alerts"})
        case Answering():
            return frozenset({"answer"})
        case Anonymous():
            return frozenset()


def _words(caller: Caller) -> str:
    match caller:
        case PersonCaller(person, key=None):
            return f"{person.name} ({person.access})"
        case PersonCaller(person, key=ApiKey(id=key_id)):
            return f"the key {key_id} of {person.name}"
        case IntegrationCaller(integration):
            return f"the key of the integration {integration.id}"
        case Answering():
            return "an answering link"
        case _:
            return "this key"


def _way_out(caller: Caller) -> str:
    match caller:
        case PersonCaller(key=ApiKey(scopes=scopes)):
            had = ", ".join(scopes)
            return f"it has the scopes {had}, and may no more than its owner; make another key"
        case PersonCaller():
            return "an administrator can raise `access` in the organisation file"
        case IntegrationCaller():
            return "an integration's key is good for its own intake only; use the operator key"
        case _:
            return "use the key that belongs to this"


def caller_of(
    world: World, headers: Mapping[str, str], known: Mapping[bytes, Session] | None = None
) -> Caller:
    """Return who sent a request with these headers (names in small letters, or case-blind).

    A key that is shown counts, also where it is wrong and a session would do. Raises NoRules if
    nobody can be known yet, and Trouble if a key is to act for somebody who does not exist.
    `known` are the open sessions where they have been asked for already; see open_sessions.
    """
    shown = headers.get("authorization", "")
    if shown:
        caller = _holder(world, _key_in(shown))
        via: Via = "cli" if headers.get("tocsin-via") == "cli" else "api"
        if isinstance(caller, Operator):
            return Operator(acting_for(world, headers.get("tocsin-as", "")), via)
        return replace(caller, via=via) if isinstance(caller, PersonCaller) else caller
    token = session_token(world, headers.get("cookie", ""))
    return _signed_in(world, token, known) if token else Anonymous()


def open_sessions(world: World, many: Iterable[Mapping[str, str]]) -> Mapping[bytes, Session]:
    """Return the open sessions of many requests by the hash of their tokens, asked for at once."""
    tokens = {session_token(world, headers.get("cookie", "")) for headers in many} - {""}
    if not tokens:
        return {}
    with world.store.read() as reading:
        return reading.sessions_of([token_hash(token) for token in tokens], world.now())


def integration_of(world: World, headers: Mapping[bytes, bytes]) -> str | None:
    """Return the integration whose key a request shows, None if it shows no such key."""
    caller = _machine(world, _key_in(headers.get(b"authorization", b"").decode("latin-1")))
    return caller.by if caller is not None and may(caller, "intake") else None


def named_integration(headers: Mapping[bytes, bytes]) -> str:
    """Return the integration that a key names, be the key good or not; "" if it names none.

    The key itself is nothing to be kept, or shown.
    """
    key = _key_in(headers.get(b"authorization", b"").decode("latin-1"))
    return key.removeprefix(_INTEGRATION).rpartition("-")[0] if key.startswith(_INTEGRATION) else ""


def acting_for(world: World, person_id: str) -> Person | None:
    """Return the person a key acts for, None if for nobody; raises Trouble for one unknown."""
    if not person_id:
        return None
    people = world.rules.organisation.people
    if person_id not in people:
        known = ", ".join(sorted(people))
        raise Trouble(422, "person.unknown", f"there is no person {person_id!r}", f"known: {known}")
    return people[person_id]


def cookie_name(world: World) -> str:
    """Return the name of the session's cookie; by https one that no other host can have set."""
    return "__Host-tocsin" if world.base_url.startswith("https://") else "tocsin"


def session_token(world: World, cookies: str) -> str:
    """Return the session token in a Cookie header, "" if there is none."""
    return cookie_parser(cookies).get(cookie_name(world), "") if cookies else ""


def token_hash(token: str) -> bytes:
    """Return what is kept of a token."""
    return sha256(token.encode()).digest()


def _key_in(shown: str) -> str:
    """Take the key out of an Authorization header: a bearer's, or the password of Basic."""
    scheme, _, rest = shown.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return rest
    if scheme.lower() != "basic":
        return ""
    try:
        user_and_password = b64decode(rest, validate=True).decode("utf-8", "replace")
    except (Base64Error, ValueError):
        return ""
    return user_and_password.partition(":")[2]


def _holder(world: World, key: str) -> Caller:
    if key.startswith(_OPERATOR) and same(key, operator_key(world.secret)):
        return Operator()
    caller = _machine(world, key) or _owner(world, key)
    return caller or Anonymous("this key is not known, or no longer", "access.wrong-key")


def _machine(world: World, key: str) -> IntegrationCaller | None:
    """Return the integration a key belongs to; asks no store, since alerts must get in without."""
    if not key.startswith(_INTEGRATION):
        return None
    name = key.removeprefix(_INTEGRATION).rpartition("-")[0]
    known = PROBES if name == PROBE else world.rules.organisation.integrations
    integration = known.get(name)
    if integration is None:
        return None
    right = integration_key(world.secret, name, integration.key_version)
    return IntegrationCaller(integration) if same(key, right) else None


def _owner(world: World, key: str) -> PersonCaller | None:
    """Return the person whose key for programs this is, if it is still good."""
    if not key.startswith(PERSONS_KEY):
        return None
    with world.store.read() as reading:
        kept = reading.api_key(key.removeprefix(PERSONS_KEY).partition("-")[0])
    if kept is None or not compare_digest(kept.key_hash, token_hash(key)):
        return None
    person = world.rules.organisation.people.get(kept.person)
    if person is None or not kept.is_good(world.now()):
        return None
    return PersonCaller(person, b"", key=kept)


def _signed_in(world: World, token: str, known: Mapping[bytes, Session] | None) -> Caller:
    hashed = token_hash(token)
    if known is not None:
        session = known.get(hashed)
    else:
        with world.store.read() as reading:
            session = reading.session(hashed, world.now())
    if session is None:
        return Anonymous("you are no longer signed in", "access.signed-out")
    person = world.rules.organisation.people.get(session.person)
    if person is None:
        return Anonymous("you are no longer in the organisation file", "access.signed-out")
    return PersonCaller(person, hashed, session)


@dataclass(frozen=True)
class Needs:
    """The dependency by which a route declares what it needs; gives the route its caller."""

    need: Need

    def __call__(self, request: Request) -> Caller:
        """Let the request through, or raise Trouble."""
        caller = caller_of(web_of(request).world, request.headers)
        authorise(caller, self.need)
        if isinstance(caller, PersonCaller):
            web_of(request).seen.note(caller.token_hash, caller.key.id if caller.key else "")
        if request.method not in SAFE_METHODS:
            if isinstance(caller, PersonCaller) and caller.key is None:
                demand_same_site(request)
            elif is_foreign(request.headers, web_of(request).world.base_url):
                # A browser sends a key by itself too, once somebody has typed it there.
                raise _cross_site()
            # After that: a foreign page must not use up anybody's pace.
            demand_pace(request, caller)
        return caller


@dataclass(frozen=True)
class Public(Needs):
    """Declares that a route is for everybody; asks nobody who they are.

    It needs neither a store nor a thread, so that such a route answers when both are wanting.
    """

    need: Need = "public"

    async def __call__(  # type: ignore[override]  # FastAPI awaits it, or runs it in a thread
        self, _request: Request
    ) -> Caller:
        """Let the request through."""
        return Anonymous()


@dataclass(frozen=True)
class Oneself(Needs):
    """Declares that a route is for whoever is signed in in a browser, about themselves."""

    need: Need = "account"

    def __call__(self, request: Request) -> PersonCaller:
        """Let the request through, or raise Trouble."""
        caller = super().__call__(request)
        if not isinstance(caller, PersonCaller) or caller.session is None:
            raise AssertionError(f"{self.need} lets {caller!r} through")
        return caller


@dataclass(frozen=True)
class KnownNeeds(Needs):
    """As Needs, where only a person or the operator can have got through."""

    def __call__(self, request: Request) -> Known:
        """Let the request through, or raise Trouble."""
        caller = super().__call__(request)
        if not isinstance(caller, Operator | PersonCaller):
            raise AssertionError(f"{self.need} lets {caller!r} through")
        if self.need == "respond" and "code" in request.path_params:
            _demand_may_act(request, caller)
        return caller


def _demand_may_act(request: Request, caller: Known) -> None:
    """Nobody does something about what they may not read: the answer alone would tell of it."""
    if isinstance(caller, Operator) or request.url.path.rpartition("/")[2] in FOR_NON_READERS:
        return
    world = web_of(request).world
    with world.store.read() as reading:
        kept = reading.incident(request.path_params["code"])
    if kept is not None:
        demand_reader(world, caller, kept.incident)


def demand_pace(request: Request, caller: Caller) -> None:
    """Raise Trouble if the caller asks for more changes than anybody can mean."""
    match caller:
        case PersonCaller(key=key) if key is not None:
            who = f"key {key.id}"
        case Operator():
            who = "operator"
        case Anonymous():
            return
        case _:
            who = f"{type(caller).__name__} {caller.by}"
    wait = web_of(request).pace.take(who)
    if wait:
        raise Trouble(
            429,
            "request.too-often",
            "these are more changes in a row than anybody can mean; nothing was changed",
            "wait for the seconds in Retry-After, and ask for fewer at a time",
            max(1, ceil(wait)),
        )


def demand_same_site(request: Request) -> None:
    """Raise Trouble if a browser sent this request from a page that is not ours."""
    if not is_same_site(request.headers, web_of(request).world.base_url):
        raise _cross_site()


def _cross_site() -> Trouble:
    return Trouble(
        403,
        "access.cross-site",
        "this request does not come from a page of this site",
        "open the page here and try again; programs send a key, and neither cookie nor Origin",
    )
