"""What the account pages show, in words: sessions, browsers, keys, ways to sign in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.engine.accounts import ApiKey, Credential, Session
from tocsin.web.sessions import session_id

FRESH = timedelta(minutes=15)
"""How recent a sign-in must be for whoever changes how they sign in: a browser that was left
open, or a stolen session, must not become somebody's lasting way in."""

HOW = {
    "link": "one-time link",
    "password": "password",
    "passkey": "passkey",
    "oidc": "identity provider",
    "break-glass": "break-glass link",
}

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class SessionShown:
    """One session, as a line."""

    id: str
    person: str
    device: str
    is_phone: bool
    how: str
    address: str
    since: datetime
    seen_at: datetime
    here: bool


@dataclass(frozen=True)
class KeyShown:
    """One key, as a line; `state` is `good`, `expired` or `revoked`."""

    id: str
    name: str
    person: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    state: str


def device(agent: str) -> str:
    """Say which browser on which system a User-Agent header tells of, as far as it does."""
    browser = next((word for part, word in _BROWSERS if part in agent), "")
    system = next((word for part, word in _SYSTEMS if part in agent), "")
    return " on ".join(word for word in (browser, system) if word) or "Unknown browser"


def sessions_shown(found: Mapping[bytes, Session], here: bytes) -> list[SessionShown]:
    """Return sessions as lines, this browser's first."""
    shown = [
        SessionShown(
            id=session_id(hashed),
            person=session.person,
            device=device(session.agent),
            is_phone=any(word in session.agent for word in ("Mobile", "iPhone", "Android")),
            how=HOW.get(session.how, session.how),
            address=session.address,
            since=session.created_at,
            seen_at=session.seen_at,
            here=hashed == here,
        )
        for hashed, session in found.items()
    ]
    return sorted(shown, key=lambda one: (not one.here, -one.seen_at.timestamp()))


def keys_shown(found: Iterable[ApiKey], now: datetime) -> list[KeyShown]:
    """Return keys as lines, good ones first."""
    shown = [
        KeyShown(
            id=key.id,
            name=key.name,
            person=key.person,
            scopes=key.scopes,
            created_at=key.created_at,
            expires_at=key.expires_at,
            used_at=key.used_at,
            state="good" if key.is_good(now) else "revoked" if key.revoked_at else "expired",
        )
        for key in found
    ]
    return sorted(shown, key=lambda one: one.state != "good")


@dataclass(frozen=True)
class WaysIn:
    """What a person has set up to sign in by."""

    password: Credential | None
    app: Credential | None
    recovery: int
    passkeys: list[Credential]


def ways_in(credentials: list[Credential]) -> WaysIn:
    """Sort what a person can show by its kind."""
    by_kind = {one.kind: one for one in credentials}
    return WaysIn(
        password=by_kind.get("password"),
        app=by_kind.get("totp"),
        recovery=sum(one.kind == "recovery" for one in credentials),
        passkeys=[one for one in credentials if one.kind == "passkey"],
    )
