"""Signing in by an identity provider: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636).

What belongs to one sign-in (state, nonce, PKCE verifier) is derived from a random flow that the
browser keeps in a cookie, so a code is good for nobody but the browser that asked. The provider
says who somebody is; who may come in stands in the organisation file.
"""

import ssl
import threading
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tocsin.outbound import exchange
from tocsin.outbound.exchange import Answer, NoAnswer
from tocsin.web.sealed import derived, sealed, unsealed

FLOW_LASTS = timedelta(minutes=10)
"""How long somebody may take at the provider."""

KNOWN_FOR = timedelta(hours=1)
"""How long the provider's addresses and keys are taken as known."""

KEYS_ASKED_EVERY = timedelta(minutes=1)
"""How often an unknown key may make us ask for the keys again."""

SECONDS = 5.0

ASKED_AT_ONCE = 4
"""Questions to the provider at a time. Whoever waits for one that hangs keeps a thread, and there
must be threads left for those who acknowledge."""

ANSWER_AT_MOST = 512 * 1024

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    "Ed25519", "EdDSA",
)  # fmt: skip
"""Signatures that need a key which only the provider has; `none` and shared secrets are none."""

CLOCKS_DIFFER_BY = 60
"""Seconds by which the provider's clock may be off."""

_FLOW = "oidc flow"
_WELL_KNOWN = "/.well-known/openid-configuration"


Kind = TypeVar("Kind")


class ProviderDown(Exception):
    """The identity provider does not answer, or answers nonsense; the text says which."""


class Refused(Exception):
    """The identity provider, or what it sent, lets nobody in; the text says why, for people."""


@dataclass(frozen=True)
class Client:
    """How Tocsin is known to the provider. `name` stands on the button."""

    issuer: str
    id: str
    secret: str = field(repr=False)
    name: str = "your organisation"


