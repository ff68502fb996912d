"""The audit: who did what outside of incidents."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from tocsin.engine.audit import ACTS, Act, Wanted
from tocsin.web.access import doer
from tocsin.web.auditing import exported, wanted_of
from tocsin.web.pages.forms import Auditor, TheWeb, demand_form_token
from tocsin.web.pages.rendering import render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.problems import Trouble

router = APIRouter(include_in_schema=False)

SHOWN = 50

LOUD = frozenset({"sign-in.break-glass", "incident.break-glass", "sign-in.throttled"})
"""Acts that stand out: somebody should ask why."""

SIGNS = {
    "sign-in": "key",
    "sign-out": "logout",
    "session": "logout",
    "password": "lock",
    "totp": "device-mobile",
    "recovery": "lifebuoy",
    "passkey": "fingerprint",
    "key": "key",
    "rules": "file-text",
    "person": "user",
    "override": "calendar-time",
    "maintenance": "tool",
    "status-page": "world-www",
    "audit": "download",
    "test": "send",
    "incident": "alert-triangle",
}
"""The part of an act before the dot -> the symbol beside it."""


class Filter(BaseModel):
    """What somebody wants to see of the audit; days are UTC."""

    by: str = Field("", max_length=200)
    act: str = Field("", max_length=60)
    about: str = Field("", max_length=200)
    since: str = Field("", max_length=40)
    until: str = Field("", max_length=40)

    def wanted(self) -> Wanted:
        """Return it as the store takes it; raises Trouble for what is no day."""
        return wanted_of(self.by, self.act, self.about, self.since, self.until)

    def query(self, **more: str) -> str:
        """Return it as the end of an address, "" if nothing is filtered."""
        said = {name: value for name, value in {**self.model_dump(), **more}.items() if value}
        return f"?{urlencode(said)}" if said else ""


class Page(Filter):
    """A filter, and where to go on."""

    before: int | None = Field(None, ge=1, lt=2**63)


class Export(Filter):
    """A filter, from a form."""

    form_token: str = Field("", max_length=100)


@router.get("/audit")
def audit_page(web: TheWeb, caller: Auditor, page: Annotated[Page, Query()]) -> Response:
    """Show what was done, newest first, a page at a time."""
    trouble: Trouble | None = None
    acts: list[Act] = []
    try:
        wanted = page.wanted()
    except Trouble as wrong:
        trouble = wrong
    else:
        with web.world.store.read() as reading:
            acts = reading.acts(wanted, page.before, SHOWN + 1)
    shown = Filter(**page.model_dump(exclude={"before"}))
    more = str(acts[SHOWN - 1].id) if len(acts) > SHOWN else ""
    return render(
        web,
        "audit.html",
        caller,
        trouble.status if trouble is not None else 200,
        trouble=trouble,
        acts=acts[:SHOWN],
        words=ACTS,
        loud=LOUD,
        signs=SIGNS,
        filter=shown,
        kinds=sorted({act.partition(".")[0] for act in ACTS}),
        older=f"/audit{shown.query(before=more)}" if more else "",
        newest=f"/audit{shown.query()}" if page.before else "",
        names=Names(web.world.rules.organisation),
    )


@router.post("/audit/export")
def export(
    request: Request, web: TheWeb, caller: Auditor, form: Annotated[Export, Form()]
) -> Response:
    """Download what the filter finds, as CSV; the audit says that it was done."""
    demand_form_token(web, caller, form.form_token)
    asked = ", ".join(
        f"{name} {value}"
        for name, value in form.model_dump(exclude={"form_token"}).items()
        if value
    )
    lines = exported(web, doer(request, caller), form.wanted(), asked or "everything")
    name = f"tocsin-audit-{web.world.now():%Y-%m-%d}.csv"
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
