"""Targets: what machines send. Alerts, queries, changes, keys, tokens, passkeys, headers."""

from __future__ import annotations

import atexit
import json
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import httpx
import msgspec
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey
from tests.fuzz.mutating import Target
from tests.fuzz.texts import NOW, encoded, text_of
from tests.sources.alertmanager.payloads import CAPTURED, INTEGRATION
from tests.sources.alertmanager.test_totality import check
from tests.sources.deployments.test_parse import ARGO, GITHUB, GITLAB
from tests.web.stage import Stage, open_stage

from tocsin.channels.email.settings import problem_with_address
from tocsin.channels.slack.hooks import HookUrl
from tocsin.channels.webhook.endpoints import Endpoint, problem_with_url, shown
from tocsin.channels.webhook.signature import SigningKey
from tocsin.core.deployments import NotUnderstood
from tocsin.core.patterns import BadPattern
from tocsin.core.people import Person
from tocsin.engine.keys import same
from tocsin.outbound.exchange import Answer, retry_after
from tocsin.settings import BadSettings, Settings, described, named_secret
from tocsin.sources.alertmanager.matchers import read_matcher
from tocsin.sources.alertmanager.parse import AlertmanagerApi, AlertmanagerWebhook
from tocsin.sources.alertmanager.render import BadQuery, read_query
from tocsin.sources.deployments.parse import Deployments
from tocsin.web.access import caller_of, integration_of, named_integration
from tocsin.web.api.attachments import kind_of
from tocsin.web.oidc import Client, Provider, ProviderDown, Refused
from tocsin.web.pages.forms import local_path
from tocsin.web.problems import Trouble
from tocsin.web.same_site import is_cross_site, is_foreign, is_form_token, is_same_site
from tocsin.web.sealed import sealed, unsealed
from tocsin.web.sessions import code_hash
from tocsin.web.signing_in.passkeys import BadPasskey, person_of, register, registration_options

JSON_WORDS = encoded(
    '"labels"',
    '"annotations"',
    '"startsAt"',
    '"status"',
    '"alerts"',
    '"generatorURL"',
    '{"a":',
    '"a":{}',
    "[[",
    "]]",
    "null",
    "1e9",
    '"\\ud800"',
    '"\\u0000"',
    '"resolved"',
    '":"',
    "{}",
    "[]",
)
SECRET = b"s" * 32


@cache
def stage() -> Stage:
    """One small stage for all of them; it lasts as long as the process."""
    memory = Path("/dev/shm")
    folder = mkdtemp(dir=memory if memory.is_dir() else None)
    atexit.register(rmtree, folder, ignore_errors=True)
    found = open_stage(Path(folder), base_url="https://tocsin.test", at=NOW).__enter__()
    found.put_in_force()
    return found


def webhook_body(data: bytes) -> None:
    check(AlertmanagerWebhook().parse(INTEGRATION, data, NOW))


def posted_body(data: bytes) -> None:
    check(AlertmanagerApi().parse(INTEGRATION, data, NOW))


def a_matcher(data: bytes) -> None:
    with suppress(BadPattern):
        read_matcher(text_of(data)).matches({"severity": "critical", "job": "a" * 200})


def a_query(data: bytes) -> None:
    pairs = httpx.QueryParams(data.decode("latin-1")).multi_items()
    with suppress(BadQuery):
        read_query(pairs)


def a_change(data: bytes) -> None:
    found = Deployments().parse("rollouts", data, NOW)
    if isinstance(found, NotUnderstood):
        assert found.what
        return
    for one in found:
        msgspec.json.encode(one)  # raises for half a pair
        assert one.link == "" or one.link.startswith(("http://", "https://"))


def an_address(data: bytes) -> None:
    address = text_of(data)
    if problem_with_address(address) is None:
        assert not set("\r\n <>,;") & set(address)
    if problem_with_url(address, ("https",)) is None:
        assert shown(address).startswith("https://")
    with suppress(ValueError):
        Endpoint(address)
    with suppress(ValueError):
        HookUrl(address)


