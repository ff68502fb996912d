"""One's own account: how one signs in, where one is signed in, and one's keys."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from tocsin.core.access import scopes_of
from tocsin.engine.audit import audited
from tocsin.web.access import Oneself, PersonCaller, doer
from tocsin.web.api_keys import make_key, revoke_key
from tocsin.web.doing import again
from tocsin.web.pages.account.words import (
    FRESH,
    HOW,
    keys_shown,
    sessions_shown,
    ways_in,
)
from tocsin.web.pages.forms import FormToken, TheWeb, demand_form_token
from tocsin.web.pages.rendering import render
from tocsin.web.problems import Trouble
from tocsin.web.sessions import session_id
from tocsin.web.signing_in import passkeys
from tocsin.web.signing_in.own_password import remove_password, set_password
from tocsin.web.signing_in.second_factor import (
    enrolment_uri,
    new_enrolment,
    new_recovery_codes,
    qr_code,
    remove_app,
    set_up_app,
    totp_secret,
)
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

Myself = Annotated[PersonCaller, Depends(Oneself())]
Text = Annotated[str, Form(max_length=300)]
Long = Annotated[str, Form(max_length=20_000)]

DAYS = ((30, "30 days"), (90, "90 days"), (366, "a year"))
"""How long a key can be made to last."""

WHAT_SCOPES_MEAN = {
    "read": "look at everything its owner may see",
    "respond": "work on incidents",
    "command": "arrange shifts of others, plan maintenance",
    "administer": "change the plan, people and keys",
    "audit": "read and export the audit",
}


@router.get("/account")
def account_page(web: TheWeb, caller: Myself) -> Response:
    """Show everything about oneself."""
    return _page(web, caller)


@router.post("/account/password")
def change_password(
    request: Request, web: TheWeb, caller: Myself, password: Text = "", again_: Annotated[
        str, Form(alias="again", max_length=300)
    ] = "", form_token: FormToken = "",
) -> Response:  # fmt: skip
    """Set a password; everybody else who is signed in as this person is out then."""
    _demand_fresh(web, caller, form_token)
    try:
        ended = set_password(web, caller, doer(request, caller), password, again_)
    except Trouble as trouble:
        return _page(web, caller, trouble)
    others = f" {ended} other sessions have ended." if ended else ""
    return _page(web, caller, done=f"Your new password is in force.{others}")


@router.post("/account/password/remove")
def forget_password(
    request: Request, web: TheWeb, caller: Myself, form_token: FormToken = ""
) -> Response:
    """Do without a password from now on."""
    _demand_fresh(web, caller, form_token)
    remove_password(web, caller, doer(request, caller))
    return RedirectResponse("/account", 303)


@router.get("/account/codes")
def codes_page(web: TheWeb, caller: Myself) -> Response:
    """Show a QR code for an app; nothing is kept before one of its codes is typed in."""
    return _codes_page(web, caller, new_enrolment(), None)


@router.post("/account/codes")
def set_up_codes(
    request: Request, web: TheWeb, caller: Myself, enrolment: Text = "", code: Text = "",
    form_token: FormToken = "",
) -> Response:  # fmt: skip
    """Keep the app if its code is right, and show recovery codes, this once."""
    _demand_fresh(web, caller, form_token)
    by, person = doer(request, caller), caller.person.id

    def keep() -> list[str] | None:
        with web.world.store.write() as tx:
            return set_up_app(web.world, tx, person, enrolment, code, by)

    recovery = again(keep)
    if recovery is None:
        hint = "type the one it shows now; if it never fits, set the phone's clock by the network"
        wrong = Trouble(422, "totp.wrong-code", "this is not the code of that app", hint)
        return _codes_page(web, caller, enrolment, wrong)
    return render(web, "recovery_codes.html", caller, codes=recovery, new_app=True)


@router.post("/account/codes/remove")
def remove_codes(
    request: Request, web: TheWeb, caller: Myself, form_token: FormToken = ""
) -> Response:
    """Do without one-time codes from now on."""
    _demand_fresh(web, caller, form_token)

    def remove() -> None:
        with web.world.store.write() as tx:
            remove_app(web.world, tx, caller.person.id, doer(request, caller))

    again(remove)
    return RedirectResponse("/account", 303)


@router.post("/account/recovery-codes")
def renew_recovery_codes(
    request: Request, web: TheWeb, caller: Myself, form_token: FormToken = ""
) -> Response:
    """Make new recovery codes, and show them this once; the old ones are void."""
    _demand_fresh(web, caller, form_token)

    def renew() -> list[str]:
        with web.world.store.write() as tx:
            return new_recovery_codes(web.world, tx, caller.person.id, doer(request, caller))

    return render(web, "recovery_codes.html", caller, codes=again(renew), new_app=False)


@router.get("/account/passkeys/options")
def passkey_options(web: TheWeb, caller: Myself) -> Response:
    """Say what a browser needs to make a passkey."""
    options = passkeys.registration_options(web.world, caller.person, caller.token_hash)
    return Response(options, media_type="application/json")


@router.post("/account/passkeys")
def add_passkey(
    request: Request, web: TheWeb, caller: Myself, credential: Long = "", name: Text = "",
    form_token: FormToken = "",
) -> Response:  # fmt: skip
    """Keep a passkey that the browser has made."""
    _demand_fresh(web, caller, form_token)
    by, person = doer(request, caller), caller.person.id

    def keep() -> None:
        with web.world.store.write() as tx:
            new = passkeys.register(web.world, tx, person, caller.token_hash, credential, name)
            audited(tx, web.world.now(), by, "passkey.added", person, new.name)

    try:
        again(keep)
    except passkeys.BadPasskey as bad:
        wrong = Trouble(422, "passkey.bad", f"this passkey can't be kept: {bad}", "try again")
        return _page(web, caller, wrong)
    return RedirectResponse("/account#passkeys", 303)


@router.post("/account/passkeys/remove")
def remove_passkey(
    request: Request, web: TheWeb, caller: Myself, id: Long = "", form_token: FormToken = ""
) -> Response:
    """Forget a passkey of one's own."""
    _demand_fresh(web, caller, form_token)
    by, person = doer(request, caller), caller.person.id

    def remove() -> None:
        with web.world.store.write() as tx:
            kept = tx.credential(id)
            if kept is not None and kept.person == person and kept.kind == "passkey":
                tx.remove_credential(id)
                audited(tx, web.world.now(), by, "passkey.removed", person, kept.name)

    again(remove)
    return RedirectResponse("/account#passkeys", 303)


