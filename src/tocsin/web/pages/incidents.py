"""The list of incidents."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from tocsin.web.access import Known
from tocsin.web.api.incidents import number_in
from tocsin.web.pages.forms import Anybody, Reader, TheWeb
from tocsin.web.pages.rendering import fragment, render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.room import Row, rows, seen_by
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

SHOWN = 50
READ_AT_ONCE = 500

FILTERS = {
    "current": ("Current", ("open", "acknowledged")),
    "resolved": ("Resolved", ("resolved",)),
    "closed": ("Closed", ("closed",)),
    "all": ("All", ()),
}

_ORDER = {"open": 0, "acknowledged": 1}


@dataclass(frozen=True)
class Listed:
    """One page of the list. `older` leads to the next one, "" if there is none."""

    shown: str
    rows: list[Row]
    older: str

    @property
    def fingerprint(self) -> object:
        """Differs when the list would look different."""
        return [(row.incident.code, row.entries) for row in self.rows]


@router.get("/")
async def home(_caller: Anybody) -> Response:
    """Lead to the command centre."""
    return RedirectResponse("/centre", 303)


@router.get("/incidents")
def incidents_page(
    web: TheWeb,
    caller: Reader,
    show: str = "current",
    before: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """List incidents, those that wait for an answer first."""
    listed = _as_seen(web, caller, find(web, show, before))
    return render(
        web, "incidents.html", caller, listed=listed, filters=FILTERS, before=before,
        base_url=web.world.base_url, **_around(web),
    )  # fmt: skip


def known_filter(show: str) -> str:
    """Return the filter of that name, the usual one if there is none."""
    return show if show in FILTERS else "current"


def find(web: Web, show: str, before: str = "") -> Listed:
    """Return the incidents of one filter.

    `before` counts those already shown of the current ones, and is an id in the other lists.
    """
    shown = known_filter(show)
    if shown == "current":
        return _current(web, number_in(before) or 0)
    found = rows(web.world, FILTERS[shown][1], number_in(before), SHOWN + 1)
    older = str(found[SHOWN - 1].incident.id) if len(found) > SHOWN else ""
    return Listed(shown, found[:SHOWN], older)


def _current(web: Web, skipped: int) -> Listed:
    """Return what needs somebody: unanswered first, then the worst, then what waits longest.

    All of them are looked at, so that nothing unanswered stands behind newer ones.
    """
    found = sorted(_all(web, "open") + _all(web, "acknowledged"), key=_urgency)
    end = skipped + SHOWN
    return Listed("current", found[skipped:end], str(end) if len(found) > end else "")


def _urgency(row: Row) -> tuple[int, int, int]:
    incident = row.incident
    return _ORDER[incident.state], row.plan.severity(incident.severity).rank, incident.id


def _all(web: Web, state: str) -> list[Row]:
    found: list[Row] = []
    before: int | None = None
    while page := rows(web.world, (state,), before, READ_AT_ONCE):
        found += page
        before = page[-1].incident.id
        if len(page) < READ_AT_ONCE:
            break
    return found


def list_fragment(web: Web, caller: Known, listed: Listed) -> str:
    """Return the list alone, as a live page takes it."""
    return fragment(
        web,
        "_incidents.html",
        caller,
        listed=_as_seen(web, caller, listed),
        base_url=web.world.base_url,
        **_around(web),
    )


def _around(web: Web) -> dict[str, Any]:
    organisation = web.world.rules.organisation
    return {"names": Names(organisation), "integrations": list(organisation.integrations)}


def _as_seen(web: Web, caller: Known, listed: Listed) -> Listed:
    return replace(listed, rows=seen_by(web.world, caller, listed.rows))
