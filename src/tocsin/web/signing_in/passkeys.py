"""Passkeys (WebAuthn Level 3): made by a person who is signed in, good to sign in with alone.

A challenge is sealed, not stored: it is bound to the browser it was made for, lasts minutes, and
is noted as spent by the one sign-in that it proves.
"""

from datetime import timedelta
from hashlib import blake2b
from ipaddress import ip_address
from secrets import token_hex
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tocsin.core.people import Person
from tocsin.engine.accounts import Credential
from tocsin.engine.ports import Transaction
from tocsin.engine.world import World
from tocsin.web.access import token_hash
from tocsin.web.sealed import sealed, unsealed

CHALLENGE_LASTS = timedelta(minutes=5)

NAME_AT_MOST = 60
"""Characters of what somebody calls a passkey."""


class BadPasskey(Exception):
    """What the browser sent proves nothing; the text says why, for the log."""


class _Kept(msgspec.Struct):
    """What is kept of a passkey: its public key (base64url) and its sign counter."""

    public_key: str
    count: int


class _Response(msgspec.Struct):
    clientDataJSON: str
    userHandle: str | None = None


class _Sent(msgspec.Struct):
    id: str
    response: _Response


def impossible(base_url: str) -> str:
    """Return why browsers make no passkeys for this address, "" if they do."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return f"passkeys need a name instead of the address {host}; set TOCSIN_BASE_URL"
    if parts.scheme != "https" and host != "localhost" and not host.endswith(".localhost"):
        return "passkeys need https; set TOCSIN_BASE_URL"
    return ""


def registration_options(world: World, person: Person, session: bytes) -> str:
    """Return as JSON what a browser needs to make a passkey."""
    with world.store.read() as reading:
        kept = [one for one in reading.credentials(person.id) if one.kind == "passkey"]
    options = generate_registration_options(
        rp_id=_rp_id(world),
        rp_name=f"Tocsin {world.rules.organisation.name}",
        user_id=_handle(world, person.id),
        user_name=person.id,
        user_display_name=person.name,
        challenge=_challenge(world, "register", session.hex()),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.id)) for one in kept
        ],
    )
    return options_to_json(options)


def register(
    world: World, tx: Transaction, person: str, session: bytes, sent: str, name: str
) -> Credential:
    """Keep a new passkey; raises BadPasskey, then nothing is kept."""
    challenge = _spent_challenge(world, tx, "register", session.hex(), sent)
    try:
        verified = verify_registration_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=_rp_id(world),
            expected_origin=_origin(world),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as wrong:
        raise BadPasskey(str(wrong)) from None
    kept = _Kept(bytes_to_base64url(verified.credential_public_key), verified.sign_count)
    new = Credential(
        id=bytes_to_base64url(verified.credential_id),
        person=person,
        kind="passkey",
        name=name.strip()[:NAME_AT_MOST] or "Passkey",
        data=msgspec.json.encode(kept).decode(),
        created_at=world.now(),
    )
    if not tx.keep_credential(new):
        raise BadPasskey("there is a passkey with this id already")
    return new


def sign_in_options(world: World, cookie: str) -> str:
    """Return as JSON what a browser needs to ask its owner for a passkey."""
    options = generate_authentication_options(
        rp_id=_rp_id(world),
        challenge=_challenge(world, "sign-in", cookie),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def person_of(world: World, tx: Transaction, cookie: str, sent: str) -> Credential:
    """Return the passkey that somebody has proved to have; raises BadPasskey."""
    challenge = _spent_challenge(world, tx, "sign-in", cookie, sent)
    shown = _read(sent)
    passkey = tx.credential(shown.id)
    if passkey is None or passkey.kind != "passkey":
        raise BadPasskey("this passkey is not known")
    if shown.response.userHandle != bytes_to_base64url(_handle(world, passkey.person)):
        raise BadPasskey("this passkey is somebody else's")
    kept = msgspec.json.decode(passkey.data, type=_Kept)
    try:
        verified = verify_authentication_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=_rp_id(world),
            expected_origin=_origin(world),
            credential_public_key=base64url_to_bytes(kept.public_key),
            credential_current_sign_count=kept.count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as wrong:
        raise BadPasskey(str(wrong)) from None
    data = msgspec.json.encode(_Kept(kept.public_key, verified.new_sign_count)).decode()
    if not tx.change_credential(passkey, replace(passkey, data=data, used_at=world.now())):
        raise BadPasskey("this passkey was used elsewhere at the same time")
    return passkey


def _challenge(world: World, what: str, whose: str) -> bytes:
    value = sealed(world.secret, _purpose(what, whose), world.now(), token_hex(16))
    return value.encode()


def _spent_challenge(world: World, tx: Transaction, what: str, whose: str, sent: str) -> bytes:
    """Return the challenge that was answered, if it is one of ours, for this browser, and new."""
    try:
        client_data = parse_client_data_json(
            base64url_to_bytes(_read(sent).response.clientDataJSON)
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as wrong:
        raise BadPasskey(str(wrong)) from None
    value = client_data.challenge.decode("utf-8", "replace")
    now = world.now()
    if unsealed(world.secret, _purpose(what, whose), value, now, CHALLENGE_LASTS) is None:
        raise BadPasskey("the challenge is not ours, or too old")
    if not tx.spend(token_hash(f"challenge {value}"), now + CHALLENGE_LASTS, now):
        raise BadPasskey("the challenge was answered before")
    return client_data.challenge


def _read(sent: str) -> _Sent:
    try:
        return msgspec.json.decode(sent, type=_Sent)
    except (msgspec.DecodeError, ValueError, RecursionError) as wrong:
        raise BadPasskey(str(wrong)) from None


def _purpose(what: str, whose: str) -> str:
    return f"passkey {what} {whose}"


def _handle(world: World, person: str) -> bytes:
    """Return what authenticators know a person by: nothing that says who they are."""
    return blake2b(f"handle {person}".encode(), key=world.secret, digest_size=32).digest()


def _rp_id(world: World) -> str:
    return urlsplit(world.base_url).hostname or ""


def _origin(world: World) -> str:
    parts = urlsplit(world.base_url)
    return f"{parts.scheme}://{parts.netloc}"
