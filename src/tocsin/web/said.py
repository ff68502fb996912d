"""What was said of an incident, with what became of the messages: for the desk and the API."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tocsin.core.incident import events as e
from tocsin.core.incident.said import Said, Withheld, said, withheld
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.core.record import Entry
from tocsin.engine.ports import Delivery
from tocsin.web.access import Caller, demand_reader
from tocsin.web.problems import Trouble
from tocsin.web.site import Web

KINDS = ("update_proposed", "update_published", "update_withdrawn", "told", "nobody_reached")
"""Kinds of events of which the history is made."""


@dataclass(frozen=True)
class Told:
    """One update that went out, with its messages."""

    said: Said
    deliveries: tuple[Delivery, ...]

    @property
    def readers(self) -> int:
        """How many people and addresses it was sent to."""
        return len({delivery.person for delivery in self.deliveries})

    @property
    def failed(self) -> tuple[Delivery, ...]:
        """Messages that were not delivered; their readers may have others."""
        return tuple(one for one in self.deliveries if one.state == "failed")

    @property
    def missed(self) -> tuple[str, ...]:
        """Whom none of its messages has reached, or will."""
        reached = {one.person for one in self.deliveries if one.state in ("sent", "due")}
        whom = dict.fromkeys(one.person for one in self.deliveries)
        return tuple(person for person in whom if person not in reached)


@dataclass(frozen=True)
class History:
    """An incident with everything that was said of it, newest first."""

    incident: Incident
    plan: Plan
    entries: int
    told: tuple[Told, ...]
    withheld: tuple[Withheld, ...]
    proposals: tuple[tuple[int, e.UpdateProposed], ...]


def history(web: Web, code: str, caller: Caller) -> History:
    """Read all of it in one view; raises Trouble if there is no incident, or it is not for them."""
    with web.world.store.read() as reading:
        kept = reading.incident(code)
        if kept is None:
            raise Trouble(
                404, "incident.unknown", f"there is no incident {code}",
                "GET /api/v1/incidents lists them",
            )  # fmt: skip
        demand_reader(web.world, caller, kept.incident)
        entries = _events(reading.timeline_of(kept.incident.id, KINDS))
        deliveries = [
            one for one in reading.deliveries(kept.incident.id) if one.kind == "update"
        ]  # fmt: skip
    told = [
        Told(one, tuple(sent for sent in deliveries if sent.page in one.sent))
        for one in said(entries)
    ]
    return History(
        incident=kept.incident,
        plan=web.world.rules.plan_of(kept.incident.plan),
        entries=kept.entries,
        told=tuple(told),
        withheld=tuple(withheld(entries)),
        proposals=tuple(
            (number, event) for number, event in entries if isinstance(event, e.UpdateProposed)
        ),
    )


def _events(entries: Sequence[Entry]) -> list[tuple[int, e.Event]]:
    """Read entries; what this version cannot read says nothing of updates."""
    found: list[tuple[int, e.Event]] = []
    for entry in entries:
        try:
            found.append((entry.number, entry.event()))
        except msgspec.ValidationError:
            continue
    return found
