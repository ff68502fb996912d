"""A node loses its store, goes on by its journal, and brings back what happened (invariant H4)."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.engine.apart import Node, Town
from tests.engine.story import ORGANISATION, PLAN, Story

from tocsin.core.alerts import Unreadable
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.engine.emergency.store import NotInEmergency
from tocsin.engine.intake import take_in
from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.rules import Offer, Rules
from tocsin.store.sql_store import SqlStore, open_store

Towns = Callable[..., Town]

CRITICAL = {"severity": "critical"}


@pytest.fixture
def towns(tmp_path: Path) -> Iterator[Towns]:
    """`towns("web1", "web2")` makes nodes on one store in a file."""
    with closing(open_store(f"sqlite:///{tmp_path / 'main.sqlite3'}")) as store:
        yield lambda *names: begun(Town(store, tmp_path, *names))


@pytest.fixture
def both(store: SqlStore, tmp_path: Path) -> Towns:
    """As `towns`, on each of the databases."""
    return lambda *names: begun(Town(store, tmp_path, *names))


def begun(town: Town) -> Town:
    town.pass_time("3s")
    return town


def test_an_alert_that_only_a_node_without_store_has_heard_is_paged_and_brought_back(
    both: Towns,
) -> None:
    town = both()
    town.lose_store()
    receipt = town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("2s")

    assert receipt.disposition == "opened"
    assert town.one.pages == ["0:18 ana"]
    (message,) = [message for _, _, message in town.one.sent]
    said = "Emergency mode: web1 cannot reach its store since 10:00 UTC; roster as of 10:00 UTC."
    assert message.why.startswith(said)
    (alone,) = town.one.incidents()
    assert town.codes == []

    town.one.acknowledge("ana", alone.code)
    town.heal()

    assert town.codes == [alone.code]
    assert town.incident(alone.code).acknowledged_by == "ana"
    assert town.kinds(alone.code)[-1] == "carried_over"
    with town.main.read() as reading:
        sent = reading.delivery(message.id)
    assert sent is not None, "its link is good still"
    assert (sent.state, sent.incident_id) == ("sent", town.incident(alone.code).id)
    town.pass_time("20m", step="4m")
    assert town.one.pages == ["0:18 ana"]
    town.assert_sound()


def test_an_open_incident_goes_on_to_escalate_and_its_entries_are_appended(towns: Towns) -> None:
    town = towns()
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("10s")
    before = len(town.kinds())
    town.lose_store()
    town.pass_time("10m", step="20s")

    assert town.one.pages == ["0:06 ana", "10:06 dora"]
    town.heal()
    assert town.one.pages == ["0:06 ana", "10:06 dora"], "nobody is called again"
    assert "told" in town.kinds()[before:]
    assert town.kinds()[-1] == "carried_over"
    with town.main.read() as reading:
        told = {one.message.id: one.state for one in reading.deliveries(town.incident().id)}
    assert set(told.values()) == {"sent"}
    town.assert_sound()


def test_an_acknowledgement_in_an_emergency_counts_everywhere(towns: Towns) -> None:
    town = towns("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store(town.one)
    assert town.one.acknowledge("ana").state == "acknowledged"  # type: ignore[union-attr]
    town.pass_time("10s")
    town.heal()

    assert town.incident().state == "acknowledged"
    town.pass_time("30m", step="3m")
    assert [one for node in town.nodes for one in node.pages] == ["0:06 ana"]
    town.assert_sound()


def test_acknowledgements_on_both_sides_are_both_told(towns: Towns) -> None:
    town = towns("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store(town.one)
    town.two.acknowledge("ben")
    town.one.acknowledge("ana")
    town.heal()

    assert town.incident().acknowledged_by == "ben"
    apart = [event for event in town.events() if isinstance(event, e.HappenedApart)]
    assert ("acknowledged", "ana", "web1") in [(a.what, a.who, a.node) for a in apart]
    town.assert_sound()


def test_who_acknowledged_on_one_side_stops_the_other_side_that_went_on_paging(
    both: Towns,
) -> None:
    town = both("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store(town.one)
    town.one.do(c.Note(by="ana", via="page", text="the disk is full"))
    town.one.do(c.RecordFact(by="ana", via="page", name="service_availability", value="none"))
    town.one.acknowledge("ana")
    town.pass_time("10m30s", step="30s")
    assert [page.split()[1] for page in town.two.pages].count("dora") == 1
    town.heal()

    incident = town.incident()
    assert (incident.state, incident.acknowledged_by) == ("acknowledged", "ana")
    assert incident.facts["service_availability"].value == "none"
    notes = [event for event in town.events() if isinstance(event, e.Noted)]
    assert notes[-1].text == "the disk is full"
    assert "in emergency mode on web1 at 2026-11-23 10:00:" in notes[-1].why
    town.pass_time("40m", step="4m")
    assert "cleo" not in " ".join(town.two.pages + town.one.pages)
    town.assert_sound()


def test_a_step_that_was_taken_on_one_side_is_not_taken_again(towns: Towns) -> None:
    town = towns("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store(town.one)
    town.two.do(c.Note(by="ben", via="page", text="something has happened here too"))
    town.pass_time("10m", step="20s", nodes=[town.one])  # web2 does not get to it
    town.one.heal()
    town.pass_time("8s", nodes=[town.one])
    assert not town.one.is_alone
    town.pass_time("5m", step="1m")
    names = [page.split()[1] for node in town.nodes for page in node.pages]
    assert names == ["ana", "dora"]
    assert town.incident().told
    town.assert_sound()


def test_an_incident_that_the_store_has_lost_keeps_nobody_from_going_back(towns: Towns) -> None:
    town = towns()
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("10s")
    town.lose_store()
    town.one.acknowledge("ana")
    town.pass_time("2s")
    with closing(open_store(f"sqlite:///{town.folder / 'older.sqlite3'}")) as older:
        Rules(older).activate(("plan.yaml", PLAN), ("org.yaml", ORGANISATION), town.now)
        town.one.line.leads_to(older)
        town.heal()
        with older.read() as reading:
            assert [one.incident.state for one in reading.incidents((), None, 9)] == ["open"]


def test_what_another_node_has_resolved_meanwhile_stays_resolved(towns: Towns) -> None:
    town = towns("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store(town.one)
    town.two.over("ApiDown", **CRITICAL)
    town.one.do(c.Note(by="ana", via="page", text="I look"))
    town.pass_time("11m", step="30s")
    assert "dora" in " ".join(town.one.pages), "it could not know"
    town.heal()

    assert town.incident().state == "resolved"
    town.pass_time("1h", step="5m")
    assert town.incident().state == "resolved"
    assert "cleo" not in " ".join(town.one.pages + town.two.pages)
    town.assert_sound()


def test_an_incident_that_was_opened_on_both_sides_becomes_one(both: Towns) -> None:
    town = both("web1", "web2")
    town.pass_time("20s")
    town.lose_store(town.one)
    town.one.alert("ApiDown", **CRITICAL, starts="30s")
    town.two.alert("ApiDown", **CRITICAL, starts="30s")
    town.two.alert("ApiDown", **CRITICAL, instance="b", starts="30s")
    town.one.alert("ApiDown", **CRITICAL, instance="c", starts="30s")
    (alone,) = [one for one in town.one.incidents() if "-E" in one.code]
    town.one.acknowledge("ana", alone.code)
    town.pass_time("5s")
    town.heal()

    merged = town.incident(alone.code)
    assert (merged.state, merged.merged_into) == ("closed", "INC-001")
    one = town.incident()
    assert (one.state, one.acknowledged_by, one.alerts_firing) == ("acknowledged", "ana", 3)
    for label in ({}, {"instance": "b"}, {"instance": "c"}):
        town.two.over("ApiDown", **CRITICAL, starts="30s", **label)
    assert town.incident().state == "resolved", "its alerts are counted right"
    town.assert_sound()


def test_two_nodes_without_store_page_each_and_agree_afterwards(towns: Towns) -> None:
    town = towns("web1", "web2")
    town.pass_time("20s")
    town.lose_store()
    town.one.alert("ApiDown", **CRITICAL, starts="30s")
    town.two.alert("ApiDown", **CRITICAL, starts="30s")
    town.pass_time("2s")
    assert [len(node.pages) for node in town.nodes] == [1, 1], "one pager at least, two at most"
    town.heal()

    unresolved = [code for code in town.codes if town.incident(code).state == "open"]
    assert len(town.codes) == 2
    assert len(unresolved) == 1
    assert town.incident(unresolved[0]).alerts_firing == 1
    town.assert_sound()


def test_nodes_that_go_on_with_one_incident_give_the_same_page_the_same_id(towns: Towns) -> None:
    town = towns("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store()
    town.pass_time("10m20s", step="20s")
    ids = [[m.id for _, _, m in node.sent if m.kind == "page"][-1] for node in town.nodes]
    assert ids[0] == ids[1]
    town.heal()
    assert town.incident().state == "open"
    town.pass_time("15m", step="1m")
    assert [page.split()[1] for page in town.one.pages + town.two.pages].count("dora") == 2
    town.assert_sound()


def test_an_alert_that_ends_in_an_emergency_resolves_its_incident(towns: Towns) -> None:
    town = towns()
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("10s")
    town.lose_store()
    assert town.one.alert("ApiDown", **CRITICAL).disposition == "opened", "it is known"
    assert town.one.alert("ApiDown", **CRITICAL, instance="b").disposition == "joined"
    town.one.over("ApiDown", **CRITICAL)
    town.one.over("ApiDown", **CRITICAL, instance="b")
    town.heal()

    assert (town.incident().state, town.incident().alerts_total) == ("resolved", 2)
    with town.main.read() as reading:
        assert [a.firing for a in reading.alerts(None, None, 10)] == [False, False]
    town.assert_sound()


def heal_in_turn(town: Town, first: str) -> None:
    """Give the nodes their store back one after the other, and look whether all is over."""
    for node in town.nodes if first == "web1" else town.nodes[::-1]:
        node.heal()
        town.pass_time("8s")
        assert not node.is_alone
    with town.main.read() as reading:
        alerts = reading.alerts(None, None, 100)
    assert [alert.text for alert in alerts if alert.firing] == [], "A9: all is over at the source"
    assert len({alert.fingerprint for alert in alerts}) == len(alerts), "A2: one row an episode"
    for code in town.codes:
        one = town.incident(code)
        assert (one.state in ("resolved", "closed"), one.alerts_firing) == (True, 0), code
    before = len(town.one.pages + town.two.pages)
    town.pass_time("30m", step="3m")
    assert len(town.one.pages + town.two.pages) == before
    town.assert_sound()


def dispositions(town: Town) -> dict[str, str]:
    """Return what became of alerts, by their instance or name; each must have an incident."""
    with town.main.read() as reading:
        alerts = reading.alerts(None, None, 100)
        codes = {one.incident.id for one in reading.incidents((), None, 100)}
    assert all(alert.incident_id in codes for alert in alerts), "A2: an alert has no home"
    labels = [json.loads(alert.text)["labels"] for alert in alerts]
    return {
        said.get("instance", said["alertname"]): alert.disposition
        for said, alert in zip(labels, alerts, strict=True)
    }


@pytest.mark.parametrize("first", ["web1", "web2"])
@pytest.mark.parametrize("said", [{"starts": "30s"}, {}], ids=["with start", "without start"])
def test_an_alert_that_fires_at_one_node_and_ends_at_another_is_over(
    both: Towns, first: str, said: dict[str, str]
) -> None:
    town = both("web1", "web2")
    town.pass_time("30s")
    town.lose_store()
    assert town.one.alert("ApiDown", **CRITICAL, **said).disposition == "opened"
    town.pass_time("20s")
    assert town.two.over("ApiDown", **CRITICAL, **said).disposition == "over-before-seen"
    heal_in_turn(town, first)
    assert dispositions(town) == {"ApiDown": "opened"}
    kinds = town.kinds(town.codes[0])
    assert kinds.index("carried_over") < kinds.index("alerts_resolved"), "as it was written"


@pytest.mark.parametrize("first", ["web1", "web2"])
def test_an_end_that_is_said_to_both_nodes_is_one_end(both: Towns, first: str) -> None:
    """Whoever sent it got no answer from the first; found by a database that was gone for long."""
    town = both("web1", "web2")
    town.pass_time("30s")
    town.lose_store()
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("5s")
    town.one.over("ApiDown", **CRITICAL)
    town.pass_time("2s")
    assert town.two.over("ApiDown", **CRITICAL).disposition == "over-before-seen"
    heal_in_turn(town, first)
    assert dispositions(town) == {"ApiDown": "opened"}


@pytest.mark.parametrize("first", ["web1", "web2"])
def test_an_alert_that_joins_at_one_node_and_ends_at_another_is_over(
    towns: Towns, first: str
) -> None:
    town = towns("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store()
    assert town.one.alert("ApiDown", **CRITICAL, instance="b").disposition == "joined"
    town.one.over("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.two.over("ApiDown", **CRITICAL, instance="b")
    heal_in_turn(town, first)
    assert town.codes == ["INC-001"]
    assert dispositions(town) == {"ApiDown": "opened", "b": "joined"}


def test_an_alert_whose_incident_is_merged_belongs_to_the_other_though_it_is_over(
    both: Towns,
) -> None:
    town = both("web1", "web2")
    town.pass_time("30s")
    town.lose_store()
    town.one.alert("ApiDown", **CRITICAL, instance="a")
    town.two.alert("ApiDown", **CRITICAL, instance="b")
    town.pass_time("10s")
    town.two.over("ApiDown", **CRITICAL, instance="a")
    for node in town.nodes[::-1]:
        node.heal()
        town.pass_time("8s")
    assert dispositions(town) == {"a": "joined", "b": "opened"}
    (other,) = (one for one in map(town.incident, town.codes) if not one.merged_into)
    assert (other.state, other.alerts_total, other.alerts_firing) == ("open", 2, 1)
    town.assert_sound()


def test_an_alert_of_an_incident_that_others_went_on_with_belongs_to_it_though_it_is_over(
    both: Towns,
) -> None:
    town = both("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store(town.one)
    town.one.alert("ApiDown", **CRITICAL, instance="b")
    town.two.over("ApiDown", **CRITICAL, instance="b")
    town.two.acknowledge("dora")
    town.heal()
    assert dispositions(town) == {"ApiDown": "opened", "b": "joined"}
    assert (town.incident().alerts_total, town.incident().alerts_firing) == (2, 1)
    town.assert_sound()


@pytest.mark.parametrize("first", ["web1", "web2"])
def test_an_end_that_one_node_has_heard_counts_whatever_the_other_heard_later(
    both: Towns, first: str
) -> None:
    town = both("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL, starts="1s")
    town.pass_time("20s")
    town.lose_store()
    town.two.over("ApiDown", **CRITICAL, starts="1s")
    town.pass_time("10s")
    told = Story.signal(town, "ApiDown", **CRITICAL, starts="1s")  # type: ignore[arg-type]
    take_in(town.one.world, [[replace(told, annotations={"summary": "still down"})]])
    town.one.do(c.Note(by="ana", via="page", text="I look"))
    heal_in_turn(town, first)
    assert town.codes == ["INC-001"]


@pytest.mark.parametrize("first", ["web1", "web2"])
@pytest.mark.parametrize("ends_at", ["web1", "web2"])
@pytest.mark.parametrize("known", ["new", "the group is known", "the alert is known"])
def test_an_episode_that_two_nodes_have_heard_is_one_and_ends_once(
    towns: Towns, first: str, ends_at: str, known: str
) -> None:
    town = towns("web1", "web2")
    if known == "the group is known":
        town.one.alert("ApiDown", **CRITICAL, instance="b", starts="1s")
    elif known == "the alert is known":
        town.one.alert("ApiDown", **CRITICAL, starts="1s")
    town.pass_time("30s")
    town.lose_store()
    for node in town.nodes:
        node.alert("ApiDown", **CRITICAL, starts="1s")
        town.pass_time("4s")
        node.over("ApiDown", **CRITICAL, instance="b", starts="1s")
    ends = town.one if ends_at == "web1" else town.two
    ends.over("ApiDown", **CRITICAL, starts="1s")
    heal_in_turn(town, first)


@pytest.mark.parametrize("first", ["web1", "web2"])
def test_an_alert_that_ended_at_one_node_and_began_anew_at_another_fires(
    towns: Towns, first: str
) -> None:
    town = towns("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL, starts="1s")
    town.pass_time("30s")
    town.lose_store()
    town.two.over("ApiDown", **CRITICAL, starts="1s")
    town.pass_time("20s")
    town.one.over("ApiDown", **CRITICAL, starts="1s")
    town.pass_time("10s")
    anew = f"{int(town.elapsed)}s"
    town.one.alert("ApiDown", **CRITICAL, starts=anew)
    for node in town.nodes if first == "web1" else town.nodes[::-1]:
        node.heal()
        town.pass_time("8s")
    with town.main.read() as reading:
        alerts = sorted(reading.alerts(None, None, 9), key=lambda alert: alert.starts_at)
    assert [alert.firing for alert in alerts] == [False, True]
    states = {code: town.incident(code).state for code in town.codes}
    assert list(states.values()).count("open") == 1, states
    town.one.over("ApiDown", **CRITICAL, starts=anew)
    assert all(town.incident(code).state in ("resolved", "closed") for code in town.codes)
    town.assert_sound()


def test_a_store_that_hangs_is_a_store_that_is_gone(towns: Towns) -> None:
    town = towns()
    town.pass_time("5s")
    watch = town.one.store.watch
    watch.asking()  # a question is put, and no answer comes
    for _ in range(12):
        town.now += town.second
        town.one.store.look()
    assert town.one.is_alone
    town.one.alert("ApiDown", **CRITICAL)
    watch.answered()
    town.heal()
    assert len(town.codes) == 1
    town.assert_sound()


def test_whoever_waits_for_a_store_that_hangs_is_let_go(towns: Towns) -> None:
    town = towns()
    node = town.one
    node.line.state = "silent"
    came: list[Exception] = []

    def send() -> None:
        try:
            node.alert("ApiDown", **CRITICAL)
        except StoreUnavailable as problem:
            came.append(problem)

    sender = threading.Thread(target=send)
    sender.start()
    assert node.line.waited_for.wait(10)
    node.store.watch.asking()
    for _ in range(12):
        town.now += town.second
        node.store.look()
    sender.join(10)
    assert [str(problem) for problem in came] == ["the connection was broken off"]
    assert node.is_alone


def test_after_two_seconds_of_silence_nobody_else_is_kept_waiting(towns: Towns) -> None:
    town = towns()
    town.one.store.watch.asking()
    town.now += 3 * town.second
    with pytest.raises(StoreUnavailable, match="does not answer"):
        town.one.alert("ApiDown")


def test_a_store_that_hangs_while_things_are_brought_back_is_not_waited_for(towns: Towns) -> None:
    town = towns()
    node = town.one
    town.pass_time("5s")
    town.lose_store()
    node.alert("ApiDown", **CRITICAL)
    node.line.state = "whole"
    for _ in range(2):
        town.now += 2 * town.second
        node.keeper.round()
    town.now += 2 * town.second
    node.line.changes_left, node.line.is_silent_then = 1, True  # it proves that it takes changes
    brings_back = threading.Thread(target=node.keeper.round)
    brings_back.start()
    assert node.line.waited_for.wait(10)
    for _ in range(4):
        town.now += town.second
        node.store.look()
    brings_back.join(5)
    assert not brings_back.is_alive(), "D1: it holds up the journal for as long as it likes"
    assert node.is_alone
    node.alert("DiskFull", **CRITICAL)
    node.turn()
    assert any(message.title.startswith("DiskFull") for _, _, message in node.sent)
    node.line.changes_left = None
    town.heal()
    assert len(town.codes) == 2
    town.assert_sound()


def test_a_store_that_is_only_slow_gets_more_time_each_time(towns: Towns) -> None:
    store = towns().one.store
    first = store.patience
    for _ in range(20):
        store.hurry_less()
    assert (first, store.patience) == (3.0, 48.0)


def test_a_process_that_was_stopped_for_long_does_not_take_that_for_an_outage(
    towns: Towns,
) -> None:
    town = towns()
    town.one.store.watch.asking()
    town.now += 3600 * town.second
    town.one.store.look()
    assert not town.one.is_alone
    town.one.store.watch.answered()
    town.pass_time("4s")
    assert not town.one.is_alone


def test_a_store_that_takes_no_changes_is_gone_too(towns: Towns) -> None:
    town = towns()
    town.one.line.state = "full"
    with pytest.raises(StoreUnavailable, match="full"):
        town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("12s")
    assert town.one.is_alone
    town.one.alert("ApiDown", **CRITICAL)
    town.heal()
    assert len(town.codes) == 1


def test_a_short_outage_is_none(towns: Towns) -> None:
    town = towns()
    for _ in range(3):
        town.one.cut_off()
        town.pass_time("8s")
        with pytest.raises(StoreUnavailable):
            town.one.alert("ApiDown")
        town.one.heal()
        town.pass_time("2s")
    assert not town.one.is_alone


def test_a_node_that_dies_in_an_emergency_goes_on_with_it(towns: Towns) -> None:
    town = towns()
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store()
    town.one.acknowledge("ana")
    town.one.alert("DbDown", **CRITICAL)
    town.one.start()

    assert town.one.is_alone
    town.pass_time("11m", step="30s")
    assert [page.split()[1] for page in town.one.pages] == ["ana", "ana", "dora"]
    town.heal()
    assert town.incident().acknowledged_by == "ana"
    assert len(town.codes) == 2
    town.assert_sound()


def test_a_node_that_starts_without_store_goes_on_by_what_it_had(towns: Towns) -> None:
    town = towns()
    town.one.alert("ApiDown", **CRITICAL)
    town.pass_time("20s")
    town.one.cut_off()
    town.one.start()
    assert not town.one.is_alone
    town.one.store.begin_work(lambda _: town.pass_time("2s", nodes=[]), 2)
    assert town.one.is_alone
    town.one.rules.follow()
    town.pass_time("10m", step="20s")
    assert "dora" in town.one.pages[-1]


def test_a_node_that_never_had_a_store_has_nothing_to_go_on_with(towns: Towns) -> None:
    town = towns()
    node = Node(town, "new", line="cut")
    with pytest.raises(StoreUnavailable):
        node.store.begin_work(lambda _: None, 1)


def test_how_old_the_roster_is_stands_in_the_page(towns: Towns) -> None:
    town = towns()
    town.pass_time("20s")
    node = town.one
    node.keeper.copy = lambda: None  # type: ignore[method-assign]
    town.pass_time("5m", step="10s")
    assert node.keeper.degraded()[0].startswith("the journal for emergencies is 30")
    town.lose_store()
    node.alert("ApiDown", **CRITICAL)
    town.pass_time("1s")
    (message,) = [message for _, _, message in node.sent]
    assert "since 10:05 UTC; roster as of 10:00 UTC." in message.why
    assert node.keeper.degraded()[0] in message.why


@pytest.mark.parametrize("survives", [0, 2, 4])
def test_a_cut_in_the_middle_of_bringing_back_loses_and_repeats_nothing(
    towns: Towns, survives: int
) -> None:
    town = towns("web1", "web2")
    town.one.alert("ApiDown", **CRITICAL)
    town.one.alert("DbDown", **CRITICAL)
    town.pass_time("20s")
    town.lose_store(town.one)
    town.one.acknowledge("ana")
    town.two.do(c.Note(by="ben", via="page", text="on it"), "INC-002")
    town.one.acknowledge("ana", "INC-002")
    town.one.alert("Queue", **CRITICAL)
    town.one.alert("Cache", **CRITICAL, starts="30s")
    town.two.alert("Cache", **CRITICAL, starts="30s")
    take_in(town.one.world, [[Unreadable(integration="prometheus", why="no JSON", payload=b"?")]])
    town.pass_time("3s")

    town.one.line.state = "whole"
    town.one.line.changes_left = survives
    town.pass_time("6s", nodes=[town.one])
    town.one.line.changes_left = None
    town.one.start()
    town.pass_time("8s")

    assert not town.one.is_alone
    states = {code: town.incident(code).state for code in town.codes}
    assert states["INC-001"] == states["INC-002"] == "acknowledged"
    assert sorted(states.values()) == ["acknowledged", "acknowledged", "closed", "open", "open",
                                       "open"]  # fmt: skip
    for code in town.codes:
        assert town.kinds(code).count("carried_over") <= 1
    with town.main.read() as reading:
        assert len(reading.unreadable(10)) == 1
        alerts = reading.alerts(None, True, 100)
    assert len(alerts) == 4, "each alert is there once"
    town.assert_sound()


def test_what_is_not_paging_is_refused_in_an_emergency(towns: Towns) -> None:
    town = towns()
    town.one.alert("ApiDown", **CRITICAL)
    town.one.alert("DbDown", **CRITICAL)
    town.pass_time("10s")
    town.lose_store()
    node = town.one
    with pytest.raises(NotInEmergency, match="Emergency mode: web1"):
        node.do(c.Merge(by="ana", via="page", into="INC-002"))
    plan, organisation = ("plan.yaml", PLAN + "# new"), ("org.yaml", ORGANISATION)
    offer = Offer(by="ana", via="api", plan=plan, organisation=organisation)
    with pytest.raises(NotInEmergency):
        node.rules.apply(offer, town.now)
    with node.store.read() as reading, pytest.raises(NotInEmergency):
        reading.status_stamp()


def test_a_storm_in_an_emergency_is_one_message_too(towns: Towns) -> None:
    """C8, D7: the same engine on the journal; each incident in it says that it is an emergency."""
    town = towns()
    town.lose_store()
    for number in range(5):
        town.one.alert(f"Alert{number}", **CRITICAL)
    town.pass_time("2s")
    ((_, message),) = town.one.channels["email"].left
    assert len({part.incident for part in message.parts}) == 5
    assert all(part.why.startswith("Emergency mode: web1") for part in message.parts)
    town.heal()
    town.pass_time("1m")
    assert len(town.one.channels["email"].left) == 1, "what was sent there is not sent again"
