"""What is shown before an update is sent is what goes out; what is in its way is told at once."""

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.core.incident.night import START, Night

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.preview import Preview, preview
from tocsin.core.incident.said import said, withheld

DESK = """
audiences:
  colleagues: {name: Colleagues, to: board}
  customers: {name: Customers, visibility: customers, to: board}
statuses: [Investigating, Identified, Monitoring, Resolved]
roles: {commander: {name: Commander, lead: true}}
updates:
  - {audience: colleagues, every: 30m, template: progress}
  - {audience: customers, every: 1h, next: promised}
templates:
  progress:
    audience: colleagues
    text: |
      What we did: {{ done }}
      How sure: {{ sure }}
      Next: {{ next_update | time }}
    fields:
      done: {ask: What was done?, max_length: 60}
      sure: {ask: How sure are we?, one_of: [sure, not sure], fallback: not said}
  outage:
    audience: customers
    subject: "{{ incident.code }}"
    text: "We are down. {{ impact }} Write to us."
    must_say: Write to us
    max_length: 120
    fields: {impact: {ask: What do they notice?}}
publishing:
  - {audience: customers, approved_by: commander, two_people: true, never: root cause,
     avoid: unfortunately}
"""


def says(text: str = "", audience: str = "colleagues", by: str = "ana", **more: Any) -> c.Publish:
    return c.Publish(by=by, audience=audience, text=text, **more)


def seen(night: Night, command: c.Publish) -> Preview:
    return preview(night.plan, night.incident, command, night.now)


def codes(shown: Preview) -> list[str]:
    return [problem.code for problem in shown.problems]


def as_decided(night: Night, command: c.Publish) -> Any:
    decision = decide(night.plan, night.incident, command, night.now)
    return decision if isinstance(decision, Refusal) else decision[-1]


TEXTS = ("", "We are on it", "The root cause is known", "Unfortunately it is slow", "[Name] is out",
         "x" * 130)  # fmt: skip
CHOICES: dict[str, tuple[Any, ...]] = {
    "text": TEXTS,
    "audience": ("colleagues", "customers", "customesr"),
    "template": ("", "progress", "outage", "progres"),
    "values": ({}, {"done": "rolled back"}, {"sure": "perhaps"}, {"impact": "Nobody can pay"}),
    "status": ("", "Identified", "Resolved", "Gone"),
    "subject": ("", "News"),
    "next": ("", "20m", "3h", "soon"),
    "free": (False, True),
    "by": ("ana", "cto"),
}


@pytest.mark.parametrize("seed", range(120))
def test_what_previews_clean_is_what_goes_out_and_what_does_not_is_refused(seed: int) -> None:
    chance = random.Random(seed)
    night = Night(DESK).at(chance.choice([1, 29, 45]))
    night.does(c.TakeRole(by="cto", role="commander", person="cto"))
    for _ in range(3):
        wanted = c.Publish(**{key: chance.choice(values) for key, values in CHOICES.items()})
        shown, outcome = seen(night, wanted), as_decided(night, wanted)
        if shown.problems:
            assert outcome == shown.problems[0]
            continue
        assert isinstance(outcome, e.UpdateProposed | e.UpdatePublished)
        for name in ("audience", "subject", "text", "status", "template", "next_at"):
            assert getattr(outcome, name) == getattr(shown, name)
        assert isinstance(outcome, e.UpdateProposed) == bool(shown.approval)
        if isinstance(outcome, e.UpdatePublished):
            assert (outcome.channels, outcome.remarks, outcome.late_seconds) == (
                shown.channels, shown.remarks, shown.late_seconds,
            )  # fmt: skip
        night.does(wanted)


def test_the_choices_hold_what_goes_out_what_waits_and_what_is_refused() -> None:
    """Else the property above says little."""
    night = Night(DESK).at(1).does(c.TakeRole(by="cto", role="commander", person="cto"))
    found = set()
    for values in itertools.product(*CHOICES.values()):
        shown = seen(night, c.Publish(**dict(zip(CHOICES, values, strict=True))))
        found.add(codes(shown)[0] if shown.problems else "waits" if shown.approval else "goes")
    assert found >= {
        "goes", "waits", "incident.fields-missing", "incident.forbidden-words",
        "incident.placeholder", "incident.unknown-status", "incident.promise",
        "incident.promise-too-late", "incident.unknown-audience", "incident.unknown-template",
        "incident.unknown-field", "incident.template-audience", "incident.empty-update",
    }  # fmt: skip


def test_words_go_into_the_template_that_the_plan_wants() -> None:
    night = Night(DESK).at(3).does(says("rolled back"))
    update = night.all(e.UpdatePublished)[-1]
    assert update.template == "progress"
    assert update.text.splitlines()[:2] == ["What we did: rolled back", "How sure: not said"]


