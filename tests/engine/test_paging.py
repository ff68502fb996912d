"""The main job: an alert comes, people are called by the plan until somebody answers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.engine.story import PLAN, Story

from tocsin.core.delivery import Failed, Message, Outcome, Sent
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.engine import deliver


def test_an_alert_pages_whoever_is_on_call_at_once(story: Story) -> None:
    receipt = story.alert("ApiDown", severity="critical")
    assert receipt.disposition == "opened"
    story.until("1m")
    assert story.pages == ["0:00 ana"]
    incident = story.incident()
    assert (incident.severity, incident.state) == ("P0", "open")
    assert incident.severity_why == "alert rule: severity critical"


def test_it_escalates_on_the_plans_times_until_somebody_answers(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.until("12m")
    assert story.pages == ["0:00 ana", "0:10 dora"]
    story.acknowledge("dora")
    story.until("5h")
    assert story.pages == ["0:00 ana", "0:10 dora"]
    assert story.incident().acknowledged_by == "dora"


def test_a_silent_end_is_an_alarm_that_repeats_until_somebody_answers(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.until("61m")
    assert story.pages == [
        "0:00 ana",
        "0:10 dora",
        "0:30 cleo",
        "0:45 dora alarm",
        "1:00 dora alarm",
    ]
    story.acknowledge("dora")
    story.until("9h")
    assert len(story.pages) == 5


def test_every_page_says_why_and_which_plan_line(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.until("11m")
    told = [event for event in story.timeline() if isinstance(event, e.Told)]
    lines = PLAN.splitlines()
    assert [lines[event.line - 1].strip().split(",")[0] for event in told] == [
        "- {page: on-call-engineer",
        "- {page: team-lead",
    ]
    assert "after 10m" in told[1].why
    assert story.sent[1][1].why == f"{told[1].why} (plan line {told[1].line})"


def test_a_missed_limit_is_on_the_record(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.until("6m")
    missed = [event for event in story.timeline() if isinstance(event, e.ClockMissed)]
    assert [(m.clock, m.at) for m in missed] == [("acknowledge", missed[0].due)]


def test_giving_it_back_calls_the_next_one_at_once(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    story.acknowledge("ana")
    story.until("20m")
    story.do(c.Release(by="ana", why="I am on a train"))
    story.until("21m")
    assert story.pages == ["0:00 ana", "0:20 dora"]


def test_after_an_outage_late_pages_go_out_at_once_and_say_so(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    story.now = story.now.replace(hour=18, minute=0)  # The engine stood still for eight hours.
    story.until("8h")
    assert story.pages[:3] == ["0:00 ana", "8:00 dora", "8:00 cleo"]
    assert story.sent[1][1].late == "7h50m"


def test_a_worse_severity_pages_again_and_shortens_the_limits(story: Story) -> None:
    story.declare("Slow", facts={"service_availability": "degraded"})
    story.until("2m")
    assert story.incident().severity == "P1"
    story.do(c.RecordFact(by="ben", name="service_availability", value="none"))
    assert story.incident().severity == "P0"
    story.until("11m")
    assert story.pages == ["0:00 ana", "0:02 ana", "0:10 dora"]
    missed = [event for event in story.timeline() if isinstance(event, e.ClockMissed)]
    assert (missed[0].at - story.incident().opened_at).total_seconds() == 300


def test_only_a_person_lowers_the_severity(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.do(c.RecordFact(by="ben", name="service_availability", value="degraded"))
    assert story.incident().severity == "P0"
    story.do(c.SetSeverity(by="ben", severity="P1"))
    assert (story.incident().severity, story.incident().severity_confirmed) == ("P1", True)
    story.until("30m")
    assert story.pages == ["0:00 ana"]


def test_a_person_can_call_more_people(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.acknowledge("ana")
    story.do(c.Escalate(by="ana", to="cto", why="this is a breach"))
    story.until("1m")
    assert "0:00 cleo" in story.pages
    refused = story.do(c.Escalate(by="ana", to="ctoo"))
    assert isinstance(refused, Refusal)
    assert "cto" in refused.hint


def test_the_first_failure_moves_on_to_another_failure_domain(story: Story) -> None:
    story.channels["email"].answer = lambda _a, _m: Failed("temporary", "451 try later")
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    assert story.pages == ["0:00 ana"]
    assert story.sent[0][0] == "ana"  # her webhook, not ana@example.org
    assert "not_delivered" in story.kinds()


def test_a_provider_that_stays_away_is_asked_again_until_it_answers(story: Story) -> None:
    tries: list[str] = []

    def refuses(_address: str, message: Message) -> Outcome:
        tries.append(message.id)
        return Failed("temporary", "connection refused")

    story.channels["email"].answer = refuses
    story.channels["webhook"].answer = refuses
    story.alert("ApiDown", severity="critical")
    story.until("9m")
    assert story.pages == []
    assert len(set(tries)) == 2  # One identity per contact, however often it is tried (D2).
    assert len(tries) > 10
    story.channels["email"].answer = story.channels["inbox"].answer
    story.until("9m59s")
    assert story.pages == ["0:09 ana"]


def test_nothing_leaves_after_the_answer(story: Story) -> None:
    """Invariant D3, with the answer between the order to send and the sending."""
    story.alert("ApiDown", severity="critical")
    story.acknowledge("ana")
    story.until("2m")
    assert story.pages == []
    with story.store.read() as reading:
        states = [d.state for d in reading.deliveries(1)]
    assert states == ["cancelled"]


def test_a_crash_while_sending_sends_again_with_the_same_identity(story: Story) -> None:
    """Invariant D4: the claim of a dead node ends, and the page is simply due again."""

    class PowerCut(BaseException):
        pass

    ids: list[str] = []

    def dies(_address: str, message: Message) -> Outcome:
        ids.append(message.id)
        raise PowerCut

    works = story.channels["email"].answer
    story.channels["email"].answer = dies
    story.alert("ApiDown", severity="critical")
    with pytest.raises(PowerCut):
        story.until("1m")
    story.channels["email"].answer = works
    story.until("4s")
    assert story.pages == []  # The lease has not ended.
    story.until("1m")
    assert story.pages == ["0:00 ana"]
    assert story.sent[0][1].id == ids[0]
    assert story.sent[0][1].attempt == 2


def test_two_nodes_share_the_work_and_page_once(story: Story) -> None:
    other = story.node("node-2")
    for number in range(20):
        story.alert(f"Alert{number}", severity="critical")
    story.tick(other)
    story.tick()
    assert sorted(story.pages) == ["0:00 ana"] * 20


def test_a_report_with_a_key_is_one_report_however_often_it_is_sent(story: Story) -> None:
    first = story.declare("Checkout is down", key="ticket-7")
    assert story.declare("Checkout is down", key="ticket-7") == first
    assert story.declare("Checkout is down", key="ticket-7", by="cleo") != first
    assert story.declare("Checkout is down") != story.declare("Checkout is down")
    with story.store.read() as reading:
        assert len(reading.incidents((), None, 10)) == 4


def test_a_fact_stated_again_by_the_same_person_is_no_news(story: Story) -> None:
    story.declare("Slow")
    stated = c.RecordFact(by="ben", name="service_availability", value="degraded")
    story.do(stated)
    before = story.kinds()
    story.do(stated)
    assert story.kinds() == before


def test_an_incident_that_cannot_be_read_holds_up_no_other(story: Story) -> None:
    """Invariant A6, for what is stored: the damaged one is put off, the others page on."""
    story.alert("ApiDown", severity="critical")
    story.alert("DiskFull", severity="critical")
    with story.store._database.writing() as connection:  # type: ignore[attr-defined]
        connection.execute(text("UPDATE incidents SET snapshot = '{}' WHERE id = 1"))
    story.is_tampered_with = True
    story.now += timedelta(minutes=11)
    story.tick()
    assert "0:11 dora" in story.pages


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(store_story: Callable[..., Story], value: float) -> None:
    number = "  error_rate: {type: number, about: Share of failed requests}\nseverities:"
    story = store_story(plan=PLAN.replace("severities:", number))
    assert isinstance(story.declare("Odd", facts={"error_rate": value}), Refusal)
    story.declare("Odd")
    assert isinstance(story.do(c.RecordFact(by="ana", name="error_rate", value=value)), Refusal)


def test_an_answer_ends_only_what_was_wanted_until_then(story: Story) -> None:
    """A person's call for more people goes out although somebody has acknowledged by then."""
    story.alert("ApiDown", severity="critical")
    story.do(c.Escalate(by="ana", to="cto"))
    story.acknowledge("ana")
    story.until("1m")
    assert story.pages == ["0:00 cleo"]


