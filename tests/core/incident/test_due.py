"""What the plan demands now, and when to look again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.core.incident.cast import (
    EVERYBODY,
    PLAN,
    START,
    after,
    calls,
    looked_at,
    minutes,
    opened,
)

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.decide import decide
from tocsin.core.incident.due import due, look_again_at
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.people import Organisation


def without(*recipients: str) -> Organisation:
    """Everybody, but nobody behind these recipients."""
    found = {k: v for k, v in EVERYBODY.recipients.items() if k not in recipients}
    people = {k: v for k, v in EVERYBODY.people.items() if k not in recipients}
    return replace(EVERYBODY, recipients=found, people=people, last_resort="team-lead")


def test_the_first_page_is_due_at_once() -> None:
    happened, incident = looked_at(opened(), 0)
    assert calls(happened) == ["page on-call-engineer"]
    assert look_again_at(PLAN, incident) == minutes(15)


def test_steps_come_on_their_times_and_once_only() -> None:
    incident = opened()
    story: list[str] = []
    for minute in range(0, 75):
        happened, incident = looked_at(incident, minute)
        story += [f"{minute} {call}" for call in calls(happened)]
    assert story == [
        "0 page on-call-engineer",
        "30 page team-lead",
        "60 page cto",
        "60 notice affected-users",
    ]


def test_an_acknowledgement_ends_what_waits_for_one_and_nothing_else() -> None:
    _, incident = looked_at(opened(), 0)
    incident = after(incident, c.Acknowledge(by="ana"), 10)
    happened, incident = looked_at(incident, 61)
    assert calls(happened) == ["page cto", "notice affected-users"]


def test_nobody_reached_means_the_next_page_goes_out_at_once() -> None:
    """Invariant C4; GoAlert's open issue 4548 waits here."""
    happened, incident = looked_at(opened(), 0, without("on-call-engineer"))
    assert [type(event) for event in happened] == [e.NobodyReached, e.Told]
    assert calls(happened) == ["page team-lead"]
    assert "on-call-engineer" in happened[0].why
    assert incident.unreached is False


def test_nobody_reached_at_all_is_an_alarm_at_once() -> None:
    nobody = without("on-call-engineer", "cto")
    nobody = replace(nobody, recipients={"team-lead": nobody.recipients["team-lead"]})
    gone = replace(nobody, people={"team-lead": nobody.people["team-lead"]}, last_resort="")
    everyone_gone = replace(gone, recipients={}, people={})
    happened, incident = looked_at(opened(), 0, everyone_gone)
    assert sum(isinstance(event, e.NobodyReached) for event in happened) >= 3
    assert [event.at for event in happened if isinstance(event, e.Alarmed)] == [START]
    assert incident.unreached


def test_the_last_resort_of_the_organisation_hears_an_alarm_that_reaches_nobody() -> None:
    incident = opened("P2")
    incident = replace(incident, clocks=())
    happened, _ = looked_at(incident, 16, without("cto"))
    assert calls(happened) == ["alarm team-lead"]


def test_an_alarm_waits_for_the_last_page_and_the_last_limit() -> None:
    incident = opened()
    alarms = []
    for minute in range(0, 120):
        happened, incident = looked_at(incident, minute)
        alarms += [minute for event in happened if isinstance(event, e.Alarmed)]
    assert alarms == [75, 90, 105]


def test_a_severity_without_steps_is_not_silent_either() -> None:
    """S3's P2 and P3 have limits and no chain: the missed limit leads to an alarm."""
    happened, _ = looked_at(opened("P2"), 15)
    assert calls(happened) == ["alarm cto"]


def test_a_worse_severity_pages_the_same_people_again_and_a_lesser_one_does_not() -> None:
    _, incident = looked_at(opened("P1"), 0)
    raised = after(incident, c.SetSeverity(by="bo", severity="P0"), 5)
    happened, raised = looked_at(raised, 5)
    assert calls(happened) == ["page on-call-engineer"]
    lowered = after(raised, c.SetSeverity(by="bo", severity="P1"), 6)
    happened, _ = looked_at(lowered, 6)
    assert calls(happened) == []


COMMANDS = st.sampled_from(
    [
        c.Acknowledge(by="ana"),
        c.Release(by="ana"),
        c.Resolve(by="ana"),
        c.Reopen(by="ana"),
        c.Close(by="ana"),
        c.SetSeverity(by="ana", severity="P0"),
        c.SetSeverity(by="ana", severity="P1"),
        c.SetSeverity(by="ana", severity="P2"),
        c.RecordFact(by="ana", name="service_availability", value="none"),
        c.RecordFact(by="ana", name="users_affected", value=1000),
        c.Escalate(by="ana", to="cto"),
        c.AlertsCame(by="prom", count=1, names=("A",)),
        c.AlertsWent(by="prom", count=1),
        c.Note(by="ana", text="hm"),
    ]
)
GAPS = st.sampled_from([(), ("on-call-engineer",), ("team-lead", "cto"), ("affected-users",)])


@given(
    severity=st.sampled_from(["P0", "P1", "P2"]),
    deeds=st.lists(st.tuples(st.integers(0, 90), COMMANDS), max_size=12),
    gaps=GAPS,
)
def test_whatever_people_do(
    severity: str, deeds: list[tuple[int, c.Command]], gaps: tuple[str, ...]
) -> None:
    """C1: an open incident is always armed. C7: `due` comes to rest. A7: replay gives the state.

    Time never runs backwards in the timeline, and the same person is not paged twice by a step.
    """
    people = without(*gaps)
    incident = opened(severity)
    timeline: list[e.Event] = []
    now = START
    for pause, command in deeds:
        now += timedelta(minutes=pause)
        decision = decide(PLAN, incident, command, now)
        if isinstance(decision, list):
            timeline += decision
            incident = replay(decision, incident)
        step = due(PLAN, incident, people, now)
        timeline += step.events
        assert step.incident == replay(step.events, incident) if step.events else True
        incident = step.incident
        assert due(PLAN, incident, people, now).events == ()
        armed_when_open(incident, step.look_again_at is not None)
        if step.look_again_at is not None:
            assert step.look_again_at > now
    assert [event.at for event in timeline] == sorted(event.at for event in timeline)


def armed_when_open(incident: Incident, armed: bool) -> None:
    assert incident.state != "open" or armed, "an open incident has nothing that will happen"


@pytest.mark.parametrize("severity", ["P0", "P1", "P2"])
def test_looking_later_finds_the_same_calls_as_looking_often(severity: str) -> None:
    """Invariant C8: lateness drops nothing."""
    often, seldom = opened(severity), opened(severity)
    calls_often: list[str] = []
    for minute in range(0, 200):
        happened, often = looked_at(often, minute)
        calls_often += [call for call in calls(happened) if not call.startswith("alarm")]
    happened, seldom = looked_at(seldom, 199)
    late = [call for call in calls(happened) if not call.startswith("alarm")]
    assert late == calls_often