class KeyForm(BaseModel):
    """What a key is to be."""

    name: str = Field("", max_length=300)
    scopes: list[str] = []
    days: int = 90
    form_token: str = Field("", max_length=100)


@router.post("/account/keys")
def add_key(
    request: Request, web: TheWeb, caller: Myself, form: Annotated[KeyForm, Form()]
) -> Response:
    """Make a key of one's own, and show it this once."""
    _demand_fresh(web, caller, form.form_token)
    by = doer(request, caller)
    try:
        key, _kept = make_key(web.world, by, caller.person, form.name, form.scopes, form.days)
    except Trouble as trouble:
        return _page(web, caller, trouble)
    return _page(web, caller, new_key=key)


@router.post("/account/keys/revoke")
def revoke_own_key(
    request: Request, web: TheWeb, caller: Myself, id: Text = "", form_token: FormToken = ""
) -> Response:
    """Revoke a key of one's own."""
    demand_form_token(web, caller, form_token)
    revoke_key(web.world, doer(request, caller), id, caller.person.id)
    return RedirectResponse("/account#keys", 303)


@router.post("/account/sessions/end")
def end_own_sessions(
    request: Request, web: TheWeb, caller: Myself, id: Text = "", form_token: FormToken = ""
) -> Response:
    """End one of one's own sessions; without an id, all but this one."""
    demand_form_token(web, caller, form_token)
    by, person = doer(request, caller), caller.person.id

    def end() -> None:
        with web.world.store.write() as tx:
            for hashed in tx.sessions(person, web.world.now()):
                chosen = session_id(hashed) == id if id else hashed != caller.token_hash
                if chosen:
                    tx.end_session(hashed)
                    audited(tx, web.world.now(), by, "session.ended", person)

    again(end)
    return RedirectResponse("/account#sessions", 303)


def _page(
    web: Web,
    caller: PersonCaller,
    trouble: Trouble | None = None,
    done: str = "",
    new_key: str = "",
) -> Response:
    now = web.world.now()
    person = caller.person
    with web.world.store.read() as reading:
        credentials = reading.credentials(person.id)
        sessions = reading.sessions(person.id, now)
        keys = reading.api_keys(person.id)
    assert caller.session is not None
    return render(
        web,
        "account.html",
        caller,
        trouble.status if trouble is not None else 200,
        trouble=trouble,
        done=done,
        new_key=new_key,
        fresh=_is_fresh(web, caller),
        how=HOW.get(caller.session.how, caller.session.how),
        ways=ways_in(credentials),
        sessions=sessions_shown(sessions, caller.token_hash),
        keys=keys_shown(keys, now),
        scopes=[(scope, WHAT_SCOPES_MEAN[scope]) for scope in scopes_of(person.access)],
        days=DAYS,
        no_passkeys=passkeys.impossible(web.world.base_url),
        provider=web.provider.client.name if web.provider is not None else "",
    )


def _codes_page(
    web: Web, caller: PersonCaller, enrolment: str, trouble: Trouble | None
) -> Response:
    secret = totp_secret(web.world, caller.person.id, enrolment)
    return render(
        web,
        "codes.html",
        caller,
        trouble.status if trouble is not None else 200,
        trouble=trouble,
        fresh=_is_fresh(web, caller),
        enrolment=enrolment,
        qr=qr_code(enrolment_uri(web.world, caller.person, enrolment)),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    )


def _is_fresh(web: Web, caller: PersonCaller) -> bool:
    session = caller.session
    return session is not None and web.world.now() - session.created_at < FRESH


def _demand_fresh(web: Web, caller: PersonCaller, given: str) -> None:
    """Raise Trouble unless this is our form, sent by somebody who has just proved who they are."""
    demand_form_token(web, caller, given)
    if not _is_fresh(web, caller):
        raise Trouble(
            403,
            "access.not-fresh",
            "changing how you sign in needs a sign-in of the last 15 minutes",
            "sign out, sign in again, and repeat what you did",
        )
