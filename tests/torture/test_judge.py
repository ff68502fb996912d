"""The judge of torture runs: what it must find, and what an emergency allows (H5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from tests.servers import Page
from tests.torture.emergencies import InEmergency, emergencies_in, is_in_emergency
from tests.torture.lateness import (
    OVERLOADED,
    Fault,
    Night,
    Slept,
    excused,
    too_late,
    too_often,
    unwanted,
    without_cause,
)
from tests.torture.load import Accepted
from tests.torture.verdict import Evidence, One, Stored, judge_stored

from tocsin.core.delivery import Contact, Message
from tocsin.core.incident import events as e
from tocsin.core.incident.fold import replay
from tocsin.engine.ports import Alert, Delivery, Kept

TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)
QUIET = TEN + timedelta(minutes=5)


def after(seconds: float) -> datetime:
    return TEN + timedelta(seconds=seconds)


def opened(number: int, code: str, seconds: float = 0) -> e.Opened:
    return e.Opened(
        at=after(seconds), number=number, code=code, title="Api", severity="P0", plan="p", group="g"
    )


def told(person: str, step: str, seconds: float) -> e.Told:
    return e.Told(at=after(seconds), message="page", to=person, people=(person,), step=step)


def delivered(person: str, seconds: float) -> list[e.Event]:
    return [
        e.Delivered(at=after(seconds), message="page", person=person, channel=way, attempt=1)
        for way in ("inbox", "webhook")
    ]


def acknowledged(seconds: float) -> e.Acknowledged:
    return e.Acknowledged(at=after(seconds), by="ana", via="link")


def merged(into: int, code: str, seconds: float) -> e.MergedInto:
    return e.MergedInto(at=after(seconds), into=code, into_number=into)


def page(code: str, number: int, person: str, seconds: float, way: str = "webhook") -> Delivery:
    name = f"{code}.{number}.{person}.{way}"
    message = Message(
        id=name, kind="page", short_code="ABCD", attempt=1, incident=code, title="Api",
        severity="P0", severity_name="Critical", state="open", why="", sent_at=after(seconds),
    )  # fmt: skip
    return Delivery(
        incident_id=1, incident=code, page=number, kind="page", to=person, person=person,
        contact=Contact(way, "x"), message=message, state="sent", due_at=after(seconds),
        created_at=after(seconds), sent_at=after(seconds),
    )  # fmt: skip


def both_ways(code: str, number: int, person: str, seconds: float) -> list[Delivery]:
    return [page(code, number, person, seconds, way) for way in ("inbox", "webhook")]


def incident(events: Sequence[e.Event], deliveries: Sequence[Delivery]) -> One:
    state = replay(events)
    look = None if state.merged_into else QUIET
    return One(Kept(state, len(events), b"", look), events, deliveries, "")


def alert(incident_id: int | None, disposition: str = "opened", instance: str = "1") -> Alert:
    return Alert(
        integration="prometheus", fingerprint=instance.encode(), starts_at=TEN, ends_at=None,
        firing=True, incident_id=incident_id, disposition=disposition,
        text=f'{{"labels":{{"instance":"{instance}"}}}}', received_at=TEN, updated_at=TEN,
    )  # fmt: skip


def paged(code: str = "INC-1", number: int = 1) -> One:
    """An incident that nobody has answered, with all that is owed."""
    events = [
        opened(number, code), told("ana", "1", 0), *delivered("ana", 0),
        told("ben", "2", 3), *delivered("ben", 3),
    ]  # fmt: skip
    return incident(events, both_ways(code, 2, "ana", 0) + both_ways(code, 5, "ben", 3))


def came(incidents: Sequence[One]) -> list[Page]:
    return [
        Page(one.created_at, one.message.id, {})
        for each in incidents
        for one in each.deliveries
        if one.contact.channel == "webhook" and one.state == "sent"
    ]


def found(incidents: Sequence[One], alerts: Sequence[Alert], **more: object) -> list[str]:
    accepted = Accepted(alerts={"1": "Api"})
    evidence = Evidence(accepted, [], came(incidents), QUIET, QUIET)
    stored = Stored(alerts, incidents, {"unarmed": 0, "unreadable": 0})
    return list(judge_stored(stored, replace(evidence, **more)).problems)  # type: ignore[arg-type]


WEB1 = InEmergency("web1", after(10), after(60), after(5))


def test_a_night_without_trouble_has_no_findings() -> None:
    assert found([paged()], [alert(1)]) == []


def test_an_incident_that_was_merged_is_over_and_has_given_its_alerts_away() -> None:
    other = paged("INC-2", 2)
    joined = e.Absorbed(at=after(9), code="INC-1", title="Api", severity="P0", facts=())
    other = incident([*other.events, joined], other.deliveries)
    events = [opened(1, "INC-1"), merged(2, "INC-2", 9)]
    assert found([incident(events, []), other], [alert(2)], emergencies=[WEB1]) == []
    kept_them = found([incident(events, []), other], [alert(1)], emergencies=[WEB1])
    assert "INC-1 was merged into INC-2 and has alerts (A2)" in kept_them


def test_an_incident_without_the_alert_that_opened_it_is_found_even_after_an_emergency() -> None:
    assert "INC-1 was opened by 0 alerts (A2)" in found([paged()], [alert(1, "joined")])
    assert "INC-1 was opened by 0 alerts (A2)" in found(
        [paged()], [alert(1, "joined")], emergencies=[WEB1]
    )


def test_one_group_with_two_open_incidents_is_found_even_after_an_emergency() -> None:
    two = [paged(), paged("INC-2", 2)]
    alerts = [alert(1), alert(2, instance="2")]
    accepted = Accepted(alerts={"1": "Api", "2": "Api"})
    assert found(two, alerts, emergencies=[WEB1], accepted=accepted) == [
        "g has 2 open incidents (A4)"
    ]


@pytest.mark.parametrize(
    ("asked", "node", "problems"), [(20, "web1", 0), (70, "web1", 1), (20, "web2", 1)]
)
def test_only_in_an_emergency_of_its_own_may_a_node_not_know_an_incident(
    asked: float, node: str, problems: int
) -> None:
    unknown = [("INC-1", after(asked), after(asked + 1), node)]
    accepted = Accepted(alerts={"1": "Api"}, shown={"INC-1"}, unknown=unknown)
    assert len(found([paged()], [alert(1)], emergencies=[WEB1], accepted=accepted)) == problems


def test_what_was_shown_and_is_gone_is_lost() -> None:
    accepted = Accepted(alerts={"1": "Api"}, shown={"INC-9"})
    assert found([paged()], [alert(1)], emergencies=[WEB1], accepted=accepted) == [
        "INC-9 was shown and is not in the store (H1)"
    ]


def apart_at(node: str, there: Sequence[e.Event]) -> list[e.Event]:
    return [
        e.HappenedApart(
            at=after(50), node=node, happened_at=event.at, what="it", who="tocsin",
            text=msgspec.json.encode(event).decode(),
        )
        for event in there
    ]  # fmt: skip


def test_all_that_one_history_has_ordered_is_there_when_two_became_one() -> None:
    one = paged()
    again = [told("ben", "3", 13), *delivered("ben", 13)]
    apart = apart_at("web1", [told("ben", "3", 14), *delivered("ben", 14)])
    events = [*one.events, *again, *apart]
    both = [*one.deliveries, *both_ways("INC-1", 9, "ben", 13)]

    def problems(there: Sequence[Delivery]) -> list[str]:
        return [
            problem
            for problem in found([incident(events, there)], [alert(1)], emergencies=[WEB1], nodes=2)
            if "ordered" in problem or "notes" in problem
        ]

    assert problems([*both, *both_ways("INC-1", 11, "ben", 14)]) == []
    assert problems(both) == []  # what both have ordered under one number is one message
    lost = problems(one.deliveries)
    assert len([line for line in lost if "ordered 2 to 3 messages" in line]) == 2
    assert len([line for line in lost if "notes 2 to 3 messages" in line]) == 2


def test_each_node_may_page_once_for_a_step_only_in_an_emergency() -> None:
    one = paged()
    apart = apart_at("web1", [told("ben", "2", 13), *delivered("ben", 13)])
    twice = incident([*one.events, *apart], [*one.deliveries, *both_ways("INC-1", 9, "ben", 13)])
    assert found([twice], [alert(1)], emergencies=[WEB1], nodes=2) == []
    assert found([twice], [alert(1)], nodes=2) == ["INC-1: ben was paged 2 times, 1 at most (H5)"]


# Lateness.


def night(
    one: One, pages: Sequence[Page], *faults: Fault, emergencies: Sequence[InEmergency] = ()
) -> Night:
    return Night([one], pages, faults, emergencies, 2, Slept())


def arriving(one: One, seconds: float) -> list[Page]:
    return [Page(after(seconds), p.id, {}) for p in came([one])]


def test_a_page_that_could_have_left_and_comes_half_a_minute_later_is_too_late() -> None:
    one = paged()
    assert list(too_late(night(one, arriving(one, 29)))) == []
    assert len(list(too_late(night(one, arriving(one, 40))))) == 2
    gone = Fault("database gone", after(-1), after(20), after(20))
    assert list(too_late(night(one, arriving(one, 40), gone))) == []


def test_what_a_journal_had_a_copy_of_is_not_excused_by_an_outage() -> None:
    one = paged()
    gone = Fault("database gone", after(-1), after(100), after(-1), by_journal=True)
    knew = InEmergency("web1", after(-1), after(110), after(1))
    knew_not = InEmergency("web1", after(10), after(110), after(-2))
    assert len(list(too_late(night(one, arriving(one, 105), gone, emergencies=[knew])))) == 2
    assert list(too_late(night(one, arriving(one, 105), gone, emergencies=[knew_not]))) == []


def test_a_page_that_comes_more_often_than_faults_allow_is_found() -> None:
    one = paged()
    pages = [*arriving(one, 3), *arriving(one, 5), *arriving(one, 7)]
    killed = Fault("killed", after(4), after(5), after(4))
    assert len(list(too_often(night(one, pages, killed)))) == 2
    assert list(too_often(night(one, pages, replace(killed, repeats=2)))) == []


def test_a_page_after_the_answer_is_found_unless_in_an_emergency() -> None:
    one = paged()
    answered = incident([*one.events, acknowledged(8)], one.deliveries)
    assert len(list(unwanted(night(answered, arriving(one, 30))))) == 2
    assert list(unwanted(night(answered, arriving(one, 30), emergencies=[WEB1]))) == []
    assert len(list(unwanted(night(answered, arriving(one, 80), emergencies=[WEB1])))) == 2


@pytest.mark.parametrize(("seconds", "problems"), [(9.5, 0), (11, 1)])
def test_where_nothing_is_wrong_a_page_is_on_its_way_for_two_seconds(
    seconds: float, problems: int
) -> None:
    one = paged()
    answered = incident([*one.events, acknowledged(8)], one.deliveries)
    pages = [page for page in arriving(one, seconds) if ".ben." in page.id]
    assert len(list(unwanted(night(answered, pages)))) == problems
    lost = Fault("answers lost", after(7), after(9), after(7))
    assert list(unwanted(night(answered, pages, lost))) == []
    before = Fault("answers lost", after(-9), after(-5), after(-9))
    assert len(list(unwanted(night(answered, pages, before)))) == problems
    stood_still = Slept([after(10.5)], [2.0])
    assert list(unwanted(replace(night(answered, pages), slept=stood_still))) == []


@pytest.mark.parametrize(
    ("fault", "is_cause"),
    [
        (Fault("cut off for long", after(9), after(30), after(9)), True),
        (Fault("cut off for a moment", after(9), after(13), after(9)), False),
        (Fault("long before", after(-60), after(-40), after(-60)), False),
        (Fault("after it", after(15), after(60), after(15)), False),
        (Fault("provider cut off", after(9), after(30), after(9), store_stays=True), False),
        (Fault("frozen", after(9), after(10), after(9), felt_until=after(30)), True),
    ],
)
def test_an_emergency_needs_a_fault_that_took_the_store_away(fault: Fault, is_cause: bool) -> None:
    assert list(without_cause([WEB1], [])) != []
    assert (list(without_cause([WEB1], [fault])) == []) is is_cause


def test_the_machine_is_no_excuse_for_most_of_the_late_pages() -> None:
    late = [f"one{OVERLOADED}", f"two{OVERLOADED}", "three"]
    assert excused(late, owed=4) == (2, [])
    count, problems = excused(late, owed=3)
    assert (count, len(problems)) == (2, 1)
    assert excused([], owed=0) == (0, [])


def test_a_log_says_when_its_node_was_in_an_emergency() -> None:
    begun = (
        '{"since": "2026-11-23T10:00:10+00:00", "roster": "2026-11-23 10:00:05+00:00",'
        ' "event": "emergency.begun", "timestamp": "2026-11-23T10:00:20Z"}\n'
    )
    ended = '{"incidents": 2, "event": "emergency.ended", "timestamp": "2026-11-23T10:01:00Z"}\n'
    assert list(emergencies_in("web1", begun + ended, QUIET)) == [WEB1]
    assert list(emergencies_in("web1", begun, QUIET)) == [replace(WEB1, ended=QUIET)]
    assert (is_in_emergency(begun), is_in_emergency(begun + ended), is_in_emergency("")) == (
        True,
        False,
        False,
    )
