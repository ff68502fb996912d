"""Overrides made at three in the morning: who is paged by them, from which second to which."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.engine.story import MONDAY_TEN, ORGANISATION, Story, parse

from tocsin.core.incident.commands import Refusal
from tocsin.core.oncall import on_call
from tocsin.core.overrides import MadeOverride, Wish
from tocsin.engine.audit import Doer, Wanted
from tocsin.engine.covering import make_override, remove_override
from tocsin.engine.rules import Rules

ANA, BEN, DORA = (Doer(name, "page") for name in ("ana", "ben", "dora"))


def wish(person: str = "ben", start: str = "1h", end: str = "3h", **more: Any) -> Wish:
    fields = {
        "roster": "primary",
        "start": MONDAY_TEN + parse(start),
        "end": MONDAY_TEN + parse(end),
    }
    return Wish(person=person, **{**fields, **more})


def made(story: Story, doer: Doer = ANA, *, for_others: bool = True, **said: str) -> MadeOverride:
    done = make_override(story.world, wish(**said), doer, for_others=for_others)
    assert isinstance(done, MadeOverride), done
    return done


def refused(story: Story, doer: Doer = ANA, *, for_others: bool = True, **said: Any) -> Refusal:
    done = make_override(story.world, wish(**said), doer, for_others=for_others)
    assert isinstance(done, Refusal), done
    return done


def duty(rules: Rules, story: Story) -> str:
    return on_call(rules.organisation.rosters["primary"], story.now).person


def test_pages_go_to_the_override_from_its_first_second_to_its_last(story: Story) -> None:
    made(story, start="1h", end="3h")
    for moment, name in (("59m59s", "a"), ("1h", "b"), ("2h59m59s", "c"), ("3h", "d")):
        story.until(moment)
        story.alert(name, severity="critical")
        story.tick()
    first = [line for line in story.pages if "dora" not in line and "cleo" not in line]
    assert first == ["0:59 ana", "1:00 ben", "2:59 ben", "3:00 ana"]


def test_other_nodes_obey_when_they_look(story: Story) -> None:
    other = Rules(story.store)
    other.follow()
    override = made(story, start="0h")
    assert duty(other, story) == "ana"
    assert other.follow()
    assert duty(other, story) == "ben"
    assert not other.follow()
    remove_override(story.world, override.id, BEN, for_others=True)
    other.follow()
    assert duty(other, story) == "ana"


def test_an_override_survives_a_restart(story: Story) -> None:
    made(story, start="0h")
    restarted = Rules(story.store)
    restarted.follow()
    assert duty(restarted, story) == "ben"


def test_the_later_one_wins(story: Story) -> None:
    made(story, person="ben", start="0h", end="4h")
    made(story, person="cleo", start="1h", end="2h")
    seen = []
    for moment in ("30m", "90m", "150m"):
        story.now = MONDAY_TEN + parse(moment)
        seen.append(duty(story.rules, story))
    assert seen == ["ben", "cleo", "ben"]


def test_one_that_was_made_wins_over_one_of_the_file(store_story: Callable[..., Story]) -> None:
    in_file = "overrides: [{from: 2026-11-23 09:00, to: 2026-11-24 09:00, person: cleo}], "
    organisation = ORGANISATION.replace("{rotation:", "{" + in_file + "rotation:")
    story = store_story(organisation=organisation)
    assert duty(story.rules, story) == "cleo"
    made(story, person="ben", start="0h")
    assert duty(story.rules, story) == "ben"


def test_one_that_is_removed_has_held_until_then(story: Story) -> None:
    override = made(story, start="1h", end="5h")
    story.until("2h")
    gone = remove_override(story.world, override.id, BEN, for_others=True)
    assert isinstance(gone, MadeOverride)
    roster = story.rules.organisation.rosters["primary"]
    persons = [on_call(roster, MONDAY_TEN + parse(at)).person for at in ("90m", "2h", "3h")]
    assert persons == ["ben", "ana", "ana"]
    with story.store.read() as reading:
        (kept,) = reading.overrides()
    assert (kept.removed_by, kept.removed_at) == ("ben", MONDAY_TEN + parse("2h"))


def test_one_that_replaces_another_takes_its_place_from_now_on(story: Story) -> None:
    override = made(story, start="1h", end="5h")
    story.until("2h")
    done = make_override(
        story.world, wish(start="1h", end="3h", replaces=override.id), ANA, for_others=True
    )
    assert isinstance(done, MadeOverride)
    roster = story.rules.organisation.rosters["primary"]
    persons = [on_call(roster, MONDAY_TEN + parse(at)).person for at in ("90m", "150m", "4h")]
    assert persons == ["ben", "ben", "ana"]


def test_nothing_is_removed_where_the_replacement_is_refused(story: Story) -> None:
    override = made(story, Doer("cleo"), start="1h", end="5h")
    problem = refused(story, DORA, for_others=False, replaces=override.id, person="cleo")
    assert problem.code == "override.not-yours"
    with story.store.read() as reading:
        assert [one.removed_at for one in reading.overrides()] == [None]
        assert [one.act for one in reading.acts(Wanted(act="override"), None, 10)] == [
            "override.made"
        ]


def test_an_override_that_began_already_begins_now(story: Story) -> None:
    story.until("2h")
    assert made(story, start="1h", end="3h").start == MONDAY_TEN + parse("2h")


def test_who_vanishes_from_the_file_makes_it_void_and_harms_nothing(story: Story) -> None:
    made(story, person="cleo", start="0h", end="9h")
    assert duty(story.rules, story) == "cleo"
    no_contacts = ORGANISATION.replace("contacts: [email cleo@example.org]", "contacts: []")
    organisation = no_contacts.replace("cto: {people: [cleo]}", "cto: {people: [ben]}")
    assert story.change(organisation=organisation) == []
    assert duty(story.rules, story) == "ana"
    gone = organisation.replace("  cleo: {name: Cleo, contacts: []}\n", "")
    assert story.change(organisation=gone) == []
    assert duty(story.rules, story) == "ana"
    renamed = ORGANISATION.replace("primary", "first")
    assert story.change(organisation=renamed) == []
    assert on_call(story.rules.organisation.rosters["first"], story.now).person == "ana"
    assert story.change() == []
    assert duty(story.rules, story) == "cleo"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"roster": "nights"}, "roster.unknown"),
        ({"person": "nobody"}, "person.unknown"),
        ({"start": "3h", "end": "1h"}, "override.order"),
        ({"start": "1h", "end": "1h"}, "override.order"),
        ({"start": "1h", "end": "2162h"}, "override.too-long"),
        ({"start": "8800h", "end": "8801h"}, "override.too-early"),
        ({"why": "x" * 501}, "override.why"),
        ({"replaces": 99}, "override.unknown"),
    ],
)
def test_what_makes_no_sense_is_refused(story: Story, said: dict[str, Any], code: str) -> None:
    problem = refused(story, **said)
    assert problem.code == code
    assert problem.hint


def test_what_is_over_is_refused(story: Story) -> None:
    override = made(story, start="0h", end="1h")
    story.until("2h")
    assert refused(story, start="0h", end="1h").code == "override.past"
    gone = remove_override(story.world, override.id, ANA, for_others=True)
    assert isinstance(gone, Refusal)
    assert gone.code == "override.over"


def test_a_person_whom_nobody_can_reach_is_refused(store_story: Callable[..., Story]) -> None:
    organisation = ORGANISATION.replace(
        "people:\n", "people:\n  mute: {name: Mute, contacts: []}\n"
    )
    story = store_story(organisation=organisation)
    assert refused(story, person="mute").code == "override.unreachable"


def test_people_take_over_and_give_away_what_is_theirs_and_nothing_else(story: Story) -> None:
    def asked(doer: Doer, person: str, start: str, end: str) -> str:
        done = make_override(story.world, wish(person, start, end), doer, for_others=False)
        return done.code if isinstance(done, Refusal) else "made"

    assert asked(BEN, "ben", "1h", "3h") == "made"
    assert asked(ANA, "dora", "4h", "5h") == "made"
    assert asked(ANA, "dora", "2h", "6h") == "override.not-yours"  # Ben's until 3h
    assert asked(DORA, "cleo", "7h", "8h") == "override.not-yours"


def test_people_remove_what_they_made_or_what_was_theirs(story: Story) -> None:
    by_commander = made(story, Doer("cleo"), person="ben")

    def removed(number: int, doer: Doer) -> str:
        done = remove_override(story.world, number, doer, for_others=False)
        return done.code if isinstance(done, Refusal) else "removed"

    assert removed(by_commander.id, BEN) == "override.not-yours"
    assert removed(by_commander.id, ANA) == "removed"
    own = made(story, BEN, for_others=False)
    assert removed(own.id, BEN) == "removed"
    assert removed(own.id, BEN) == "override.over"
    assert removed(99, BEN) == "override.unknown"


def test_the_audit_says_who_did_it(story: Story) -> None:
    override = made(story)
    remove_override(story.world, override.id, BEN, for_others=True)
    with story.store.read() as reading:
        acts = reading.acts(Wanted(about="primary"), None, 10)
    assert [(act.by, act.act) for act in acts] == [
        ("ben", "override.removed"),
        ("ana", "override.made"),
    ]
    assert "ben, 2026-11-23 11:00 to 2026-11-23 13:00 UTC" in acts[1].detail


def test_a_page_that_is_asked_for_goes_to_whoever_covers(story: Story) -> None:
    made(story, start="0h", end="2h")
    story.now += timedelta(minutes=1)
    story.declare("Checkout is down", severity="P0")
    story.tick()
    assert story.pages[0] == "0:01 ben"
