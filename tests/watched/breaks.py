"""What can break inside a node, one thing each: the watchdog must notice all of it (test T-W1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.watched.node import Node

from tocsin.core.incident.commands import Refusal
from tocsin.engine import actions, cycle, group_commit
from tocsin.engine.ports import StoreUnavailable
from tocsin.outbound import door
from tocsin.store.sql_store import SqlStore
from tocsin.store.writing import SqlTransaction

Break = Callable[[Node, pytest.MonkeyPatch], None]


def _unavailable(*_: Any, **__: Any) -> Any:
    raise StoreUnavailable("it is gone")


def _fault(*_: Any, **__: Any) -> Any:
    raise ValueError("a fault")


def the_engine_stops(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.engine_works = False


def the_engine_fails(_node: Node, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cycle, "tick", _fault)


def the_engine_crawls(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.turn_takes = 6.0


def nothing_is_claimed(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.cycle.claim_nothing_more()


def claims_find_nothing(_node: Node, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SqlTransaction, "claim_deliveries", lambda *_: [])


def the_lane_is_blocked(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.hangs.add(node.loopback.name)


def pages_in_another_lane_hang(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.hangs.add("email")
    for number in range(40):
        node.alert(f"Alert{number}")


def outcomes_are_lost(node: Node, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(node.cycle, "back", lambda *_: None)


def no_outcome_is_kept(_node: Node, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SqlTransaction, "finish_delivery", lambda *_: False)


def no_incident_is_looked_at(_node: Node, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SqlTransaction, "due_incidents", lambda *_: [])


def an_incident_is_disarmed(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.sql("UPDATE incidents SET look_again_at = NULL WHERE id > 0")


def every_incident_is_disarmed(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.sql(
        "CREATE TRIGGER t AFTER INSERT ON incidents BEGIN"
        " UPDATE incidents SET look_again_at = NULL WHERE id = NEW.id; END"
    )


def an_incident_is_put_off(node: Node, patch: pytest.MonkeyPatch) -> None:
    """Its look is long over, and the engine passes it over."""
    late = "look_again_at = opened_at - 3600000000"
    node.sql(f"UPDATE incidents SET {late} WHERE id > 0")
    looks = SqlTransaction.due_incidents

    def probes_only(tx: SqlTransaction, *given: Any) -> Any:
        return [kept for kept in looks(tx, *given) if kept.incident.id < 0]

    patch.setattr(SqlTransaction, "due_incidents", probes_only)


def the_intake_does_not_write(_node: Node, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(group_commit, "take_in", _unavailable)


def the_intake_is_asleep(node: Node, patch: pytest.MonkeyPatch) -> None:
    """Its thread hangs: requests are waiting for ever."""
    patch.setattr(node.intake._commit, "submit", lambda *_: None)
    patch.setattr(door, "SECONDS", 0.3)


def the_intake_drops_what_it_takes(_node: Node, patch: pytest.MonkeyPatch) -> None:
    """It says that all is well, and writes nothing."""
    patch.setattr(group_commit, "take_in", lambda _world, requests: [[] for _ in requests])


def nobody_answers_the_door(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.port += 20_000 if node.port < 40_000 else -20_000


def the_store_is_gone(_node: Node, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SqlStore, "read", _unavailable)
    patch.setattr(SqlStore, "write", _unavailable)


def the_store_takes_nothing(_node: Node, patch: pytest.MonkeyPatch) -> None:
    """A full disk, or one that can only be read."""
    patch.setattr(SqlStore, "write", _unavailable)


def answers_fail(_node: Node, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(actions, "act", _fault)


def answers_are_not_kept(_node: Node, patch: pytest.MonkeyPatch) -> None:
    refusal = Refusal("incident.state", "no", "no")
    patch.setattr(actions, "act", lambda *_: refusal)


def links_lead_nowhere(node: Node, _patch: pytest.MonkeyPatch) -> None:
    """The secret from which links are made is another one than that by which they are checked."""
    object.__setattr__(node.world, "secret", b"x" * 32)


def the_clock_is_set_back(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.wall = timedelta(hours=-1)


def the_clock_is_set_forward(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.wall = timedelta(hours=1)


def a_timeline_lost_its_end(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.sql("DELETE FROM timeline WHERE incident_id = 1 AND number > 2")


def a_timeline_was_rewritten(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.sql("UPDATE timeline SET hash = x'00' WHERE incident_id = 1")


def an_incident_was_removed(node: Node, _patch: pytest.MonkeyPatch) -> None:
    tables = (("timeline", "incident_id"), ("deliveries", "incident_id"), ("incidents", "id"))
    node.sql(*(f"DELETE FROM {table} WHERE {column} = 1" for table, column in tables))


def an_alert_lost_its_incident(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.sql("UPDATE alerts SET incident_id = NULL WHERE incident_id = 1")


def a_group_has_two_incidents(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.alert("DbDown")
    node.sql(
        "DROP INDEX incidents_unresolved_group",
        "UPDATE incidents SET group_key = (SELECT group_key FROM incidents WHERE id = 1)"
        " WHERE id = 2",
    )


def a_timeline_lost_its_middle(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.sql("DELETE FROM timeline WHERE incident_id = 1 AND number = 2")


def a_message_is_stuck(node: Node, _patch: pytest.MonkeyPatch) -> None:
    """It is put off until tomorrow, in a channel that no node serves any more."""
    stuck = "state = 'due', channel = 'pigeon', due_at = due_at + 86400000000"
    node.sql(f"UPDATE deliveries SET {stuck} WHERE incident_id = 1")


def missing_heartbeats_go_unnoticed(node: Node, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cycle, "notice_silence", _fault)
    node.sql(
        "INSERT INTO heartbeats (integration, due_at, every, grace, silent, granted)"
        " SELECT 'backup', max(opened_at), 1, 1, 0, 0 FROM incidents"
    )


def the_network_is_gone(node: Node, _patch: pytest.MonkeyPatch) -> None:
    node.watchdog.deaf = "can't be reached"


def check_ups_have_ended(node: Node, patch: pytest.MonkeyPatch) -> None:
    """Their thread has died: nobody is there to find anything."""
    patch.setattr(node.checkup, "round", lambda: node.health)


BREAKS: tuple[Break, ...] = (
    the_engine_stops,
    the_engine_fails,
    the_engine_crawls,
    nothing_is_claimed,
    claims_find_nothing,
    the_lane_is_blocked,
    pages_in_another_lane_hang,
    outcomes_are_lost,
    no_outcome_is_kept,
    no_incident_is_looked_at,
    an_incident_is_disarmed,
    every_incident_is_disarmed,
    an_incident_is_put_off,
    the_intake_does_not_write,
    the_intake_is_asleep,
    the_intake_drops_what_it_takes,
    nobody_answers_the_door,
    the_store_is_gone,
    the_store_takes_nothing,
    answers_fail,
    answers_are_not_kept,
    links_lead_nowhere,
    the_clock_is_set_back,
    the_clock_is_set_forward,
    a_timeline_lost_its_end,
    a_timeline_lost_its_middle,
    a_timeline_was_rewritten,
    an_incident_was_removed,
    an_alert_lost_its_incident,
    a_group_has_two_incidents,
    a_message_is_stuck,
    missing_heartbeats_go_unnoticed,
    the_network_is_gone,
    check_ups_have_ended,
)
"""Every one of them alone."""

USUAL: tuple[Break, ...] = (
    the_engine_stops,
    the_engine_crawls,
    nothing_is_claimed,
    no_incident_is_looked_at,
    an_incident_is_disarmed,
    the_intake_drops_what_it_takes,
    nobody_answers_the_door,
    the_store_takes_nothing,
    the_clock_is_set_back,
    a_timeline_lost_its_middle,
    a_message_is_stuck,
)
"""Those that every run of the tests tries: one of each kind."""