def a_secret(data: bytes) -> None:
    text = text_of(data)
    with suppress(ValueError):
        SigningKey(text).sign("id", 1, b"")
    with suppress(BadSettings):
        named_secret(text.encode("utf-8", "replace").decode())
    same(text, "right")


def a_seal(data: bytes) -> None:
    text = text_of(data)
    assert unsealed(SECRET, "other", text, NOW, timedelta(minutes=5)) is None
    unsealed(SECRET, "this", text, NOW, timedelta(minutes=5))
    assert not is_form_token(text, SECRET, "ana")
    code_hash(text)


def headers(data: bytes) -> None:
    """Whoever comes: a key, a cookie, an origin; header values are bytes that look like latin-1."""
    shown_, _, rest = data.decode("latin-1").partition("\n")
    for name in ("authorization", "cookie", "origin", "sec-fetch-site", "tocsin-as", "tocsin-via"):
        sent = {name: shown_, "host": rest or "tocsin.test"}
        with suppress(Trouble):
            caller_of(stage().world, sent)
        is_same_site(sent, "https://tocsin.test")
        is_foreign(sent, "https://tocsin.test")
        is_cross_site(sent, "https://tocsin.test")
    raw = {b"authorization": data}
    integration_of(stage().world, raw)
    named_integration(raw)


def a_path(data: bytes) -> None:
    found = local_path(text_of(data), "/otherwise")
    assert found.startswith("/")
    assert not found.startswith("//")
    kind = kind_of(text_of(data), text_of(data))
    assert kind.isascii()
    assert "\n" not in kind


def an_answer(data: bytes) -> None:
    value = data.decode("latin-1")
    answer = Answer(503, httpx.Headers([(b"retry-after", value.encode("latin-1"))]), b"")
    seconds = retry_after(answer, NOW)
    assert seconds is None or seconds >= 0


def settings(data: bytes) -> None:
    value = text_of(data)
    for name in ("base_url", "database_url", "proxies", "smtp_url", "oidc_issuer", "log_level"):
        with suppress(ValueError):
            described(Settings.model_validate({name: value}))


CLIENT = Client("https://id.example.org", "tocsin", "secret")


class Fuzzed(Provider):
    """An identity provider whose every answer is the same bytes, but for its metadata."""

    def __init__(self) -> None:
        super().__init__(CLIENT, SECRET, "https://tocsin.test/back")
        self._said: bytes = b""
        self._metadata: bytes | None = None
        self._jwks: bytes | None = None

    def says(self, said: bytes, metadata: bytes | None, keys: bytes | None) -> Fuzzed:
        """From now on it says this, and nothing is known of it."""
        self._said, self._metadata, self._jwks = said, metadata, keys
        self._endpoints = self._keys = self._known_at = None
        return self

    def _send(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        content = self._said
        if path.endswith("openid-configuration") and self._metadata is not None:
            content = self._metadata
        elif path == "/keys" and self._jwks is not None:
            content = self._jwks
        return httpx.Response(200, content=content)


@cache
def fuzzed() -> Fuzzed:
    return Fuzzed()


METADATA = json.dumps(
    {
        "issuer": CLIENT.issuer,
        "authorization_endpoint": f"{CLIENT.issuer}/authorise",
        "token_endpoint": f"{CLIENT.issuer}/token",
        "jwks_uri": f"{CLIENT.issuer}/keys",
        "userinfo_endpoint": f"{CLIENT.issuer}/userinfo",
    }
).encode()


@cache
def signer() -> tuple[RSAKey, bytes]:
    """A key, and what the provider says of it."""
    key = RSAKey.generate_key(2048, {"kid": "one"})
    return key, json.dumps({"keys": [key.as_dict(private=False)]}).encode()


def _finish(provider: Provider) -> None:
    with suppress(Refused, ProviderDown):
        flow = provider.begin(NOW, "/")
        parts = unsealed(SECRET, "oidc flow", flow.cookie, NOW, timedelta(minutes=1))
        assert parts is not None
        state = provider._derived("state", parts[0])
        provider.finish(flow.cookie, {"state": state, "code": "x"}, NOW)


def discovery(data: bytes) -> None:
    _finish(fuzzed().says(b"{}", data, None))


def provider_keys(data: bytes) -> None:
    token = json.dumps({"id_token": a_token({"alg": "RS256", "kid": "one"}, {"sub": "x"})})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        _finish(fuzzed().says(token.encode(), METADATA, data))


def tokens(data: bytes) -> None:
    _finish(fuzzed().says(data, METADATA, signer()[1]))


def signed_claims(data: bytes) -> None:
    """A token that is signed as it should be, and whose content is anything."""
    signed = jws.serialize_compact({"alg": "RS256", "kid": "one"}, data or b" ", signer()[0])
    said = json.dumps({"id_token": signed, "access_token": "y"}).encode()
    _finish(fuzzed().says(said, METADATA, signer()[1]))


def a_token(head: object, claims: object) -> str:
    parts = (json.dumps(one).encode() for one in (head, claims))
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, b"sig"))


