"""One-time codes from an app (TOTP, RFC 6238), and recovery codes for when the phone is gone.

No secret is kept: an app's secret is derived from the installation's and from the credential's id,
of recovery codes there are hashes. A code is good once.
"""

from base64 import b32encode
from datetime import datetime, timedelta
from hashlib import blake2b
from hmac import compare_digest
from secrets import token_hex

import pyotp
import segno
from markupsafe import Markup
from msgspec.structs import replace

from tocsin.core.people import Person
from tocsin.engine.accounts import Credential
from tocsin.engine.audit import Doer, audited
from tocsin.engine.ports import Transaction
from tocsin.engine.world import World
from tocsin.web.sealed import EPOCH
from tocsin.web.sessions import code_hash, random_code

STEP = timedelta(seconds=30)

STEPS_OFF = 1
"""How many steps a phone's clock may be off, either way (RFC 6238, 5.2)."""

RECOVERY_CODES = 10

RECOVERY_GROUPS = 3
"""Groups of a recovery code: 59 bits, so that a plain hash keeps it safe."""


def new_enrolment() -> str:
    """Return the id of an app that is about to be set up."""
    return token_hex(10)


def totp_secret(world: World, person: str, enrolment: str) -> str:
    """Return the secret of a person's app, as base32."""
    said = f"totp {len(person)} {person} {enrolment}".encode()
    return b32encode(blake2b(said, key=world.secret, digest_size=20).digest()).decode()


def enrolment_uri(world: World, person: Person, enrolment: str) -> str:
    """Return what the QR code says: an otpauth:// URI, which holds the secret."""
    totp = pyotp.TOTP(totp_secret(world, person.id, enrolment))
    name = f"{person.id} at {world.rules.organisation.name}"
    return totp.provisioning_uri(name=name, issuer_name="Tocsin")


def qr_code(text: str) -> Markup:
    """Return an SVG without colours of its own: CSS gives it some."""
    drawn = segno.make(text, error="m").svg_inline(
        scale=5, border=2, svgclass="qr", lineclass="qr-dots", omitsize=True
    )
    return Markup(drawn)


def totp_of(credentials: list[Credential]) -> Credential | None:
    """Return a person's app among what they can show, None if there is none."""
    return next((one for one in credentials if one.kind == "totp"), None)


def set_up_app(
    world: World, tx: Transaction, person: str, enrolment: str, code: str, doer: Doer
) -> list[str] | None:
    """Keep an app whose code is right, with new recovery codes; return these.

    None, with nothing changed, if the code is wrong. An app from before no longer counts.
    """
    step = _step_of(code, totp_secret(world, person, enrolment), world.now())
    if step is None:
        return None
    tx.remove_credentials(person, "totp")
    new = Credential(
        id=f"totp-{enrolment}", person=person, kind="totp", created_at=world.now(), used_at=step
    )
    if not tx.keep_credential(new):
        return None
    audited(tx, world.now(), doer, "totp.set", person)
    return new_recovery_codes(world, tx, person, doer)


def remove_app(world: World, tx: Transaction, person: str, doer: Doer) -> None:
    """Forget a person's app and recovery codes."""
    if tx.remove_credentials(person, "totp"):
        audited(tx, world.now(), doer, "totp.removed", person)
    tx.remove_credentials(person, "recovery")


def new_recovery_codes(world: World, tx: Transaction, person: str, doer: Doer) -> list[str]:
    """Replace a person's recovery codes; return the new ones, which are shown this once."""
    tx.remove_credentials(person, "recovery")
    codes = [random_code(RECOVERY_GROUPS) for _ in range(RECOVERY_CODES)]
    for code in codes:
        credential_id = _recovery_id(person, code)
        new = Credential(id=credential_id, person=person, kind="recovery", created_at=world.now())
        tx.keep_credential(new)
    audited(tx, world.now(), doer, "recovery.set", person, f"{len(codes)} codes")
    return codes


def use_code(world: World, tx: Transaction, person: str, code: str, doer: Doer) -> str:
    """Use up a code of the app, or a recovery code; return what it was in words, "" if no good."""
    app = totp_of(tx.credentials(person))
    if app is None:
        return ""
    secret = totp_secret(world, person, app.id.removeprefix("totp-"))
    step = _step_of(code, secret, world.now())
    if step is not None:
        fresh = app.used_at is None or step > app.used_at
        used = fresh and tx.change_credential(app, replace(app, used_at=step))
        return "one-time code" if used else ""
    if tx.remove_credential(_recovery_id(person, code)):
        left = sum(one.kind == "recovery" for one in tx.credentials(person))
        audited(tx, world.now(), doer, "recovery.used", person, f"{left} left")
        return "recovery code"
    return ""


def _step_of(code: str, secret: str, now: datetime) -> datetime | None:
    """Return the beginning of the time step that a code belongs to, None if to none near now."""
    typed = "".join(code.split())
    totp = pyotp.TOTP(secret)
    here = (now - EPOCH) // STEP
    # All steps are computed and compared, whichever is right.
    right = [
        step
        for step in range(here - STEPS_OFF, here + STEPS_OFF + 1)
        if compare_digest(totp.generate_otp(step).encode(), typed.encode("utf-8", "replace"))
    ]
    return EPOCH + right[-1] * STEP if right else None


def _recovery_id(person: str, code: str) -> str:
    return f"recovery-{person}-{code_hash(code).hex()}"
