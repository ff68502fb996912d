"""How people prove who they are, as it is kept: credentials, sessions, keys. Never a secret."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal, Protocol

import msgspec

CredentialKind = Literal["password", "totp", "recovery", "passkey"]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser; only the hash of its token is kept.

    `how` is the way in which the person signed in (`link`, `password`, `passkey`, `oidc`,
    `break-glass`); `agent` and `address` are what the browser said then, "" if nothing; `seen_at`
    is when it was last here, to the minute.
    """

    person: str
    created_at: datetime
    expires_at: datetime
    seen_at: datetime
    how: str = "link"
    agent: str = ""
    address: str = ""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Something by which a person can prove who they are.

    By kind, `id` and `data` (JSON) are: `password`: a random id, the Argon2id hash; `totp`: a
    random id from which the secret is derived, nothing; `recovery`: the hash of one code, nothing;
    `passkey`: the authenticator's credential id (base64url), its public key and sign counter.
    `name` is what its owner calls it. `used_at` is when it served last; of `totp` it is the
    beginning of the time step whose code was used last.
    """

    id: str
    person: str
    kind: CredentialKind
    name: str = ""
    data: str = "{}"
    created_at: datetime
    used_at: datetime | None = None


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a person for programs; only the hash of it is kept.

    `scopes` are of core.access.SCOPES. It is good until `expires_at` (for ever if None) unless it
    was revoked. `used_at` is when it was used last, to the minute.
    """

    id: str
    key_hash: bytes
    name: str
    person: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class AccountsReading(Protocol):
    """What can be asked of how people sign in."""

    def session(self, token_hash: bytes, now: datetime) -> Session | None:
        """Return the session that token opens, None if there is none or it has expired."""

    def sessions_of(
        self, token_hashes: Collection[bytes], now: datetime
    ) -> Mapping[bytes, Session]:
        """Return those sessions of these tokens that are open, by the hash of their token."""

    def sessions(self, person: str, now: datetime) -> Mapping[bytes, Session]:
        """Return sessions that are open, by the hash of their token, newest first; of a person,
        or of everybody if `person` is "".
        """

    def credentials(self, person: str) -> list[Credential]:
        """Return what a person can show, oldest first."""

    def credential(self, credential_id: str) -> Credential | None:
        """Return the credential with that id."""

    def api_key(self, key_id: str) -> ApiKey | None:
        """Return a key by its id, also one that was revoked."""

    def api_keys(self, person: str) -> list[ApiKey]:
        """Return a person's keys, or everybody's if `person` is "", newest first."""


class AccountsWriting(Protocol):
    """What changes how people sign in."""

    def keep_session(self, token_hash: bytes, session: Session) -> None:
        """Open a session."""

    def end_session(self, token_hash: bytes) -> None:
        """Close a session."""

    def end_sessions(self, person: str, but: bytes = b"") -> int:
        """Close a person's sessions but one; return how many."""

    def keep_seen(self, sessions_: Collection[bytes], keys: Collection[str], at: datetime) -> None:
        """Note that these sessions and keys were used at `at`."""

    def keep_sign_in(self, code_hash: bytes, person: str, how: str, expires_at: datetime) -> None:
        """Offer a one-time sign-in; `how` is what the session will say of itself."""

    def use_sign_in(self, code_hash: bytes, now: datetime) -> tuple[str, str] | None:
        """Return (person, how) of a one-time sign-in that is still good, and use it up."""

    def spend(self, hashed: bytes, expires_at: datetime, now: datetime) -> bool:
        """Use up something that may be used once; False if it was used before."""

    def keep_credential(self, credential: Credential) -> bool:
        """Add a credential; False, with nothing changed, if there is one with its id."""

    def change_credential(self, before: Credential, after: Credential) -> bool:
        """Change name, data and use of a credential; False if it is not as `before` any more."""

    def remove_credential(self, credential_id: str) -> bool:
        """Remove a credential; False if there is none."""

    def remove_credentials(self, person: str, kind: CredentialKind) -> int:
        """Remove a person's credentials of one kind; return how many."""

    def keep_api_key(self, key: ApiKey) -> None:
        """Add a key."""

    def revoke_api_key(self, key_id: str, now: datetime) -> bool:
        """Revoke a key for good; False if there is none, or it was revoked already."""