def a_passkey(data: bytes) -> None:
    """What a browser sends, with a challenge of ours where it stands for one."""
    _passkey(text_of(data))


def an_attestation(data: bytes) -> None:
    """The inner part, which is CBOR, around a challenge that is good."""
    half = len(data) // 2
    options = json.loads(registration_options(stage().world, _ana(), b"h"))
    client = {
        "type": "webauthn.create",
        "challenge": options["challenge"],
        "origin": "https://tocsin.test",
    }
    sent = {
        "id": _plain(data[:16]),
        "rawId": _plain(data[:16]),
        "type": "public-key",
        "response": {
            "clientDataJSON": _plain(json.dumps(client).encode()),
            "attestationObject": _plain(data),
            "authenticatorData": _plain(data[:half]),
            "signature": _plain(data[half:]),
            "userHandle": "x",
        },
    }
    _passkey(json.dumps(sent))


def _passkey(sent: str) -> None:
    with stage().store.write() as tx:
        with suppress(BadPasskey):
            register(stage().world, tx, "ana", b"h", sent, "Phone")
        with suppress(BadPasskey):
            person_of(stage().world, tx, "cookie", sent)


def _ana() -> Person:
    return stage().world.rules.organisation.people["ana"]


def _plain(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _captured() -> Iterator[bytes]:
    for path in sorted(CAPTURED.glob("*.json")):
        yield path.read_bytes()


def _cbor(authenticator: bytes) -> bytes:
    """An attestation object with `none` as its format: {"fmt", "attStmt", "authData"}."""
    size = len(authenticator).to_bytes(2, "big")
    return b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59" + size + authenticator


def _authenticator(rp: bytes = b"tocsin.test") -> bytes:
    cose = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + b"x" * 32 + b"\x22\x58\x20" + b"y" * 32
    return sha256(rp).digest() + b"\x45" + b"\0\0\0\1" + b"\0" * 16 + b"\0\x10" + b"i" * 16 + cose


CLAIMS = json.dumps(
    {
        "iss": CLIENT.issuer,
        "aud": "tocsin",
        "sub": "x",
        "iat": 1,
        "exp": 9999999999,
        "nonce": "n",
        "email": "a@example.org",
        "email_verified": True,
    }
).encode()

TARGETS = (
    Target("alertmanager-webhook", webhook_body, list(_captured()), JSON_WORDS),
    Target("alertmanager-api", posted_body, list(_captured()), JSON_WORDS),
    Target(
        "matcher",
        a_matcher,
        encoded('severity=~"crit.*|warn"', 'a!="b\\"c"', '"x y"=z'),
        encoded('=~"', '!~"', '\\"', "(a+)+", "{64}", "|"),
        at_most=8192,
    ),
    Target(
        "alert-query",
        a_query,
        encoded("filter=a%3D~%22b%22&receiver=x&active=false"),
        encoded("&filter=", "&receiver=", "%22", "=~", "%ff"),
    ),
    Target(
        "deployment",
        a_change,
        [json.dumps(one).encode() for one in (GITHUB, GITLAB, ARGO)]
        + [b'{"service":"a","version":"1","at":"2026-11-21T10:00:00Z","link":"https://x"}'],
        [*JSON_WORDS, b'"deployment"', b'"app"', b'"service"', b'"at"'],
    ),
    Target(
        "address",
        an_address,
        encoded("ana@example.org", "https://hooks.example.org:8443/a?b=c#d", "https://u:p@[::1]/"),
        encoded("https://", "@", "[", "]", ":99999", "xn--", "%00", "\u3002", ".", "\\"),
        at_most=8192,
    ),
    Target("secret", a_secret, encoded("whsec_" + "QUJD" * 12, "env:HOME", "env:")),
    Target("seal", a_seal, encoded(sealed(SECRET, "this", NOW, "a", "b"), "ab" * 40)),
    Target(
        "headers",
        headers,
        [
            b"Bearer tocin-prometheus-abc",
            b"Basic YW55OnRvY29wLXg=",
            b"tocsin=abc; a=b",
            b"https://tocsin.test\ntocsin.test",
            b"Bearer tockey-abc-def",
            b"cross-site",
        ],
        [
            b"Bearer ",
            b"Basic ",
            b"tocop-",
            b"tocin-",
            b"tockey-",
            b"tocsin=",
            b"; ",
            b"null",
            b"[",
            b"https://[",
        ],
        at_most=16384,
    ),
    Target(
        "path", a_path, encoded("/incidents?show=all", "//evil.example", "text/html; charset=x")
    ),
    Target(
        "retry-after",
        an_answer,
        [b"120", b"Sat, 21 Nov 2026 19:00:00 GMT", b"-1"],
        [b"GMT", b"+9999", b"Nov", b":", b"1e9"],
        at_most=8192,
    ),
    Target(
        "settings",
        settings,
        encoded(
            "https://tocsin.example.org/", "10.0.0.0/8, ::1", "smtp://u:p@h:587", "sqlite:///x"
        ),
        encoded("://", "@", "[", "]", "/33", "postgresql://", ":x"),
    ),
    Target("oidc-discovery", discovery, [METADATA], [*JSON_WORDS, b'"jwks_uri"', b"http://["]),
    Target(
        "oidc-keys",
        provider_keys,
        [signer()[1], b'{"keys":[{"kty":"oct","k":"AA"}]}'],
        [*JSON_WORDS, b'"kty"', b'"EC"', b'"crv"', b'"n"', b'"e"', b'"keys":[', b'"kid"'],
    ),
    Target(
        "oidc-tokens",
        tokens,
        [
            json.dumps({"id_token": a_token({"alg": "none"}, {"sub": "x"})}).encode(),
            json.dumps(
                {"id_token": a_token({"alg": "RS256", "kid": "one", "crit": ["b64"]}, {})}
            ).encode(),
        ],
        [*JSON_WORDS, b".", b"eyJhbGciOiJub25lIn0", b"=="],
    ),
    Target(
        "oidc-claims",
        signed_claims,
        [CLAIMS, b"[]", b'"x"', b"1"],
        [*JSON_WORDS, b'"exp":', b'"aud":["a","b"]', b'"iat":', b"1e999", b'"azp":1'],
    ),
    Target(
        "passkey",
        a_passkey,
        [
            json.dumps(
                {
                    "id": "x",
                    "rawId": "eA",
                    "type": "public-key",
                    "response": {
                        "clientDataJSON": _plain(
                            b'{"type":"webauthn.get","challenge":"eA","origin":"x"}'
                        ),
                        "attestationObject": "eA",
                    },
                }
            ).encode()
        ],
        [*JSON_WORDS, b'"response"', b'"clientDataJSON"', b'"id"', b"eA=="],
    ),
    Target(
        "attestation",
        an_attestation,
        [_cbor(_authenticator()), _authenticator()],
        [
            b"\xa0",
            b"\xbf",
            b"\xff",
            b"\x9f",
            b"\x5f",
            b"\x7f",
            b"\xfb",
            b"\x1b" + b"\xff" * 8,
            b"\xc2",
            b"\xd8",
            b"\x63fmt",
            b"\x66packed",
            b"\x63tpm",
            b"\x81" * 900,
        ],
    ),
)
