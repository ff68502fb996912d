"""A name server that is dead or slow: who is called by a name waits, all others don't (D3, D11)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.servers import Receiver, Setup, TocsinServer, spare_port
from tests.torture.databases import running_pair
from tests.torture.names import MISSING, NameServer, asking, can_have_names
from tests.torture.places import HERE

from tocsin.core.delivery import SEND_TIMEOUT_SECONDS
from tocsin.engine.emergency.store import BEGINS_AFTER
from tocsin.engine.lanes import SLOTS

pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not can_have_names(), reason=MISSING),
]

STUCK_S = 12.0
"""How long whoever asks for a connection may be held up, and a little."""

BY_NAME = SLOTS + 4
"""So many are called by mail: more than one channel may have on its way."""

SOON_S = 5.0
ENDS_S = 3.0
PLAN = """\
tocsin: 1
plan: names
title: Two who are called at once
time_zone: UTC
facts: {trouble: yes or no}
severities:
  P0: {name: Critical, when: [trouble]}
escalation:
  measured_from: start
  until: acknowledged
  steps:
    - {page: [by-name, by-number], P0: immediate}
  if_exhausted: {page: by-number, every: 30m}
contacts: {by-name: org, by-number: org}
alerts:
  group_by: [alertname]
  otherwise: P0
"""

PEOPLE = "".join(
    f"  p{n}: {{name: P{n}, contacts: [email p{n}@shop.example, webhook ana]}}\n"
    for n in range(BY_NAME)
)
ORGANISATION_BEN = f"""\
tocsin: 1
organisation: Torture Ltd
people:
  ben: {{name: Ben, access: administrator, contacts: [webhook receiver]}}
recipients:
  by-name: {{people: [ben]}}
  by-number: {{people: [ben]}}
last_resort: by-number
integrations:
  prometheus: {{source: alertmanager, owner: by-number}}
{Receiver.ENDPOINT}"""
ORGANISATION = f"""\
tocsin: 1
organisation: Torture Ltd
people:
  ben: {{name: Ben, access: administrator, contacts: [webhook ben]}}
{PEOPLE}recipients:
  by-name: {{people: [{", ".join(f"p{n}" for n in range(BY_NAME))}]}}
  by-number: {{people: [ben]}}
last_resort: by-number
integrations:
  prometheus: {{source: alertmanager, owner: by-number}}
webhooks:
  ana: {{url: "env:ANA"}}
  ben: {{url: "env:BEN"}}
"""


class Node(TocsinServer):
    """A server whose names are looked up by our name server only."""

    @property
    def command(self) -> list[str]:
        return [*asking(self.folder), *super().command]


@dataclass
class Night:
    """A node, the name server that it asks, and who is called by number, first and afterwards."""

    node: Node
    names: NameServer
    first: Receiver
    afterwards: Receiver

    def wait_called(self, who: Receiver, times: int, within_s: float) -> None:
        """Wait until so many messages have come."""
        self.node.wait_until(lambda: len(who.pages) >= times, within_s, f"called {times} times")

    def have_all_been_called(self) -> bool:
        """Whether everybody has got a page of every incident, by whatever way."""
        found = [self.node.get(f"/api/v1/incidents/{i['code']}") for i in self.node.incidents()]
        return all(
            len({one["person"] for one in incident["deliveries"] if one["state"] == "sent"})
            == BY_NAME + 1
            for incident in found
        )


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    with ExitStack() as running:
        ben, ana = running.enter_context(Receiver()), running.enter_context(Receiver())
        names = running.enter_context(NameServer())
        environment = {
            "TOCSIN_SMTP_URL": "smtp+plain://mail.shop.example:2525",
            "TOCSIN_MAIL_FROM": "Tocsin <tocsin@shop.example>",
            "ANA": ana.url,
            "BEN": ben.url,
        }
        node = Node(tmp_path / "node", Setup(PLAN, ORGANISATION, "", environment))
        running.callback(node.close)
        node.start()
        yield Night(node, names, ben, ana)


def test_a_dead_name_server_holds_up_nobody_who_is_called_without_a_name(night: Night) -> None:
    night.node.fire("Down")
    night.wait_called(night.first, 1, SOON_S)
    night.node.wait_until(lambda: len(night.names.asked) > SLOTS, 10, "all slots are taken")
    night.node.fire("DownToo")
    night.wait_called(night.first, 2, SOON_S)
    assert night.afterwards.pages == []
    # Mails are given up at their limit, names and all; then the next contact is called.
    night.wait_called(night.afterwards, 1, SEND_TIMEOUT_SECONDS + SOON_S)
    # All are called for both in the end, although each mail hangs for so long.
    night.node.wait_until(night.have_all_been_called, 60, "all are called")
    assert night.node.get("/readyz")["status"] == "ready"


def test_a_node_ends_in_time_while_it_looks_for_names(night: Night) -> None:
    night.node.fire("Down")
    night.node.wait_until(lambda: len(night.names.asked) > SLOTS, 10, "all slots are taken")
    began = time.monotonic()
    assert night.node.stop(60) == 0
    assert time.monotonic() - began < SEND_TIMEOUT_SECONDS + ENDS_S


def test_a_slow_name_server_is_waited_for(night: Night) -> None:
    """The mail goes to whatever answers under the name, here nobody; the next contact is called."""
    night.names.after_s = 3
    night.node.fire("Down")
    night.wait_called(night.first, 1, SOON_S)
    night.node.wait_until(night.have_all_been_called, 60, "all are called")
    (incident,) = night.node.incidents()
    shown = night.node.get(f"/api/v1/incidents/{incident['code']}")
    assert "refuses connections" in str(shown)


def test_a_node_whose_database_can_not_be_found_calls_by_its_journal(tmp_path: Path) -> None:
    """H4: connections are lost, and whoever makes new ones asks a name server that is dead."""
    with ExitStack() as running:
        pair = running.enter_context(running_pair([spare_port()]))
        called = running.enter_context(Receiver())
        names = running.enter_context(NameServer(after_s=0))
        database = pair.url.replace(HERE.address, "db.shop.example")
        node = Node(tmp_path / "node", Setup(PLAN, ORGANISATION_BEN, database, called.environment))
        running.callback(node.close)
        node.start()
        node.fire("Before")
        node.wait_until(lambda: len(called.pages) == 1, SOON_S, "called by the database")
        names.after_s = None
        pair.primary.die()
        began = time.monotonic()
        node.wait_until(lambda: fires(node, "Meanwhile"), 60, "is taken")
        node.wait_until(lambda: len(called.pages) == 2, 60, "called by the journal")
        assert time.monotonic() - began < BEGINS_AFTER + STUCK_S
        pair.primary.start()
        names.after_s = 0
        node.wait_until(lambda: "emergency.ended" in node.log, 120, "all is brought back")
        assert len(node.incidents()) == 2


def fires(node: Node, name: str) -> bool:
    """Send an alert; return whether it was taken."""
    try:
        node.fire(name)
    except httpx.HTTPError:
        return False
    return True
