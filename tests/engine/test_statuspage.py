"""What gets onto the public status page, and what never does; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.core.statuspage.lamps import PLAN
from tests.engine.story import Story

from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.statuspage.model import Board
from tocsin.engine.audit import Doer
from tocsin.engine.keys import subscriber_name, subscriber_token
from tocsin.engine.statuspage.page import board_of
from tocsin.engine.statuspage.planned import Draft, Planned, Turn, change_window, plan_window
from tocsin.engine.statuspage.subscribing import confirm, end, subscribe, subscription
from tocsin.engine.statuspage.telling import tell_subscribers
from tocsin.engine.trial import trial_call

SECRET = "db-7 of the internal vault is down"
OPS = Doer("ana", "cli")


@pytest.fixture
def story(store_story: Callable[..., Story]) -> Story:
    told = store_story(plan=PLAN)
    told.channels["status-email"] = told.channels["email"]
    told.channels["status-webhook"] = told.channels["webhook"]
    told.now += timedelta(days=1)
    return told


def out(story: Story, *, code: str = "INC-001", **facts: object) -> None:
    """Declare an incident that people notice."""
    said = {"service_availability": "none", "user_facing": True, **facts}
    incident = story.declare(SECRET, facts=said)
    assert not isinstance(incident, Refusal), incident
    assert incident.code == code


def say(story: Story, text: str, status: str = "investigating", **more: object) -> None:
    later(story, minutes=1)
    values = {"audience": "public", "subject": "Orders fail", **more}
    command = c.Publish(by="ana", via="page", status=status, text=text, **values)  # type: ignore[arg-type]
    assert not isinstance(story.do(command), Refusal)


def fact(story: Story, name: str, value: str | bool) -> None:
    done = story.do(c.RecordFact(by="ana", via="page", name=name, value=value))
    assert not isinstance(done, Refusal), done


def later(story: Story, **span: float) -> None:
    story.now += timedelta(**span)


def page(story: Story) -> Board:
    board = board_of(story.world)
    assert board is not None
    return board


def states(story: Story) -> dict[str, str]:
    return {one.id: one.state for one in page(story).components}


def test_nothing_shows_before_something_is_said_in_public(story: Story) -> None:
    out(story)
    fact(story, "component_api", "down")
    story.do(c.Publish(by="ana", via="page", audience="team", status="on it", text="vault is dead"))
    assert page(story).incidents == ()
    assert page(story).indicator == "none"


def test_an_update_to_the_public_puts_it_on_the_page_in_its_own_words(story: Story) -> None:
    out(story)
    fact(story, "component_api", "down")
    later(story, minutes=10)
    say(story, "We look into it.")
    board = page(story)
    (incident,) = board.incidents
    assert (incident.title, incident.impact) == ("Orders fail", "critical")
    assert "db-7" not in repr(board)
    assert "INC-001" not in repr(board)
    assert states(story) == {
        "api": "major", "checkout": "partial", "search": "degraded", "dashboard": "operational",
    }  # fmt: skip


def test_downtime_counts_from_when_it_was_known_not_from_when_it_was_said(story: Story) -> None:
    out(story)
    fact(story, "component_api", "down")
    later(story, minutes=9)
    say(story, "We look into it.")
    api = page(story).components[0]
    assert api.days[-1].down == 600


def test_facts_change_the_page_and_the_end_brings_all_back(story: Story) -> None:
    out(story)
    say(story, "We look into it.")
    assert page(story).indicator == "critical"
    later(story, minutes=5)
    fact(story, "component_api", "degraded")
    assert states(story)["api"] == "degraded"
    assert page(story).indicator == "minor"
    later(story, minutes=5)
    story.do(c.Resolve(by="ana", via="page"))
    assert set(states(story).values()) == {"operational"}
    assert page(story).indicator == "none"
    assert page(story).open_incidents != ()
    say(story, "It works again.", "resolved")
    assert page(story).open_incidents == ()


def test_what_is_reopened_shows_again(story: Story) -> None:
    out(story)
    fact(story, "component_api", "down")
    say(story, "We look into it.")
    story.do(c.Resolve(by="ana", via="page"))
    later(story, minutes=5)
    story.do(c.Reopen(by="ana", via="page", why="no"))
    assert states(story)["api"] == "major"


def test_an_incident_that_the_page_is_not_for_stays_off_it(story: Story) -> None:
    out(story, user_facing=False)
    say(story, "For nobody.")
    assert page(story).incidents == ()
    fact(story, "user_facing", True)
    say(story, "For all.")
    (incident,) = page(story).incidents
    assert [entry.text for entry in incident.entries] == ["For all."]


def test_an_exercise_never_shows(story: Story) -> None:
    incident = trial_call(story.world, "ana", by="ana", via="cli")
    assert not isinstance(incident, Refusal)
    assert incident.exercise
    published = c.Publish(
        by="ana", via="page", audience="public", status="investigating", text="A drill."
    )
    story.do(published, incident.code)
    assert "public" in story.incident(incident.code).updates
    assert page(story).incidents == ()


def test_a_restricted_incident_leaves_the_page(store_story: Callable[..., Story]) -> None:
    confidential = PLAN + (
        "confidential: [{when: 'service_availability == \"full\"', readers: [team-lead],"
        " title: Restricted}]\n"
    )
    story = store_story(plan=confidential)
    out(story)
    fact(story, "component_api", "down")
    say(story, "We look into it.")
    assert page(story).incidents
    fact(story, "service_availability", "full")
    assert story.incident().restricted is not None
    assert page(story).incidents == ()
    assert set(states(story).values()) == {"operational"}
    say(story, "More.")
    assert page(story).incidents == ()


def test_a_false_alarm_costs_no_uptime(story: Story) -> None:
    out(story)
    fact(story, "component_api", "down")
    say(story, "We look into it.")
    later(story, hours=2)
    story.do(c.StandDown(by="ana", via="page", why="a test probe", false_alarm=True))
    assert page(story).components[0].uptime == 1


def test_a_name_in_public_tells_nothing_of_the_number_of_incidents(story: Story) -> None:
    out(story)
    say(story, "One.")
    (incident,) = page(story).incidents
    assert len(incident.id) == 12
    assert incident.id.isalnum()


# Subscribers.


def reader(story: Story, address: str = "ann@example.org", *components: str) -> str:
    """Subscribe and confirm; return the token."""
    assert subscribe(story.world, "email", address, components) == ""
    token = subscriber_token(
        story.world.secret, subscriber_name(story.world.secret, "email", address)
    )
    found = confirm(story.world, token)
    assert found is not None
    assert found.active
    story.tick()
    story.sent.clear()
    return token


def mails(story: Story) -> list[tuple[str, str]]:
    tell_subscribers(story.world)
    story.tick()
    return [(address, message.headline) for address, message in story.sent if "@" in address
            and message.unsubscribe]  # fmt: skip


def test_who_confirmed_hears_of_each_entry_once(story: Story) -> None:
    reader(story)
    out(story)
    say(story, "We look into it.")
    assert mails(story) == [("ann@example.org", "[Lamp shop] Investigating: Orders fail")]
    assert len(mails(story)) == 1
    say(story, "A cable.", "identified")
    assert len(mails(story)) == 2


def test_who_did_not_confirm_hears_nothing_but_the_question(story: Story) -> None:
    assert subscribe(story.world, "email", "bob@example.org", ()) == ""
    assert subscribe(story.world, "email", "bob@example.org", ()) == ""
    story.tick()
    assert [m.headline for _, m in story.sent] == ["[Lamp shop] Please confirm your subscription"]
    story.sent.clear()
    out(story)
    say(story, "We look into it.")
    assert mails(story) == []


def test_who_chose_components_hears_of_those_and_of_what_names_none(story: Story) -> None:
    reader(story, "dash@example.org", "dashboard")
    reader(story, "api@example.org", "api")
    out(story)
    fact(story, "component_api", "down")
    say(story, "We look into it.")
    assert {address for address, _ in mails(story)} == {"api@example.org"}


def test_who_left_hears_nothing_and_is_forgotten(story: Story) -> None:
    token = reader(story)
    assert end(story.world, token)
    assert subscription(story.world, token) is None
    out(story)
    say(story, "We look into it.")
    assert mails(story) == []
    assert not end(story.world, token)


def test_a_forged_token_opens_nothing(story: Story) -> None:
    token = reader(story)
    name = token.partition(".")[0]
    assert subscription(story.world, f"{name}.{'a' * 32}") is None
    assert confirm(story.world, "x") is None


def test_an_interrupted_round_repeats_nobody(story: Story) -> None:
    for k in range(5):
        reader(story, f"r{k}@example.org")
    out(story)
    say(story, "We look into it.")
    other = story.node("node-2")
    tell_subscribers(story.world)
    with story.store.write() as tx:
        tx.told(tx.publications_of(1)[0].id, story.now)
    tell_subscribers(other)
    story.tick()
    assert len([1 for address, _ in story.sent if address.startswith("r")]) == 5


# Planned work.


def planned(story: Story, starts_in: float = 60, lasts: float = 2) -> int:
    draft = Draft(
        title="Database upgrade", text="Search may be slow.", components=("search",),
        starts_at=story.now + timedelta(hours=starts_in),
        ends_at=story.now + timedelta(hours=starts_in + lasts),
    )  # fmt: skip
    done = plan_window(story.world, draft, OPS)
    assert isinstance(done, Planned), done
    return done.window.id


def test_a_window_is_announced_begins_and_ends_by_the_clock(story: Story) -> None:
    reader(story)
    planned(story, 60)
    assert page(story).windows[0].title == "Database upgrade"
    assert mails(story) == []
    later(story, hours=13)
    assert [head for _, head in mails(story)] == [
        "[Lamp shop] Maintenance planned: Database upgrade"
    ]
    later(story, hours=48)
    assert states(story)["search"] == "maintenance"
    assert page(story).indicator == "maintenance"
    assert mails(story)[-1][1] == "[Lamp shop] Maintenance has begun: Database upgrade"
    later(story, hours=2)
    assert states(story)["search"] == "operational"
    assert mails(story)[-1][1] == "[Lamp shop] Maintenance is complete: Database upgrade"
    assert len(mails(story)) == 3
    assert page(story).components[2].uptime == 1


def test_a_window_starts_and_ends_by_hand(story: Story) -> None:
    number = planned(story, 60)
    change_window(story.world, number, Turn(do="start", text="Earlier than planned."), OPS)
    assert states(story)["search"] == "maintenance"
    later(story, minutes=30)
    done = change_window(story.world, number, Turn(do="complete"), OPS)
    assert isinstance(done, Planned)
    assert states(story)["search"] == "operational"
    refused = change_window(story.world, number, Turn(do="cancel"), OPS)
    assert isinstance(refused, Refusal)
    assert refused.code == "maintenance.over"


def test_what_is_called_off_is_told_to_who_was_told_of_it(story: Story) -> None:
    reader(story)
    number = planned(story, 10)
    assert len(mails(story)) == 1
    change_window(story.world, number, Turn(do="cancel"), OPS)
    assert mails(story)[-1][1] == "[Lamp shop] Maintenance called off: Database upgrade"
    later(story, hours=11)
    assert states(story)["search"] == "operational"
    assert len(mails(story)) == 2


def test_a_window_announced_too_late_is_remarked_on(story: Story) -> None:
    draft = Draft(
        title="Now", starts_at=story.now + timedelta(hours=1),
        ends_at=story.now + timedelta(hours=2),
    )  # fmt: skip
    done = plan_window(story.world, draft, OPS)
    assert isinstance(done, Planned)
    assert "48 hours" in done.remarks[0]


def test_a_window_of_an_unknown_component_or_backwards_is_refused(story: Story) -> None:
    ends = story.now + timedelta(hours=1)
    for draft, code in (
        (Draft(title="A", components=("vault",), starts_at=story.now, ends_at=ends),
         "maintenance.unknown-component"),
        (Draft(title="A", starts_at=ends, ends_at=story.now), "maintenance.time"),
        (Draft(title=" ", starts_at=story.now, ends_at=ends), "maintenance.no-title"),
    ):  # fmt: skip
        refused = plan_window(story.world, draft, OPS)
        assert isinstance(refused, Refusal)
        assert refused.code == code
