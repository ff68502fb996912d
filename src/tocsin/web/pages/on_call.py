"""Who is on call now, until when, and who is next."""

from fastapi import APIRouter, Response

from tocsin.web.api.lookups import duty
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.pages.rendering import render
from tocsin.web.pages.words import Names

router = APIRouter(include_in_schema=False)


@router.get("/on-call")
def on_call_page(web: TheWeb, caller: Reader) -> Response:
    """Show every roster."""
    organisation = web.world.rules.organisation
    now = web.world.now()
    duties = [duty(web, roster, now) for roster in organisation.rosters.values()]
    standing = [one for one in organisation.recipients.values() if one.roster]
    return render(
        web,
        "on_call.html",
        caller,
        duties=duties,
        stands_for={roster: [r.id for r in standing if r.roster == roster]
                    for roster in organisation.rosters},
        names=Names(organisation),
    )  # fmt: skip
