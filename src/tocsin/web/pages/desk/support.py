"""The page of the support desk: what may be said to customers just now."""

from fastapi import APIRouter, Response

from tocsin.web.access import may_read
from tocsin.web.api.support import document
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.pages.rendering import render

router = APIRouter(include_in_schema=False)

OPEN_STATES = ("open", "acknowledged", "resolved")
SHOWN_AT_MOST = 50


@router.get("/support")
def support_page(web: TheWeb, caller: Reader) -> Response:
    """Show what support may say of every incident that is not closed."""
    with web.world.store.read() as reading:
        found = reading.incidents(OPEN_STATES, None, SHOWN_AT_MOST)
    shown = [
        document(web, web.world.rules.plan_of(one.incident.plan), one.incident)
        for one in found
        if one.incident.restricted is None and may_read(web.world, caller, one.incident)
    ]
    return render(web, "support.html", caller, shown=shown)
