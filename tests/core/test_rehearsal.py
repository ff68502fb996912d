"""The world in a rehearsal: alerts, reports, messages that fail, other plans, several incidents."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import strategies as st
from tests.core.small_plan import ORG_TEXT, PLAN_TEXT
from tests.core.stories import (
    ORG,
    PLAN,
    judged,
    played,
    script_of,
    story,
    told,
    world_of,
)

from tocsin.core.delivery import Contact
from tocsin.core.incident import events as e
from tocsin.core.plan.model import Plan
from tocsin.core.scenarios.noting import World
from tocsin.core.simulation import play

NO_HEAD = "starts: 2026-01-05 10:00"
API = "{alertname: ApiDown, severity: critical, instance: %s}"
WARNING = "{alertname: ApiDown, severity: warning}"


def test_alerts_of_one_group_share_an_incident() -> None:
    text = story(
        f"{{at: 0m, alert: {API % 'one'}}}",
        f"{{at: 3m, alert: {API % 'two'}}}",
        f"{{at: 4m, alert: {API % 'two'}}}",
        "{at: 5m, alert: {alertname: DiskFull, severity: warning}}",
        head=NO_HEAD,
    )
    assert told(text, "opened", "alerts_joined") == [
        "0 opened P0",
        "0 alerts_joined monitoring",
        "3 alerts_joined monitoring",
        "5 opened P1",
        "5 alerts_joined monitoring",
    ]


def test_an_alert_that_is_worse_raises_its_incident() -> None:
    text = story(
        f"{{at: 0m, alert: {WARNING}}}",
        f"{{at: 3m, alert: {API % 'one'}}}",
        head=NO_HEAD,
    )
    assert told(text, "severity_changed") == ["3 severity_changed P0"]


def test_the_last_alert_that_ends_resolves_and_one_that_comes_back_opens_again() -> None:
    text = story(
        f"{{at: 0m, alert: {API % 'one'}}}",
        f"{{at: 1m, alert: {API % 'two'}}}",
        "{at: 6m, alert_ends: {instance: one}}",
        "{at: 7m, alert_ends: ApiDown}",
        f"{{at: 20m, alert: {API % 'one'}}}",
        "{at: 25m, alert_ends: ApiDown}",
        f"{{at: 90m, alert: {API % 'one'}}}",
        head=NO_HEAD,
    )
    assert told(text, "opened", "resolved", "reopened") == [
        "0 opened P0",
        "7 resolved monitoring",
        "20 reopened monitoring",
        "25 resolved monitoring",
        "90 opened P0",
    ], "half an hour after the end it is another incident"


def test_an_alert_that_fires_on_after_its_incident_was_resolved() -> None:
    text = story(
        f"{{at: 0m, alert: {API % 'one'}}}",
        "{at: 10m, resolve: dora}",
        f"{{at: 12m, alert: {API % 'one'}}}",
        f"{{at: 15m, alert: {API % 'one'}}}",
        head=NO_HEAD,
    )
    assert told(text, "opened", "reopened") == ["0 opened P0", "15 reopened monitoring"]


def test_an_alert_can_only_end_while_it_fires() -> None:
    text = story("{at: 5m, alert_ends: ApiDown}")
    (failure,) = judged(text)
    assert "scenario.not-firing" in failure.instead


def test_reports_open_incidents_of_their_own() -> None:
    text = story(
        "{at: 0m, report: The shop is slow, by: ben, expect: {severity: P2}}",
        "{at: 5m, incident: b, report: {title: It burns, severity: P0}, expect: {severity: P0}}",
        "{at: 7m, incident: b, acknowledge: ana, expect: {state: acknowledged}}",
        "{at: 7m, expect: {state: open}}",
        head=NO_HEAD,
    )
    assert judged(text) == []
    first, second = played(text).timelines
    assert (first, second) == ("INC-2026-001", "INC-2026-002")
    assert isinstance(played(text).timelines[first][0], e.Opened)


def test_nothing_can_be_done_to_an_incident_before_it_is_there() -> None:
    text = story(
        "{at: 5m, incident: b, acknowledge: ana}", "{at: 6m, incident: b, report: x}", head=NO_HEAD
    )
    (failure,) = judged(text)
    assert "there is no incident `b` yet" in failure.instead
    assert judged(text.replace("ana}", "ana, expect: {refused: yet}}")) == []


# Ana is on call; she and Dora, the team lead, have an inbox and e-mail.


def test_messages_that_fail_are_tried_again_until_the_outage_is_over() -> None:
    text = story(
        "{at: 0m, outage: {channel: email, for: 12m}}",
        "{at: 30m, acknowledge: ana}",
    )
    assert told(text, "outage", "page", "not_delivered", "delivered")[:6] == [
        "0 outage email",
        "0 page on-call-engineer",
        "0 not_delivered ana",
        "10 page team-lead",
        "10 not_delivered dora",
        "12.33 delivered ana",
    ]
    reached = [one for one in played(text).happenings if "ana" in one.reached]
    assert [one.do for one in reached] == ["delivered"]


def test_what_was_answered_is_not_sent_any_more() -> None:
    text = story("{at: 0m, outage: {channel: email, for: 30m}}", "{at: 5m, acknowledge: ana}")
    assert told(text, "delivered") == []


def two_ways(person: str) -> World:
    """The organisation, with a second way to one person."""
    way = Contact("slack", "C1", "ip")
    one = ORG.people[person]
    changed = msgspec.structs.replace(one, contacts=(*one.contacts, way))
    people = {**ORG.people, person: changed}
    return World(plan=PLAN, organisation=msgspec.structs.replace(ORG, people=people))


def test_when_a_way_fails_the_next_one_is_taken_at_once() -> None:
    text = story("{at: 0m, outage: {person: ana, channel: email}, expect: {reached: ana}}")
    assert judged(text, two_ways("ana")) == []
    kinds = told(text, "not_delivered", "delivered", world=two_ways("ana"))
    assert kinds == ["0 not_delivered ana", "0 delivered ana"]
    assert judged(text) != [], "with e-mail alone she is not reached"


def test_somebody_who_cannot_be_reached_at_all() -> None:
    text = story("{at: 0m, outage: {person: ana}}")
    assert told(text, "not_delivered", "delivered", world=two_ways("ana")) == [
        "0 not_delivered ana",
        "0 not_delivered ana",
        "0 not_delivered ana",
    ], "her inbox, her e-mail and Slack"
    assert told(text, "page")[:2] == ["0 page on-call-engineer", "10 page team-lead"]


def calm(plan: Plan) -> Plan:
    """The same plan with another version, which calls nobody for a P0."""
    return msgspec.structs.replace(plan, version="calm", steps={**plan.steps, "P0": ()})


def test_another_plan_counts_for_new_incidents_only() -> None:
    text = story(
        "{at: 0m, incident: a, report: {title: one, severity: P0}}",
        "{at: 0m, expect: {page: on-call-engineer}}",
        "{at: 5m, edit_plan: calm.yaml, expect: {happens: plan_edited}}",
        "{at: 10m, expect: {page: team-lead}}",
        "{at: 20m, incident: b, report: {title: two, severity: P0}, expect: {no: call}}",
        head=NO_HEAD,
    )
    world = World(plan=PLAN, organisation=ORG, edits={"calm.yaml": calm(PLAN)})
    assert judged(text, world) == []
    story_of = play(PLAN, ORG, script_of(text, world).scenario)
    first = [timeline[0] for timeline in story_of.timelines.values()]
    assert [one.plan for one in first if isinstance(one, e.Opened)] == [PLAN.version, "calm"]


def test_a_recipient_may_act_as_one_of_its_people() -> None:
    assert judged(story("{at: 12m, acknowledge: team-lead, expect: {state: acknowledged}}")) == []


# The engine keeps the same rules in files of its own: both must say the same.

DOMAINS = st.sampled_from(["local", "ip", "mail", "carrier"])
CONTACTS = st.lists(st.builds(Contact, st.sampled_from("abc"), st.sampled_from("xy"), DOMAINS))


READERS = (
    "audiences:\n"
    "  team: {to: team-lead}\n"
    "  customers: {visibility: customers, to: engineering-manager}\n"
)


def test_in_an_exercise_nobody_outside_is_told() -> None:
    world = world_of(PLAN_TEXT + READERS, ORG_TEXT)
    entries = (
        "{at: 1m, by: ana, publish: {audience: team, text: We try it out}}",
        "{at: 2m, by: ana, publish: {audience: customers, text: We try it out}}",
        "{at: 3m, by: ana, report: Another one}",
        "{at: 4m, by: ana, incident: other, report: A third one}",
        "{at: 5m, by: ana, incident: other, publish: {audience: customers, text: We try it out}}",
    )
    head = "severity: P3"
    sent = ["1 update_sent team-lead"]
    outside = ["2 update_sent engineering-manager", "5 update_sent engineering-manager"]
    exercise = f"{head}\nexercise: true"
    assert told(story(*entries, head=head), "update_sent", world=world) == sent + outside
    assert told(story(*entries, head=exercise), "update_sent", world=world) == sent


def test_an_update_is_told_with_its_subject() -> None:
    world = world_of(PLAN_TEXT + READERS, ORG_TEXT)
    update = "publish: {audience: team, subject: Payments, text: They work again}"
    text = story(f"{{at: 1m, by: ana, {update}}}", head="severity: P3")
    said = [one.why for one in played(text, world).happenings if one.do == "update"]
    assert said == ["Payments\nThey work again"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("09:40", "2026-01-05 09:40"),
        ("10:20", "2026-01-05 10:20"),
        ("23:50", "2026-01-04 23:50"),
        ("friday 18:00", "2026-01-02 18:00"),
        ("2026-01-04 09:00", "2026-01-04 09:00"),
        ("in the night", "2026-01-05 10:00"),
    ],
)
def test_trouble_has_begun_when_somebody_says_when(said: str, meant: str) -> None:
    known = PLAN_TEXT.replace("facts:\n", "facts:\n  started_at: text\n")
    template = 'templates: {begun: {audience: team, text: "{{ incident.started }}"}}\n'
    text = story(
        f"{{at: 30m, by: ana, facts: {{started_at: '{said}'}}}}",
        "{at: 31m, by: ana, publish: {audience: team, template: begun}}",
        head="severity: P3",
    )
    happenings = played(text, world_of(known + READERS + template, ORG_TEXT)).happenings
    assert [one.why for one in happenings if one.do == "update"] == [f"{meant} UTC"]