class _Endpoints(msgspec.Struct):
    """What is used of the provider's metadata (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct):
    id_token: str
    access_token: str = ""


@dataclass(frozen=True)
class Subject:
    """Whom the provider vouches for; `email` is "" unless it says that it has verified it."""

    subject: str
    email: str = ""


@dataclass(frozen=True)
class Flow:
    """One sign-in: where the browser is sent, the cookie it keeps, and what comes of it."""

    url: str
    cookie: str


class Provider:
    """The identity provider, as far as it is known by now; shared by all requests."""

    def __init__(self, client: Client, secret: bytes, callback: str) -> None:
        self.client = client
        self._secret = secret
        self._callback = callback
        self._lock = threading.Lock()
        self._endpoints: _Endpoints | None = None
        self._keys: KeySet | None = None
        self._known_at: datetime | None = None
        self._tls = ssl.create_default_context()
        self._asking = threading.BoundedSemaphore(ASKED_AT_ONCE)

    def begin(self, now: datetime, next_: str) -> Flow:
        """Start a sign-in that leads to `next_` in the end; raises ProviderDown."""
        endpoints = self._known(now)
        flow = token_urlsafe(16)
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self._callback,
            "scope": "openid email",
            "state": self._derived("state", flow),
            "nonce": self._derived("nonce", flow),
            "code_challenge": _challenge(self._derived("verifier", flow)),
            "code_challenge_method": "S256",
        }
        mark = "&" if "?" in endpoints.authorization_endpoint else "?"
        url = f"{endpoints.authorization_endpoint}{mark}{urlencode(asked)}"
        return Flow(url, sealed(self._secret, _FLOW, now, flow, next_))

    def finish(
        self, cookie: str, said: Mapping[str, str], now: datetime
    ) -> tuple[Subject, str, str]:
        """Return (whom the provider vouches for, where they wanted to go, the flow).

        `said` are the parameters of the callback. Raises Refused and ProviderDown.
        """
        parts = unsealed(self._secret, _FLOW, cookie, now, FLOW_LASTS)
        if parts is None:
            raise Refused("this sign-in was not begun in this browser, or too long ago")
        flow, next_ = parts
        if not compare_digest(
            said.get("state", "").encode(), self._derived("state", flow).encode()
        ):
            raise Refused("this answer belongs to another sign-in")
        # RFC 9207: an answer that names another issuer was meant for somebody else.
        if said.get("iss", self.client.issuer) != self.client.issuer:
            raise Refused("this answer comes from another identity provider")
        if "code" not in said:
            raise Refused(f"the identity provider says: {_plain(said.get('error', 'no code'))}")
        endpoints = self._known(now)
        tokens = self._redeem(endpoints, said["code"], self._derived("verifier", flow))
        claims = self._claims(tokens.id_token, self._derived("nonce", flow), now)
        subject = Subject(str(claims["sub"]), _verified_email(claims))
        if not subject.email and endpoints.userinfo_endpoint and tokens.access_token:
            subject = self._asked(endpoints, tokens.access_token, subject)
        return subject, next_, flow

    def _known(self, now: datetime) -> _Endpoints:
        with self._lock:
            known_at = self._known_at
            if self._endpoints and known_at and now - known_at < KNOWN_FOR:
                return self._endpoints
        url = self.client.issuer.rstrip("/") + _WELL_KNOWN
        endpoints = _decoded(self._get(url), _Endpoints)
        if endpoints.issuer != self.client.issuer:
            raise ProviderDown(f"it calls itself {endpoints.issuer}, not {self.client.issuer}")
        _demand_safe(endpoints, self.client.issuer)
        keys = self._fetch_keys(endpoints)
        with self._lock:
            self._endpoints, self._keys, self._known_at = endpoints, keys, now
        return endpoints

    def _fetch_keys(self, endpoints: _Endpoints) -> KeySet:
        found = _decoded(self._get(endpoints.jwks_uri), dict[str, Any])
        try:
            return KeySet.import_key_set(found)  # type: ignore[arg-type]  # it checks what it is given
        except (JoseError, ValueError, KeyError, TypeError):
            raise ProviderDown("its keys can't be read") from None

    def _redeem(self, endpoints: _Endpoints, code: str, verifier: str) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        basic = "client_secret_basic" in endpoints.token_endpoint_auth_methods_supported
        if not basic:
            form |= {"client_id": self.client.id, "client_secret": self.client.secret}
        auth = httpx.BasicAuth(_encoded(self.client.id), _encoded(self.client.secret))
        request = httpx.Request("POST", endpoints.token_endpoint, data=form)
        if basic:
            request = next(auth.auth_flow(request))
        answer = self._send(request)
        if answer.status_code in (400, 401, 403):
            raise Refused(f"the identity provider refuses: {_error_in(answer)}")
        return _decoded(_good(answer), _Tokens)

    def _claims(self, id_token: str, nonce: str, now: datetime) -> dict[str, Any]:
        """Check an ID token as OpenID Connect Core 3.1.3.7 wants; raises Refused."""
        try:
            token = self._verified(id_token, now)
            checks = jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=CLOCKS_DIFFER_BY,
                iss={"essential": True, "value": self.client.issuer},
                aud={"essential": True, "value": self.client.id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            checks.validate(token.claims)
        except (JoseError, ValueError, TypeError, KeyError) as wrong:
            raise Refused(f"its ID token does not hold: {_plain(str(wrong))}") from None
        audience = token.claims["aud"]
        shared = isinstance(audience, list) and len(audience) > 1
        if token.claims.get("azp", "" if shared else self.client.id) != self.client.id:
            raise Refused("its ID token is for somebody else")
        return dict(token.claims)

    def _verified(self, id_token: str, now: datetime) -> jwt.Token:
        with self._lock:
            keys, known_at, endpoints = self._keys, self._known_at, self._endpoints
        assert keys is not None
        assert known_at is not None
        assert endpoints is not None
        try:
            return jwt.decode(id_token, keys, list(ALGORITHMS))
        except (JoseError, ValueError):
            # Providers change their keys; whoever makes up tokens must not make us ask each time.
            if now - known_at < KEYS_ASKED_EVERY:
                raise
        renewed = self._fetch_keys(endpoints)
        with self._lock:
            self._keys, self._known_at = renewed, now
        return jwt.decode(id_token, renewed, list(ALGORITHMS))

    def _asked(self, endpoints: _Endpoints, access_token: str, subject: Subject) -> Subject:
        """Ask for the e-mail address, which some providers don't put into the ID token."""
        request = httpx.Request(
            "GET", endpoints.userinfo_endpoint, headers={"Authorization": f"Bearer {access_token}"}
        )
        claims = _decoded(_good(self._send(request)), dict[str, Any])
        if claims.get("sub") != subject.subject:
            raise Refused("its answers are about different people")
        return Subject(subject.subject, _verified_email(claims))

    def _get(self, url: str) -> bytes:
        return _good(self._send(httpx.Request("GET", url)))

    def _send(self, request: httpx.Request) -> httpx.Response:
        if not self._asking.acquire(blocking=False):
            raise ProviderDown("very many wait for its answer")
        try:
            return self._sent(request)
        finally:
            self._asking.release()

    def _sent(self, request: httpx.Request) -> httpx.Response:
        # Under one deadline: an answer that trickles in would keep a thread for hours.
        answer = exchange.post(
            lambda: [request], self._tls, SECONDS, read_at_most=ANSWER_AT_MOST + 1
        )
        if isinstance(answer, NoAnswer):
            raise ProviderDown("it does not answer")
        if len(answer.body) > ANSWER_AT_MOST:
            raise ProviderDown("its answer is too long")
        return httpx.Response(answer.status, headers=_without_lengths(answer), content=answer.body)

    def _derived(self, what: str, flow: str) -> str:
        return derived(self._secret, f"oidc {what} {flow}")