def test_without_a_template_an_update_is_free_only_where_that_is_said() -> None:
    update = Night(DESK).does(says("rolled back", free=True)).all(e.UpdatePublished)[-1]
    assert (update.template, update.text) == ("", "rolled back")


def test_words_that_the_wanted_template_has_no_room_for_are_refused_with_the_way_out() -> None:
    asked = "done: {ask: What was done?, max_length: 60}"
    clauses = DESK.replace("{{ done }}", "").replace(asked, "")
    refusal = Night(clauses).refuses(says("rolled back"))
    assert (refusal.code, "--free" in refusal.hint) == ("incident.template-wanted", True)
    assert "progress" in refusal.reason


def test_a_template_that_is_kept_in_a_file_asks_for_its_words() -> None:
    clauses = "audiences: {all: {name: All, to: board}}\ntemplates: {long: {file: long.md}}\n"
    refusal = Night(clauses).refuses(says(audience="all", template="long"))
    assert (refusal.code, "long.md" in refusal.reason) == ("incident.empty-update", True)
    told = Night(clauses).does(says("All of it", audience="all", template="long"))
    assert told.all(e.UpdatePublished)[-1].text == "All of it"


def test_what_a_file_says_is_filled_in_as_any_other_template() -> None:
    clauses = "audiences: {all: {name: All, to: board}}\ntemplates: {long: {file: long.md}}\n"
    held = "{{ incident.code }} is down\n{{ nonsense }}"
    refusal = Night(clauses).refuses(says(held, audience="all", template="long"))
    assert (refusal.code, "nonsense" in refusal.reason) == ("incident.fields-missing", True)
    held = held.replace("{{ nonsense }}", "")
    told = Night(clauses).does(says(held, audience="all", template="long"))
    assert told.all(e.UpdatePublished)[-1].text.strip() == "INC-1 is down"


def test_a_preview_shows_the_text_with_its_gaps_and_everything_that_is_wrong() -> None:
    night = Night(DESK)
    shown = seen(night, says(audience="customers", template="outage", status="Gone", next="soon"))
    assert shown.text == "We are down. ‹impact› Write to us."
    assert shown.gaps == ("impact",)
    assert codes(shown) == [
        "incident.unknown-status", "incident.promise", "incident.fields-missing",
    ]  # fmt: skip


def test_a_preview_says_who_has_to_approve_and_what_the_words_are_worth() -> None:
    night = Night(DESK)
    words = "We are unfortunately slow"
    shown = seen(night, says(words, "customers", next="20m"))
    assert shown.approval == ("commander",)
    assert shown.outside
    assert shown.goes_to == ("board",)
    assert "unfortunately" in shown.remarks[0]
    assert shown.next_at == START + timedelta(minutes=20)


def test_nobody_outside_gets_anything_in_an_exercise() -> None:
    night = Night(DESK)
    night.incident = replace(night.incident, exercise=True)
    assert seen(night, says("We are slow", "customers", next="20m")).goes_to == ()


def proposed(by: str = "ana") -> Night:
    night = Night(DESK).does(c.TakeRole(by="cto", role="commander", person="cto"))
    return night.does(says("We are slow", "customers", by=by, next="20m"))


def test_a_proposal_is_held_back_by_its_writer_by_an_approver_and_by_nobody_else() -> None:
    for person in ("ana", "cto"):
        proposed().does(c.Withdraw(by=person, update="update-1", why="too early"))
    stranger = proposed().refuses(c.Withdraw(by="emil", update="update-1", why="I do not like it"))
    assert stranger.code == "incident.not-yours"
    assert "ana or commander" in stranger.reason
    assert "tocsin note" in stranger.hint


def test_the_lead_may_hold_back_what_others_approve() -> None:
    clauses = DESK.replace("approved_by: commander", "approved_by: security-team")
    night = Night(clauses).does(c.TakeRole(by="cto", role="commander", person="cto"))
    night.does(says("We are slow", "customers", next="20m"))
    night.does(c.Withdraw(by="cto", update="update-1", why="not yet"))
    assert night.incident.proposals == {}


def test_the_history_holds_every_update_and_what_was_held_back() -> None:
    night = proposed().does(c.Withdraw(by="ana", update="update-1", why="a slip"))
    night.does(says("We are slow", "customers", next="20m"))
    night.at(5).does(c.Approve(by="cto", update="update-2"))
    night.at(6).does(says("rolled back")).at(8).does(says("it helps"))
    timeline = list(enumerate(night.events, 1))
    history = said(timeline)
    assert [(one.update.audience, one.writer, one.update.by) for one in history] == [
        ("colleagues", "ana", "ana"), ("colleagues", "ana", "ana"), ("customers", "ana", "cto"),
    ]  # fmt: skip
    for one in history:
        (number,) = one.sent
        order = night.events[number - 1]
        assert isinstance(order, e.Told)
        assert order.step == one.update.update
    (held,) = withheld(timeline)
    assert (held.proposal.text, held.withdrawal.why) == ("We are slow", "a slip")
