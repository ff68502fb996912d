"""The signed-in person's messages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response

from tocsin.core.incident.state import Incident
from tocsin.engine.ports import Delivery
from tocsin.web.access import Known
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.pages.rendering import fragment, render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

SHOWN = 60


@dataclass(frozen=True)
class Item:
    """One call with all the ways it was sent, and the incident as it stands now."""

    incident: Incident
    deliveries: tuple[Delivery, ...]

    @property
    def first(self) -> Delivery:
        """The message; it says the same on every way."""
        return self.deliveries[0]

    @property
    def at(self) -> datetime:
        """When it was ordered."""
        return self.first.created_at

    @property
    def waits(self) -> bool:
        """Whether it still wants an answer."""
        return self.first.kind in ("page", "alarm") and self.incident.state == "open"


@router.get("/inbox")
def inbox_page(web: TheWeb, caller: Reader) -> Response:
    """Show the newest messages, over all channels."""
    return render(web, "inbox.html", caller, items=find(web, caller), **_around(web))


def find(web: Web, caller: Known) -> list[Item]:
    """Return a person's newest calls, each with all its messages, newest first."""
    with web.world.store.read() as reading:
        calls: dict[tuple[str, int], list[Delivery]] = {}
        for delivery in reading.inbox(caller.by, SHOWN):
            calls.setdefault((delivery.incident, delivery.page), []).append(delivery)
        codes = {code for code, _ in calls}
        incidents = {code: kept.incident for code in codes if (kept := reading.incident(code))}
    return [
        Item(incidents[code], tuple(sent)) for (code, _), sent in calls.items() if code in incidents
    ]


def fingerprint(items: list[Item]) -> object:
    """Differs when the inbox would look different."""
    return [
        (item.incident.code, item.incident.state, [(d.id, d.state) for d in item.deliveries])
        for item in items
    ]


def inbox_fragment(web: Web, caller: Known, items: list[Item]) -> str:
    """Return the messages alone."""
    return fragment(web, "_inbox.html", caller, items=items, **_around(web))


def _around(web: Web) -> dict[str, Any]:
    return {"names": Names(web.world.rules.organisation)}