def test_what_was_on_its_way_when_the_answer_came_is_on_the_record(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    claimed = story.claim_one("email")
    story.acknowledge("ana")
    with story.store.write() as tx:
        deliver.settle(tx, story.world, [(claimed, Sent())])
    assert story.kinds()[-1] == "delivered"


def test_the_same_recipient_may_be_called_twice(store_story: Callable[..., Story]) -> None:
    twice = "{page: on-call-engineer, P0: 20m}\n    - {page: cto, P0: 30m}"
    story = store_story(plan=PLAN.replace("{page: cto, P0: 30m}", twice))
    story.alert("ApiDown", severity="critical")
    story.until("21m")
    assert story.pages == ["0:00 ana", "0:10 dora", "0:20 ana"]


def test_an_elder_incident_is_not_reopened_beside_a_newer_one(story: Story) -> None:
    story.alert("ApiDown")
    story.over("ApiDown")
    story.until("40m")
    story.alert("ApiDown")
    refused = story.do(c.Reopen(by="ana"), "INC-001")
    assert isinstance(refused, Refusal)
    assert "INC-002" in refused.hint
    story.do(c.Resolve(by="ana"), "INC-002")
    story.do(c.Reopen(by="ana"), "INC-001")
    assert story.alert("ApiDown", instance="new").disposition == "joined"
    assert story.incident("INC-001").alerts_total == 2
