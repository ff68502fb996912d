"""Classics about escalation: steps that are skipped, wait for nothing, or never come back.

The number in a test's name is the row of the table in README.md.
"""

import pytest
from tests.engine.story import MONDAY_TEN, ORGANISATION, PLAN, Story, parse

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.oncall import on_call
from tocsin.core.overrides import MadeOverride, Wish
from tocsin.engine.audit import Doer
from tocsin.engine.covering import make_override


def gone(person: str) -> str:
    """The organisation after somebody has left it."""
    lines = ORGANISATION.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(f"  {person}:"))


def test_21_escalation_resumes_when_it_is_given_back_or_opened_again(story: Story):
    """oncall#1206 (open): after a pause the escalation never went on."""
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    story.acknowledge("ana")
    story.until("20m")
    story.do(c.Release(by="ana"))
    story.until("21m")
    story.do(c.Resolve(by="dora"))
    story.until("30m")
    story.do(c.Reopen(by="dora"))
    story.until("41m")
    assert story.pages == ["0:00 ana", "0:20 dora", "0:30 ana", "0:40 dora"]


def test_22_people_who_leave_in_the_middle_break_no_step(story: Story):
    """oncall#2965; target/goalert, smoke test policyreassignment: the step's object is deleted."""
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    without_dora = gone("dora").replace("team-lead: {people: [dora]}", "team-lead: {people: [ben]}")
    assert story.change(organisation=without_dora) == []
    story.until("31m")
    assert story.pages == ["0:00 ana", "0:10 ben", "0:30 cleo"]


def test_22_what_is_still_named_cannot_be_taken_away(story: Story):
    """oncall#2965: an escalation step was left with a reference to nothing."""
    assert story.change(organisation=gone("dora")) != []
    story.alert("ApiDown", severity="critical")
    story.until("11m")
    assert story.pages == ["0:00 ana", "0:10 dora"]


def test_22_a_plan_edited_in_the_middle_disarms_nothing(story: Story):
    """oncall#2965; target/goalert, smoke test policyreassignment."""
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    only_one = PLAN.replace("    - {page: team-lead, P0: 10m, P1: 1h}\n", "")
    assert story.change(plan=only_one.replace("    - {page: cto, P0: 30m}\n", "")) == []
    story.until("46m")
    assert story.pages == ["0:00 ana", "0:10 dora", "0:30 cleo", "0:45 dora alarm"]


def without_lead(text: str) -> str:
    """A plan or an organisation in which there is no team lead any more."""
    kept = [line for line in text.splitlines(keepends=True) if "  team-lead:" not in line]
    return (
        "".join(kept)
        .replace("    - {page: team-lead, P0: 10m, P1: 1h}\n", "")
        .replace("page: [team-lead]", "page: [cto]")
        .replace(" team-lead: org,", "")
        .replace("last_resort: team-lead", "last_resort: cto")
    )


def test_23_a_step_that_reaches_nobody_takes_no_time(story: Story):
    """target/goalert#4548 (open): a step with nobody on call still waits its full delay."""
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    assert story.change(plan=without_lead(PLAN), organisation=without_lead(ORGANISATION)) == []
    story.until("11m")
    assert story.pages == ["0:00 ana", "0:10 cleo"]  # Cleo's own step is due after 30 minutes.


def test_24_who_cannot_be_reached_is_said_aloud(story: Story):
    """oncall#1326, #1511: a user without a contact method was "notified", in silence."""
    story.alert("ApiDown", severity="critical")
    story.change(plan=without_lead(PLAN), organisation=without_lead(ORGANISATION))
    story.until("11m")
    missing = next(one for one in story.timeline() if isinstance(one, e.NobodyReached))
    assert 'the organisation has no recipient "team-lead"' in missing.why
    told = [one for one in story.timeline() if isinstance(one, e.Told)]
    assert [one.to for one in told] == ["on-call-engineer", "cto"]


@pytest.mark.parametrize("person", ["ben", "cleo"])
def test_24_nobody_without_contacts_can_be_the_one_who_is_called(story: Story, person: str):
    """oncall#1326: it was found out at three in the morning, and not when the file was written."""
    mute = ORGANISATION.replace(f"contacts: [email {person}@example.org]", "contacts: []")
    refused = {"organisation.no-contacts", "organisation.unreachable-recipient"}
    assert refused & set(story.change(organisation=mute))


def test_29_an_override_takes_the_place_of_whoever_was_on_call(story: Story):
    """target/goalert#4306 (fix 3578f774d): "replace" acted as add, and as remove."""
    start, end = MONDAY_TEN + parse("1h"), MONDAY_TEN + parse("3h")
    wish = Wish(roster="primary", person="ben", start=start, end=end)
    made = make_override(story.world, wish, Doer("ana", "page"), for_others=True)
    assert isinstance(made, MadeOverride)
    for minutes, person in ((59, "ana"), (60, "ben"), (179, "ben"), (180, "ana")):
        story.until(f"{minutes}m")
        assert on_call(story.rules.organisation.rosters["primary"], story.now).person == person
        story.alert(f"At{minutes}", severity="critical")
        story.tick()
    first = [line for line in story.pages if "dora" not in line and "cleo" not in line]
    assert first == ["0:59 ana", "1:00 ben", "2:59 ben", "3:00 ana"]


@pytest.mark.parametrize("hours", [1, 24, 24 * 14])
def test_43_what_nobody_closes_stays_open_and_is_not_forgotten(story: Story, hours: int):
    """target/goalert#4522: alerts were closed by themselves while they were not over."""
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    story.now += parse(f"{hours}h")
    story.tick()
    assert story.incident().state == "open"
    with story.store.read() as reading:
        assert reading.counts()["unarmed"] == 0


def test_43_an_acknowledged_incident_waits_for_people(story: Story):
    """target/goalert#4522."""
    story.alert("ApiDown", severity="critical")
    story.acknowledge("ana")
    story.until("9h")
    assert story.incident().state == "acknowledged"
