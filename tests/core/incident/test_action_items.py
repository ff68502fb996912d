"""Measures that come out of an incident, and wording that says nothing or blames."""

from datetime import timedelta

import pytest
from tests.core.incident.obliged import PLAN_TEXT, START, the_plan

from tocsin.core.incident.action_items import (
    ActionItem,
    Reminder,
    accepted,
    finished,
    overdue,
    reminder,
)
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.wording import in_document, in_measure, in_postmortem

PLAN = the_plan(
    PLAN_TEXT.replace("postmortem:\n", "postmortem:\n  style: blameless\n")
    + """\
action_items:
  owner: required
  due: required
  evidence: required
  due_by_priority: {high: 7 calendar days}
  classes: {preventive: required, training: optional}
  remind_every: 24h
  escalate_to: lead
  check_effect: 90 calendar days
  vague: [be careful]
documents: {summary: {avoid: [stack trace]}}
reports: {monthly: {every: month, avoid: [SIGKILL]}}
"""
)
DAY = timedelta(days=1)


def item(**how: object) -> ActionItem:
    known = {"text": "Add a replica", "origin": "I-1", "created_at": START, "owner": "ana"}
    return ActionItem(**{**known, **how})  # type: ignore[arg-type]


def test_the_priority_gives_the_date() -> None:
    taken = accepted(PLAN, item(priority="high"))
    assert isinstance(taken, ActionItem)
    assert taken.due is not None
    assert (taken.due - START).days == 7


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"text": " "}, "item.text"), ({"owner": "", "priority": "high"}, "item.owner"),
        ({}, "item.due"), ({"priority": "urgent"}, "item.priority"),
        ({"priority": "high", "kind": "magic"}, "item.class"),
    ],
)  # fmt: skip
def test_what_the_plan_does_not_take(how: dict[str, str], code: str) -> None:
    refused = accepted(PLAN, item(**how))
    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert refused.hint


def test_done_takes_evidence_and_is_looked_at_again() -> None:
    assert isinstance(finished(PLAN, item(), " ", START), Refusal)
    done = finished(PLAN, item(), "https://example.org/42", START)
    assert isinstance(done, ActionItem)
    assert done.check_at is not None
    assert (done.check_at - START).days in (89, 90)


def test_the_longest_overdue_comes_first() -> None:
    items = [
        item(text="b", due=START - DAY),
        item(text="a", due=START - 2 * DAY),
        item(text="c", due=START + DAY),
        item(text="d", due=START - DAY, done_at=START),
    ]
    assert [one.text for one in overdue(items, START)] == ["a", "b"]


def test_reminders_repeat_and_climb() -> None:
    late = item(due=START)
    assert reminder(PLAN, late, START - timedelta(seconds=1)) is None
    heard = [reminder(PLAN, late, START + n * DAY) for n in range(4)]
    assert [(r.to, r.number) for r in heard if isinstance(r, Reminder)] == [
        ("ana", 1), ("ana", 2), ("lead", 3), ("lead", 4)
    ]  # fmt: skip
    assert reminder(PLAN, item(due=START, done_at=START), START + DAY) is None


def test_a_plan_without_rules_takes_any_measure() -> None:
    bare = the_plan()
    assert accepted(bare, item(owner="")) == item(owner="")
    assert isinstance(finished(bare, item(), "", START), ActionItem)


def test_blame_and_names_beside_causes_are_pointed_out() -> None:
    text = "Ana restarted it.\nIt was careless.\nThe outage was caused by Ana."
    assert [(w.line, w.words) for w in in_postmortem(PLAN, text, ("Ana",))] == [
        (2, "careless"), (3, "Ana")
    ]  # fmt: skip
    assert in_postmortem(the_plan(), text, ("Ana",)) == [], "the plan does not ask for it"


def test_words_that_readers_do_not_know_are_pointed_out() -> None:
    assert [w.words for w in in_document(PLAN, "summary", "The Stack Trace says")] == [
        "stack trace"
    ]
    assert [w.words for w in in_document(PLAN, "monthly", "it got SIGKILL")] == ["SIGKILL"]
    assert in_document(PLAN, "summary", "it got SIGKILL") == []


def test_a_vague_measure_is_pointed_out() -> None:
    assert [w.words for w in in_measure(PLAN, "Be careful with restarts")] == ["be careful"]
    assert in_measure(PLAN, "Restart with a runbook") == []
