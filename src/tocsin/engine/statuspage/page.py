"""The page as it stands in the store."""

from datetime import timedelta

from msgspec.structs import replace

from tocsin.core.statuspage.board import Place, history_of, make_board
from tocsin.core.statuspage.model import Board
from tocsin.engine.keys import public_name
from tocsin.engine.status_records import records_of
from tocsin.engine.world import World

PATH = "/status"
EARLIER = timedelta(days=31)
"""Claims are asked for from so long before the first bar on: those that began before it and ended
within it are among them, unless they lasted longer."""


def board_of(world: World) -> Board | None:
    """Return the page, None if the plan in force has none."""
    plan = world.rules.plan
    page = plan.communication.status_page
    if page is None:
        return None
    now = world.now()
    with world.store.read() as reading:
        records = records_of(reading, now - timedelta(days=history_of(plan)) - EARLIER, now)
    named = [
        replace(one, incident=public_name(world.secret, one.incident_id))
        for one in records.publications
    ]
    place = Place(url=page_url(world), subscribe=f"{world.base_url}{PATH}/subscribe")
    return make_board(plan, replace(records, publications=named), place, now)


def page_url(world: World) -> str:
    """Return the public address of the page, without a slash at the end."""
    page = world.rules.plan.communication.status_page
    return (page.url if page is not None and page.url else world.base_url + PATH).rstrip("/")


def is_public(world: World) -> bool:
    """Whether everybody may read the page: its audience is the public."""
    communication = world.rules.plan.communication
    page = communication.status_page
    audience = communication.audiences.get(page.audience) if page is not None else None
    return audience is None or audience.visibility == "public"