def _without_lengths(answer: Answer) -> list[tuple[str, str]]:
    """Return the headers without what only belongs to the transport; the body came as it is."""
    own = ("content-length", "content-encoding", "transfer-encoding")
    return [(name, value) for name, value in answer.headers.items() if name not in own]


def _demand_safe(endpoints: _Endpoints, issuer: str) -> None:
    """Raise ProviderDown for an address to which no code, secret or browser may be sent.

    Only an issuer on this machine itself, which the settings allow, may do without https.
    """
    here = urlsplit(issuer)
    named = [endpoints.authorization_endpoint, endpoints.token_endpoint, endpoints.jwks_uri]
    for address in [*named, *filter(None, [endpoints.userinfo_endpoint])]:
        try:
            url = httpx.URL(address)
            host = url.host
        except (httpx.InvalidURL, UnicodeError):
            raise ProviderDown("its metadata names an address that is none") from None
        is_local = here.scheme == url.scheme == "http" and host == here.hostname
        if not host or not (url.scheme == "https" or is_local):
            raise ProviderDown("its metadata names an address without https")


def _good(answer: httpx.Response) -> bytes:
    if not answer.is_success:
        raise ProviderDown(f"it answers {answer.status_code}")
    return answer.content


def _decoded(raw: bytes, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise ProviderDown("its answer can't be understood") from None


def _error_in(answer: httpx.Response) -> str:
    try:
        said = msgspec.json.decode(answer.content, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return str(answer.status_code)
    return _plain(str(said.get("error", answer.status_code)))


def _verified_email(claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    return email if isinstance(email, str) and claims.get("email_verified") is True else ""


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _encoded(text: str) -> str:
    """Write an id or secret as RFC 6749, 2.3.1 wants it for Basic."""
    return urlencode({"": text})[1:]


def _plain(text: str) -> str:
    """Return what somebody else said, such that it can stand in a sentence."""
    return "".join(c if c.isprintable() else " " for c in text)[:100]
