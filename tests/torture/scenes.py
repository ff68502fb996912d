"""What a node is in the middle of when it is killed, its power cut, or its disk refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import create_engine
from tests.core.statuspage.lamps import PLAN as LAMPS
from tests.store.test_migrations import become_older
from tests.torture.small_node import PLAN, Node

from tocsin.core.incident import commands as c
from tocsin.engine.statuspage.page import board_of
from tocsin.engine.verify import verify_all
from tocsin.store.sql_store import open_store
from tocsin.web.statuspage.folder import read
from tocsin.web.statuspage.making import files_of
from tocsin.web.statuspage.publisher import Publisher

STATUS_ORGANISATION = """\
tocsin: 1
organisation: Torture Ltd
people:
  ana: {name: Ana, access: administrator, contacts: [inbox, webhook ana]}
  ben: {name: Ben, contacts: [webhook ben]}
recipients:
  on-call-engineer: {people: [ana]}
  team-lead: {people: [ben]}
last_resort: team-lead
integrations:
  prometheus: {source: alertmanager, owner: team-lead}
webhooks:
  ana: {url: "env:ANA"}
  ben: {url: "env:BEN"}
"""

STATUS_PLAN = LAMPS.replace("  if_exhausted:", "    - {page: team-lead, P0: 10m}\n  if_exhausted:")
EDITED = PLAN.replace("P0: 10m", "P0: 5m").replace("title: Everything", "title: Still everything")
BACKUP = "backup.sqlite3"


Promises = Sequence[str]
"""The words that the broken process had said to those outside."""


def _nothing(node: Node, promises: Promises) -> list[str]:
    return []


@dataclass(frozen=True)
class Scene:
    """`before` was done well; `act` is what is broken off; `after` finds what is peculiar to it.

    `aged` runs on the store between the two. Without a `before` there is nothing yet.
    """

    name: str
    act: Callable[[Node], None]
    before: Callable[[Node], None] | None = lambda node: node.put_in_force()
    after: Callable[[Node, Promises], list[str]] = _nothing
    aged: Callable[[str], None] | None = None


# What comes in.


def first_alert(node: Node) -> None:
    node.fire("a")
    node.work()


def one_open(node: Node) -> None:
    node.put_in_force()
    node.fire("a")
    node.work()
    node.later(minutes=1)


def joining(node: Node) -> None:
    node.fire("b", "c")
    node.work()


def resolving(node: Node) -> None:
    node.fire("a", firing=False)
    node.work()


def declaring(node: Node) -> None:
    node.declare("The shop is on fire", "k1", trouble=True)
    node.work()


# Calls.


def escalating(node: Node) -> None:
    node.later(minutes=9)
    node.work()


def two_ordered(node: Node) -> None:
    node.put_in_force()
    node.fire("a")
    node.fire("b", group="DbDown")


def racing(node: Node) -> None:
    """The first page has been claimed when both are acknowledged; the second must not leave."""
    claimed = node.claim()
    node.acknowledge("INC-001")
    node.send(claimed)
    node.acknowledge("INC-002")
    node.work()


def about_to_fail(node: Node) -> None:
    one_open(node)
    node.later(minutes=9)


def failing_over(node: Node) -> None:
    """Ben's first way is broken: it fails, the next one is used, and the first is tried again."""
    node.work()
    node.later(seconds=40)
    node.work()


def nobody_answers(node: Node) -> None:
    one_open(node)
    node.work_until(node.now.replace(minute=14))


def exhausted(node: Node) -> None:
    for _ in range(2):
        node.later(minutes=15)
        node.work()


def acknowledging(node: Node) -> None:
    node.acknowledge()
    node.work()


# What stands around it.


def editing(node: Node) -> None:
    node.put_in_force(plan=EDITED)
    node.work()


def edited_or_not(node: Node, promises: Promises) -> list[str]:
    if node.rules.plan.title not in ("Everything at once", "Still everything at once"):
        return [f"the plan in force is {node.rules.plan.title}"]
    return []


def starting(node: Node) -> None:
    """The start itself has migrated; what was due is done."""
    node.work()


def made_older(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        become_older(connection)
    engine.dispose()


def backing_up(node: Node) -> None:
    node.store.copy_to(node.folder / BACKUP)
    node.say("backed-up")
    node.fire("z", group="Later")


def backup_is_whole(node: Node, promises: Promises) -> list[str]:
    """Under its name there is all of it, or nothing."""
    path = node.folder / BACKUP
    if not path.exists():
        return ["the backup is lost"] if "backed-up" in promises else []
    store = open_store(f"sqlite:///{path}")
    try:
        found = verify_all(store)
    finally:
        store.close()
    if found.first_broken is not None or found.incidents != 1:
        return [f"the backup holds {found}"]
    return []


def moving_the_log(node: Node) -> None:
    """The log goes into the database file, and begins anew."""
    node.fire("b")
    node.tidy()
    node.fire("c", group="DbDown")
    node.work()
    node.tidy()
    node.fire("d", group="Later")


def with_status_page(node: Node) -> None:
    node.put_in_force(STATUS_PLAN, STATUS_ORGANISATION)
    node.declare("Orders fail", "k0", service_availability="none", user_facing=True)
    node.work()
    Publisher(node.world, node.folder / "status").refresh()


def publishing(node: Node) -> None:
    said = c.Publish(
        by="ana", via="page", audience="public", status="investigating", text="We are at it."
    )
    node.do("INC-001", said, "published")
    Publisher(node.world, node.folder / "status").refresh()
    node.say("on-the-page")


def page_is_whole(node: Node, promises: Promises) -> list[str]:
    """Each file is what it was or what it is to be; the next look makes all of it new."""
    folder = node.folder / "status"
    torn = [
        path
        for path, content in read(folder).items()
        if not content.rstrip().endswith(_END) and path.endswith(".html")
    ]
    problems = [f"{path} of the status page is torn" for path in torn]
    publisher = Publisher(node.world, folder)
    publisher.refresh()
    board = board_of(node.world)
    assert board is not None
    if read(folder) != files_of(board, private=False):
        problems.append("the status page is not what it should be after the next look")
    return problems


_END = b"</html>"


def starting_anew(node: Node) -> None:
    node.put_in_force()
    node.fire("a")
    node.work()


SCENES: Sequence[Scene] = (
    Scene("first start of all", starting_anew, before=None),
    Scene("first alert", first_alert),
    Scene("alert that joins", joining, one_open),
    Scene("resolve", resolving, one_open),
    Scene("escalation step", escalating, one_open),
    Scene("acknowledge", acknowledging, one_open),
    Scene("acknowledge racing a page", racing, two_ordered),
    Scene("failing provider and next contact", failing_over, about_to_fail),
    Scene("exhausted and alarm repeats", exhausted, nobody_answers),
    Scene("plan edited", editing, one_open, edited_or_not),
    Scene("declared by hand", declaring),
    Scene("migration and refold at start", starting, one_open, aged=made_older),
    Scene("backup", backing_up, one_open, backup_is_whole),
    Scene("log moved into the file", moving_the_log, one_open),
    Scene("status page published", publishing, with_status_page, page_is_whole),
)

BY_NAME = {scene.name: scene for scene in SCENES}
