"""An identity provider on loopback, as small as one can be, which tests can make lie."""

from __future__ import annotations

import json
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT_ID = "tocsin"
CLIENT_SECRET = "a secret: with % signs"


@dataclass
class FakeProvider:
    """What it says about whoever comes; a test changes `claims`, `alg`, `key`, `down` and so on."""

    at: datetime
    email: str = "ben@example.org"
    verified: bool = True
    subject: str = "subject-1"
    claims: dict[str, Any] = field(default_factory=dict)
    alg: str = "RS256"
    email_in_token: bool = True
    down: bool = False
    methods: tuple[str, ...] = ("client_secret_basic",)
    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    said_issuer: str = ""
    hangs: Callable[[], object] = lambda: None

    def authorise(self, url: str) -> str:
        """Sign in at the provider: return where the browser is sent back to."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(self.at.timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": self.subject, "iat": now,
            "exp": now + 300, "nonce": asked["nonce"],
        }  # fmt: skip
        if self.email_in_token:
            claims |= {"email": self.email, "email_verified": self.verified}
        claims |= self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.alg == "none":
            parts = ({"alg": "none"}, claims)
            return ".".join(_text(json.dumps(part).encode()) for part in parts) + "."
        if self.alg == "HS256":
            shared = OctKey.import_key(CLIENT_SECRET.encode() * 2)
            return jwt.encode({"alg": "HS256"}, claims, shared)
        return jwt.encode({"alg": self.alg, "kid": self.key.kid}, claims, self.key)

    def answer(self, method: str, path: str, headers: Any, body: str) -> tuple[int, Any]:
        """Answer one request."""
        self.asked.append(path)
        self.hangs()
        if self.down:
            return 503, {}
        if path.endswith("/.well-known/openid-configuration"):
            return 200, {
                "issuer": self.said_issuer or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorise",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "token_endpoint_auth_methods_supported": self.methods,
            }
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        if path == "/userinfo":
            assert headers["Authorization"] == "Bearer access"
            return 200, {
                "sub": self.subject, "email": self.email, "email_verified": self.verified,
            }  # fmt: skip
        assert (method, path) == ("POST", "/token")
        return self._redeem(headers, {k: v[0] for k, v in parse_qs(body).items()})

    def _redeem(self, headers: Any, form: dict[str, str]) -> tuple[int, Any]:
        if "client_secret_basic" in self.methods:
            shown = b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
            client = tuple(unquote(part.replace("+", " ")) for part in shown.split(":"))
        else:
            client = (form["client_id"], form["client_secret"])
        if client != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form["code"], None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        verifier = sha256(form["code_verifier"].encode()).digest()
        if _text(verifier) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        token = self.id_token(asked)
        return 200, {"id_token": token, "access_token": "access", "token_type": "Bearer"}


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


@contextmanager
def provider(at: datetime) -> Iterator[FakeProvider]:
    """A provider that answers on a port of its own."""
    fake = FakeProvider(at)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            status, said = fake.answer(self.command, self.path, self.headers, body)
            raw = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
